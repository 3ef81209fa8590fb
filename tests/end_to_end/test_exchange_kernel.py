"""The engine itself trades at the sandbox exchange through our venue while everything goes wrong on the way."""

from __future__ import annotations

import asyncio
import random
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.end_to_end.exchange_desk import exchange_settings
from tests.end_to_end.sandbox_server import Sandbox, running_sandbox
from workstation.assembly import kernel_terms
from workstation.config.loader import load_settings
from workstation.core.clock import WallClock
from workstation.core.credentials import Credentials
from workstation.core.instrument import Instrument
from workstation.core.messages import BookSnapshot, CancelAll, CancelOrder, PlaceOrder
from workstation.core.money import to_money
from workstation.core.orders import Intent
from workstation.core.types import OrderType, Side
from workstation.storage.journal import MemoryJournal
from workstation.trading.desk import Desk
from workstation.trading.kernel import Kernel
from workstation.venues.exchange.account.venue import ExchangeVenue
from workstation.venues.exchange.connection.client import ExchangeClient
from workstation.venues.exchange.instruments import Instruments

SHIPPED = load_settings(Path(__file__).resolve().parents[2] / "config" / "strategy.yaml").settings


class Trader:
    """A kernel on an exchange, with a book of its own making; it acts by seed."""

    def __init__(self, client: ExchangeClient, instrument: Instrument, price: int) -> None:
        execution = msgspec.structs.replace(
            SHIPPED.execution,
            request_expiry_s=Decimal(1),
            in_doubt_s=Decimal("0.4"),
            in_flight_check_s=Decimal("0.2"),
        )
        risk = msgspec.structs.replace(
            SHIPPED.risk, orders_per_second=1_000, orders_per_minute=60_000, repeats=10_000, duplicate_window_ms=0
        )
        settings = msgspec.structs.replace(SHIPPED, execution=execution, risk=risk)
        self.clock = client.clock
        self.price = price
        self.instrument = instrument
        instruments = {instrument.symbol: instrument}
        terms = kernel_terms(settings, instruments, cash={}, session=1, start_ns=self.clock.now_ns(), loss_limits=False)
        venues: list[ExchangeVenue] = []

        def make(_: Any, report: Any, __: Any) -> tuple[ExchangeVenue, None]:
            venues.append(ExchangeVenue(client, instruments, report, lambda: None))
            return venues[0], None

        self.kernel = Kernel(terms, MemoryJournal(), make)
        self.venue = venues[0]
        Desk(self.kernel, None)
        self._sequence = 0

    def beat(self) -> None:
        """The market goes on, and with it the engine's time."""
        self._sequence += 1
        bids, asks = ((self.price - 1, 10**9),), ((self.price + 1, 10**9),)
        self.kernel.dispatch(BookSnapshot("BTCUSDT", self.clock.now_ns(), self._sequence, bids, asks))

    async def reconcile(self) -> None:
        """Go on until the account was read and agreed."""
        async with asyncio.timeout(30):
            while not self.kernel.gate.reconciled:
                self.beat()
                await asyncio.sleep(0.02)

    async def act(self, draw: random.Random, orders: int, buys_first: int) -> None:
        """Orders at random, some cancelled again, without waiting for their answers."""
        lots = self.instrument.lots("0.002")
        for number in range(orders):
            side = Side.BUY if number < buys_first else draw.choice([Side.BUY, Side.SELL])
            terms: dict[str, Any] = {"type": OrderType.MARKET}
            if draw.random() < 0.6:
                away = self.price // 500
                terms = {"type": OrderType.LIMIT, "price": self.price + draw.randint(-away, away)}
            intent = Intent(symbol="BTCUSDT", side=side, lots=lots, **terms)
            self.beat()
            self.kernel.dispatch(PlaceOrder(ts_ns=self.clock.now_ns(), intent=intent))
            open_orders = self.kernel.orders.open_orders()
            if open_orders and draw.random() < 0.3:
                wanted = draw.choice(open_orders).client_id
                self.kernel.dispatch(CancelOrder(ts_ns=self.clock.now_ns(), client_id=wanted))
            await asyncio.sleep(0.02)

    async def settle(self) -> None:
        """Cancel what rests, and go on until every order is proved to have ended."""
        self.kernel.dispatch(CancelAll(ts_ns=self.clock.now_ns(), include_protective=True))
        async with asyncio.timeout(30):
            while self.kernel.orders.open_orders():
                self.beat()
                await asyncio.sleep(0.02)


def set_chaos(sandbox: Sandbox, market: str) -> None:
    told_on = "api" if market == "spot" else "user"
    switches: list[dict[str, Any]] = [
        {"kind": "drop_reply", "probability": 0.1},
        {"kind": "drop_request", "probability": 0.05},
        {"kind": "timeout", "probability": 0.1, "endpoint": "POST"},
        {"kind": "reorder", "probability": 0.2, "connection": told_on},
        {"kind": "drop_message", "probability": 0.1, "connection": told_on},
        {"kind": "disconnect", "probability": 0.03, "connection": told_on},
        {"kind": "partial_fill", "probability": 0.5},
    ]
    for switch in switches:
        sandbox.chaos.set(**switch)


@pytest.mark.parametrize("market", ["spot", "linear"])
@pytest.mark.parametrize("seed", [1, 2])
async def test_lesson_1_and_4_every_order_is_proved_nothing_is_sent_twice_and_the_money_agrees(
    market: str, seed: int
) -> None:
    async with running_sandbox(seed=seed, spot={"USDT": 100_000}) as sandbox:
        keys = Credentials(sandbox.key, sandbox.secret)
        client = ExchangeClient(exchange_settings(sandbox, market), keys, WallClock())
        await client.open()
        instrument = Instruments(client, {}).described("BTCUSDT")
        ticker = await client.ask(client.ccxt.fetch_ticker, client.unified("BTCUSDT"))
        trader = Trader(client, instrument, instrument.ticks_rounded(Decimal(ticker["last"])))
        try:
            trader.kernel.start(trader.clock.now_ns())
            trader.venue.start()
            await trader.reconcile()
            set_chaos(sandbox, market)
            await trader.act(random.Random(seed), orders=50, buys_first=20 if market == "spot" else 0)
            sandbox.chaos.clear()
            await trader.settle()
            ledger = trader.kernel.ledger
            desk: Any = sandbox.account.spot if market == "spot" else sandbox.account.futures
            ids = [order.client_order_id for order in desk.orders.values()]
            assert len(ids) == len(set(ids)) > 20
            assert len(desk.executions) > 10
            net = sum(int(done.side) * done.lots for done in desk.executions)
            assert ledger.net_lots["BTCUSDT"] == net
            if market == "spot":
                assert ledger.cash["USDT"] == desk.total("USDT")
                bought = to_money(instrument.quantity(net))
                assert ledger.cash.get("BTC", 0) + bought == desk.total("BTC")
            else:
                # A fill that was found later is booked later: what is realised may stand in the open position instead.
                cost = sum(position.cost for position in ledger.positions.values())
                assert ledger.cash["USDT"] - cost == desk.wallet("USDT") - desk.books.holdings["BTCUSDT"].cost
        finally:
            await trader.venue.close()
            await client.close()
