"""How the trades of the shown result came out: distribution, excursions, streaks, and what they say of the strategy."""

from __future__ import annotations

from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QStackedWidget, QVBoxLayout, QWidget

from widgets.controls.segmented import Segmented
from widgets.controls.toolbar import Toolbar
from widgets.look.numbers import MISSING, format_money, format_number, format_percent, tone_of
from widgets.research.figures import Shown as ShownFigure
from widgets.research.figures_view import FiguresView
from widgets.research.result_panels import ResultPanel
from widgets.research.shown_result import Shown
from widgets.research.trade_plots import DistributionView, ExcursionView, Point
from workstation.backtest.breakdown import closed, distribution, streaks, trade_figures
from workstation.backtest.result import BacktestResult
from workstation.core.money import from_money

VIEWS = ("Distribution", "Excursions", "Streaks")
ADVERSE = "How far each trade went against its holder, and what it came to in the end (maximum adverse excursion)."
FAVOURABLE = "How far each trade went for its holder, and what it came to in the end (maximum favourable excursion)."


class AnalysisPanel(ResultPanel):
    """A click on a dot shows its trade on the chart."""

    def build(self) -> None:
        self.choice = Segmented(VIEWS, framed=False)
        self.distribution = DistributionView()
        self.adverse = ExcursionView("Adverse", ADVERSE)
        self.favourable = ExcursionView("Favourable", FAVOURABLE)
        self.figures = FiguresView()
        for view in (self.adverse, self.favourable):
            view.trade_wanted.connect(self.shown.choose_trade)
        excursions = QWidget()
        beside = QHBoxLayout(excursions)
        beside.setContentsMargins(0, 0, 0, 0)
        beside.setSpacing(0)
        beside.addWidget(self.adverse)
        beside.addWidget(self.favourable)
        inside = QWidget()
        inside.setBackgroundRole(QPalette.ColorRole.Base)
        inside.setAutoFillBackground(True)
        above = QVBoxLayout(inside)
        above.setContentsMargins(0, 0, 0, 0)
        above.addWidget(self.figures)
        above.addStretch(1)
        area = QScrollArea()
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidgetResizable(True)
        area.setWidget(inside)
        pages = QStackedWidget()
        for page in (self.distribution, excursions, area):
            pages.addWidget(page)
        self.choice.chosen.connect(pages.setCurrentIndex)
        bar = Toolbar()
        bar.row.addWidget(self.choice)
        bar.row.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(bar)
        column.addWidget(pages, 1)

    def show_result(self, shown: Shown | None) -> None:
        trades = shown.result.trades if shown is not None else ()
        found = distribution(trades)
        currency = shown.result.run.currency if shown is not None else ""
        self.distribution.set_distribution(found, currency)
        against, in_favour = [], []
        for trade in closed(trades):
            if trade.adverse is None or trade.favourable is None:
                continue
            unit = trade.risk if found.in_r else 100_000_000
            net = trade.net / unit
            against.append(Point(trade.number, -trade.adverse / unit, net))
            in_favour.append(Point(trade.number, trade.favourable / unit, net))
        for view, points in ((self.adverse, against), (self.favourable, in_favour)):
            view.set_points(points, "R" if found.in_r else currency)
        self.figures.set_figures([] if shown is None else streak_figures(shown.result))


def streak_figures(result: BacktestResult) -> list[ShownFigure]:
    """What rows of gains and losses there were, and figures that judge the trades."""
    rows = streaks(result.trades)
    found = trade_figures(result.trades, result.equity_times_ns, result.equity, result.run.end_ns)

    def money(amount: float | None) -> str:
        return format_money(None if amount is None else from_money(round(amount)), signed=True)

    def percent(value: float | None, *, signed: bool = True) -> str:
        return format_percent(None if value is None else value * 100, 1, signed=signed)

    last = f"{abs(rows.last)} {'won' if rows.last > 0 else 'lost'}" if rows.last else MISSING
    hours = found.longest_hours
    longest = MISSING if hours is None else f"{hours / 24:,.1f} d" if hours >= 48 else f"{hours:,.1f} h"
    return [
        ShownFigure("Wins in a row", str(rows.wins), tip=f"At most; together {money(rows.wins_net)}"),
        ShownFigure("Losses in a row", str(rows.losses), tip=f"At most; together {money(rows.losses_net)}"),
        ShownFigure("At the end", last, tip="The row of wins or losses in which the result ends"),
        ShownFigure("Cost of the worst row", money(rows.losses_net), tone_of(rows.losses_net), "Of losses in a row"),
        ShownFigure("Median trade", money(found.median), tone_of(found.median), "Half of the trades came to more"),
        ShownFigure("Payoff", format_number(found.payoff, 2), tip="Mean win over mean loss"),
        ShownFigure("SQN", format_number(found.sqn, 2), tip="System quality number: √trades × mean over deviation"),
        ShownFigure("Kelly", percent(found.kelly), tip="Win rate less loss rate over payoff, as a share of the equity"),
        ShownFigure("Trades a month", format_number(found.trades_a_month, 1), tip="On average"),
        ShownFigure("Longest trade", longest, tip="From its first entry to its last exit"),
        ShownFigure("Bars held", format_number(found.average_bars, 1), tip="On average"),
        ShownFigure("Volatility", percent(found.volatility, signed=False), tip="Of daily returns, a year"),
        ShownFigure("Best day", percent(found.best_day), tone_of(found.best_day), "Of the equity, UTC days"),
        ShownFigure("Worst day", percent(found.worst_day), tone_of(found.worst_day), "Of the equity, UTC days"),
        ShownFigure("Days that gained", percent(found.positive_days, signed=False), tip="Of those that moved"),
    ]
