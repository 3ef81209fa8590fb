"""Good-till dates and the venue's icebergs in the hostile world: every invariant holds, and no date is outlived."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest

from tests.simulation.world import World
from workstation.core.messages import Input, PlaceOrder
from workstation.core.orders import Intent
from workstation.core.timeframe import SECOND_NS
from workstation.core.types import OrderState, OrderType, Side, TimeInForce
from workstation.trading.good_till import GRACE_NS

STEPS = 400
LATE_NS = GRACE_NS + 2 * SECOND_NS
"""After its date an order's cancel is at least asked for: the grace of the venue, and the steps of the world's time."""

pytestmark = pytest.mark.allow_log_warnings


class DatedWorld(World):
    """People also place limit orders that are good till a date, icebergs, or both."""

    def __init__(self, seed: int) -> None:
        self.dates = Random(f"dates {seed}")
        super().__init__(seed, STEPS)

    def take(self, event: Input) -> None:
        super().take(event)
        if self.journal.dead or not self.line.alive:
            return
        self.check_dates()
        if self.dates.random() < 0.1:
            super().take(PlaceOrder(ts_ns=self.kernel.clock.time_ns, intent=self._dated()))

    def _dated(self) -> Intent:
        random, side = self.dates, self.dates.choice(list(Side))
        symbol, last = random.choice([(s, m.last_price) for s, m in self.kernel.markets.items()])
        instrument = self.instruments[symbol]
        lots = instrument.lots_rounded(random.randint(200, 600) / (last * instrument.tick_lossy))
        return Intent(
            symbol=symbol,
            side=side,
            lots=lots,
            type=OrderType.LIMIT,
            price=max(1, last - side * last // random.choice((500, 5_000))),
            time_in_force=TimeInForce.GTD,
            good_till_ns=self.kernel.clock.time_ns + random.randrange(SECOND_NS, 60 * SECOND_NS),
            post_only=random.random() < 0.3,
            visible_lots=random.choice((0, max(1, lots // 4))),
        )

    def check_dates(self) -> None:
        now_ns = self.kernel.clock.time_ns
        for order in self.kernel.orders.open_orders():
            if 0 < order.good_till_ns <= now_ns - LATE_NS:
                asked = order.cancel_requested_ns or order.state is OrderState.UNKNOWN
                assert asked, f"{order.client_id} outlives its date"
        for symbol, state in self.venue.states.items():
            for resting in state.orders.values():
                assert resting.good_till_ns == 0 or resting.good_till_ns >= now_ns - SECOND_NS, symbol
                if resting.display:
                    self.counts["icebergs"] += 1
                    assert 0 <= resting.shown <= resting.display, symbol


def test_dates_and_icebergs_hold_through_faults_and_crashes():
    counts: Counter[str] = Counter()
    for seed in (1, 2, 3):
        world = DatedWorld(seed)
        world.run()
        counts += world.counts
        records = world.journal.committed
        counts["dated"] += sum(b'"OrderSubmitted"' in record and b'"gtd"' in record for record in records)
        counts["ended by their dates"] += sum(b"good till " in record for record in records)
    assert all(counts[what] for what in ("crashes", "icebergs", "dated", "ended by their dates")), counts
