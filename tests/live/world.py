"""A live session and the sandbox exchange that it trades at, in one process: seeded, killed and started again.

``kill`` ends a session as kill -9 does, as far as one process can: nothing is written any more, connections break.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any
from unittest.mock import patch

import msgspec

from tests.end_to_end.sandbox_server import Sandbox, running_sandbox
from tests.replay.paper_session import CONFIGURATION, with_settings
from workstation.config.loader import Loaded, load_settings
from workstation.config.settings import Settings, StrategyEntry
from workstation.core.messages import AnyCommand, CancelAll, OrderDenied, PlaceOrder, Reconcile, StopStrategy
from workstation.core.money import from_money
from workstation.core.orders import Intent, Order
from workstation.core.types import EXTERNAL, Side
from workstation.sandbox.orders import NewOrder, OrderRecord
from workstation.session import Session
from workstation.session.exchange_link import ExchangeLink
from workstation.trading.kernel import Kernel
from workstation.trading.reconciliation import Reconciliation
from workstation.venues.exchange.connection.errors import ExchangeError

STRATEGIES = Path(__file__).parent / "strategies"
SYMBOLS = ("BTCUSDT", "ETHUSDT")
LEVERAGE = 20


def live_configuration(address: str, kind: str, seed: int = 1, **changes: Any) -> Loaded:
    """Live at the sandbox exchange, impatient, with two reckless strategies."""
    loaded = load_settings(CONFIGURATION)
    settings, replace = loaded.settings, msgspec.structs.replace
    exchange = settings.exchange
    instruments = {
        symbol: replace(instrument, kind=type(instrument.kind)(kind))
        for symbol, instrument in settings.instruments.items()
    }
    strategies = {
        f"reckless_{symbol[:3].lower()}": StrategyEntry(
            strategy="live_reckless", symbol=symbol, timeframe="1m", start=True, parameters={"draw": seed * 10 + number}
        )
        for number, symbol in enumerate(SYMBOLS)
    }
    settings = replace(
        settings,
        mode="live",
        account=replace(
            settings.account,
            name="practice",
            leverage=1 if kind == "spot" else LEVERAGE,
            margin_mode="isolated" if kind == "spot" else "cross",
        ),
        instruments=instruments,
        market=replace(settings.market, source="exchange", symbols=SYMBOLS),
        exchange=replace(
            exchange,
            market=kind,
            address=address,
            key="practice",
            silent_feed_s=Decimal(2),
            reconciliation=replace(exchange.reconciliation, orders_s=Decimal("1.5"), positions_s=Decimal(2)),
        ),
        live=replace(settings.live, confirm_account="practice"),
        risk=lenient_risk(settings, kind),
        strategies=strategies,
        strategy_folder=str(STRATEGIES),
        execution=replace(
            settings.execution,
            request_expiry_s=Decimal(1),
            in_doubt_s=Decimal("0.4"),
            in_flight_check_s=Decimal("0.2"),
        ),
    )
    return with_settings(loaded, replace(settings, **changes))


def lenient_risk(settings: Settings, market: str) -> Any:
    """Limits on what may be held are kept; those on how often and how badly one may trade are out of the way."""
    replace, risk = msgspec.structs.replace, settings.risk
    return replace(
        risk,
        gross_exposure_percent=Decimal(100 if market == "spot" else 5),
        orders_per_second=50,
        orders_per_minute=3_000,
        repeats=10_000,
        duplicate_window_ms=0,
        stale_data_s=Decimal(3),
        day_loss_percent=Decimal(50),
        drawdown_percent=Decimal(50),
        open_positions=5,
        protections=replace(
            risk.protections,
            bar="1m",
            cooldown_bars=0,
            losses_in_a_row=1_000,
            stop_guard=replace(risk.protections.stop_guard, stops=1_000),
            drawdown=replace(risk.protections.drawdown, percent=Decimal(100)),
        ),
        crisis=replace(risk.crisis, drawdown_percent=Decimal(50), losses_in_a_row=1_000, atr_multiple=Decimal(100)),
    )


class LiveWorld:
    """One account's sessions, one after the other, at one exchange."""

    def __init__(self, sandbox: Sandbox, data: Path, loaded: Loaded, seed: int) -> None:
        self.sandbox = sandbox
        self.data = data
        self.loaded = loaded
        self.market = loaded.settings.exchange.market
        self.random = Random(f"world {seed}")
        self.opening_cash = from_money(self.desk.total("USDT") if self.market == "spot" else self.desk.wallet("USDT"))
        self.denials: list[OrderDenied] = []
        self._session: Session | None = None
        self._running: asyncio.Task[None] | None = None

    @property
    def session(self) -> Session:
        assert self._session is not None, "no session runs"
        return self._session

    @property
    def kernel(self) -> Kernel:
        return self.session.kernel

    @property
    def reconciliation(self) -> Reconciliation:
        found = self.kernel.reconciliation
        assert found is not None
        return found

    @property
    def desk(self) -> Any:
        """The exchange's own record of the account."""
        account = self.sandbox.account
        return account.spot if self.market == "spot" else account.futures

    # --- sessions -----------------------------------------------------------------------------------------------------

    async def start(self, seconds: float = 15) -> None:
        """Start a session, again and again while the exchange refuses or does not answer."""
        loop = asyncio.get_running_loop()
        ends = loop.time() + seconds
        while True:
            try:
                return await self.start_once()
            except ExchangeError:
                if loop.time() > ends:
                    raise
                await asyncio.sleep(0.5)

    async def start_once(self) -> None:
        """Start a session as the command line does, and let it run."""
        session = self._session = Session(self.loaded, self.data)
        try:
            await session.connect()
            self._widen_limits(session)
            session.arm("practice")
            session.open()
            session.kernel.bus.subscribe(OrderDenied, self.denials.append)
        except BaseException:
            self._session = None
            await session.disconnect()
            raise
        self._running = asyncio.get_running_loop().create_task(session.run())

    def _widen_limits(self, session: Session) -> None:
        """Minutes of questions are asked within seconds here: neither side counts them as for real."""
        for weights in self.sandbox.server.gate.weights.values():
            weights.weight.limit = weights.weight.limit._replace(most=1_000_000)
        link = session._link
        assert isinstance(link, ExchangeLink)
        for window in link._client.budget._windows.values():
            if not window.counts_orders:
                window.limit = 1_000_000

    async def stop(self) -> None:
        """Stop in order."""
        session, running = self.session, self._running
        assert running is not None
        session.request_stop("test")
        try:
            await running
        finally:
            await session.close()
            self._session = self._running = None

    async def kill(self) -> None:
        """End at once: what is on disk is what was committed, requests under way are cut."""
        session, running = self.session, self._running
        self._session = self._running = None
        if running is not None:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
        session._opened = False
        journal, recorder = session.journal, session.recorder
        session.kernel.dispatch = _nothing  # type: ignore[method-assign]
        journal._rows.clear()
        journal._connection.close()
        if recorder is not None and recorder._file >= 0:
            os.close(recorder._file)
        for name in ("journal", "recorder"):
            session.__dict__.pop(name)
        if isinstance(session._link, ExchangeLink):
            session._link._dead_man = None
        await session.disconnect()
        session._release()

    def command(self, command: AnyCommand) -> str:
        return self.session.command(command)

    def place(self, intent: Intent) -> Order:
        """Order by hand; fails when the gate denies it."""
        orders = self.kernel.orders.orders
        before = set(orders)
        self.command(PlaceOrder(intent=intent))
        new = [order for client_id, order in orders.items() if client_id not in before]
        assert new, f"{intent} was denied: {self.denials[-1:]}"
        return new[0]

    # --- another client on the same account ---------------------------------------------------------------------------

    def foreign(
        self, side: Side, lots: int, price: int = 0, symbol: str = SYMBOLS[0], client_id: str = ""
    ) -> OrderRecord:
        """An order that somebody else places; at the market unless a price is given, in ticks."""
        kind = "LIMIT" if price else "MARKET"
        new = NewOrder(symbol=symbol, side=side, type=kind, client_order_id=client_id, lots=lots, price=price)
        with self.sandbox.exchange.turn():
            placed: OrderRecord = self.desk.place(new)
        return placed

    def position(self, owner: str = EXTERNAL, symbol: str = SYMBOLS[0]) -> int:
        return self.kernel.ledger.lots(owner, symbol)

    # --- waiting ------------------------------------------------------------------------------------------------------

    async def until(self, condition: Callable[[], Any], seconds: float = 20, what: str = "") -> None:
        """Wait until a condition holds; the session must go on meanwhile."""
        loop = asyncio.get_running_loop()
        ends = loop.time() + seconds
        while not condition():
            if self._running is not None and self._running.done():
                await self._running
                raise AssertionError("the session has ended")
            assert loop.time() < ends, f"not within {seconds} s: {what or condition}{self._state()}"
            await asyncio.sleep(0.02)

    def _state(self) -> str:
        if self._session is None:
            return ""
        kernel = self._session.kernel
        reconciliation = kernel.reconciliation
        orders = [(o.client_id, o.owner, str(o.state), o.type, o.note) for o in kernel.orders.open_orders()]
        differences = reconciliation.differences if reconciliation else ()
        comparison = reconciliation._comparison if reconciliation else None
        return f"\nopen {orders}\ntrading {kernel.trading.state} {kernel.trading.reason}\n{differences}\n{comparison}"

    async def until_trading(self, seconds: float = 20) -> None:
        """Reconciled, with prices, and the strategies run."""
        await self.until(lambda: self.kernel.gate.reconciled, seconds, "reconciled")
        await self.until(self._has_prices, seconds, "prices")

    def _has_prices(self) -> bool:
        markets = self.kernel.markets.values()
        return all(market.connected and market.last_price and market.book.synchronised for market in markets)

    async def reconciled(self, seconds: float = 25) -> None:
        """Wait for an agreement that began after now."""
        reconciliation = self.kernel.reconciliation
        assert reconciliation is not None
        now_ns = self.session.clock.now_ns()
        self.command(Reconcile(who="test"))
        await self.until(lambda: reconciliation.agreed_ns > now_ns, seconds, "agreed")

    async def settle(self) -> None:
        """Strategies stopped, everything of ours cancelled, every order proved, the accounts agreed."""
        self.sandbox.chaos.clear()
        for name in self.kernel.host.slots:
            self.command(StopStrategy(strategy=name))
        ends = asyncio.get_running_loop().time() + 40
        while True:
            self.command(CancelAll(include_protective=True, who="test"))
            with contextlib.suppress(AssertionError):
                await self.until(lambda: not self.ours_open(), 3)
                break
            assert asyncio.get_running_loop().time() < ends, f"orders stay open{self._state()}"
        await self.reconciled()

    def ours_open(self) -> list[str]:
        return [order.client_id for order in self.kernel.orders.open_orders() if order.owner != EXTERNAL]


def _nothing(event: Any) -> None:
    """A dead process hears nothing."""


@asynccontextmanager
async def live_world(
    data: Path, market: str, seed: int = 1, settings: dict[str, Any] | None = None, **terms: Any
) -> AsyncIterator[LiveWorld]:
    """A running exchange and a world without a session; what still runs at the end is killed."""
    if market == "spot":
        terms.setdefault("spot", {"USDT": 100_000})
    async with running_sandbox(seed=seed, **terms) as sandbox:
        keys = {"WORKSTATION_KEY_PRACTICE": sandbox.key, "WORKSTATION_SECRET_PRACTICE": sandbox.secret}
        world = LiveWorld(sandbox, data, live_configuration(sandbox.address, market, seed, **(settings or {})), seed)
        with patch.dict(os.environ, keys):
            try:
                yield world
            finally:
                if world._session is not None:
                    await world.kill()
