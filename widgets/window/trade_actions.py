"""The actions that trade, and those that choose what is shown. They go with the engine."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from functools import partial

from widgets.actions.registry import Action
from widgets.engine.engine_model import EngineModel
from widgets.engine.order_words import is_protective
from widgets.look.numbers import format_quantity
from widgets.window.panic import Panic, plural
from workstation.core.messages import CancelAll, Flatten, PauseStrategy, StartStrategy
from workstation.core.types import EXTERNAL, StrategyState


class TradeActions:
    """``panic`` comes first and asks nobody: a kill does not depend on what else can be listed."""

    def __init__(self, model: EngineModel, panic: Panic) -> None:
        self._model = model
        self._panic = panic

    def panic(self) -> Iterable[Action]:
        """The panic buttons' actions."""
        panic = self._panic
        yield Action(
            "trade.kill",
            "Trade",
            "Kill: stop all trading",
            panic.kill,
            "Halts the engine at once, cancels entries, and holds until a person resumes.",
            "Ctrl+Shift+K",
            "kill",
            trades=True,
            keeps_a_key=True,
        )
        yield Action(
            "trade.cancel_all",
            "Trade",
            "Cancel all entries",
            panic.cancel_all,
            "Cancels all working entries and ends execution algorithms. Protective stops stay.",
            "Ctrl+Shift+C",
            "cancel",
            trades=True,
            enabled=self._blocked_elsewhere,
            scope=lambda: plural(self._entries(), "entry"),
        )
        yield Action(
            "trade.flatten",
            "Trade",
            "Flatten everything",
            panic.flatten,
            "Closes every position at the market.",
            "Ctrl+Shift+F",
            "flatten",
            trades=True,
            enabled=self._blocked,
            scope=lambda: plural(len(self._held()), "position"),
        )
        yield Action(
            "trade.pause",
            "Trade",
            "Pause all strategies",
            panic.pause,
            "Pauses every running strategy. Orders and positions stay.",
            icon="pause",
            trades=True,
            enabled=self._blocked,
            scope=lambda: f"{self._model.account.running_strategies} running",
        )

    def each(self) -> Iterable[Action]:
        """One action for each position, symbol and strategy."""
        model = self._model
        for symbol, quantity in self._held().items():
            yield Action(
                f"trade.flatten.{symbol}",
                "Trade",
                f"Flatten {symbol}",
                partial(model.command, Flatten(symbol=symbol)),
                f"Closes the positions in {symbol} at the market.",
                icon="flatten",
                trades=True,
                enabled=self._blocked,
                scope=lambda quantity=quantity: quantity,  # type: ignore[misc]
            )
        for symbol in dict.fromkeys(order.symbol for order in model.engine.orders() if order.owner != EXTERNAL):
            yield Action(
                f"trade.cancel.{symbol}",
                "Trade",
                f"Cancel entries in {symbol}",
                partial(model.command, CancelAll(symbol=symbol)),
                f"Cancels the working entries in {symbol}. Protective stops stay.",
                icon="cancel",
                trades=True,
                enabled=self._blocked_elsewhere,
                scope=lambda symbol=symbol: plural(self._entries(symbol), "entry"),  # type: ignore[misc]
            )
        for view in model.engine.strategies():
            running = view.state is StrategyState.RUNNING
            yield Action(
                f"strategy.{'pause' if running else 'start'}.{view.name}",
                "Trade",
                f"{'Pause' if running else 'Start'} {view.name}",
                partial(
                    model.command, PauseStrategy(strategy=view.name) if running else StartStrategy(strategy=view.name)
                ),
                "Orders and positions stay." if running else "It trades from now on.",
                icon="pause" if running else "play",
                trades=True,
                enabled=self._blocked,
                scope=lambda view=view: f"{view.symbol} {view.timeframe}",  # type: ignore[misc]
            )
        for symbol in model.engine.symbols:
            yield Action(
                f"symbol.{symbol}",
                "Symbols",
                symbol,
                partial(model.choose_symbol, symbol),
                f"Panels of link group A show {symbol}.",
                icon="trend-line",
                scope=lambda symbol=symbol: "shown" if symbol == model.symbol else "",  # type: ignore[misc]
            )

    def _blocked(self) -> str:
        return self._model.blocked

    def _blocked_elsewhere(self) -> str:
        """A cancel of entries is taken from any window while the engine can be reached."""
        attachment = self._model.engine.attachment
        return attachment.trouble if attachment is not None else ""

    def _entries(self, symbol: str = "") -> int:
        orders = self._model.engine.orders()
        mine = (order for order in orders if order.owner != EXTERNAL and not is_protective(order))
        return sum(1 for order in mine if not symbol or order.symbol == symbol)

    def _held(self) -> dict[str, str]:
        """Each symbol with a position, and the quantity over all owners with its sign."""
        total: dict[str, Decimal] = {}
        for view in self._model.engine.positions():
            if view.owner != EXTERNAL:
                total[view.symbol] = total.get(view.symbol, Decimal(0)) + view.quantity
        return {symbol: format_quantity(each, abs(each), signed=True) for symbol, each in total.items()}
