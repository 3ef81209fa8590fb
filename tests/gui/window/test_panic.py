"""The panic buttons and keys: one press, whatever else is broken."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.gui.conftest import Open, Workstation, small_settings
from widgets.controls.dialogs import ReasonDialog
from widgets.ticket.ticket_order import SizeUnit, TicketEntry, make_intent
from workstation.config.settings import StrategyEntry
from workstation.core.algorithms import AlgorithmState, ParentOrder, Twap
from workstation.core.messages import PlaceOrder, StartAlgorithm, StartStrategy
from workstation.core.timeframe import MINUTE_NS
from workstation.core.types import OrderType, Side, StrategyState, TradingState
from workstation.trading.algorithms.parent import Parent

RAISING = '''
from workstation.trading.strategy import Strategy

class Broken(Strategy):
    """Raises at every trade."""
    title = "Broken"

    def on_trade(self, trade):
        raise RuntimeError("broken on purpose")
'''


def bracket(station: Workstation) -> str:
    last = station.last("BTCUSDT")
    return station.buy(stop_loss=int(last * 0.985), take_profit=int(last * 1.03))


def test_a_press_on_kill_halts_and_latches(station: Workstation) -> None:
    station.rest()
    station.pass_time(1)
    station.click(station.window.banner.panic.kill)
    assert station.kernel.trading.state is TradingState.HALTED
    assert station.session.latch.engaged
    station.pass_time(1)
    assert station.kernel.orders.open_count == 0
    assert station.window.banner.panic.kill.text() == "KILLED"
    assert "1 of 1 entry cancelled" in station.window.banner.accessibleDescription()


def test_a_kill_whose_cancels_take_long_is_followed_to_its_end(
    station: Workstation, monkeypatch: pytest.MonkeyPatch
) -> None:
    station.rest()
    station.pass_time(1)
    panic = station.window.panic
    assert panic is not None
    unanswered = 1
    monkeypatch.setattr(panic, "_still_open", lambda _: unanswered)
    station.click(station.window.banner.panic.kill)
    station.pass_time(6)
    assert "0 of 1 entry cancelled" in station.window.banner.accessibleDescription()
    unanswered = 0
    station.pass_time(1)
    assert "1 of 1 entry cancelled" in station.window.banner.accessibleDescription()


def test_a_stop_of_the_ticket_that_only_reduces_is_kept_as_well(station: Workstation) -> None:
    entry = TicketEntry(
        symbol="BTCUSDT",
        side=Side.SELL,
        type=OrderType.STOP,
        price=None,
        trigger=Decimal(station.last("BTCUSDT") * 98 // 100) / 100,
        trail=None,
        size=Decimal("0.01"),
        unit=SizeUnit.QUANTITY,
        stop=None,
        target=None,
        with_stop=False,
        with_target=False,
        post_only=False,
        reduce_only=True,
    )
    station.buy()
    station.pass_time(1)
    instrument = station.kernel.terms.instruments["BTCUSDT"]
    station.command(PlaceOrder(intent=make_intent(entry, instrument, entry.trigger, Decimal(10_000))))
    station.pass_time(1)
    (position,) = station.engine.positions()
    assert position.stop_at_venue is not None
    station.click(station.window.banner.panic.kill)
    station.pass_time(1)
    assert [order.type for order in station.kernel.orders.open_orders()] == [OrderType.STOP]


def test_kill_keeps_protective_stops_and_says_so(station: Workstation) -> None:
    bracket(station)
    station.pass_time(2)
    station.click(station.window.banner.panic.kill)
    station.pass_time(1)
    kept = {order.type for order in station.kernel.orders.open_orders()}
    assert kept == {OrderType.STOP, OrderType.TAKE_PROFIT}
    assert "2 stops kept" in station.window.banner.accessibleDescription()


def test_the_keys_of_panic_work_wherever_the_focus_is(station: Workstation, qtbot: QtBot) -> None:
    station.rest()
    station.pass_time(1)
    field = station.area.ticket.form.quantity
    field.setFocus()
    control = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    qtbot.keyClick(field, Qt.Key.Key_C, control)
    station.pass_time(1)
    assert station.kernel.orders.open_count == 0
    station.buy()
    station.pass_time(1)
    qtbot.keyClick(field, Qt.Key.Key_F, control)
    station.pass_time(1)
    assert station.engine.positions() == []
    qtbot.keyClick(station.area.log.table, Qt.Key.Key_K, control)
    assert station.session.latch.engaged


def test_lesson_25_a_dialog_blocks_neither_the_engine_nor_the_kill(station: Workstation, qtbot: QtBot) -> None:
    """Modal dialogs re-enter tasks: ours are not modal, and the kill works while one is open."""
    station.window.banner.set_killed(True)
    panic = station.window.panic
    assert panic is not None
    dialog = panic.ask_resume()
    assert not dialog.isModal()
    before = station.kernel.clock.time_ns
    station.pass_time(1)
    assert station.kernel.clock.time_ns > before
    control = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    qtbot.keyClick(dialog, Qt.Key.Key_K, control)
    assert station.session.latch.engaged
    dialog.close()


def test_lesson_25_no_widget_enters_the_event_loop_anew() -> None:
    widgets = Path(__file__).resolve().parents[3] / "widgets"
    for path in widgets.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        if path in (widgets / "app.py", widgets / "single_window.py"):
            continue  # they run before there is a loop, and begin it
        for call in (".exec(", "processEvents(", "QMessageBox", "waitFor"):
            assert call not in text, f"{path.name} uses {call}"


@pytest.mark.allow_log_warnings("broken on purpose")
def test_lesson_27_kill_works_when_a_strategy_raises(open_workstation: Open, tmp_path: Path) -> None:
    folder = tmp_path / "strategies"
    folder.mkdir()
    (folder / "broken.py").write_text(RAISING)
    settings = small_settings(strategy_folder=str(folder))
    strategies = {**settings.strategies}
    strategies["broken"] = StrategyEntry(strategy="broken", symbol="BTCUSDT", timeframe="1m")
    station = open_workstation(msgspec.structs.replace(settings, strategies=strategies))
    station.rest()
    station.command(StartStrategy(strategy="broken"))
    station.pass_time(2)
    assert station.kernel.host.slots["broken"].state is StrategyState.FAILED
    station.click(station.window.banner.panic.kill)
    station.pass_time(1)
    assert station.session.latch.engaged
    assert station.kernel.orders.open_count == 0


def test_kill_works_when_a_panel_raises(station: Workstation, qtbot: QtBot) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("a panel is broken")

    station.model.account_changed.connect(fail)
    station.model.ticked.connect(fail)
    station.rest()
    with qtbot.captureExceptions() as raised:
        station.pass_time(1)
        station.click(station.window.banner.panic.kill)
        station.pass_time(1)
    assert raised
    assert station.kernel.trading.state is TradingState.HALTED
    assert station.kernel.orders.open_count == 0
    station.model.account_changed.disconnect(fail)
    station.model.ticked.disconnect(fail)


def test_resuming_needs_a_reason(station: Workstation, qtbot: QtBot) -> None:
    station.click(station.window.banner.panic.kill)
    station.frame()
    station.click(station.window.banner.resume)
    dialog = next(each for each in station.window.findChildren(ReasonDialog) if each.isVisible())
    station.click(dialog.action_button)
    assert dialog.problem.text() == "A reason is needed; type one."
    assert station.session.latch.engaged
    qtbot.keyClicks(dialog.reason, "checked the venue")
    station.click(dialog.action_button)
    station.frame()
    assert not station.session.latch.engaged
    assert station.kernel.trading.state is TradingState.ACTIVE
    assert station.window.banner.panic.kill.text() == "KILL"


def twap(station: Workstation, side: Side = Side.BUY) -> Parent:
    """In hand between two of its slices, with no order at the venue."""
    plan = Twap(duration_ns=10 * MINUTE_NS, slices=4)
    station.command(StartAlgorithm(order=ParentOrder(symbol="BTCUSDT", side=side, lots=400, plan=plan)))
    station.pass_time(2)
    assert station.kernel.orders.open_count == 0
    return list(station.kernel.algorithms.parents.values())[-1]


def test_cancel_all_counts_ends_and_tells_what_is_worked_by_an_algorithm(station: Workstation) -> None:
    parent = twap(station)
    button = station.window.banner.panic.cancel_all
    assert button._count == 1
    station.click(button)
    station.pass_time(1)
    assert parent.state is AlgorithmState.CANCELLED
    assert "Cancelled 0 of 0 entries, ended 1 algorithm" in station.window.banner.accessibleDescription()
    assert button._count == 0


def test_to_cancel_a_side_ends_the_algorithms_that_would_go_on_there(station: Workstation) -> None:
    buys, sells = twap(station), twap(station, Side.SELL)
    station.click(station.area.ladder.foot.cancel_buys)
    assert (buys.state, sells.state) == (AlgorithmState.CANCELLED, AlgorithmState.RUNNING)


def test_cancel_all_tells_its_scope_before_and_its_result_after(station: Workstation) -> None:
    bracket(station)
    station.pass_time(2)
    station.rest()
    station.rest(below=0.006)
    station.pass_time(1)
    button = station.window.banner.panic.cancel_all
    assert "Protective stops stay" in button.toolTip()
    assert button._count == 2
    station.click(button)
    station.pass_time(1)
    assert station.window.banner.accessibleDescription().startswith("Cancelled 2 of 2 entries")
    assert "2 protective kept" in station.window.banner.accessibleDescription()
    assert button._count == 0


def test_flatten_closes_every_position(station: Workstation) -> None:
    station.buy()
    station.buy("ETHUSDT", 100, side=Side.SELL)
    station.pass_time(2)
    assert station.window.banner.panic.flatten._count == 2
    station.click(station.window.banner.panic.flatten)
    station.pass_time(2)
    assert station.engine.positions() == []
    assert station.window.banner.accessibleDescription().startswith("Closed 2 of 2 positions")


def test_pause_pauses_every_running_strategy(station: Workstation) -> None:
    station.command(StartStrategy(strategy="grid"))
    station.command(StartStrategy(strategy="ema_cross"))
    station.frame()
    assert station.window.banner.panic.pause._count == 2
    station.click(station.window.banner.panic.pause)
    station.frame()
    states = {name: slot.state for name, slot in station.kernel.host.slots.items()}
    assert states["grid"] is states["ema_cross"] is StrategyState.PAUSED
    assert station.window.banner.panic.pause._count == 0


def test_a_killed_workstation_opens_killed(open_workstation: Open) -> None:
    station = open_workstation()
    station.click(station.window.banner.panic.kill)
    again = open_workstation(start_ns=station.clock.now)
    assert again.window.banner.killed
    assert QApplication.activeModalWidget() is None
