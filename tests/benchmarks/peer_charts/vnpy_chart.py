"""VeighNa's chart with candles and volume; it has no indicators of its own, so it is spared them."""

from __future__ import annotations

import time
from copy import copy
from datetime import UTC, datetime

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication
from vnpy.chart import CandleItem, ChartWidget, VolumeItem
from vnpy.trader.constant import Exchange, Interval
from vnpy.trader.object import BarData

from tests.benchmarks.chart_frames import SIZE, measure, random_walk, run


def measure_chart(count: int) -> dict[str, float]:
    application = QApplication([])
    bars = [
        BarData(
            gateway_name="bench",
            symbol="BTCUSDT",
            exchange=Exchange.GLOBAL,
            datetime=datetime.fromtimestamp(at / 1e9, tz=UTC),
            interval=Interval.MINUTE,
            open_price=open_,
            high_price=high,
            low_price=low,
            close_price=close,
            volume=volume,
        )
        for at, open_, high, low, close, volume in zip(*(column.tolist() for column in random_walk(count)), strict=True)
    ]
    widget = ChartWidget()
    widget.add_plot("candle", hide_x_axis=True)
    widget.add_plot("volume", maximum_height=200)
    widget.add_item(CandleItem, "candle", "candle")
    widget.add_item(VolumeItem, "volume", "volume")
    widget.resize(*SIZE)
    widget.show()
    application.processEvents()
    started = time.perf_counter()
    widget.update_history(bars)
    widget.grab()
    first = (time.perf_counter() - started) * 1000

    def press(key: Qt.Key) -> None:
        widget.keyPressEvent(QKeyEvent(QKeyEvent.Type.KeyPress, key, Qt.KeyboardModifier.NoModifier))

    def pan(frame: int) -> None:
        press(Qt.Key.Key_Left if frame % 100 < 50 else Qt.Key.Key_Right)

    def zoom(frame: int) -> None:
        press(Qt.Key.Key_Down if frame % 20 < 10 else Qt.Key.Key_Up)

    def tick(frame: int) -> None:
        bar = copy(bars[-1])
        bar.close_price += frame % 7 * 0.1
        widget.update_bar(bar)

    frames = 60 if count <= 100_000 else 12
    return {"first": first, **measure({"tick": tick, "pan": pan, "zoom": zoom}, application.processEvents, frames)}


if __name__ == "__main__":
    run(measure_chart)
