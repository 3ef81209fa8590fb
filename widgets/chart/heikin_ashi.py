"""Heikin-Ashi bars beside the real ones: averages of prices that make trends easier to see.

close = (open + high + low + close) / 4; open = the middle of the body before, at first that of the real bar; high and
low reach as far as the real ones or the averaged body. After Dan Valcu, "Using the Heikin-Ashi Technique", Technical
Analysis of Stocks & Commodities, February 2004.
"""

from __future__ import annotations

from widgets.chart.series import Bar, BarSeries


def heikin_ashi(series: BarSeries) -> BarSeries:
    """All bars of `series`, with its times and volumes."""
    from workstation.market.ta_lib import talib

    made = BarSeries()
    columns = [series.column(row) for row in range(5)]
    averaged = talib.HA(*columns[:4]) if len(series) else columns[:4]
    made.set_bars(series.open_ns, *averaged, columns[4], bar_ns=series.bar_ns)
    return made


def follow_last(made: BarSeries, series: BarSeries) -> None:
    """Bring the newest bar of `made` up to the newest of `series`, which has at most one bar more."""
    last = len(series) - 1
    bar = series.bar(last)
    close = (bar.open + bar.high + bar.low + bar.close) / 4
    open_ = (bar.open + bar.close) / 2
    if last:
        before = made.bar(last - 1)
        open_ = (before.open + before.close) / 2
    averaged = Bar(bar.open_ns, open_, max(bar.high, open_, close), min(bar.low, open_, close), close, bar.volume)
    if len(made) == len(series):
        made.update_last_bar(averaged)
    else:
        made.append_bar(averaged)
