"""Tape, equity line and sparkline."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QRectF, Qt
from PySide6.QtGui import QImage, QPainter, QStandardItem, QStandardItemModel
from PySide6.QtWidgets import QTableView
from pytestqt.qtbot import QtBot

from widgets.controls.sparkline import SPARKLINE_ROLE, SparklineDelegate, draw_sparkline
from widgets.look.theme import current
from widgets.panels.equity_view import EquityView, Figure
from widgets.tape.tape_view import KEPT_TRADES, TapeTrade, TapeView

HOUR = 3_600_000_000_000


def trades(first: int, count: int, lots: int = 5) -> list[TapeTrade]:
    return [TapeTrade(number * 1_000_000_000, 420_000 + number, lots, "buy") for number in range(first, first + count)]


@pytest.fixture
def tape(qtbot: QtBot) -> TapeView:
    view = TapeView()
    qtbot.addWidget(view)
    view.resize(182, 22 + 18 * 10)
    view.set_steps(Decimal("0.1"), Decimal("0.001"))
    return view


def test_the_newest_trade_is_on_top(tape: TapeView) -> None:
    tape.append(trades(0, 30))
    assert tape.trade_at(25) == trades(29, 1)[0]
    assert tape.trade_at(22 + 18 * 3 + 2) == trades(26, 1)[0]
    assert tape.trade_at(5) is None


def test_what_is_read_stays_in_place_while_trades_arrive(tape: TapeView, qtbot: QtBot) -> None:
    tape.append(trades(0, 100))
    qtbot.keyClick(tape, Qt.Key.Key_PageDown)
    read = tape.trade_at(25)
    assert read != trades(99, 1)[0]
    tape.append(trades(100, 7))
    assert tape.trade_at(25) == read
    qtbot.keyClick(tape, Qt.Key.Key_Home)
    assert tape.trade_at(25) == trades(106, 1)[0]


def test_the_tape_keeps_a_bounded_number_of_trades(tape: TapeView, qtbot: QtBot) -> None:
    tape.append(trades(0, KEPT_TRADES + 50))
    for _ in range(KEPT_TRADES):
        qtbot.keyClick(tape, Qt.Key.Key_PageDown)
    assert tape.trade_at(22 + 18 * 9 + 2) == trades(50, 1)[0]


def test_a_large_trade_has_a_tinted_row_and_a_bar(tape: TapeView) -> None:
    tokens = current().tokens
    tape.set_threshold(1000)
    tape.append([TapeTrade(0, 1, 999, "buy"), TapeTrade(1, 1, 1000, "sell")])
    image = tape.grab().toImage()
    assert image.pixelColor(0, 30) == tokens.down
    assert image.pixelColor(4, 25) == tokens.down_ground
    assert image.pixelColor(4, 43) == tokens.ground


@pytest.fixture
def equity(qtbot: QtBot) -> EquityView:
    view = EquityView()
    qtbot.addWidget(view)
    view.resize(350, 250)
    values = 10_000 + np.sin(np.arange(24 * 30) / 40) * 50
    view.set_curve(np.arange(24 * 30) * HOUR, values, "USDT")
    return view


def test_the_switch_and_the_keys_choose_the_range(equity: EquityView, qtbot: QtBot) -> None:
    assert equity.range_name == "1 w"
    assert len(equity.visible()[0]) == 7 * 24 + 1
    with qtbot.waitSignal(equity.range_changed) as changed:
        qtbot.mouseClick(equity, Qt.MouseButton.LeftButton, pos=QPoint(350 - 10 - 16, 20))
    assert changed.args == ["All"]
    assert len(equity.visible()[0]) == 24 * 30
    qtbot.keyClick(equity, Qt.Key.Key_Left)
    qtbot.keyClick(equity, Qt.Key.Key_Left)
    qtbot.keyClick(equity, Qt.Key.Key_Left)
    assert equity.range_name == "1 d"
    with pytest.raises(KeyError):
        equity.set_range("1 y")


def test_the_equity_line_is_up_or_down_by_its_range(equity: EquityView) -> None:
    def area_colour() -> str:
        return equity.grab().toImage().pixelColor(20, 230).name()

    equity.set_curve([0, HOUR], [100.0, 110.0], "USDT")
    rising = area_colour()
    equity.set_curve([0, HOUR], [110.0, 100.0], "USDT")
    assert area_colour() != rising


@pytest.mark.parametrize("values", [[], [1.0], [5.0, 5.0], [0.0, -3.0, 2.0]])
def test_short_and_flat_curves_paint(equity: EquityView, values: list[float]) -> None:
    equity.set_curve(np.arange(len(values)) * HOUR, values, "USDT")
    equity.set_day_result(None)
    equity.set_figures([Figure("Open", "+1.00")])
    assert not equity.grab().isNull()


def test_the_line_and_the_figures_tell_what_they_show(equity: EquityView) -> None:
    equity.set_curve([0, 12 * HOUR, 24 * HOUR], [100.0, 110.0, 99.0], "USDT")
    equity.set_day_result(Decimal(-1))
    equity.set_figures([Figure("Open", "+1.00", about="At the mark."), Figure("Fees", "0.00", about="Paid.")])
    right, low = equity.width() - 75, equity.height() - 60
    assert equity.words_at(QPoint(10, low)) == "1 Jan 00:00:00: 100.00\u2009USDT"
    assert equity.words_at(QPoint(right, low)) == (
        "2 Jan 00:00:00: 99.00\u2009USDT, \u221210.00\u2009% from the highest before"
    )
    assert equity.words_at(QPoint(equity.width() - 5, low)) == ""
    foot = equity.height() - 5
    assert [equity.words_at(QPoint(x, foot)) for x in (5, equity.width() - 5)] == ["At the mark.", "Paid."]
    assert equity.accessibleDescription().startswith("Today \u22121.00\u2009USDT; Open +1.00")


def test_times_and_equity_of_unequal_length_are_refused(equity: EquityView) -> None:
    with pytest.raises(ValueError, match="one length"):
        equity.set_curve([1, 2], [1.0], "USDT")


def reddish(image: QImage) -> int:
    """Pixels with more red than green, less those with more green than red."""
    score = 0
    for y in range(image.height()):
        for x in range(image.width()):
            colour = image.pixelColor(x, y)
            score += (colour.red() > colour.green() + 20) - (colour.green() > colour.red() + 20)
    return score


@pytest.mark.parametrize(("values", "falls"), [([1.0, 3.0, 2.0], False), ([3.0, float("nan"), 1.0], True)])
def test_the_sparkline_takes_its_colour_from_its_direction(qtbot: QtBot, values: list[float], falls: bool) -> None:
    image = QImage(60, 12, QImage.Format.Format_RGB32)
    image.fill(current().tokens.ground)
    painter = QPainter(image)
    draw_sparkline(painter, QRectF(0, 0, 60, 12), values)
    painter.end()
    assert (reddish(image) > 10) if falls else (reddish(image) < -10)


def test_the_delegate_paints_the_array_of_its_role(qtbot: QtBot) -> None:
    model = QStandardItemModel(2, 1)
    item = QStandardItem()
    item.setData(np.array([1.0, 2.0, 4.0]), SPARKLINE_ROLE)
    model.setItem(0, 0, item)
    table = QTableView()
    qtbot.addWidget(table)
    table.setModel(model)
    delegate = SparklineDelegate(table)
    table.setItemDelegateForColumn(0, delegate)
    painted = table.viewport().grab(table.visualRect(model.index(0, 0))).toImage()
    empty = table.viewport().grab(table.visualRect(model.index(1, 0))).toImage()
    assert reddish(painted) < -10
    assert abs(reddish(empty)) < 10
