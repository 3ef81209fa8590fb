"""The window over an engine at the other end of a real nats-server, driven as a person does."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest
import qasync
from PySide6.QtCore import QCoreApplication, QEvent, QObject, Qt, QTimer
from PySide6.QtGui import QShortcut
from PySide6.QtWidgets import QApplication, QDialog, QWidget
from pytestqt.qtbot import QtBot
from shiboken6 import isValid

from tests.gui.conftest import ROOT
from tests.unit.messaging.nats_servers import running_server
from tests.unit.services.bridged import a_session, on_server
from tests.unit.waiting import until
from widgets.application import Application
from widgets.controls.controls import ToneLabel
from widgets.controls.dialogs import ConfirmDialog
from widgets.docks.workspace import Workspace
from widgets.engine.attached_engine import AttachedEngine
from widgets.engine.engine_model import EngineModel, Result
from widgets.look.style import install
from widgets.look.theme import Density, current
from widgets.start_options import StartOptions
from widgets.window.attached_banner import AttachedBanner
from widgets.window.main_window import MainWindow
from widgets.window.panic import Panic
from workstation.config.loader import Loaded, settings_json
from workstation.config.settings import Settings, StrategyEntry
from workstation.core.errors import DataError
from workstation.core.types import OrderType
from workstation.messaging.link import NatsLink
from workstation.messaging.server import EmbeddedServer
from workstation.services.attaching import Attached
from workstation.services.remote_engine import RemoteEngine
from workstation.session import Session


class Desk:
    """One attached window and the person before it."""

    def __init__(self, qtbot: QtBot, attached: Attached, settings: Settings) -> None:
        self.qtbot = qtbot
        self.remote = attached.remote
        self.model = EngineModel(AttachedEngine(attached.remote))
        self.window = MainWindow(settings)
        self.window.resize(1600, 900)
        self.window.show()
        self.window.open_engine(self.model, flatten_on_kill=False)

    @property
    def area(self) -> Workspace:
        assert self.window.area is not None
        return self.window.area

    @property
    def message(self) -> str:
        return self.window.banner.accessibleDescription()

    def click(self, widget: Any) -> None:
        self.qtbot.mouseClick(widget, Qt.MouseButton.LeftButton)

    async def take_control(self) -> str:
        """Press the button and confirm; what was asked."""
        self.click(self.window.banner.control)
        dialog = next(each for each in self.window.findChildren(ConfirmDialog) if each.isVisible())
        asked = " ".join(label.text() for label in dialog.findChildren(ToneLabel))
        self.click(dialog.action_button)
        await until(lambda: self.window.banner.control.text() == "Give up control")
        return asked

    async def close(self) -> None:
        self.model.stop()
        self.window.allow_close()
        self.window.close()
        self.window.deleteLater()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


@asynccontextmanager
async def a_desk(
    qtbot: QtBot, server: EmbeddedServer, settings: Settings, name: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Desk]:
    monkeypatch.setenv("USER", name)
    attached = Attached(settings.messaging, server.address)
    async with asyncio.timeout(20):
        while True:
            try:
                await attached.open()
                break
            except Exception:
                await asyncio.sleep(0.1)
    desk = Desk(qtbot, attached, settings)
    following = asyncio.ensure_future(attached.remote.run())
    try:
        await until(lambda: desk.model.engine.market("BTCUSDT").best_bid)
        yield desk
    finally:
        await desk.close()
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
        await attached.close()


Run = Callable[[Callable[[EmbeddedServer, Settings, Session], Coroutine[Any, Any, None]]], None]
RunOnServer = Callable[[Callable[[EmbeddedServer, Settings], Coroutine[Any, Any, None]]], None]


@pytest.fixture
def run_on_server(qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunOnServer:
    """Runs a test on Qt's loop, beside a server."""
    install(qapp)
    qapp.setQuitOnLastWindowClosed(False)

    def run_(test: Callable[[EmbeddedServer, Settings], Coroutine[Any, Any, None]]) -> None:
        async def whole() -> None:
            async with running_server(tmp_path / "nats") as server:
                await test(server, on_server(server, monkeypatch))

        loop = qasync.QEventLoop(qapp)
        asyncio.set_event_loop(loop)
        try:
            loop.run_until_complete(whole())
        finally:
            current().set_density(Density.NORMAL)
            loop.close()
            asyncio.set_event_loop(None)

    return run_


@pytest.fixture
def run(run_on_server: RunOnServer, tmp_path: Path) -> Run:
    """Runs a test on Qt's loop, beside a server and an engine."""

    def run_(test: Callable[[EmbeddedServer, Settings, Session], Coroutine[Any, Any, None]]) -> None:
        async def whole(server: EmbeddedServer, settings: Settings) -> None:
            async with a_session(settings, tmp_path / "data") as session:
                await test(server, settings, session)

        run_on_server(whole)

    return run_


def test_an_order_is_placed_seen_and_killed_from_afar(qtbot: QtBot, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    async def test(server: EmbeddedServer, settings: Settings, session: Session) -> None:
        async with a_desk(qtbot, server, settings, "anna", monkeypatch) as desk:
            window, area = desk.window, desk.area
            place = server.address.servers[0]
            assert window.windowTitle() == f"PAPER – paper-01 – attached to {place}"
            ticket = area.ticket
            await until(lambda: "control of this account" in ticket.submit.toolTip())
            assert not ticket.submit.isEnabled() and window.banner.control.text() == "Take control…"
            await desk.take_control()

            last = session.kernel.markets["BTCUSDT"].last_price
            desk.model.ticket_wanted.emit("buy", last * 99 // 100, 1_000)
            await until(ticket.submit.isEnabled)
            assert ticket.submit.text() == "Buy 0.01 BTC on paper"
            area.show_panel("orders")
            desk.click(ticket.submit)
            await until(area.orders.table.shown_rows)
            row = area.orders.table.shown_rows()[0]
            (order,) = session.kernel.orders.open_orders()
            assert (row["client_id"], row["symbol"]) == (order.client_id, "BTCUSDT")
            assert (order.type, order.price, order.lots) == (OrderType.LIMIT, last * 99 // 100, 1_000)
            await until(lambda: order.venue_id and area.orders.table.shown_rows()[0]["state"] == "Working")

            desk.model.ticket_wanted.emit("buy", last * 101 // 100, 2_000)
            await until(lambda: ticket.submit.isEnabled() and "0.02" in ticket.submit.text())
            area.show_panel("positions")
            desk.click(ticket.submit)
            await until(area.positions.table.shown_rows)
            assert area.positions.table.shown_rows()[0]["quantity"] == session.views.positions()[0].quantity
            await until(lambda: len(desk.model.heard.fills) and len(area.charts[0].view.model.series) > 100)
            # Who begins to look now finds what was told meanwhile.
            later = EngineModel(AttachedEngine(desk.remote))
            assert list(later.heard.fills) == list(desk.model.heard.fills) and later.heard.past_payments_known
            ended = {fill.client_id for fill in later.heard.fills}
            await until(lambda: ended <= {view.client_id for view in later.engine.past_orders(10)})

            desk.click(window.banner.panic.kill)
            assert "Kill sent" in desk.message and not window.banner.killed
            await until(lambda: session.views.account().killed and window.banner.killed)
            assert not session.kernel.orders.open_orders() or all(
                each.cancel_requested_ns for each in session.kernel.orders.open_orders()
            )
            picture = os.environ.get("ATTACHED_PICTURE")
            if picture:
                await asyncio.sleep(2)
                assert window.grab().save(picture)

    run(test)


def test_of_two_windows_one_trades_and_both_kill(qtbot: QtBot, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    async def test(server: EmbeddedServer, settings: Settings, session: Session) -> None:
        async with (
            a_desk(qtbot, server, settings, "anna", monkeypatch) as anna,
            a_desk(qtbot, server, settings, "bob", monkeypatch) as bob,
        ):
            await anna.take_control()
            await until(lambda: bob.window.banner.control.text().startswith("Control: anna@"))
            assert not bob.area.ticket.submit.isEnabled()
            assert not bob.window.banner.panic.flatten.isEnabled() and bob.window.banner.panic.kill.isEnabled()
            await until(lambda: anna.area.strategies.start.isEnabled() or not anna.area.strategies.isVisible())
            assert "anna@" in await bob.take_control()
            await until(lambda: anna.window.banner.control.text().startswith("Control: bob@"))
            await until(lambda: "bob@" in anna.area.ticket.submit.toolTip())
            anna.click(anna.window.banner.panic.kill)
            await until(lambda: session.views.account().killed)
            await until(lambda: anna.window.banner.killed and bob.window.banner.killed)

    run(test)


@pytest.mark.allow_log_warnings("NATS", "nats", "bridge", "kill switch", "Killed")
def test_a_silent_engine_is_shown_on_every_panel_and_comes_back(
    qtbot: QtBot, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test(server: EmbeddedServer, settings: Settings, session: Session) -> None:
        async with a_desk(qtbot, server, settings, "anna", monkeypatch) as desk:
            await desk.take_control()
            os.kill(server.process_id, signal.SIGSTOP)
            try:
                await until(lambda: "No word from the engine" in desk.message, 20)
                assert desk.window.windowTitle().endswith("NO WORD FROM THE ENGINE")
                await until(lambda: all(panel.old for panel in desk.area.panels()), 20)
                assert not desk.area.ticket.submit.isEnabled()
                assert "What is shown is old" in desk.area.ticket.submit.toolTip()
                desk.click(desk.window.banner.panic.kill)
                await until(lambda: desk.message.startswith("A kill waits for the engine. No word from the engine"))
                again: list[Result] = []
                desk.model.result_told.connect(again.append)
                await asyncio.sleep(1.5)
                assert not again, "what is wrong stays on the banner, with its button"
                picture = os.environ.get("STALE_PICTURE")
                if picture:
                    assert desk.window.grab().save(picture)
            finally:
                os.kill(server.process_id, signal.SIGCONT)
            await until(lambda: not any(panel.old for panel in desk.area.panels()), 30)
            assert not desk.window.windowTitle().endswith("ENGINE")
            await until(lambda: desk.window.banner.control.text() == "Give up control", 20)
            assert desk.model.blocked == ""
            await until(lambda: desk.window.banner.killed and not desk.remote.kill_waits)
            assert session.views.account().killed

    run(test)


def test_a_recording_is_made_where_the_engine_is_and_shown_in_each_window(
    qtbot: QtBot, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test(server: EmbeddedServer, settings: Settings, session: Session) -> None:
        async with (
            a_desk(qtbot, server, settings, "anna", monkeypatch) as anna,
            a_desk(qtbot, server, settings, "bob", monkeypatch) as bob,
        ):
            record, seen = anna.area.charts[0].record, bob.area.charts[0].record
            await until(lambda: "control of this account" in record.toolTip())
            assert not record.isEnabled()
            await anna.take_control()
            await until(record.isEnabled)
            assert record.toolTip() == "Record books and trades of BTCUSDT where the engine runs"
            anna.click(record)
            assert not record.isChecked(), "only the engine's word makes it so"
            await until(lambda: record.isChecked() and seen.isChecked())
            await until(lambda: "BTCUSDT" in seen.toolTip() and "has control" in seen.toolTip())
            assert not seen.isEnabled()
            (running,) = session.recordings.recording()
            await until(lambda: f"Recording BTCUSDT in {running.name}" in record.toolTip())
            assert list(session.folder.recordings.rglob(running.name))
            bob.click(seen)
            anna.click(record)
            await until(lambda: not record.isChecked() and not seen.isChecked())
            assert session.recordings.recording() == []

            monkeypatch.setattr(session.recordings, "start", _refuse)
            anna.click(record)
            await until(lambda: anna.message == "BTCUSDT cannot be recorded: it is full here.")
            assert not record.isChecked()

    run(test)


def _refuse(symbol: str) -> None:
    raise DataError(f"{symbol} cannot be recorded: it is full here.")


@contextmanager
def usual_collector() -> Iterator[None]:
    """What the application does to the garbage collector is for its process alone."""
    before = gc.get_threshold()
    try:
        yield
    finally:
        gc.unfreeze()
        gc.set_threshold(*before)


def alive(kinds: tuple[type, ...]) -> list[int]:
    """How many there are of each, in Python and not taken down by Qt."""
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    gc.unfreeze()
    gc.collect()
    found = [each for each in gc.get_objects() if issubclass(type(each), kinds)]  # a dead proxy has no class
    found = [each for each in found if not isinstance(each, QObject) or isValid(each)]
    return [sum(1 for each in found if isinstance(each, kind)) for kind in kinds]


class Program:
    """The attached application as a whole, and the person before it."""

    def __init__(self, qtbot: QtBot, qapp: QApplication, settings: Settings, data: Path, place: str) -> None:
        loaded = Loaded(settings, settings_json(settings), {}, ROOT / "config" / "strategy.yaml", "")
        self._qtbot = qtbot
        self.application = Application(qapp, loaded, StartOptions(data=data, size=(1600, 900), attach=place))
        self.application.attended = True
        self.window = self.application.window
        self.told: list[str] = []
        """What the banner said, also what another sentence has taken the place of."""
        show = self.window.banner.set_message

        def tell(text: str, *how: Any, **else_: Any) -> None:
            self.told.append(text)
            show(text, *how, **else_)

        self.window.banner.set_message = tell  # type: ignore[method-assign]

    @property
    def area(self) -> Workspace:
        assert self.window.area is not None
        return self.window.area

    def shows(self, symbols: tuple[str, ...]) -> bool:
        model = self.window.model
        return model is not None and model.engine.symbols == symbols and bool(model.engine.market(symbols[0]).best_bid)

    def press(self, widget: QWidget) -> None:
        self._qtbot.mouseClick(widget, Qt.MouseButton.LeftButton)

    def dialogs(self) -> list[QDialog]:
        return [each for each in self.window.findChildren(QDialog) if each.isVisible()]

    async def buy(self, session: Session) -> None:
        """Take control and place a limit order in the symbol that is shown."""
        self.press(self.window.banner.control)
        (dialog,) = self.dialogs()
        assert isinstance(dialog, ConfirmDialog)
        self.press(dialog.action_button)
        await until(lambda: self.window.banner.control.text() == "Give up control")
        assert self.window.model is not None
        price = session.kernel.markets[self.area.charts[0].symbol].last_price * 99 // 100
        self.window.model.ticket_wanted.emit("buy", price, 1_000)
        await until(self.area.ticket.submit.isEnabled)
        self.press(self.area.ticket.submit)
        await until(lambda: [order.price for order in session.kernel.orders.orders.values()] == [price])

    async def kill(self, session: Session) -> None:
        self.press(self.window.banner.panic.kill)
        await until(lambda: session.views.account().killed and self.window.banner.killed)


@pytest.mark.allow_log_warnings("NATS", "nats", "kill switch", "Killed")
def test_panels_are_built_anew_for_an_engine_with_other_settings(
    qtbot: QtBot, qapp: QApplication, run_on_server: RunOnServer, tmp_path: Path
) -> None:
    kinds = (Workspace, EngineModel, RemoteEngine, NatsLink, Panic, AttachedBanner, QShortcut, QTimer)

    async def test(server: EmbeddedServer, settings: Settings) -> None:
        replace = msgspec.structs.replace
        other = replace(
            settings,
            market=replace(settings.market, symbols=("ETHUSDT", "XRPUSDT")),
            strategies={"grid": StrategyEntry(strategy="grid", symbol="XRPUSDT", timeframe="1m")},
        )
        before = alive(kinds)
        program = Program(qtbot, qapp, settings, tmp_path / "desk", server.address.servers[0])
        running = asyncio.ensure_future(program.application.main())
        counts: list[list[int]] = []
        try:
            for number, each in enumerate((settings, other, settings, other)):
                async with a_session(each, tmp_path / f"data{number}") as session:
                    await until(partial(program.shows, each.market.symbols), 30)
                    check_panels(program, each, again=number)
                    await until(program.area.strategies.table.shown_rows)
                    names = {row["name"] for row in program.area.strategies.table.shown_rows()}
                    assert names == set(each.strategies)
                    await program.buy(session)
                    assert program.window.panic is not None
                    program.window.panic.ask_resume()
                    new = [now - then for now, then in zip(alive(kinds), before)]
                    counts.append([*new, len(qapp.allWidgets())])
                    if number == 3:
                        await program.kill(session)
        finally:
            program.application.stop("the test is over")
            code = await running
        assert code == 0
        assert [count[:4] for count in counts] == [[1, 1, 1, 2]] * 4
        assert counts[2] == counts[0] and counts[3] == counts[1], "nothing of the earlier panels is left"

    with usual_collector():
        run_on_server(test)


def check_panels(program: Program, settings: Settings, *, again: int) -> None:
    """They are those of an engine with these settings, and the banner says so where there was another one before."""
    window, area = program.window, program.area
    assert area.isVisible() and not window.start_page.isVisible()
    assert area.charts[0].symbol == ("ETHUSDT" if again else "BTCUSDT"), "what was shown stays where the engine has it"
    assert {row["symbol"] for row in area.watchlist.table.shown_rows()} == set(settings.market.symbols)
    for name in ("positions", "strategies"):  # whichever the kept layout has in front: both are built each time
        area.show_panel(name)
    assert not program.dialogs(), "a question about the engine before is no question any more"
    if again:
        sentence = "The engine was started again with other settings (symbols, instruments, strategies)."
        assert program.told.count(f"{sentence} The panels were built anew.") == again
    assert not area.ticket.submit.isEnabled(), "control is taken of each engine anew"
