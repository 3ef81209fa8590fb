"""The desktop trades live at the sandbox exchange: armed by typing, orders, somebody else's orders, a difference."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path

import keyring
import msgspec
import pytest
from PySide6.QtWidgets import QApplication

from tests.end_to_end.live_desktop import Person, live_configuration, run_with_window, running_desktop
from tests.end_to_end.sandbox_clients import ccxt_session
from tests.end_to_end.sandbox_server import Sandbox, running_sandbox
from tests.unit.storage.memory_keyring import MemoryKeyring
from widgets.look.tokens import Mode
from widgets.window.arm_dialog import ArmDialog
from widgets.window.arming_page import ArmingPage
from widgets.window.keys_dialog import KeysDialog
from workstation.config.loader import settings_json
from workstation.core.errors import DataError
from workstation.core.types import OrderState, TradingState
from workstation.session.exchange_link import ExchangeLink
from workstation.storage.disk_journal import JournalReader

pytestmark = pytest.mark.allow_log_warnings("Feed down", "differ")


@pytest.fixture(autouse=True)
def practice_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKSTATION_KEY_PRACTICE", "practice-key")
    monkeypatch.setenv("WORKSTATION_SECRET_PRACTICE", "practice-secret")


async def trade(person: Person, sandbox: Sandbox) -> None:
    """An order from the ticket rests at the exchange and is cancelled there."""
    area, model = person.area, person.area.model
    ticket = area.ticket
    await person.until(lambda: ticket.form.fields["price"].text() and ticket.submit.isEnabled(), "a price")
    price = ticket.instrument.price(model.engine.market("BTCUSDT").last_price * 99 // 100)
    for field, text in ((ticket.form.fields["price"], str(price)), (ticket.form.quantity, "0.05")):
        field.selectAll()
        person.type(field, text)
    await person.until(lambda: ticket.submit.text() == "Buy 0.05 BTC live" and ticket.submit.isEnabled(), "the verdict")
    person.click(ticket.submit)
    area.show_panel("orders")
    table = area.orders.table
    await person.until(lambda: [row["state"] for row in person.rows(table)] == ["Working"], "the order working")
    (row,) = person.rows(table)
    (theirs,) = sandbox.account.futures.open_orders()
    assert (row["client_id"], row["price"]) == (theirs.client_order_id, price)
    person.choose(table, row["client_id"], "Cancel")
    await person.until(lambda: person.rows(table)[0]["state"] == "Cancelled", "the order cancelled")
    assert not sandbox.account.futures.open_orders()


async def meet_somebody_else(person: Person, sandbox: Sandbox) -> None:
    """An order and a position of another client are shown as external; the one is cancelled, the other taken over."""
    area, engine = person.area, person.area.model.engine
    async with ccxt_session(sandbox, markets=("linear",)) as other:
        price = float(engine.market("ETHUSDT").instrument.price(engine.market("ETHUSDT").last_price)) * 0.95
        placed = await other.create_order("ETH/USDT:USDT", "limit", "buy", 0.1, round(price, 2))
        await other.create_order("BTC/USDT:USDT", "market", "buy", 0.01)
    orders, positions = area.orders.table, area.positions.table
    foreign = placed["clientOrderId"]
    await person.until(lambda: orders.rows_model.row_of(foreign) or person.rows(orders) is None, "the foreign order")
    row = orders.rows_model.row_of(foreign)
    assert row is not None and (row["owner"], row["state"]) == ("external", "Working")
    person.choose(orders, foreign, "Cancel")
    await person.until(lambda: not engine.order(foreign).state.is_open, "its cancellation")  # type: ignore[union-attr]
    assert engine.order(foreign).state is OrderState.CANCELLED  # type: ignore[union-attr]
    area.show_panel("positions")
    await person.until(lambda: [r["owner"] for r in person.rows(positions)] == ["external"], "the foreign position")
    person.choose(positions, "external BTCUSDT", "Take over…")
    await person.give_reason("it is mine now")
    await person.until(lambda: [r["owner"] for r in person.rows(positions)] == ["manual"], "the position taken over")


async def accept_a_difference(person: Person, sandbox: Sandbox) -> None:
    """Money that nobody told of halts trading until a person accepts it with a reason."""
    area, model, banner = person.area, person.area.model, person.window.banner
    before = model.engine.account().equity
    sandbox.deposit("USDT", 500, "futures")
    area.show_panel("reconcile")
    panel = area.reconcile
    await person.until(lambda: panel.state.text().startswith("Agreed"), "that it agreed")
    person.click(panel.compare)
    await person.until(lambda: model.differences, "the difference")
    assert model.engine.account().trading_state is TradingState.HALTED
    area.show_panel("positions")
    assert area.panel("reconcile").count == 1 and area.panel("reconcile").alarmed
    assert banner.notice.text() == "1 difference: trading is halted"
    person.click(banner.notice)
    await person.until(lambda: area.panel("reconcile").in_front, "the reconciliation")
    (row,) = person.rows(panel.table)
    assert (row["what"], row["proposed"]) == ("balance USDT", "book +500 USDT as a transfer")
    person.click(panel.accept)
    await person.give_reason("a deposit of mine")
    await person.until(lambda: model.engine.account().trading_state is TradingState.ACTIVE, "that trading goes on")
    await person.until(lambda: panel.state.text().startswith("Agreed"), "that it agrees again")
    assert not banner.notice.isVisible() and not area.panel("reconcile").alarmed
    assert Decimal(490) < model.engine.account().equity - before < Decimal(510)


def test_a_person_arms_trades_and_reconciles(qapp: QApplication, tmp_path: Path) -> None:
    data = tmp_path / "data"

    async def scenario() -> None:
        async with (
            running_sandbox(seed=3) as sandbox,
            running_desktop(qapp, live_configuration(sandbox), data) as person,
        ):
            window = person.window
            page = await person.find(ArmingPage)
            assert all(line.check.passed for line in page.lines) and len(page.lines) >= 6
            assert not page.arm.isEnabled() and not data.exists()
            person.type(page.name, "practise")
            assert not page.arm.isEnabled() and page.problem.text() == "The name does not match."
            page.name.clear()
            await person.arm()
            assert window.windowTitle().startswith("LIVE") and window.banner.mode is Mode.LIVE
            await trade(person, sandbox)
            await meet_somebody_else(person, sandbox)
            await accept_a_difference(person, sandbox)
            assert person.area.connections.model.engine.connection().account == "connected"

    run_with_window(qapp, scenario)
    reader = JournalReader(data / "journal.sqlite3")
    try:
        (entry,) = reader.sessions()
    finally:
        reader.close()
    assert entry.summary is not None and entry.summary.reason == "the test is over"


def test_a_red_check_locks_the_button_until_it_is_mended(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with running_sandbox(seed=3) as sandbox:
            may_withdraw = sandbox.exchange.keys[sandbox.key]
            sandbox.add_key(sandbox.key, sandbox.secret, "practice", may_withdraw.permissions | {"withdraw"})
            async with running_desktop(qapp, live_configuration(sandbox), tmp_path / "data") as person:
                page = await person.find(ArmingPage)
                person.type(page.name, "practice")
                assert [line.check.name for line in page.lines if not line.check.passed] == ["withdrawal"]
                assert not page.arm.isEnabled() and "withdrawal" in page.problem.text()
                sandbox.add_key(sandbox.key, sandbox.secret, "practice", may_withdraw.permissions)
                person.click(page.again)
                await person.until(page.arm.isEnabled, "that it may be armed")
                person.click(page.cancel)
                await person.until(person.main.done, "its end")
                assert person.main.result() == 0
        assert not (tmp_path / "data").exists()

    run_with_window(qapp, scenario)


def test_a_wrong_key_is_a_red_line_and_an_unreachable_exchange_a_sentence(
    qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def scenario() -> None:
        async with running_sandbox(seed=3) as sandbox:
            loaded = live_configuration(sandbox)
            monkeypatch.setenv("WORKSTATION_KEY_PRACTICE", "another-key-of-nobody")
            async with running_desktop(qapp, loaded, tmp_path / "data") as person:
                page = await person.find(ArmingPage)
                assert [line.check.name for line in page.lines if not line.check.passed] == ["key"]
                person.type(page.name, "practice")
                assert not page.arm.isEnabled()
        async with running_desktop(qapp, loaded, tmp_path / "data") as person:
            start = person.window.start_page
            await person.until(start.again.isVisible, "the failure")
            assert "did not start" in start.title and loaded.settings.exchange.address in start.text
            assert start.keys.isHidden()
            monkeypatch.delenv("WORKSTATION_KEY_PRACTICE")
            monkeypatch.delenv("WORKSTATION_SECRET_PRACTICE")
            person.click(start.again)
            await person.until(start.keys.isVisible, "that the key is missing")
            assert "no key practice for binance" in start.text or "keyring" in start.text

    run_with_window(qapp, scenario)
    assert "Traceback" not in capsys.readouterr().err


def test_a_missing_key_is_added_in_the_window(
    qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WORKSTATION_KEY_PRACTICE")
    monkeypatch.delenv("WORKSTATION_SECRET_PRACTICE")
    before = keyring.get_keyring()
    keyring.set_keyring(MemoryKeyring())

    async def scenario() -> None:
        async with (
            running_sandbox(seed=3) as sandbox,
            running_desktop(qapp, live_configuration(sandbox), tmp_path / "data") as person,
        ):
            start = person.window.start_page
            await person.until(start.keys.isVisible, "that the key is missing")
            person.click(start.keys)
            dialog = await person.find(KeysDialog)
            await person.until(dialog.add.isEnabled, "the keys")
            person.type(dialog.fields["key"], sandbox.key)
            person.type(dialog.fields["secret"], sandbox.secret)
            person.click(dialog.add)
            await person.until(lambda: person.rows(dialog.table), "the key in the list")
            person.click(dialog.close_button)
            person.click(start.again)
            page = await person.find(ArmingPage)
            assert page.lines[0].check.passed

    try:
        run_with_window(qapp, scenario)
    finally:
        keyring.set_keyring(before)


def test_closing_the_window_ends_the_start_wherever_it_stands(
    qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        async with running_sandbox(seed=3) as sandbox:
            loaded = live_configuration(sandbox)
            async with running_desktop(qapp, loaded, tmp_path / "data") as person:
                await person.find(ArmingPage)
                person.window.close()
                assert await asyncio.wait_for(person.main, 5) == 0
            monkeypatch.setattr(ExchangeLink, "open", lambda link: asyncio.Event().wait())
            async with running_desktop(qapp, loaded, tmp_path / "data") as person:
                await person.until(lambda: "Connecting" in person.window.start_page.text, "the connecting")
                person.window.close()
                assert await asyncio.wait_for(person.main, 5) == 0
        assert not (tmp_path / "data").exists()

    run_with_window(qapp, scenario)


@pytest.mark.allow_log_warnings("Feed down", "halted")
def test_a_session_that_cannot_go_on_halts_and_says_why(
    qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sentence = "There is no past to be had of BTCUSDT."

    async def fail(*_: object) -> None:
        raise DataError(sentence)

    async def scenario() -> None:
        async with running_sandbox(seed=3) as sandbox:
            monkeypatch.setattr(ExchangeLink, "start_market", fail)
            async with running_desktop(qapp, live_configuration(sandbox), tmp_path / "data") as person:
                await person.arm()
                banner = person.window.banner
                await person.until(lambda: sentence in banner.accessibleDescription(), "why it ended")
                assert person.area.model.engine.account().trading_state is TradingState.HALTED
                assert banner.panic.kill.isEnabled()
            assert person.main.result() == DataError.exit_code

    run_with_window(qapp, scenario)
    errors = capsys.readouterr().err
    assert sentence in errors and "Traceback" not in errors


def test_without_a_person_only_the_configuration_arms(
    qapp: QApplication, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def scenario() -> None:
        async with running_sandbox(seed=3) as sandbox:
            loaded = live_configuration(sandbox, confirmed="")
            async with running_desktop(qapp, loaded, tmp_path / "data", seconds=1.0, attended=False) as person:
                await person.until(person.main.done, "its end")
                assert person.main.result() != 0

    run_with_window(qapp, scenario)
    assert "live.confirm_account" in capsys.readouterr().err


async def ask_to_arm(person: Person) -> None:
    """Press the button in the banner and type the account's name."""
    await person.until(person.window.banner.arm.isVisible, "that it can be armed again")
    person.click(person.window.banner.arm)
    dialog = await person.find(ArmDialog)
    person.type(dialog.name, "practice")
    person.click(dialog.action_button)


@pytest.mark.allow_log_warnings("Feed down", "disarm", "withdrawal")
def test_arming_again_asks_the_exchange_again(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with running_sandbox(seed=3) as sandbox:
            loaded = live_configuration(sandbox)
            live = msgspec.structs.replace(loaded.settings.live, disarm_after_hours=Decimal("0.002"))
            settings = msgspec.structs.replace(loaded.settings, live=live)
            loaded = msgspec.structs.replace(loaded, settings=settings, json=settings_json(settings))
            key = sandbox.exchange.keys[sandbox.key]
            async with running_desktop(qapp, loaded, tmp_path / "data") as person:
                await person.arm()
                engine, banner = person.area.model.engine, person.window.banner
                first = engine.arming()
                assert first is not None and first.armed
                sandbox.add_key(sandbox.key, sandbox.secret, "practice", key.permissions | {"withdraw"})
                await ask_to_arm(person)
                await person.until(lambda: "may withdraw" in banner.accessibleDescription(), "the red check")
                assert "not armed, for the checks are not all passed" in banner.accessibleDescription()
                await person.until(lambda: engine.account().trading_state is TradingState.REDUCING, "that it disarmed")
                after = engine.arming()
                assert after is not None and not after.armed and after.armed_ns == first.armed_ns
                sandbox.add_key(sandbox.key, sandbox.secret, "practice", key.permissions)
                await ask_to_arm(person)
                await person.until(lambda: engine.account().trading_state is TradingState.ACTIVE, "that it is armed")
                again = engine.arming()
                assert again is not None and again.armed and again.armed_ns > first.armed_ns

    run_with_window(qapp, scenario)
