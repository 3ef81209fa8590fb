"""Reconciliation: what differs is shown, asks to be looked at, and is accepted with a reason."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from tests.gui.conftest import Workstation
from widgets.controls.dialogs import ReasonDialog
from widgets.look.theme import current
from widgets.look.tokens import Tone
from widgets.panels.reconciliation_panel import NOTHING, ReconciliationPanel, state_words
from workstation.core.messages import AcceptReconciliation, AccountDiffers, AnyCommand, Difference, Reconcile
from workstation.core.timeframe import SECOND_NS
from workstation.core.views import ReconciliationView

DIFFERENCES = (
    Difference(what="balance USDT", ours="100", theirs="600", proposed="book +500 USDT as a transfer"),
    Difference(what="position BTCUSDT", ours="0", theirs="0.1", proposed="book +0.1 as external"),
)


class Books:
    """Stands in for an outside venue's: what the panel is told, and what it asks for."""

    def __init__(self, station: Workstation, monkeypatch: pytest.MonkeyPatch) -> None:
        self.station = station
        self.view = ReconciliationView(True, station.clock.now - 12 * SECOND_NS, ())
        self.asked: list[AnyCommand] = []
        monkeypatch.setattr(station.session, "reconciliation", lambda: self.view)
        monkeypatch.setattr(station.session, "command", self._take)

    def _take(self, command: AnyCommand) -> str:
        self.asked.append(command)
        return "The account is compared again."

    def differ(self, *differences: Difference) -> None:
        self.view = ReconciliationView(True, self.view.agreed_ns, differences)
        kernel = self.station.kernel
        kernel.bus.publish(AccountDiffers(ts_ns=kernel.clock.time_ns, differences=differences))
        self.station.frame()


@pytest.fixture
def books(station: Workstation, monkeypatch: pytest.MonkeyPatch) -> Books:
    return Books(station, monkeypatch)


@pytest.fixture
def panel(books: Books, qtbot: QtBot) -> ReconciliationPanel:
    made = ReconciliationPanel(books.station.model)
    qtbot.addWidget(made)
    made.resize(700, 240)
    made.show()
    return made


def test_on_paper_there_is_nothing_to_reconcile(station: Workstation) -> None:
    station.area.show_panel("reconcile")
    station.frame()
    panel = station.area.reconcile
    assert panel.state.text() == NOTHING
    assert not panel.compare.isVisible() and not panel.accept.isVisible() and not panel.table.isVisible()


def test_the_state_is_said_in_one_line(books: Books) -> None:
    now_ns = books.station.clock.now
    agreed = ReconciliationView(True, now_ns - 12 * SECOND_NS, ())
    assert state_words(agreed, now_ns) == ("Agreed 12s ago", Tone.GOOD)
    assert state_words(ReconciliationView(True, now_ns, (), True), now_ns)[0] == "Comparing …"
    assert state_words(ReconciliationView(True, 0, ()), now_ns)[1] is Tone.WARNING
    differing = ReconciliationView(True, now_ns, DIFFERENCES)
    assert state_words(differing, now_ns) == ("2 differences: trading is halted", Tone.WARNING)


def test_a_person_compares_and_accepts_with_a_reason(books: Books, panel: ReconciliationPanel, qtbot: QtBot) -> None:
    station = books.station
    assert panel.state.text() == "Agreed 12s ago" and not panel.accept.isEnabled()
    station.click(panel.compare)
    books.differ(*DIFFERENCES)
    assert [row["what"] for row in panel.table.shown_rows()] == ["balance USDT", "position BTCUSDT"]
    station.click(panel.accept)
    dialog = next(each for each in panel.findChildren(ReasonDialog) if each.isVisible())
    assert not dialog.isModal()
    station.click(dialog.action_button)
    assert dialog.isVisible() and dialog.reason.in_error
    qtbot.keyClicks(dialog.reason, "a deposit")
    qtbot.keyClick(dialog.reason, Qt.Key.Key_Return)
    assert books.asked == [Reconcile(), AcceptReconciliation(reason="a deposit")]
    books.differ()
    assert panel.table.shown_rows() == [] and not panel.accept.isEnabled()


def test_differences_badge_the_tab_and_turn_the_banner_amber_until_they_are_gone(books: Books) -> None:
    station = books.station
    banner, tab = station.window.banner, station.area.panel("reconcile")
    assert not banner.notice.isVisible() and not tab.alarmed
    books.differ(*DIFFERENCES)
    assert tab.count == len(DIFFERENCES) and tab.alarmed
    assert banner.notice.text() == "2 differences: trading is halted"
    amber, seen = current().tokens.warning, banner.notice.grab().toImage().pixelColor(6, 4).name()
    assert seen in (amber.name(), amber.lighter(107).name()), "the mouse may be over it"
    banner.set_message("Something else happened.")
    station.frame()
    assert banner.notice.isVisible(), "a later message does not hide it"
    assert not tab.in_front
    station.click(banner.notice)
    station.frame()
    assert tab.in_front and station.area.reconcile.listening
    books.differ()
    assert not tab.alarmed and not banner.notice.isVisible()


def test_a_hidden_panel_is_not_told(books: Books, panel: ReconciliationPanel) -> None:
    panel.hide()
    books.differ(*DIFFERENCES)
    assert panel.state.text() == "Agreed 12s ago"
    panel.show()
    assert panel.state.text().startswith("2 differences")
