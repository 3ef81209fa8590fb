"""Trading the shown symbol by hotkeys: what the ladder does by clicks. None has a key before somebody gives it one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

from widgets.actions.registry import Action
from widgets.engine.engine_model import EngineModel
from widgets.engine.one_click import OneClick
from widgets.ticket.click_trading import ClickTrading
from widgets.ticket.templates import TemplateBook
from workstation.core.messages import Flatten
from workstation.core.types import EXTERNAL, OrderType, Side

GROUP = "Trade by hand"
ORDERS = (
    ("buy_market", "Buy at the market", "buy", OrderType.MARKET),
    ("sell_market", "Sell at the market", "sell", OrderType.MARKET),
    ("join_bid", "Buy at the best bid", "buy", OrderType.LIMIT),
    ("join_ask", "Sell at the best ask", "sell", OrderType.LIMIT),
)


class HandActions:
    """They act on the symbol of link group A, with the ladder's size and the ticket's bracket template.

    An order is sent while one-click is armed, otherwise it is filled into the ticket, which ``open_ticket`` brings to
    the front.
    """

    def __init__(
        self, model: EngineModel, one_click: OneClick, templates: TemplateBook, open_ticket: Callable[[], object]
    ) -> None:
        self._model = model
        self._one_click = one_click
        self._trading = ClickTrading(model, templates, reason="hotkey")
        self._open_ticket = open_ticket

    def each(self) -> Iterable[Action]:
        """The orders, what closes and cancels, and the arming."""
        one_click = self._one_click
        yield Action(
            "hand.arm",
            GROUP,
            "One-click trading",
            lambda: one_click.switch(not one_click.armed),
            f"Armed for {one_click.minutes} minutes: clicks in ladder and chart, and the hotkeys here, send at once.",
            icon="one-click",
            trades=True,
            enabled=self._blocked,
            checked=lambda: one_click.armed,
        )
        for name, text, side, order_type in ORDERS:
            yield Action(
                f"hand.{name}",
                GROUP,
                text,
                partial(self._order, side, order_type),
                "Sent at once while one-click is armed, else filled into the ticket.",
                icon="plus",
                trades=True,
                enabled=self._unpriced,
                scope=self._size,
            )
        yield Action(
            "hand.flatten",
            GROUP,
            "Flatten the shown symbol",
            self._flatten,
            "Cancels its entries and closes its positions at the market.",
            icon="flatten",
            trades=True,
            enabled=self._nothing_held,
            scope=lambda: self._model.symbol,
        )
        yield Action(
            "hand.reverse",
            GROUP,
            "Reverse the shown symbol",
            lambda: self._here().reverse(),
            "Closes your own position and opens the same size the other way, both at the market.",
            icon="flatten",
            trades=True,
            enabled=self._no_reverse,
            scope=lambda: self._model.symbol,
        )
        for cancelled in (Side.BUY, Side.SELL):
            yield Action(
                f"hand.cancel_{cancelled.word}s",
                GROUP,
                f"Cancel {cancelled.word}s of the shown symbol",
                partial(self._cancel, cancelled),
                "Cancels the working entries of this side and ends its algorithms. Protective stops stay.",
                icon="cancel",
                trades=True,
                enabled=self._blocked,
                scope=lambda: self._model.symbol,
            )

    def _here(self) -> ClickTrading:
        self._trading.symbol = self._model.symbol
        return self._trading

    def _order(self, side: str, order_type: OrderType) -> None:
        model = self._model
        market, lots = model.engine.market(model.symbol), self._one_click.lots(model.symbol)
        limit = order_type is OrderType.LIMIT
        near, far = (market.best_bid, market.best_ask) if side == "buy" else (market.best_ask, market.best_bid)
        if self._one_click.armed:
            self._here().click(side, near if limit else far, lots, order_type)
        else:
            self._open_ticket()
            model.ticket_wanted.emit(side, near if limit else None, lots)

    def _flatten(self) -> None:
        self._model.command(Flatten(symbol=self._model.symbol))

    def _cancel(self, side: Side) -> None:
        self._here().cancel_side(side)

    def _size(self) -> str:
        instrument = self._model.engine.market(self._model.symbol).instrument
        lots = self._one_click.lots(self._model.symbol)
        return f"{instrument.quantity(lots).normalize():f} {instrument.base}"

    # --- Why it cannot be done ----------------------------------------------------------------------------------------

    def _blocked(self) -> str:
        return self._model.blocked

    def _unpriced(self) -> str:
        market = self._model.engine.market(self._model.symbol)
        priced = market.best_bid and market.best_ask
        return self._model.blocked or ("" if priced else f"{self._model.symbol} has no prices yet.")

    def _nothing_held(self) -> str:
        symbol = self._model.symbol
        held = any(each.symbol == symbol and each.owner != EXTERNAL for each in self._model.engine.positions())
        return self._model.blocked or ("" if held else f"There is no position in {symbol}.")

    def _no_reverse(self) -> str:
        return self._model.blocked or self._here().no_reverse()
