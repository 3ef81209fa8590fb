"""Drawing by hand: tools, handles, keys, menus, the magnet, and what is saved."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMenu

from tests.gui.chart.hand import Hand
from tests.gui.conftest import Open, Workstation
from widgets.chart.chart_panel import ChartPanel
from widgets.chart.drawings.drawing import ANCHORS, Anchor, Drawing, Tool
from widgets.chart.drawings.drawing_menu import TextDialog
from widgets.chart.drawings.drawing_shelf import DrawingShelf

SPOTS = ((150, 200), (300, 260), (220, 320))


class Draftsman(Hand):
    """Takes drawing tools from the strip, or from its menu."""

    def take(self, tool: Tool) -> None:
        button = self.chart.strip.buttons.get(tool)
        if button is not None:
            self.station.click(button)
            return
        words = {Tool.RAY: "Ray", Tool.CHANNEL: "Parallel channel", Tool.VERTICAL_LINE: "Vertical line"}
        self.station.trigger(self.chart.strip.menu(), words[tool])

    def place(self, drawing: Drawing) -> tuple[float, float]:
        """Where the first anchor of a drawing stands."""
        scale = self.view.price_pane.logical_scale()
        anchor = drawing.anchors[0]
        return scale.x(self.view.model.series.index_at(anchor.time_ns)), scale.y(anchor.price)

    @property
    def drawings(self) -> tuple[Drawing, ...]:
        return self.chart.drawing.book.drawings


def shelf_of(station: Workstation) -> DrawingShelf:
    """Where the drawings of the window are kept."""
    found = station.model.findChild(DrawingShelf)
    assert isinstance(found, DrawingShelf)
    return found


@pytest.fixture
def hand(station: Workstation) -> Draftsman:
    return Draftsman(station)


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
    assert hand.chart.drawing.tool is None
    assert hand.chart.strip.pointer.isChecked()
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
    assert hand.chart.drawing.scene.draft is not None
    hand.press_key(Qt.Key.Key_Escape)
    assert hand.chart.drawing.scene.draft is None
    hand.release(225, 300)
    assert hand.drawings == before
    hand.press_key(Qt.Key.Key_Escape)
    assert hand.chart.drawing.selected is None
    hand.take(Tool.RECTANGLE)
    hand.click(150, 300)
    hand.press_key(Qt.Key.Key_Escape)
    assert hand.chart.drawing.tool is None
    assert hand.drawings == before


def test_keys_duplicate_and_delete_the_chosen_one(hand: Draftsman) -> None:
    hand.take(Tool.RECTANGLE)
    hand.drag((150, 200), (300, 260))
    hand.press_key(Qt.Key.Key_D, Qt.KeyboardModifier.ControlModifier)
    first, second = hand.drawings
    assert second.anchors[0].time_ns > first.anchors[0].time_ns
    assert hand.chart.drawing.selected == second
    hand.press_key(Qt.Key.Key_Delete)
    assert hand.drawings == (first,)


def test_a_locked_drawing_neither_moves_nor_goes(hand: Draftsman) -> None:
    hand.take(Tool.TREND_LINE)
    hand.drag((150, 200), (300, 260))
    hand.station.trigger(hand.menu(225, 230), "Locked")
    (locked,) = hand.drawings
    assert locked.locked
    hand.click(225, 230)
    hand.drag((225, 230), (225, 300))
    hand.press_key(Qt.Key.Key_Delete)
    assert hand.drawings == (locked,)
    hand.view.follow()
    hand.station.trigger(hand.menu(225, 230), "Locked")
    hand.station.trigger(hand.menu(225, 230), "Delete")
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
    (dialog,) = hand.station.window.findChildren(TextDialog)
    dialog.words.clear()
    hand.station.click(dialog.action_button)
    assert "A text is needed" in dialog.problem.text()
    hand.station.qtbot.keyClicks(dialog.words, "Range high")
    hand.station.qtbot.keyClick(dialog.words, Qt.Key.Key_Return)
    assert [drawing.text for drawing in hand.drawings] == ["Range high"]


def test_the_magnet_takes_the_price_of_the_bar(hand: Draftsman) -> None:
    series, scale = hand.view.model.series, hand.view.price_pane.logical_scale()
    index = len(series) - 30
    bar = series.bar(index)
    hand.station.click(hand.chart.strip.magnet)
    hand.take(Tool.HORIZONTAL_LINE)
    hand.click(float(scale.x(index)), scale.y(bar.high) - 9)
    (drawing,) = hand.drawings
    assert drawing.anchors[0] == Anchor(bar.open_ns, bar.high)


def test_drawings_hold_on_every_timeframe_and_in_every_chart_of_the_symbol(hand: Draftsman) -> None:
    hand.take(Tool.TREND_LINE)
    hand.drag((150, 200), (300, 260))
    (drawing,) = hand.drawings
    other = ChartPanel(hand.station.model, "BTCUSDT", "1h", (), linked=False, drawings=shelf_of(hand.station))
    hand.station.qtbot.addWidget(other)
    other.show()
    assert other.view.drawings.drawings == (drawing,)
    hand.chart.choose_timeframe("1h")
    series = hand.view.model.series
    for anchor in drawing.anchors:
        bar = series.bar(int(series.index_at(anchor.time_ns)))
        assert bar.open_ns <= anchor.time_ns < bar.open_ns + series.bar_ns
    hand.chart.drawing.delete(drawing.name)
    assert not other.view.drawings.drawings


def test_another_symbol_has_drawings_of_its_own_and_hiding_hides_all(hand: Draftsman) -> None:
    hand.take(Tool.HORIZONTAL_LINE)
    hand.click(200, 250)
    hand.station.model.choose_symbol("ETHUSDT")
    assert not hand.drawings
    hand.station.model.choose_symbol("BTCUSDT")
    assert len(hand.view.drawings.drawings) == 1
    hand.station.trigger(hand.chart.strip.menu(), "Hide all drawings")
    assert list(hand.view.drawings.shown()) == []
    hand.take(Tool.TREND_LINE)
    assert len(list(hand.view.drawings.shown())) == 1


def test_drawings_are_there_after_a_restart(open_workstation: Open) -> None:
    hand = Draftsman(open_workstation())
    hand.take(Tool.RETRACEMENT)
    hand.drag((150, 200), (300, 260))
    before = hand.drawings
    shelf_of(hand.station).writer.wait()
    hand.station.stop_session()
    again = Draftsman(open_workstation())
    assert again.drawings == before


@pytest.mark.allow_log_warnings("was not read")
def test_a_damaged_file_is_told_and_kept_aside(hand: Draftsman, tmp_path: Path) -> None:
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
    strip = hand.chart.strip
    strip.resize(24 * 4, 22)
    assert [button.isVisible() for button in strip.buttons.values()] == [True, True, False, False, False, False]
    assert [action.text() for action in strip.menu().actions()][:3] == ["Trend line", "Ray", "Parallel channel"]
