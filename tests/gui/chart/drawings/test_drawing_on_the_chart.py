"""Drawing by hand: tools, handles, keys, menus, the magnet, and what is saved."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import msgspec
import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QMenu, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from tests.gui.chart.hand import Hand, PanelHand
from tests.gui.conftest import Open, Workstation
from widgets.chart.chart_view import ChartView
from widgets.chart.drawings.drawing import ANCHORS, Anchor, Drawing, Tool
from widgets.chart.drawings.drawing_menu import DrawingMenu, TextDialog
from widgets.chart.drawings.drawing_shelf import DrawingShelf
from widgets.chart.drawings.drawing_tools import DrawingTools
from widgets.chart.drawings.tool_strip import ToolStrip

MINUTE = 60_000_000_000
TIMES = np.arange(600, dtype=np.int64) * MINUTE + 1_700_000_000 // 3600 * 3600 * 1_000_000_000
SPOTS = ((150, 200), (300, 260), (220, 320))


class Board(QWidget):
    """A chart of 600 minutes with its drawing tools, without an engine."""

    def __init__(self, shelf: DrawingShelf) -> None:
        super().__init__()
        self.view = ChartView(self)
        self.drawing = DrawingTools(self.view, shelf, self)
        self.drawing_menu = DrawingMenu(self.view, self.drawing)
        self.strip = ToolStrip(self.drawing, self)
        self.view.hand.pointers.append(self.drawing)
        column = QVBoxLayout(self)
        column.addWidget(self.strip)
        column.addWidget(self.view, 1)
        self.view.set_instrument("BTCUSDT", "Perpetual · 1 m", Decimal("0.1"))
        self.show_bars(1)
        self.drawing.show("BTCUSDT")
        self.resize(800, 500)

    def show_bars(self, minutes: int) -> None:
        """The same market in bars of so many minutes."""
        close = np.round(42_000 + 200 * np.sin(np.arange(600) / 15), 1)[::minutes]
        open_ = np.roll(close, 1)
        open_[0] = close[0]
        times = TIMES[::minutes]
        high, low = np.maximum(open_, close) + 20, np.minimum(open_, close) - 20
        self.view.set_bars(times, open_, high, low, close, np.full(len(times), 5.0), bar_ns=minutes * MINUTE)


class Draftsman(Hand):
    """Takes drawing tools from the strip, or from its menu."""

    def __init__(self, qtbot: QtBot, board: Board) -> None:
        self.board = board
        super().__init__(qtbot, board.view)

    def take(self, tool: Tool) -> None:
        button = self.board.strip.buttons.get(tool)
        if button is not None:
            self.press(button)
            return
        words = {Tool.RAY: "Ray", Tool.CHANNEL: "Parallel channel", Tool.VERTICAL_LINE: "Vertical line"}
        self.choose(self.board.strip.menu(), words[tool])

    def press(self, button: QWidget) -> None:
        self.qtbot.mouseClick(button, Qt.MouseButton.LeftButton)

    def choose(self, menu: QMenu, text: str) -> None:
        action = next(each for each in menu.actions() if each.text() == text)
        assert action.isEnabled()
        action.trigger()
        menu.deleteLater()

    def place(self, drawing: Drawing, anchor: int = 0) -> tuple[float, float]:
        """Where an anchor of a drawing stands: on a bar, so not just where the hand was."""
        scale, at = self.view.price_pane.logical_scale(), drawing.anchors[anchor]
        return scale.x(self.view.model.series.index_at(at.time_ns)), scale.y(at.price)

    def on_line(self, drawing: Drawing, x: float) -> tuple[float, float]:
        """The place at ``x`` on the line through the two anchors of a drawing."""
        (left, first), (right, second) = self.place(drawing), self.place(drawing, 1)
        return x, first + (second - first) * (x - left) / (right - left)

    @property
    def drawings(self) -> tuple[Drawing, ...]:
        return self.board.drawing.book.drawings


def shelf_of(station: Workstation) -> DrawingShelf:
    """Where the drawings of the window are kept."""
    found = station.model.findChild(DrawingShelf)
    assert isinstance(found, DrawingShelf)
    return found


@pytest.fixture
def shelf(tmp_path: Path) -> DrawingShelf:
    return DrawingShelf(tmp_path / "drawings")


@pytest.fixture
def hand(qtbot: QtBot, shelf: DrawingShelf) -> Draftsman:
    return draftsman(qtbot, shelf)


def draftsman(qtbot: QtBot, shelf: DrawingShelf) -> Draftsman:
    board = Board(shelf)
    qtbot.addWidget(board)
    board.show()
    qtbot.waitExposed(board)
    QApplication.processEvents()
    return Draftsman(qtbot, board)


@pytest.mark.parametrize("tool", list(Tool))
def test_every_tool_draws_by_clicks_where_it_was_clicked(hand: Draftsman, tool: Tool) -> None:
    hand.take(tool)
    for spot in SPOTS[: ANCHORS[tool]]:
        hand.click(*spot)
    (drawing,) = hand.drawings
    assert drawing.tool is tool
    x, y = hand.place(drawing)
    assert abs(x - SPOTS[0][0]) <= hand.view.viewport_state.pitch
    assert abs(y - SPOTS[0][1]) <= 1.5
    assert hand.board.drawing.tool is None
    assert hand.board.strip.pointer.isChecked()
    assert not hand.view.grab().isNull()


def test_a_drag_draws_a_line_from_end_to_end(hand: Draftsman) -> None:
    right = hand.view.model.right
    hand.take(Tool.TREND_LINE)
    hand.drag((150, 200), (300, 260))
    (drawing,) = hand.drawings
    assert drawing.anchors[1].time_ns > drawing.anchors[0].time_ns
    assert drawing.anchors[1].price < drawing.anchors[0].price
    assert hand.view.model.right == right


def test_a_line_is_moved_by_itself_and_changed_by_its_handles(hand: Draftsman) -> None:
    hand.take(Tool.TREND_LINE)
    hand.drag((150, 200), (300, 260))
    (before,) = hand.drawings
    hand.drag((225, 230), (225, 280))
    (moved,) = hand.drawings
    assert moved.anchors[0].time_ns == before.anchors[0].time_ns
    assert moved.anchors[0].price < before.anchors[0].price
    assert moved.anchors[0].price - moved.anchors[1].price == pytest.approx(
        before.anchors[0].price - before.anchors[1].price
    )
    x, y = hand.place(moved)
    hand.drag((x, y), (x - 40, y - 60))
    (changed,) = hand.drawings
    assert changed.anchors[0].price > moved.anchors[0].price
    assert changed.anchors[1] == moved.anchors[1]
    hand.press_key(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert hand.drawings == (moved,)
    hand.press_key(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert hand.drawings == (before,)
    hand.press_key(Qt.Key.Key_Y, Qt.KeyboardModifier.ControlModifier)
    assert hand.drawings == (moved,)


def test_escape_ends_a_drag_without_a_change_then_the_choice_then_goes_to_the_window(hand: Draftsman) -> None:
    hand.take(Tool.TREND_LINE)
    hand.drag((150, 200), (300, 260))
    before = hand.drawings
    hand.drag((225, 230), (225, 300), release=False)
    assert hand.board.drawing.scene.draft is not None
    hand.press_key(Qt.Key.Key_Escape)
    assert hand.board.drawing.scene.draft is None
    hand.release(225, 300)
    assert hand.drawings == before
    hand.press_key(Qt.Key.Key_Escape)
    assert hand.board.drawing.selected is None
    hand.take(Tool.RECTANGLE)
    hand.click(150, 300)
    hand.press_key(Qt.Key.Key_Escape)
    assert hand.board.drawing.tool is None
    assert hand.drawings == before


def test_keys_duplicate_and_delete_the_chosen_one(hand: Draftsman) -> None:
    hand.take(Tool.RECTANGLE)
    hand.drag((150, 200), (300, 260))
    hand.press_key(Qt.Key.Key_D, Qt.KeyboardModifier.ControlModifier)
    first, second = hand.drawings
    assert second.anchors[0].time_ns > first.anchors[0].time_ns
    assert hand.board.drawing.selected == second
    hand.press_key(Qt.Key.Key_Delete)
    assert hand.drawings == (first,)


def test_a_locked_drawing_neither_moves_nor_goes(hand: Draftsman) -> None:
    hand.take(Tool.TREND_LINE)
    hand.drag((150, 200), (300, 260))
    hand.choose(hand.menu(225, 230), "Locked")
    (locked,) = hand.drawings
    assert locked.locked
    hand.click(225, 230)
    hand.drag((225, 230), (225, 300))
    hand.press_key(Qt.Key.Key_Delete)
    assert hand.drawings == (locked,)
    hand.view.follow()
    hand.choose(hand.menu(225, 230), "Locked")
    hand.choose(hand.menu(225, 230), "Delete")
    assert not hand.drawings


def test_colour_and_width_are_chosen_in_the_menu(hand: Draftsman) -> None:
    hand.take(Tool.TREND_LINE)
    hand.drag((150, 200), (300, 260))
    for name, entry in (("Colour", "Gold"), ("Width", "3 px")):
        menu = hand.menu(225, 230)
        submenu = next(action.menu() for action in menu.actions() if action.text() == name)
        assert isinstance(submenu, QMenu)
        next(action for action in submenu.actions() if action.text() == entry).trigger()
        menu.deleteLater()
    (drawing,) = hand.drawings
    assert (drawing.colour, drawing.width) == ("series_1", 3)


def test_words_are_typed_in_a_window_of_their_own(hand: Draftsman) -> None:
    hand.take(Tool.TEXT)
    hand.click(200, 250)
    (dialog,) = hand.board.findChildren(TextDialog)
    dialog.words.clear()
    hand.press(dialog.action_button)
    assert "A text is needed" in dialog.problem.text()
    hand.qtbot.keyClicks(dialog.words, "Range high")
    hand.qtbot.keyClick(dialog.words, Qt.Key.Key_Return)
    assert [drawing.text for drawing in hand.drawings] == ["Range high"]


def test_the_magnet_takes_the_price_of_the_bar(hand: Draftsman) -> None:
    series, scale = hand.view.model.series, hand.view.price_pane.logical_scale()
    index = len(series) - 30
    bar = series.bar(index)
    hand.press(hand.board.strip.magnet)
    hand.take(Tool.HORIZONTAL_LINE)
    hand.click(float(scale.x(index)), scale.y(bar.high) - 9)
    (drawing,) = hand.drawings
    assert drawing.anchors[0] == Anchor(bar.open_ns, bar.high)


def test_drawings_hold_on_every_timeframe_and_in_every_chart_of_the_symbol(
    hand: Draftsman, qtbot: QtBot, shelf: DrawingShelf
) -> None:
    hand.take(Tool.TREND_LINE)
    hand.drag((150, 200), (300, 260))
    (drawing,) = hand.drawings
    other = draftsman(qtbot, shelf)
    assert other.view.drawings.drawings == (drawing,)
    hand.board.show_bars(15)
    series = hand.view.model.series
    for anchor in drawing.anchors:
        bar = series.bar(int(series.index_at(anchor.time_ns)))
        assert bar.open_ns <= anchor.time_ns < bar.open_ns + series.bar_ns
    assert hand.view.drawings.drawings == (drawing,)
    hand.board.drawing.delete(drawing.name)
    assert not other.view.drawings.drawings


def test_another_symbol_has_drawings_of_its_own_and_hiding_hides_all(hand: Draftsman) -> None:
    hand.take(Tool.HORIZONTAL_LINE)
    hand.click(200, 250)
    hand.board.drawing.show("ETHUSDT")
    assert not hand.drawings
    hand.board.drawing.show("BTCUSDT")
    assert len(hand.view.drawings.drawings) == 1
    hand.choose(hand.board.strip.menu(), "Hide all drawings")
    assert list(hand.view.drawings.shown()) == []
    hand.take(Tool.TREND_LINE)
    assert len(list(hand.view.drawings.shown())) == 1


def test_drawings_are_there_after_a_restart_and_in_the_window(open_workstation: Open) -> None:
    station = open_workstation()
    tools = station.area.charts[0].drawing
    station.click(station.area.charts[0].strip.buttons[Tool.RETRACEMENT])
    hand = PanelHand(station)
    hand.drag((150, 200), (300, 260))
    before = tools.book.drawings
    assert len(before) == 1
    shelf_of(station).writer.wait()
    station.stop_session()
    again = open_workstation().area.charts[0]
    assert again.drawing.book.drawings == before
    assert again.view.drawings.drawings == before
    again.choose_timeframe("1h")
    assert again.view.drawings.drawings == before


@pytest.mark.allow_log_warnings("was not read")
def test_a_damaged_file_is_told_and_kept_aside(tmp_path: Path) -> None:
    folder = tmp_path / "drawings"
    folder.mkdir()
    (folder / "XRPUSDT.json").write_text('{"version": 1, "symbol": "XRPUSDT"')
    shelf = DrawingShelf(folder)
    told: list[str] = []
    shelf.problem_told.connect(told.append)
    assert shelf.book("XRPUSDT").drawings == ()
    assert "It is kept as XRPUSDT.json.damaged-1" in told[0]
    assert (folder / "XRPUSDT.json.damaged-1").exists()


def test_a_narrow_toolbar_keeps_every_tool_in_its_menu(hand: Draftsman) -> None:
    strip = hand.board.strip
    strip.resize(24 * 4, 22)
    assert [button.isVisible() for button in strip.buttons.values()] == [True, True, False, False, False, False]
    assert [action.text() for action in strip.menu().actions()][:3] == ["Trend line", "Ray", "Parallel channel"]


def test_shift_keeps_a_point_level_upright_or_at_45_degrees(hand: Draftsman) -> None:
    shift = Qt.KeyboardModifier.ShiftModifier
    for end, kind in (((300, 214), "level"), ((158, 330), "upright"), ((270, 300), "slanted")):
        hand.take(Tool.TREND_LINE)
        hand.click(150, 200)
        hand.qtbot.mouseClick(hand.view.viewport(), Qt.MouseButton.LeftButton, shift, hand.spot(*end))
        first, second = hand.drawings[-1].anchors
        if kind == "level":
            assert first.price == second.price and first.time_ns != second.time_ns
        elif kind == "upright":
            assert first.time_ns == second.time_ns and first.price != second.price
        else:
            scale, index_at = hand.view.price_pane.logical_scale(), hand.view.model.series.index_at
            across = scale.x(index_at(second.time_ns)) - scale.x(index_at(first.time_ns))
            down = scale.y(second.price) - scale.y(first.price)
            assert across == pytest.approx(down, abs=scale.pitch)


def test_arrows_nudge_by_bars_and_ticks_and_leave_a_locked_drawing(hand: Draftsman) -> None:
    hand.take(Tool.HORIZONTAL_LINE)
    hand.click(200, 250)
    (drawn,) = hand.drawings
    left = hand.view.model.left
    hand.press_key(Qt.Key.Key_Up)
    hand.press_key(Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    (moved,) = hand.drawings
    assert moved.anchors[0].price == pytest.approx(drawn.anchors[0].price + 0.1)
    assert moved.anchors[0].time_ns == drawn.anchors[0].time_ns + 10 * MINUTE
    assert hand.view.model.left == left
    hand.board.drawing.change(msgspec.structs.replace(moved, locked=True))
    hand.press_key(Qt.Key.Key_Down)
    assert hand.drawings[0].anchors == moved.anchors


def test_a_copy_goes_through_the_clipboard_to_another_symbol(hand: Draftsman) -> None:
    control = Qt.KeyboardModifier.ControlModifier
    hand.take(Tool.RECTANGLE)
    hand.drag((150, 200), (260, 300))
    (drawn,) = hand.drawings
    hand.board.drawing.change(msgspec.structs.replace(drawn, colour="accent", width=3))
    hand.press_key(Qt.Key.Key_C, control)
    hand.press_key(Qt.Key.Key_V, control)
    beside = hand.drawings[-1]
    assert (beside.colour, beside.width) == ("accent", 3) and beside.anchors != drawn.anchors
    hand.board.drawing.show("ETHUSDT")
    hand.press_key(Qt.Key.Key_V, control)
    (pasted,) = hand.drawings
    assert pasted.anchors == drawn.anchors and pasted.colour == "accent"
    QApplication.clipboard().setText("no drawing")
    hand.press_key(Qt.Key.Key_V, control)
    assert len(hand.drawings) == 1


def test_a_new_drawing_looks_as_the_last_of_its_tool(hand: Draftsman) -> None:
    hand.take(Tool.TREND_LINE)
    hand.drag((150, 200), (260, 300))
    (drawn,) = hand.drawings
    hand.board.drawing.change(msgspec.structs.replace(drawn, colour="down", width=2, extends_right=True))
    hand.take(Tool.TREND_LINE)
    hand.drag((180, 220), (290, 260))
    made = hand.drawings[-1]
    assert (made.colour, made.width, made.extends_right) == ("down", 2, True)
    hand.take(Tool.RECTANGLE)
    hand.drag((180, 220), (290, 260))
    assert hand.drawings[-1].colour == "series_2"


def test_a_drawing_is_extended_from_its_menu(hand: Draftsman) -> None:
    hand.take(Tool.TREND_LINE)
    hand.drag((150, 300), (250, 260))
    menu = hand.menu(200, 280)
    extend = next(each for each in menu.findChildren(QMenu) if each.title() == "Extend")
    hand.choose(extend, "To the right")
    assert hand.drawings[0].extends_right and not hand.drawings[0].extends_left
    hand.click(400, 100)
    assert hand.board.drawing.selected is None
    hand.click(*hand.on_line(hand.drawings[0], 350))
    assert hand.board.drawing.selected == hand.drawings[0]
    assert not hand.view.grab().isNull()
