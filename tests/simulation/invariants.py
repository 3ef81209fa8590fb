"""What holds after every input, whatever happens."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import msgspec

from workstation.core.messages import Output, ReplacementEnded
from workstation.core.orders import Approved
from workstation.core.types import Side
from workstation.rules.limits import allowance
from workstation.rules.value import notional
from workstation.trading.algorithms.parent import read_tag

if TYPE_CHECKING:
    from tests.simulation.world import World


class Invariants:
    """Looks at a world after each of its inputs."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._looked_at = 0
        self._worst: dict[tuple[str, Side], int] = {}

    def begin_life(self) -> None:
        """What the last life sent is judged by its own prices."""
        self._world.line.enlarged = set()
        self._worst = self._worst_positions()

    def check(self) -> None:
        kernel, journal = self._world.kernel, self._world.journal
        assert not kernel.orders.outbox, "requests were left behind"
        ids = set(self._world.venue._desk.orders)
        assert ids <= journal.submitted, f"the venue has {ids - journal.submitted}, the journal has not"
        assert ids <= set(self._world.line.sent)
        self._check_exposure()
        if not any(fill_id not in kernel.ledger.booked for fill_id in self._world.mischief.unheard):
            self._check_worst_case()
        self._check_ledger()
        self._check_replacements()
        self._check_algorithms()

    def _check_exposure(self) -> None:
        """After an order left that may add to a position, the worst that can come of all of them is within limits."""
        kernel, limits = self._world.kernel, self._world.kernel.terms.limits
        enlarged, self._world.line.enlarged = self._world.line.enlarged, set()
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
        return sum(max(worth[symbol, Side.BUY], worth[symbol, Side.SELL]) for symbol in self._world.kernel.markets)

    def _worst_positions(self) -> dict[tuple[str, Side], int]:
        """Reducing orders pass after an order that was judged, and may overrun their owner's position."""
        worst = {}
        for symbol in self._world.kernel.markets:
            longs, shorts, buys, sells = self._world.kernel.gate.exposure.worst_case.sides(symbol, overrun=False)
            worst[symbol, Side.BUY], worst[symbol, Side.SELL] = longs + buys, shorts + sells
        return worst

    def _check_worst_case(self) -> None:
        """What the engine counts as the worst case covers what the venue holds and what is under way to it."""
        travelling = [
            self._world.line.sent[r.client_id] for _, r in self._world.venue._inbound if isinstance(r, Approved)
        ]
        for symbol, state in self._world.venue._states.items():
            sides = self._world.kernel.gate.exposure.worst_case.sides(symbol)
            orders = [o for o in self._world.venue._desk.orders.values() if o.symbol_state is state]
            adding = [o for o in orders if not self._world.line.sent[o.client_id].intent.reduce_only]
            intents = [r.intent for r in travelling if r.intent.symbol == symbol and not r.intent.reduce_only]
            for side in Side:
                coming = sum(o.lots - o.filled for o in adding if o.side is side)
                coming += sum(intent.lots for intent in intents if intent.side is side)
                truth = max(0, state.lots * side + coming)
                counted = sides.longs + sides.buys if side is Side.BUY else sides.shorts + sides.sells
                assert truth <= counted, f"{symbol} {side.word}: the venue may come to {truth}, we count {counted}"

    def _check_ledger(self) -> None:
        """Cash, positions, fees and funding balance to the last digit."""
        ledger, reconciliation = self._world.kernel.ledger, self._world.kernel.reconciliation
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
        cash = self._world.cash["USDT"] + ledger.realised - ledger.fees + ledger.funding - spot_values
        assert ledger.cash["USDT"] == cash, f"cash is {ledger.cash['USDT']}, its bookings give {cash}"
        for symbol, net in ledger.net_lots.items():
            assert net == sum(position.lots for position in ledger.by_symbol[symbol])

    def _check_replacements(self) -> None:
        """An order that takes another's place leaves when that one has ended at the venue."""
        committed = self._world.journal.committed
        for row in committed[self._looked_at :]:
            if b"ReplacementEnded" in row:
                ended = msgspec.json.decode(row, type=Output)
                assert isinstance(ended, ReplacementEnded)
                working = ended.client_id in self._world.venue._desk.orders
                assert not (ended.by and working), f"{ended.client_id} is at the venue, and so may be {ended.by}"
        self._looked_at = len(committed)

    def _check_algorithms(self) -> None:
        """What an algorithm's children have executed and may still execute, by the venue, is within its quantity."""
        if not self._world.algorithms:
            return
        done: Counter[str] = Counter()
        for fill in self._world.line.fills.values():
            done[self._world.line.sent[fill.client_id].intent.tag] += fill.lots
        for client_id, order in self._world.venue._desk.orders.items():
            done[self._world.line.sent[client_id].intent.tag] += order.lots - order.filled
        for request in (r for _, r in self._world.venue._inbound if isinstance(r, Approved)):
            done[request.intent.tag] += request.intent.lots
        ordered: Counter[str] = Counter()
        for tag, lots in done.items():
            ordered[read_tag(tag)[0]] += lots
        for algorithm_id, parent in self._world.kernel.algorithms.parents.items():
            most = parent.order.lots
            assert ordered[algorithm_id] <= most, f"{algorithm_id} ordered {ordered[algorithm_id]} of {most}"


def _with_slack(money: int) -> int:
    """The price may have moved within the step that let the order pass."""
    return money + money // 50
