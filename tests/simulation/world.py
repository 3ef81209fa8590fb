"""A whole kernel in a hostile world, driven by one seed, with the invariants that must hold whatever happens.

The line to the venue loses, delays, doubles and reorders; the disk fills up; the process dies at any record, before
or after it was committed, and between two requests. The venue is another machine: it lives on, and what it says while
nobody listens is gone. The next process knows only what the journal kept.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import msgspec

from tests.simulation.crashing_journal import Crash, CrashingJournal
from tests.simulation.lossy_line import LossyLine, RelayClock
from tests.simulation.random_market import RandomMarket
from tests.simulation.reckless import Reckless
from workstation.assembly import kernel_terms
from workstation.config.loader import load_settings
from workstation.config.settings import Costs, Settings
from workstation.core.algorithms import Iceberg, ParentOrder, Scaled, Twap
from workstation.core.brackets import BracketPlan, Target
from workstation.core.clock import EventClock
from workstation.core.instrument import Instrument
from workstation.core.messages import (
    AmendOrder,
    AmendRequested,
    AnyCommand,
    BracketBegun,
    CancelAlgorithm,
    CancelAll,
    CancelOrder,
    EndCrisis,
    Flatten,
    FundingPaid,
    Heartbeat,
    Input,
    Kill,
    LiftThrottle,
    OrderAdopted,
    OrderExpired,
    OrderFilled,
    OrderSubmitted,
    Output,
    PauseAlgorithm,
    PauseStrategy,
    PlaceOrder,
    PositionLiquidated,
    ReplacementEnded,
    ReplacementPlanned,
    Resume,
    ResumeAlgorithm,
    SetTradingState,
    StartAlgorithm,
    StartStrategy,
    StopStrategy,
    TransferPosition,
)
from workstation.core.money import to_money
from workstation.core.orders import Approved, Intent
from workstation.core.timeframe import SECOND_NS, parse_utc
from workstation.core.types import InstrumentKind, OrderRole, OrderState, OrderType, Side, TradingState
from workstation.rules.limits import allowance
from workstation.rules.value import notional, position_value
from workstation.storage.journal import MemoryJournal
from workstation.trading import recovery
from workstation.trading.algorithms.parent import read_tag
from workstation.trading.desk import Desk
from workstation.trading.kernel import Kernel
from workstation.trading.kernel_terms import MarketTap
from workstation.trading.ledger import Position
from workstation.trading.order_states import WORKING
from workstation.trading.stop_keeper import TAG
from workstation.venues.base import ReportHandler, Venue
from workstation.venues.simulated import FaultRates, SimVenue

START_NS = parse_utc("2024-03-01T07:58:00")
"""Two minutes before funding falls due."""
CASH = 1_000_000
SYMBOLS = {"BTCUSDT": 6_000_000, "ETHUSDT": 300_000, "SOLUSDT": 15_000}
"""Ticks of 0.01 at the start; the last one is a spot market."""


class Outcome(NamedTuple):
    """What a run did, to see that it was worth the while, and its fingerprint."""

    order_hash: str
    records: tuple[bytes, ...]
    counts: Counter[str]


def simulation_settings(random: Random) -> Settings:
    """The shipped configuration with limits that bite now and then instead of always."""
    loaded = load_settings(Path(__file__).parents[2] / "config" / "strategy.yaml").settings
    replace = msgspec.structs.replace
    crisis = replace(loaded.risk.crisis, losses_in_a_row=random.choice((6, 1000)), most_positions=2)
    protections = replace(loaded.risk.protections, cooldown_bars=0, bar="1m", losses_in_a_row=random.choice((8, 1000)))
    risk = replace(
        loaded.risk,
        order_value_percent=Decimal(random.choice((10, 40))),
        order_quantity={"default": Decimal(500_000)},
        position_value_percent=Decimal(random.choice((15, 60))),
        gross_exposure_percent=Decimal(random.choice((40, 100))),
        open_orders=random.choice((10, 40)),
        orders_per_second=20,
        orders_per_minute=1_000,
        repeats=5,
        day_loss_percent=random.choice((Decimal(1), Decimal(50))),
        stale_data_s=Decimal(5),
        permitted=(),
        protections=protections,
        crisis=crisis,
    )
    account = replace(loaded.account, leverage=random.choice((1, 3)), cash=Decimal(CASH))
    return replace(loaded, risk=risk, account=account)


def instruments_of(settings: Settings) -> dict[str, Instrument]:
    found = {symbol: settings.instruments[symbol] for symbol in SYMBOLS}
    found["SOLUSDT"] = msgspec.structs.replace(found["SOLUSDT"], kind=InstrumentKind.SPOT)
    return found


class World:
    """One run. ``run`` raises ``AssertionError`` at the first invariant that does not hold.

    With ``algorithms`` people also start, pause, resume and end execution algorithms.
    Where the engine ``gives_up``, the last thing that a life believes of orders that have filled unheard is that they
    ended without a fill.
    """

    def __init__(self, seed: int, steps: int = 700, *, gives_up: bool = False, algorithms: bool = False) -> None:
        self.random = Random(f"world {seed}")
        self.steps = steps
        self.settings = simulation_settings(self.random)
        if algorithms:
            risk = msgspec.structs.replace(self.settings.risk, open_orders=500, order_value_percent=Decimal(100))
            self.settings = msgspec.structs.replace(self.settings, risk=risk)
        self.instruments = instruments_of(self.settings)
        self.cash = {"USDT": to_money(CASH), "SOL": 0}
        self.journal = CrashingJournal()
        self.counts: Counter[str] = Counter()
        self.lives = 0
        self._seed = seed
        self._gives_up = gives_up
        self._algorithms = algorithms
        self._unheard: set[str] = set()
        self._looked_at = 0
        self._disk_full_until = 0
        self._worst: dict[tuple[str, Side], int] = {}
        random = Random(f"market {seed}")
        linear = frozenset(s for s, i in self.instruments.items() if i.is_derivative)
        sizes = {
            symbol: instrument.lots_rounded(random.choice((500, 20_000)) / (price * instrument.tick))
            for (symbol, price), instrument in zip(SYMBOLS.items(), self.instruments.values())
        }
        marked = linear if random.random() < 0.7 else frozenset()
        self.market = RandomMarket(SYMBOLS, sizes, START_NS, random, marked)
        self._relay = RelayClock()
        faulty = self.random.random() < 0.8
        rates = FaultRates(
            **{
                name: self.random.choice((0.0, 0.03, 0.15)) if faulty else 0.0
                for name in ("request_lost", "report_lost", "report_delayed", "report_doubled", "report_reordered")
            }  # type: ignore[arg-type]
        )
        costs = self._costs()
        self.venue = SimVenue(
            self._relay,
            lambda report: None,
            self.instruments,
            {},
            costs,
            self.settings.account,
            dict(self.cash),
            Random(f"venue {seed}"),
        )
        self.line = LossyLine(
            self.venue, self._relay, Random(f"line {seed}"), rates, plain=seed % 3 == 0, reconciles=seed % 2 == 1
        )
        self.kernel, self.desk = self._first_life()

    def _costs(self) -> Costs:
        random = self.random
        latency = Decimal(random.choice((0, 40, 400)))
        return msgspec.structs.replace(
            self.settings.paper,
            latency_mean_ms=latency,
            latency_p95_ms=latency * random.choice((1, 2)),
            maker_bps=Decimal(random.choice((-1, 2))),
        )

    # --- Lives ------------------------------------------------------------------------------------------------------

    def _build(self, journal: Any, line: bool) -> tuple[Kernel, Desk]:
        def make(clock: EventClock, report: ReportHandler, books: Any) -> tuple[Venue, MarketTap | None]:
            if not line:
                costs, account = self.settings.paper, self.settings.account
                scratch = SimVenue(clock, report, self.instruments, books, costs, account, {}, Random(0))
                scratch.can = self.line.can
                return scratch, scratch
            self._relay.follow(clock)
            for symbol, state in self.venue._states.items():
                state.book = books[symbol]
            return self.line, self.line

        terms = kernel_terms(
            self.settings,
            self.instruments,
            cash={} if self.line.can.reconciles else self.cash,
            session=self.lives,
            start_ns=self.market.now_ns,
            seed=self._seed,
        )
        kernel = Kernel(terms, journal, make)
        for number, symbol in enumerate((*SYMBOLS, "BTCUSDT")):
            random = Random(f"reckless {self._seed} {self.lives} {number}")
            kernel.host.add(Reckless(f"reckless-{number}", symbol, "1m", random))
        return kernel, Desk(kernel, None)

    def _first_life(self) -> tuple[Kernel, Desk]:
        self.lives = 1
        kernel, desk = self._build(self.journal, line=True)
        self._opening, self._first_record = recovery.snapshot(kernel), 0
        self._go_live(kernel, desk)
        return kernel, desk

    def recovered(self) -> Kernel:
        """What a new process makes of the journal."""
        kernel, _ = self._build(MemoryJournal(), line=False)

        def bring_back() -> None:
            recovery.restore(kernel, self._opening)
            recovery.apply_records(kernel, self.journal.records(self._first_record))

        kernel.recover(bring_back)
        return kernel

    def _rise(self) -> None:
        """A new process takes over from the journal; what concerns the account is asked for again from the start."""
        self.counts["crashes"] += 1
        self.journal.restart()
        if self._gives_up:
            self._give_up_orders()
        opening = recovery.snapshot(self.recovered())
        self.counts["changes across a crash"] += len(opening["replacements"])
        held = [order for order in opening["orders"] if order["state"] == OrderState.HELD]
        self.counts["due across a crash"] += sum(bool(order["waits_for"]) for order in held)
        self.counts["algorithms across a crash"] += sum(row["state"] == "running" for row in opening["algorithms"])
        self.lives += 1
        kernel, desk = self._build(self.journal, line=True)
        kernel.recover(lambda: recovery.restore(kernel, opening))
        self._opening, self._first_record = opening, len(self.journal.committed)
        self._go_live(kernel, desk)

    def _give_up_orders(self) -> None:
        """Orders that filled and ended at the venue, unheard, are over for us: as after an answer that lagged."""
        orders, ledger = (kernel := self.recovered()).orders, kernel.ledger
        for order in orders.open_orders():
            fills = [f.fill_id for f in self.line.fills.values() if f.client_id == order.client_id]
            unheard = {fill_id for fill_id in fills if fill_id not in ledger.booked}
            if unheard and order.client_id not in self.venue._desk.orders:
                self._unheard |= unheard
                self.counts["given up"] += 1
                lost = OrderExpired(ts_ns=kernel.clock.time_ns, client_id=order.client_id, reason="given up")
                self.journal.committed.append(msgspec.json.encode(lost))

    def _go_live(self, kernel: Kernel, desk: Desk) -> None:
        self.kernel, self.desk = kernel, desk
        self.line.connect(kernel)
        try:
            resumed = kernel.start(self.market.now_ns)
            for snapshot in self.market.snapshots():
                kernel.dispatch(snapshot)
            for report in list(self.line.account_reports):
                kernel.on_report(msgspec.structs.replace(report, ts_ns=kernel.clock.time_ns))
            for name in resumed or (kernel.host.slots if self.lives == 1 else ()):
                self._command(StartStrategy(strategy=name, who="restart"))
        except Crash:
            self.journal.dead = True
        # What the last life sent is judged by its own prices.
        self.line.enlarged = set()
        self._worst = self._worst_positions()

    # --- The run ----------------------------------------------------------------------------------------------------

    def run(self) -> Outcome:
        for event in self.market.steps(self.steps):
            self._mischief()
            self.take(event)
            if self.random.random() < (0.08 if self._algorithms else 0.03):
                self.take(self._random_command())
        self.come_to_rest()
        self.check_rest()
        return Outcome(self.journal.order_hash(), tuple(self.journal.committed), self.counts)

    def take(self, event: Input) -> None:
        """Give the engine one input, and raise it again when that killed it."""
        if self.journal.dead or not self.line.alive:
            self._rise()
        try:
            self.kernel.dispatch(event)
        except Crash:
            self.journal.dead = True
        if self.journal.dead or not self.line.alive:
            self.journal.dead = True
            return
        self.check_always()

    def _command(self, command: AnyCommand) -> None:
        self.kernel.dispatch(msgspec.structs.replace(command, ts_ns=self.kernel.clock.time_ns))

    def _mischief(self) -> None:
        random, journal = self.random, self.journal
        draw = random.random()
        if draw < 0.004:
            count = len(journal.committed) + random.randrange(1, 6)
            journal.before_commit = lambda records: records + journal.pending >= count
        elif draw < 0.008:
            count = len(journal.committed) + random.randrange(1, 6)
            journal.after_commit = lambda records: records >= count
        elif draw < 0.010:
            self.line.crash_at_send = random.randrange(4)
        elif draw < 0.012:
            journal.dead = True
        elif draw < 0.015 and self._disk_full_until <= self.market.now_ns:
            self._disk_full_until = self.market.now_ns + random.randrange(8 * SECOND_NS)
            self.counts["full disks"] += 1
        journal.full = self.market.now_ns < self._disk_full_until

    def _random_command(self) -> AnyCommand:
        random, kernel = self.random, self.kernel
        now_ns = self.market.now_ns
        orders = sorted(kernel.orders.orders)
        symbol = random.choice(list(SYMBOLS))
        strategy = random.choice(list(kernel.host.slots))
        choices: list[Callable[[], AnyCommand]] = [
            *[lambda: PlaceOrder(intent=self._random_intent(symbol))] * 6,
            lambda: CancelAll(symbol=random.choice(("", symbol)), include_protective=random.random() < 0.3),
            lambda: Flatten(symbol=random.choice(("", symbol)), owner=random.choice(("", strategy))),
            lambda: Kill(reason="at random", flatten=random.random() < 0.3),
            *[lambda: Resume(reason="at random")] * 3,
            lambda: SetTradingState(state=random.choice(list(TradingState))),
            *[lambda: SetTradingState(state=TradingState.ACTIVE)] * 2,
            lambda: PauseStrategy(strategy=random.choice(("", strategy))),
            *[lambda: StartStrategy(strategy=strategy)] * 4,
            lambda: StopStrategy(strategy=strategy),
            *[lambda: LiftThrottle(owner=random.choice(("manual", strategy)))] * 2,
            EndCrisis,
            *[lambda: self._random_transfer(strategy, symbol)] * 3,
        ]
        if self._algorithms:
            choices += self._algorithm_commands(symbol)
        if orders:
            choices += [lambda: CancelOrder(client_id=random.choice(orders[-30:]))] * 3
            choices += [lambda: self._random_amend(random.choice(orders[-30:]))] * 3
        return msgspec.structs.replace(random.choice(choices)(), ts_ns=now_ns, who="tester")

    def _algorithm_commands(self, symbol: str) -> list[Callable[[], AnyCommand]]:
        random, ids = self.random, list(self.kernel.algorithms.parents) or ["none"]
        commands: list[Callable[[], AnyCommand]] = [
            *[lambda: StartAlgorithm(order=self._random_parent(symbol))] * 16,
            *[lambda: self._random_bracket(random.choice(("BTCUSDT", "ETHUSDT")))] * 12,
            lambda: PauseAlgorithm(algorithm_id=random.choice(ids)),
            *[lambda: ResumeAlgorithm(algorithm_id=random.choice(ids[-5:]))] * 16,
            *[lambda: Resume(reason="at random")] * 6,
            *[lambda: SetTradingState(state=TradingState.ACTIVE)] * 6,
            lambda: CancelAlgorithm(algorithm_id=random.choice(ids)),
        ]
        return commands

    def _random_bracket(self, symbol: str) -> PlaceOrder:
        random = self.random
        price = self.kernel.markets[symbol].last_price or SYMBOLS[symbol]
        side = random.choice((Side.BUY, Side.SELL))
        worth = self.instruments[symbol].lots_rounded(Decimal(CASH) / (Decimal(price) / 100))
        kind = random.choice((OrderType.MARKET, OrderType.LIMIT))
        far = price // 1_000
        share = random.choice((30_000_000, 50_000_000))
        plan = BracketPlan(
            stop=random.randrange(1, far),
            targets=tuple(Target(share, random.randrange(1, far)) for _ in range(random.randrange(3))),
            break_even_after=random.choice((0, far // 4 + 1)),
            trail_after=(trails := random.choice((0, far // 3 + 1))),
            trail=far // 5 + 1 if trails else 0,
        )
        intent = Intent(
            symbol=symbol,
            side=side,
            lots=max(1, worth // random.choice((50, 200))),
            type=kind,
            price=price - int(side) * random.randrange(-far, far) if kind is OrderType.LIMIT else 0,
        )
        return PlaceOrder(intent=intent, bracket=plan)

    def _random_parent(self, symbol: str) -> ParentOrder:
        random = self.random
        price = self.kernel.markets[symbol].last_price or SYMBOLS[symbol]
        side = random.choice((Side.BUY, Side.SELL)) if self.instruments[symbol].is_derivative else Side.BUY
        worth = self.instruments[symbol].lots_rounded(Decimal(CASH) / (Decimal(price) / 100))
        lots = max(2, worth // random.choice((50, 200)))
        near = price - int(side) * random.randrange(-price // 2000, price // 2000)
        plans: tuple[Twap | Iceberg | Scaled, ...] = (
            Twap(
                duration_ns=random.randrange(5, 60) * SECOND_NS,
                slices=random.randrange(2, 6),
                offset=random.choice((None, 0, 5, -20)),
                randomness=random.choice((0, 50_000_000)),
            ),
            Iceberg(
                price=near, visible=max(1, lots // 5), refill=random.choice((0, 30_000_000)), randomness=30_000_000
            ),
            Scaled(
                first_price=near,
                last_price=near - int(side) * price // 500,
                count=random.randrange(2, 6),
                sizes=random.choice(("linear", "geometric")),
                ratio=random.choice((50_000_000, 100_000_000, 300_000_000)),
            ),
        )
        return ParentOrder(
            symbol=symbol,
            side=side,
            lots=lots,
            plan=random.choice(plans),
            reduce_only=random.random() < 0.1,
            after_restart=random.choice(("go_on", "go_on", "end")),
        )

    def _random_transfer(self, strategy: str, symbol: str) -> TransferPosition:
        owners = [strategy, "manual"]
        self.random.shuffle(owners)
        return TransferPosition(symbol=symbol, from_owner=owners[0], to_owner=owners[1], reason="at random")

    def _random_amend(self, client_id: str) -> AmendOrder:
        random, order = self.random, self.kernel.orders.orders[client_id]
        return AmendOrder(
            client_id=client_id,
            price=max(0, order.price + random.randrange(-30, 31)) if order.price else None,
            lots=random.choice((None, random.randrange(0, 2 * order.lots + 2))),
        )

    def _random_intent(self, symbol: str) -> Intent:
        random = self.random
        price = self.kernel.markets[symbol].last_price or SYMBOLS[symbol]
        side = random.choice((Side.BUY, Side.SELL))
        kind = random.choice((OrderType.MARKET, OrderType.LIMIT, OrderType.LIMIT, OrderType.STOP))
        reach = random.randrange(-price // 500, price // 500)
        reduce_only = random.random() < 0.3
        worth = self.instruments[symbol].lots_rounded(Decimal(CASH) / (Decimal(price) / 100))
        return Intent(
            symbol=symbol,
            side=side,
            lots=random.randrange(-1, max(2, worth // random.choice((2, 10, 100)))),
            type=kind,
            price=price + reach if kind is OrderType.LIMIT else 0,
            stop_price=price + int(side) * abs(reach) if kind is OrderType.STOP else 0,
            reduce_only=reduce_only,
            role=OrderRole.EXIT if reduce_only else OrderRole.ENTRY,
        )

    def come_to_rest(self) -> None:
        """The faults end; every order is cancelled; time goes on until nothing is in doubt."""
        self._disk_full_until = 0
        self.journal.full = False
        self.journal.before_commit = self.journal.after_commit = lambda records: False
        self.line.calm()
        self.line.crash_at_send = -1
        for name in self.kernel.host.slots:
            self.take(StopStrategy(strategy=name, ts_ns=self.market.now_ns))
        for round_ in range(8):
            # At last the account's own stops may stay.
            self.take(CancelAll(include_protective=round_ < 4, ts_ns=self.market.now_ns))
            for _ in range(40):
                self.market.now_ns += SECOND_NS // 2
                self.take(Heartbeat(self.market.now_ns))

    # --- Invariants -------------------------------------------------------------------------------------------------

    def check_always(self) -> None:
        kernel, line = self.kernel, self.line
        assert not kernel.orders.outbox, "requests were left behind"
        ids = {client_id for client_id in self.venue._desk.orders}
        assert ids <= self.journal.submitted, f"the venue has {ids - self.journal.submitted}, the journal has not"
        assert set(self.venue._desk.orders) <= set(line.sent)
        self._check_exposure()
        if not any(fill_id not in kernel.ledger.booked for fill_id in self._unheard):
            self._check_worst_case()
        self._check_ledger()
        self._check_replacements()
        self._check_algorithms()

    def _check_exposure(self) -> None:
        """After an order left that may add to a position, the worst that can come of all of them is within limits."""
        kernel, limits = self.kernel, self.kernel.terms.limits
        enlarged, self.line.enlarged = self.line.enlarged, set()
        worst = self._worst_positions()
        worth = {
            (symbol, side): notional(kernel.markets[symbol].price, lots, *kernel.markets[symbol].instrument.valuation)
            for (symbol, side), lots in worst.items()
        }
        equity = kernel.ledger.equity()
        for place in enlarged:
            # The other side may grow meanwhile: an exit's fill may be heard of ahead of its entry's.
            if worst[place] > self._worst.get(place, 0):
                assert worth[place] <= _with_slack(allowance(equity, limits.position_value)), f"{place} is too much"
                most = allowance(equity, limits.gross_exposure) * kernel.terms.leverage
                assert self._all_together(worth) <= _with_slack(most), "all positions together are too much"
        self._worst = worst

    def _all_together(self, worth: dict[tuple[str, Side], int]) -> int:
        return sum(max(worth[symbol, Side.BUY], worth[symbol, Side.SELL]) for symbol in self.kernel.markets)

    def _worst_positions(self) -> dict[tuple[str, Side], int]:
        """Reducing orders pass after an order that was judged, and may overrun their owner's position."""
        worst = {}
        for symbol in self.kernel.markets:
            longs, shorts, buys, sells = self.kernel.gate.exposure.worst_case.sides(symbol, overrun=False)
            worst[symbol, Side.BUY], worst[symbol, Side.SELL] = longs + buys, shorts + sells
        return worst

    def _check_worst_case(self) -> None:
        """What the engine counts as the worst case covers what the venue holds and what is under way to it."""
        travelling = [self.line.sent[r.client_id] for _, r in self.venue._inbound if isinstance(r, Approved)]
        for symbol, state in self.venue._states.items():
            sides = self.kernel.gate.exposure.worst_case.sides(symbol)
            orders = [o for o in self.venue._desk.orders.values() if o.symbol_state is state]
            adding = [o for o in orders if not self.line.sent[o.client_id].intent.reduce_only]
            intents = [r.intent for r in travelling if r.intent.symbol == symbol and not r.intent.reduce_only]
            for side in Side:
                coming = sum(o.lots - o.filled for o in adding if o.side is side)
                coming += sum(intent.lots for intent in intents if intent.side is side)
                truth = max(0, state.lots * side + coming)
                counted = sides.longs + sides.buys if side is Side.BUY else sides.shorts + sides.sells
                assert truth <= counted, f"{symbol} {side.word}: the venue may come to {truth}, we count {counted}"

    def _check_ledger(self) -> None:
        """Cash, positions, fees and funding balance to the last digit."""
        ledger, reconciliation = self.kernel.ledger, self.kernel.reconciliation
        if reconciliation is not None and not reconciliation.account_known:
            assert not ledger.positions
            return
        totals = Counter({"realised": 0, "fees": 0, "funding": 0})
        spot_values = 0
        for position in ledger.positions.values():
            totals["realised"] += position.realised
            totals["fees"] += position.fees
            totals["funding"] += position.funding
            if not position.instrument.is_derivative:
                spot_values += position.cost
        assert ledger.realised == totals["realised"]
        assert ledger.fees == totals["fees"]
        assert ledger.funding == totals["funding"]
        cash = self.cash["USDT"] + ledger.realised - ledger.fees + ledger.funding - spot_values
        assert ledger.cash["USDT"] == cash, f"cash is {ledger.cash['USDT']}, its bookings give {cash}"
        for symbol, net in ledger.net_lots.items():
            assert net == sum(position.lots for position in ledger.by_symbol[symbol])

    def _check_replacements(self) -> None:
        """An order that takes another's place leaves when that one has ended at the venue."""
        committed = self.journal.committed
        for row in committed[self._looked_at :]:
            if b"ReplacementEnded" in row:
                ended = msgspec.json.decode(row, type=Output)
                assert isinstance(ended, ReplacementEnded)
                working = ended.client_id in self.venue._desk.orders
                assert not (ended.by and working), f"{ended.client_id} is at the venue, and so may be {ended.by}"
        self._looked_at = len(committed)

    def _check_algorithms(self) -> None:
        """What an algorithm's children have executed and may still execute, by the venue, is within its quantity."""
        if not self._algorithms:
            return
        done: Counter[str] = Counter()
        for fill in self.line.fills.values():
            done[self.line.sent[fill.client_id].intent.tag] += fill.lots
        for client_id, order in self.venue._desk.orders.items():
            done[self.line.sent[client_id].intent.tag] += order.lots - order.filled
        for request in (r for _, r in self.venue._inbound if isinstance(r, Approved)):
            done[request.intent.tag] += request.intent.lots
        ordered: Counter[str] = Counter()
        for tag, lots in done.items():
            ordered[read_tag(tag)[0]] += lots
        for algorithm_id, parent in self.kernel.algorithms.parents.items():
            most = parent.order.lots
            assert ordered[algorithm_id] <= most, f"{algorithm_id} ordered {ordered[algorithm_id]} of {most}"

    def check_rest(self) -> None:
        """Once nothing is in doubt: venue = journal = ledger, in fills, orders, positions and cash."""
        kernel, line = self.kernel, self.line
        ours = {order.client_id: order for order in kernel.orders.open_orders()}
        # The account's own stops are placed again whenever somebody cancels them.
        if kernel.reconciliation is not None:
            assert not kernel.reconciliation.differences, f"differences: {kernel.reconciliation.differences}"
            assert kernel.gate.reconciled, "the account was not reconciled"
        doubtful = [(o.client_id, o.state) for o in ours.values() if o.tag != TAG or o.state not in WORKING]
        assert not doubtful, f"still open: {doubtful}"
        assert set(ours) == set(self.venue._desk.orders), f"the venue works {list(self.venue._desk.orders)}"
        records = list(self.journal.records())
        adopted = [record for record in records if isinstance(record, OrderAdopted)]
        assert not adopted, "an order of ours was taken for somebody else's"
        fills = [record for record in records if isinstance(record, OrderFilled)]
        ids = Counter(fill.fill_id for fill in fills)
        doubled = [fill_id for fill_id, times in ids.items() if times > 1]
        assert not doubled, f"journalled twice: {doubled}"
        lost = set(line.fills) - set(ids)
        assert not lost, f"never journalled: {sorted(lost)}"
        assert {_plain(fill) for fill in fills} == {_plain(fill) for fill in line.fills.values()}
        account = [record for record in records if isinstance(record, FundingPaid | PositionLiquidated)]
        assert {_plain(r) for r in account} == {_plain(r) for r in line.account_reports}
        assert len(account) == len(line.account_reports)
        self._check_size(fills)
        self._check_brackets(fills)
        held = {symbol: lots for symbol, lots in kernel.ledger.net_lots.items() if lots}
        states = self.venue._states
        at_venue = {symbol: state.lots for symbol, state in states.items() if state.lots}
        assert held == at_venue, f"the ledger holds {held}, the venue {at_venue}"
        # Owners who hold against each other have realised what the venue, which nets them, has not.
        net_cash = kernel.ledger.cash["USDT"] - sum(p.cost for p in kernel.ledger.positions.values() if _margined(p))
        theirs = self.venue._account.cash["USDT"] - sum(s.cost for s in states.values() if s.is_derivative)
        assert net_cash == theirs, f"the ledger has {net_cash} in cash, the venue {theirs}"
        self._check_value(records)
        self._check_recovery()
        self.counts.update(type(record).__name__ for record in records)

    def _check_brackets(self, fills: list[OrderFilled]) -> None:
        """The exits of a bracket close no more than its entry has filled."""
        begun = {record.bracket_id for record in self.journal.records() if isinstance(record, BracketBegun)}
        entered: Counter[str] = Counter()
        left: Counter[str] = Counter()
        for fill in fills:
            bracket_id, slot = read_tag(self.line.sent[fill.client_id].intent.tag)
            if bracket_id in begun:
                (left if slot else entered)[bracket_id] += fill.lots
        for bracket_id, lots in left.items():
            assert lots <= entered[bracket_id], f"bracket {bracket_id} closed {lots} of {entered[bracket_id]}"
        self.counts["brackets entered"] += len(entered)
        self.counts["brackets left"] += len(left)
        self.counts["brackets live at the end"] += len(self.kernel.brackets.live)

    def _check_size(self, fills: list[OrderFilled]) -> None:
        filled: Counter[str] = Counter()
        for fill in fills:
            filled[fill.client_id] += fill.lots
        largest = {client_id: request.intent.lots for client_id, request in self.line.sent.items()}
        for record in self.journal.records():
            if isinstance(record, AmendRequested) and record.client_id in largest:
                largest[record.client_id] = max(largest[record.client_id], record.lots)
        for client_id, lots in filled.items():
            assert lots <= largest[client_id], f"{client_id} executed {lots} of {largest[client_id]}"
        self._check_size_of_both(filled)

    def _check_size_of_both(self, filled: Counter[str]) -> None:
        """An order and the one that took its place do no more together than was asked for, and each plan ends once."""
        lots: dict[str, int] = {}
        plans: dict[str, int] = {}
        for record in self.journal.records():
            if isinstance(record, OrderSubmitted):
                lots[record.client_id] = record.lots
            elif isinstance(record, ReplacementPlanned):
                assert record.client_id not in plans, f"two plans for {record.client_id}"
                plans[record.client_id] = record.lots
            elif isinstance(record, ReplacementEnded):
                most, old = plans.pop(record.client_id), record.client_id
                if record.by and not self._gives_up:
                    assert filled[old] + lots[record.by] <= most, f"{old} and {record.by} are more than {most}"
        assert not plans, f"neither placed nor given up: {sorted(plans)}"

    def _check_value(self, records: list[Output]) -> None:
        """The account from the journal's executions alone: cash is what was paid and received."""
        cash = self.cash["USDT"]
        lots: Counter[str] = Counter()
        for record in records:
            if isinstance(record, OrderFilled | PositionLiquidated):
                signed = int(record.side) * record.lots
                valuation = self.instruments[record.symbol].valuation
                cash -= position_value(record.price, signed, *valuation) + record.fee
                lots[record.symbol] += signed
            elif isinstance(record, FundingPaid):
                cash += record.amount
        margin = sum(p.cost for p in self.kernel.ledger.positions.values() if _margined(p))
        assert self.kernel.ledger.cash["USDT"] == cash + margin
        assert +lots == +Counter(self.kernel.ledger.net_lots)

    def _check_recovery(self) -> None:
        """A kill now would lose nothing but what is measured again at once: prices and equity since the last record."""
        live, recovered = recovery.snapshot(self.kernel), recovery.snapshot(self.recovered())
        for guards in (live["guards"], recovered["guards"]):
            del guards["equity"], guards["highs"], guards["peak_equity"]
        del live["prices"], recovered["prices"]
        for part, value in live.items():
            assert recovered[part] == value, f"recovered {part}:\n{recovered[part]}\nlive:\n{value}"


def _plain(report: Any) -> tuple[Any, ...]:
    """All but when we heard of it, and what it cost against the price that only the engine knows."""
    return tuple(v for name, v in msgspec.structs.asdict(report).items() if name not in ("ts_ns", "slippage"))


def _with_slack(money: int) -> int:
    """The price may have moved within the step that let the order pass."""
    return money + money // 50


def _margined(position: Position) -> bool:
    return position.instrument.is_derivative


def run(seed: int, steps: int = 700, *, gives_up: bool = False, algorithms: bool = False) -> Outcome:
    """One seeded run. Raises ``AssertionError`` that tells what did not hold."""
    return World(seed, steps, gives_up=gives_up, algorithms=algorithms).run()
