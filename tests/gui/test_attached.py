"""The window over an engine at the other end of a real nats-server, driven as a person does."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import qasync
from PySide6.QtCore import QCoreApplication, QEvent, Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.unit.messaging.nats_servers import running_server
from tests.unit.services.bridged import a_session, on_server, until
from widgets.attached_engine import AttachedEngine
from widgets.controls import ToneLabel
from widgets.dialogs import ConfirmDialog
from widgets.engine_model import EngineModel
from widgets.main_window import MainWindow
from widgets.style import install
from widgets.theme import Density, current
from widgets.trading_workspace import TradingWorkspace
from workstation.config.settings import Settings
from workstation.core.types import OrderType
from workstation.messaging.server import EmbeddedServer
from workstation.services.attaching import Attached
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
    def area(self) -> TradingWorkspace:
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


@pytest.fixture
def run(qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a test on Qt's loop, beside a server and an engine."""
    install(qapp)
    qapp.setQuitOnLastWindowClosed(False)

    def run_(test: Callable[[EmbeddedServer, Settings, Session], Coroutine[Any, Any, None]]) -> None:
        async def whole() -> None:
            async with running_server(tmp_path / "nats") as server:
                settings = on_server(server, monkeypatch)
                async with a_session(settings, tmp_path / "data") as session:
                    await test(server, settings, session)

        loop = qasync.QEventLoop(qapp)
        asyncio.set_event_loop(loop)
        try:
            loop.run_until_complete(whole())
        finally:
            current().set_density(Density.NORMAL)
            loop.close()
            asyncio.set_event_loop(None)

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
            await until(lambda: len(desk.model.fills) and len(area.charts[0].view.model.series) > 100)

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


@pytest.mark.allow_log_warnings("NATS", "nats", "bridge")
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
                picture = os.environ.get("STALE_PICTURE")
                if picture:
                    assert desk.window.grab().save(picture)
            finally:
                os.kill(server.process_id, signal.SIGCONT)
            await until(lambda: not any(panel.old for panel in desk.area.panels()), 30)
            assert not desk.window.windowTitle().endswith("ENGINE")
            await until(lambda: desk.window.banner.control.text() == "Give up control", 20)
            assert desk.model.blocked == ""

    run(test)
