"""``python -m tests.screenshots.workspaces``: every workspace in both themes and two sizes, of a session that trades.

Strategies and a person trade on the built-in market for some minutes, three backtests are run, one is replayed.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from decimal import Decimal
from pathlib import Path

import msgspec
from PySide6.QtWidgets import QApplication

from tests.end_to_end.live_desktop import ROOT, Person, run_with_window, running_desktop
from widgets.engine.engine_model import EngineModel
from widgets.research.backtest_panel import BacktestPanel
from widgets.research.research import Research
from workstation.config.loader import Loaded, load_settings, settings_json
from workstation.core.brackets import BracketPlan, Target
from workstation.core.messages import PlaceOrder
from workstation.core.orders import Intent
from workstation.core.timeframe import parse_utc
from workstation.core.types import OrderType, Side

SIZES = ((1600, 900), (1280, 720))
THEMES = ("dark", "light")
SETTLE_S = 2.0
START_NAMES = ("market_maker", "grid", "ema_cross")
RUNS = (("ema_cross", "4h"), ("bollinger", "1h"), ("rsi_reversion", "1h"), ("donchian_turtle", "4h"))
Save = Callable[[str], Awaitable[None]]
REPLAYED_UNTIL = parse_utc("2023-08-21 16:00")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("docs/images"))
    parser.add_argument("--seconds", type=float, default=240.0, help="how long the session trades before the first")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    application = QApplication([])

    async def scenario() -> None:
        with tempfile.TemporaryDirectory() as data:
            async with running_desktop(application, _configuration(), Path(data), attended=False) as person:
                await person.until(lambda: person.window.area is not None, "the panels")
                await _trade(person, arguments.seconds)
                await _backtest(person)
                await _picture_all(person, arguments.folder)

    run_with_window(application, scenario)


def _configuration() -> Loaded:
    """The shipped configuration, with the simple strategies running."""
    file = ROOT / "config" / "strategy.yaml"
    settings, replace = load_settings(file).settings, msgspec.structs.replace
    strategies = {name: replace(each, start=name in START_NAMES) for name, each in settings.strategies.items()}
    settings = replace(settings, strategies=strategies)
    return Loaded(settings, settings_json(settings), {}, file, "")


# --- What a person does before ------------------------------------------------------------------------------------


async def _trade(person: Person, seconds: float) -> None:
    """A position with its exits, and orders that rest; the panels of the order flow record meanwhile."""
    window = person.window
    model = window.model
    assert model is not None
    await person.until(lambda: all(model.engine.market(each).best_bid for each in model.engine.symbols), "prices")
    window.show_workspace("Order flow")
    window.show_panel("footprint")
    await asyncio.sleep(seconds / 2)
    exits = BracketPlan(stop=15_000, targets=(Target(50_000_000, 12_000), Target(50_000_000, 25_000)))
    _place(model, Side.BUY, "0.03", bracket=exits)
    _place(model, Side.SELL, "0.02", 1_200)
    _place(model, Side.BUY, "0.01", -900)
    _place(model, Side.BUY, "0.02", -1_600)
    await asyncio.sleep(seconds / 2)


def _place(
    model: EngineModel, side: Side, size: str, distance: int | None = None, bracket: BracketPlan | None = None
) -> None:
    """An order by hand at the market, or this many ticks from the last price."""
    market = model.engine.market(model.symbol)
    intent = Intent(symbol=model.symbol, side=side, lots=market.instrument.lots(Decimal(size)))
    if distance is not None:
        intent = msgspec.structs.replace(intent, type=OrderType.LIMIT, price=market.last_price + distance)
    model.command(PlaceOrder(intent=intent, bracket=bracket))


async def _backtest(person: Person) -> None:
    person.window.show_workspace("Research")
    form: BacktestPanel = await person.find(BacktestPanel)
    research = form.research
    await person.until(lambda: form.setup.candles, "the candles")
    for strategy, timeframe in RUNS:
        before = len(research.runs)
        form.setup.strategy.setCurrentText(strategy)
        form.setup.timeframe.setCurrentText(timeframe)
        person.click(form.run_button)
        await _until_run(person, research, before + 1)


async def _until_run(person: Person, research: Research, count: int) -> None:
    def ended() -> bool:
        return not research.queue.runs and len(research.runs) >= count and research.shown.now is not None

    for _ in range(10):
        try:
            return await person.until(ended, "the result of the backtest")
        except AssertionError:
            if not research.queue.runs:
                raise
    raise AssertionError("the backtest does not end")


# --- The pictures ---------------------------------------------------------------------------------------------------


async def _picture_all(person: Person, folder: Path) -> None:
    window = person.window

    await _each_look(person, lambda save: _live_panels(person, save), folder)
    research = person.window.stage.research
    assert research is not None and research.shown.now is not None
    research.replay_run(research.shown.now.number)
    await person.until(lambda: window.stage.room is not None, "the replay")
    assert window.stage.room is not None
    replay = window.stage.room.replay
    replay.go_to(REPLAYED_UNTIL)
    await person.until(lambda: not replay.travelling, "the moment of the replay")
    await _each_look(person, lambda save: save("replay"), folder)
    window.stage.leave()


async def _each_look(person: Person, picture: Callable[[Save], Awaitable[None]], folder: Path) -> None:
    """In every theme and size; ``picture`` is given what saves the window under a name."""
    window = person.window
    for theme in THEMES:
        window.choose("theme", theme)
        for width, height in SIZES:
            window.resize(width, height)

            async def save(name: str, end: str = f"{theme}_{width}x{height}") -> None:
                await asyncio.sleep(SETTLE_S)
                file = folder / f"{name}_{end}.png"
                window.grab().save(str(file))
                print(file)

            await picture(save)


async def _live_panels(person: Person, save: Save) -> None:
    window = person.window
    assert window.workspaces is not None
    for name in window.workspaces.names:
        window.show_workspace(name)
        await save(name.lower().replace(" ", "_"))
    window.show_workspace(window.workspaces.names[0])
    window.command_palette.open()
    window.command_palette.field.setText("flat")
    await save("palette")
    window.command_palette.hide()
    window.open_setting("risk.day_loss_percent")
    await save("settings")
    window.registry.run("panel.settings.close")


if __name__ == "__main__":
    main()
