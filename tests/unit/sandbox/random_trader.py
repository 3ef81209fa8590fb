"""A customer of the sandbox exchange who does anything at random."""

from __future__ import annotations

from random import Random

from tests.unit.sandbox.practice import SYMBOLS, Practice
from workstation.core.money import MONEY_SCALE
from workstation.core.types import Side
from workstation.sandbox.conditional import TRAILING, ConditionalOrder
from workstation.sandbox.errors import ApiError
from workstation.sandbox.futures_trading import closes
from workstation.sandbox.listing import Market
from workstation.sandbox.orders import BOTH, NewOrder, position_key


class Trader:
    """Does anything at random that a client can do; refusals are part of it."""

    def __init__(self, practice: Practice, seed: int) -> None:
        self.practice = practice
        self.random = Random(seed)
        self.deposited = {"USDT": 100_000 * MONEY_SCALE, "BTC": MONEY_SCALE, "ETH": 0}
        self.refused = 0

    def act(self) -> None:
        draw = self.random.random()
        try:
            with self.practice.exchange.turn():
                if draw < 0.27:
                    self._spot_order()
                elif draw < 0.35:
                    self._spot_list()
                elif draw < 0.65:
                    self._futures_order()
                elif draw < 0.75:
                    self._conditional_order()
                elif draw < 0.9:
                    self._cancel()
                elif draw < 0.95:
                    self._amend()
                else:
                    self._settings()
        except ApiError:
            self.refused += 1

    def _price(self, symbol: str, spread: float = 0.002) -> int:
        last = self.practice.listing(symbol).last
        return max(1, round(last * (1 + self.random.uniform(-spread, spread))))

    def _side(self) -> Side:
        return self.random.choice((Side.BUY, Side.SELL))

    def _spot_order(self) -> None:
        symbol, draw = self.random.choice(SYMBOLS), self.random
        type_ = draw.choice(("MARKET", "LIMIT", "LIMIT", "LIMIT_MAKER", "STOP_LOSS", "STOP_LOSS_LIMIT", "TAKE_PROFIT"))
        new = NewOrder(symbol=symbol, side=self._side(), type=type_, client_order_id="", lots=draw.randint(1, 30_000))
        if type_ in ("LIMIT", "LIMIT_MAKER", "STOP_LOSS_LIMIT"):
            new.price = self._price(symbol)
        if type_.startswith(("STOP", "TAKE")):
            new.trailing_delta = draw.choice((0, 0, 10, 30))
            new.stop_price = 0 if new.trailing_delta and draw.random() < 0.5 else self._price(symbol)
        if type_ == "LIMIT":
            new.time_in_force = draw.choice(("GTC", "GTC", "IOC", "FOK"))
        if type_ == "LIMIT" and new.time_in_force == "GTC" and draw.random() < 0.4:
            new.iceberg = -(-new.lots // draw.randint(1, 10))
        self.practice.account.spot.place(new)

    def _spot_list(self) -> None:
        symbol, draw, side = self.random.choice(SYMBOLS), self.random, self._side()
        last = self.practice.listing(symbol).last
        lots, away = draw.randint(1, 20_000), int(side) * max(1, last // draw.randint(500, 5_000))
        pair = [
            NewOrder(symbol=symbol, side=side, type="STOP_LOSS", client_order_id="", lots=lots, stop_price=last + away),
            NewOrder(symbol=symbol, side=side, type="LIMIT_MAKER", client_order_id="", lots=lots, price=last - away),
        ]
        if draw.random() < 0.3:
            pair[0].trailing_delta, pair[0].stop_price = 20, 0
        working = None
        if draw.random() < 0.5:
            entry = side.opposite
            working = NewOrder(symbol=symbol, side=entry, type="LIMIT", client_order_id="", lots=lots)
            working.price = self._price(symbol)
        self.practice.account.spot.lists.place("", pair[: draw.randint(1, 2)] if working else pair, working)

    def _position_side(self) -> str:
        return self.random.choice(self.practice.account.futures.sides_in_use())

    def _futures_order(self) -> None:
        symbol, draw = self.random.choice(SYMBOLS), self.random
        limit = draw.random() < 0.6
        side, position_side = self._side(), self._position_side()
        reduces = closes(position_side, side) if position_side != BOTH else draw.random() < 0.3
        self.practice.account.futures.place(
            NewOrder(
                symbol=symbol,
                side=side,
                position_side=position_side,
                type="LIMIT" if limit else "MARKET",
                client_order_id="",
                lots=draw.randint(1, 100_000),
                price=self._price(symbol) if limit else 0,
                time_in_force=draw.choice(("GTC", "GTX", "IOC", "FOK")) if limit else "GTC",
                reduce_only=reduces,
            )
        )

    def _conditional_order(self) -> None:
        symbol, draw = self.random.choice(SYMBOLS), self.random
        desk, now_ns = self.practice.account.futures, self.practice.exchange.clock.time_ns
        type_ = draw.choice(("STOP_MARKET", "TAKE_PROFIT_MARKET", "STOP", TRAILING))
        algo_id = self.practice.exchange.floor.take_id("algo")
        side, position_side = self._side(), self._position_side()
        reduces = closes(position_side, side) if position_side != BOTH else draw.random() < 0.5
        desk.conditional.place(
            ConditionalOrder(
                algo_id=algo_id,
                client_algo_id=f"algo-{algo_id}",
                symbol=symbol,
                side=side,
                position_side=position_side,
                type=type_,
                time_in_force="GTC",
                lots=draw.randint(1, 50_000),
                trigger=0 if type_ == TRAILING else self._price(symbol),
                price=self._price(symbol) if type_ == "STOP" else 0,
                callback=200_000 if type_ == TRAILING else 0,
                on_mark=draw.random() < 0.3,
                reduce_only=reduces,
                close_position=type_ == "STOP_MARKET" and reduces and draw.random() < 0.3,
                created_ns=now_ns,
                updated_ns=now_ns,
            )
        )

    def _cancel(self) -> None:
        desk = self.practice.account.desk(self.random.choice(list(Market)))
        records = desk.open_orders()
        if records:
            desk.cancel(self.random.choice(records), "cancelled")
        waiting = self.practice.account.futures.conditional.open_orders("")
        if waiting and self.random.random() < 0.3:
            self.practice.account.futures.conditional.cancel(self.random.choice(waiting))

    def _amend(self) -> None:
        desk = self.practice.account.futures
        records = [record for record in desk.open_orders() if record.type == "LIMIT"]
        if records:
            record = self.random.choice(records)
            desk.amend(record, self._price(record.symbol), record.filled + self.random.randint(1, 50_000))

    def _settings(self) -> None:
        symbol, draw = self.random.choice(SYMBOLS), self.random.random()
        desk = self.practice.account.futures
        if draw < 0.4:
            desk.set_leverage(desk.listings[symbol], self.random.randint(1, 120))
        elif draw < 0.6:
            desk.set_cross(desk.listings[symbol], self.random.random() < 0.5)
        elif draw < 0.65:
            desk.add_margin(desk.listings[symbol], self._position_side(), self.random.randint(-(10**10), 10**11))
        elif draw < 0.75:
            desk.close_position(position_key(symbol, self._position_side()), self.random.choice(("liquidation", "adl")))
        else:
            amount = self.random.randint(1, 10**10)
            self.practice.account.spot.credit("USDT", amount)
            self.deposited["USDT"] += amount
