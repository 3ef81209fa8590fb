"""pyqtgraph's own candlestick example, examples/customGraphicsItem.py: one picture of every bar."""

from __future__ import annotations

import time

import pyqtgraph as pg
from pyqtgraph import QtCore, QtGui

from tests.benchmarks.chart_frames import SIZE, average, measure, random_walk, run


class CandlestickItem(pg.GraphicsObject):  # type: ignore[misc]
    def __init__(self, data: list[tuple[float, ...]]) -> None:
        pg.GraphicsObject.__init__(self)
        self.data = data
        self.generate_picture()

    def generate_picture(self) -> None:
        self.picture = QtGui.QPicture()
        painter = QtGui.QPainter(self.picture)
        painter.setPen(pg.mkPen("w"))
        width = (self.data[1][0] - self.data[0][0]) / 3.0
        for at, open_, close, low, high in self.data:
            if low != high:
                painter.drawLine(QtCore.QPointF(at, low), QtCore.QPointF(at, high))
            painter.setBrush(pg.mkBrush("r" if open_ > close else "g"))
            painter.drawRect(QtCore.QRectF(at - width, open_, width * 2, close - open_))
        painter.end()

    def paint(self, painter: QtGui.QPainter, *_: object) -> None:
        painter.drawPicture(0, 0, self.picture)

    def boundingRect(self) -> QtCore.QRectF:
        return QtCore.QRectF(self.picture.boundingRect())


def measure_chart(count: int) -> dict[str, float]:
    application = pg.mkQApp()
    _, open_, high, low, close, _ = random_walk(count)
    plot = pg.plot()
    plot.resize(*SIZE)
    application.processEvents()
    started = time.perf_counter()
    rows: list[tuple[float, ...]] = list(zip(map(float, range(count)), open_, close, low, high, strict=True))
    item = CandlestickItem(rows)
    plot.addItem(item)
    for period in (21, 55, 20):
        plot.plot(average(close, period))
    plot.setXRange(count - 200, count)
    plot.grab()
    first = (time.perf_counter() - started) * 1000

    def pan(frame: int) -> None:
        at = count - 300 - frame % 100
        plot.setXRange(at, at + 200, padding=0)

    def zoom(frame: int) -> None:
        plot.setXRange(count - 200 - 40 * (frame % 100), count, padding=0)

    def tick(frame: int) -> None:
        at, first_price, _, bottom, top = item.data[-1]
        item.data[-1] = (at, first_price, close[-1] + frame % 7 * 0.1, bottom, top)
        item.generate_picture()
        item.update()

    frames = 60 if count <= 100_000 else 6
    return {"first": first, **measure({"tick": tick, "pan": pan, "zoom": zoom}, application.processEvents, frames)}


if __name__ == "__main__":
    run(measure_chart)
