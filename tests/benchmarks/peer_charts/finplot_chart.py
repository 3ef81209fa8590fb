"""finplot with three averages, as its own examples draw them."""

from __future__ import annotations

import time

import finplot as fplt
import pandas as pd
import pyqtgraph as pg

from tests.benchmarks.chart_frames import SIZE, average, measure, random_walk, run

FRAMES = 60


def measure_chart(count: int) -> dict[str, float]:
    application = pg.mkQApp()
    times, open_, high, low, close, _ = random_walk(count)
    frame = pd.DataFrame(
        {"open": open_, "close": close, "high": high, "low": low}, index=pd.to_datetime(times, unit="ns")
    )
    started = time.perf_counter()
    axis = fplt.create_plot("candles", init_zoom_periods=200)
    candles = fplt.candlestick_ochl(frame)
    for period in (21, 55, 20):
        fplt.plot(pd.Series(average(close, period), index=frame.index))
    fplt.show(qt_exec=False)
    window = axis.vb.win
    window.resize(*SIZE)
    window.grab()
    first = (time.perf_counter() - started) * 1000

    def pan(number: int) -> None:
        axis.vb.pan_x(steps=-4 if number % 100 < 50 else 4)

    def zoom(number: int) -> None:
        axis.vb.zoom_rect(axis.vb.targetRect(), 1.05 if number % 60 < 30 else 1 / 1.05, axis.vb.targetRect().center())

    def tick(number: int) -> None:
        frame.iloc[-1, 1] = close[-1] + number % 7 * 0.1
        candles.update_data(frame)

    return {"first": first, **measure({"tick": tick, "pan": pan, "zoom": zoom}, application.processEvents, FRAMES)}


if __name__ == "__main__":
    run(measure_chart)
