"""A whole workstation on a clock that the test moves: kernel, journal, database, window; events come when told to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QPoint, Qt
from PySide6.QtWidgets import QApplication, QMenu, QWidget
from pytestqt.qtbot import QtBot

from widgets.controls.table import Table
from widgets.docks.workspace import Workspace
from widgets.engine.engine_model import EngineModel
from widgets.engine.session_engine import SessionEngine
from widgets.look.numbers import set_separators, set_zone
from widgets.look.style import install
from widgets.look.theme import Density, current
from widgets.research.research import Research
from widgets.window.main_window import MainWindow
from workstation.config.loader import Loaded, load_settings, settings_json
from workstation.config.settings import Settings, StrategyEntry
from workstation.core.messages import AnyCommand, PlaceOrder
from workstation.core.orders import Intent
from workstation.core.types import OrderType, Side
from workstation.session import Session

ROOT = Path(__file__).resolve().parents[2]
SECOND_NS = 1_000_000_000
START_NS = 1_704_110_400 * SECOND_NS  # 2024-01-01 12:00 UTC
SYMBOLS = ("BTCUSDT", "ETHUSDT", "XRPUSDT")


class MovedClock:
    """Stands where the test puts it."""

    def __init__(self, now: int) -> None:
        self.now = now

    def now_ns(self) -> int:
        return self.now


def small_settings(**changes: Any) -> Settings:
    """The shipped configuration with three symbols, three stopped strategies and little history."""
    settings = load_settings(ROOT / "config" / "strategy.yaml").settings
    replace = msgspec.structs.replace
    built_in = replace(settings.market.built_in, history_days=3, crashes_per_day=0)
    strategies = {
        "confluence": StrategyEntry(strategy="confluence", symbol="BTCUSDT", timeframe="1h"),
        "ema_cross": StrategyEntry(strategy="ema_cross", symbol="ETHUSDT", timeframe="1m"),
        "grid": StrategyEntry(strategy="grid", symbol="XRPUSDT", timeframe="1m"),
    }
    settings = replace(
        settings, market=replace(settings.market, symbols=SYMBOLS, built_in=built_in), strategies=strategies
    )
    return replace(settings, **changes)


def as_loaded(settings: Settings) -> Loaded:
    return Loaded(settings, settings_json(settings), {}, ROOT / "config" / "strategy.yaml", "")


class Workstation:
    """What a test drives. ``feed`` lets time pass in the market; ``frame`` lets the window draw it."""

    def __init__(self, qtbot: QtBot, data: Path, settings: Settings, start_ns: int = START_NS) -> None:
        self.qtbot = qtbot
        self.clock = MovedClock(start_ns)
        self.session = Session(as_loaded(settings), data, seed=5)
        self.session.clock = self.clock  # type: ignore[assignment]
        if settings.mode == "live":
            self.session.arm(settings.account.name)
        self.session.open()
        self.kernel = self.session.kernel
        self.engine = SessionEngine(self.session)
        self.model = EngineModel(self.engine)
        self.research = Research(self.session.loaded, data)
        self.window = MainWindow(settings, self.session.folder.window)
        self.window.stage.adopt(self.research)
        if not self.session.folder.window.exists():
            self.window.resize(1600, 900)
        self.window.show()
        self.feed(2)
        self.window.open_engine(self.model, flatten_on_kill=settings.risk.flatten_on_kill)
        self.frame()

    @property
    def area(self) -> Workspace:
        assert self.window.area is not None
        return self.window.area

    def feed(self, seconds: float, step: float = 0.1) -> None:
        """Everything that happens in the market in so many seconds."""
        for _ in range(max(1, round(seconds / step))):
            self.clock.now += round(step * SECOND_NS)
            assert self.session.source is not None
            for event in self.session.source.due(self.clock.now):
                self.session.dispatch(event)

    def frame(self) -> None:
        """One tick of the display with the slow views in it, drawn."""
        self.model.tick()
        self.model.refresh()
        for table in self.window.findChildren(Table):
            table.flush()
        QApplication.processEvents()

    def pass_time(self, seconds: float) -> None:
        self.feed(seconds)
        self.frame()

    def command(self, command: AnyCommand) -> str:
        return self.session.command(command)

    def last(self, symbol: str) -> int:
        return self.kernel.markets[symbol].last_price

    def buy(self, symbol: str = "BTCUSDT", lots: int = 1000, **changes: Any) -> str:
        """A manual order straight to the engine; its client id."""
        intent = Intent(**{"symbol": symbol, "side": Side.BUY, "lots": lots, "type": OrderType.MARKET, **changes})
        before = set(self.kernel.orders.orders)
        self.command(PlaceOrder(intent=intent))
        fresh = [name for name in self.kernel.orders.orders if name not in before]
        assert fresh, "the gate denied the order"
        return fresh[0]

    def rest(self, symbol: str = "BTCUSDT", lots: int = 1000, below: float = 0.005) -> str:
        """A limit buy that stays in the book."""
        price = int(self.last(symbol) * (1 - below))
        return self.buy(symbol, lots, type=OrderType.LIMIT, price=price)

    def click(self, widget: QWidget) -> None:
        self.qtbot.mouseClick(widget, Qt.MouseButton.LeftButton)

    def choose(self, table: Table, key: Any, action: str) -> None:
        """Right-click a row and choose an entry of its menu."""
        table.select_key(key)
        menu = table.make_menu()
        self.trigger(menu, action)

    def trigger(self, menu: QMenu, text: str) -> None:
        """Choose an entry of a menu by its text; it must be enabled."""
        action = next(each for each in menu.actions() if each.text() == text)
        assert action.isEnabled(), f"{text} is disabled"
        action.trigger()
        menu.deleteLater()

    def press_header(self, table: Table, header: str) -> None:
        """Click the name of a column."""
        place = next(number for number, column in enumerate(table.columns) if column.header == header)
        bar = table.horizontalHeader()
        x = bar.sectionViewportPosition(place) + bar.sectionSize(place) // 2
        self.qtbot.mouseClick(bar.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(x, bar.height() // 2))

    def close(self) -> None:
        self.model.stop()
        self.window.allow_close()
        self.window.close()
        self.window.deleteLater()
        # What it holds by its signals no garbage collector sees: each test would keep its whole market in memory.
        self.model.deleteLater()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        self.session.finish()
        left = [widget for widget in QApplication.topLevelWidgets() if widget.isVisible()]
        assert not left, f"still on the screen: {left}"

    def stop_session(self) -> None:
        """As a close in order."""
        asyncio.run(self.session.close())


@pytest.fixture
def settings() -> Settings:
    return small_settings()


Open = Callable[..., Workstation]


@pytest.fixture
def open_workstation(qtbot: QtBot, qapp: QApplication, tmp_path: Path) -> Iterator[Open]:
    """Opens workstations on one data folder, one after the other."""
    install(qapp)
    opened: list[Workstation] = []

    def open_(settings: Settings | None = None, start_ns: int = START_NS) -> Workstation:
        for earlier in opened:
            earlier.close()
        opened.clear()
        made = Workstation(qtbot, tmp_path / "data", settings or small_settings(), start_ns)
        opened.append(made)
        return made

    yield open_
    for made in opened:
        made.close()
    current().set_colours("dark")
    current().set_density(Density.NORMAL)
    set_zone("UTC")
    set_separators(",", ".")


@pytest.fixture
def station(open_workstation: Open) -> Workstation:
    return open_workstation()
