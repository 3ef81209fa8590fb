"""What holds once nothing is in doubt: the venue, the journal and the ledger say the same."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import msgspec

from workstation.core.messages import (
    AmendRequested,
    BracketBegun,
    FundingPaid,
    OrderAdopted,
    OrderFilled,
    OrderSubmitted,
    Output,
    PositionLiquidated,
    ReplacementEnded,
    ReplacementPlanned,
)
from workstation.rules.value import position_value
from workstation.trading import recovery
from workstation.trading.algorithms.parent import read_tag
from workstation.trading.ledger import Position
from workstation.trading.order_states import WORKING
from workstation.trading.stop_keeper import TAG

if TYPE_CHECKING:
    from tests.simulation.world import World


class AtRest:
    """Compares the three accounts of a world that has come to rest."""

    def __init__(self, world: World) -> None:
        self._world = world

    def check(self) -> None:
        """Once nothing is in doubt: venue = journal = ledger, in fills, orders, positions and cash."""
        kernel, line = self._world.kernel, self._world.line
        ours = {order.client_id: order for order in kernel.orders.open_orders()}
        # The account's own stops are placed again whenever somebody cancels them.
        if kernel.reconciliation is not None:
            assert not kernel.reconciliation.differences, f"differences: {kernel.reconciliation.differences}"
            assert kernel.gate.reconciled, "the account was not reconciled"
        doubtful = [(o.client_id, o.state) for o in ours.values() if o.tag != TAG or o.state not in WORKING]
        assert not doubtful, f"still open: {doubtful}"
        theirs = list(self._world.venue._desk.orders)
        assert set(ours) == set(theirs), f"the venue works {theirs}"
        records = list(self._world.journal.records())
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
        states = self._world.venue._states
        at_venue = {symbol: state.lots for symbol, state in states.items() if state.lots}
        assert held == at_venue, f"the ledger holds {held}, the venue {at_venue}"
        # Owners who hold against each other have realised what the venue, which nets them, has not.
        net_cash = kernel.ledger.cash["USDT"] - sum(p.cost for p in kernel.ledger.positions.values() if _margined(p))
        venue_cash = self._world.venue._account.cash["USDT"] - sum(s.cost for s in states.values() if s.is_derivative)
        assert net_cash == venue_cash, f"the ledger has {net_cash} in cash, the venue {venue_cash}"
        self._check_value(records)
        self._check_recovery()
        self._world.counts.update(type(record).__name__ for record in records)

    def _check_brackets(self, fills: list[OrderFilled]) -> None:
        """The exits of a bracket close no more than its entry has filled."""
        begun = {record.bracket_id for record in self._world.journal.records() if isinstance(record, BracketBegun)}
        entered: Counter[str] = Counter()
        left: Counter[str] = Counter()
        for fill in fills:
            bracket_id, slot = read_tag(self._world.line.sent[fill.client_id].intent.tag)
            if bracket_id in begun:
                (left if slot else entered)[bracket_id] += fill.lots
        for bracket_id, lots in left.items():
            assert lots <= entered[bracket_id], f"bracket {bracket_id} closed {lots} of {entered[bracket_id]}"
        self._world.counts["brackets entered"] += len(entered)
        self._world.counts["brackets left"] += len(left)
        self._world.counts["brackets live at the end"] += len(self._world.kernel.brackets.live)

    def _check_size(self, fills: list[OrderFilled]) -> None:
        filled: Counter[str] = Counter()
        for fill in fills:
            filled[fill.client_id] += fill.lots
        largest = {client_id: request.intent.lots for client_id, request in self._world.line.sent.items()}
        for record in self._world.journal.records():
            if isinstance(record, AmendRequested) and record.client_id in largest:
                largest[record.client_id] = max(largest[record.client_id], record.lots)
        for client_id, lots in filled.items():
            assert lots <= largest[client_id], f"{client_id} executed {lots} of {largest[client_id]}"
        self._check_size_of_both(filled)

    def _check_size_of_both(self, filled: Counter[str]) -> None:
        """An order and the one that took its place do no more together than was asked for, and each plan ends once."""
        lots: dict[str, int] = {}
        plans: dict[str, int] = {}
        for record in self._world.journal.records():
            if isinstance(record, OrderSubmitted):
                lots[record.client_id] = record.lots
            elif isinstance(record, ReplacementPlanned):
                assert record.client_id not in plans, f"two plans for {record.client_id}"
                plans[record.client_id] = record.lots
            elif isinstance(record, ReplacementEnded):
                most, old = plans.pop(record.client_id), record.client_id
                if record.by and not self._world.gives_up:
                    assert filled[old] + lots[record.by] <= most, f"{old} and {record.by} are more than {most}"
        assert not plans, f"neither placed nor given up: {sorted(plans)}"

    def _check_value(self, records: list[Output]) -> None:
        """The account from the journal's executions alone: cash is what was paid and received."""
        cash = self._world.cash["USDT"]
        lots: Counter[str] = Counter()
        for record in records:
            if isinstance(record, OrderFilled | PositionLiquidated):
                signed = int(record.side) * record.lots
                valuation = self._world.instruments[record.symbol].valuation
                cash -= position_value(record.price, signed, *valuation) + record.fee
                lots[record.symbol] += signed
            elif isinstance(record, FundingPaid):
                cash += record.amount
        margin = sum(p.cost for p in self._world.kernel.ledger.positions.values() if _margined(p))
        assert self._world.kernel.ledger.cash["USDT"] == cash + margin
        assert +lots == +Counter(self._world.kernel.ledger.net_lots)

    def _check_recovery(self) -> None:
        """A kill now would lose nothing but what is measured again at once: prices and equity since the last record."""
        live, recovered = recovery.snapshot(self._world.kernel), recovery.snapshot(self._world.recovered())
        for guards in (live["guards"], recovered["guards"]):
            del guards["equity"], guards["highs"], guards["peak_equity"]
        del live["prices"], recovered["prices"]
        for part, value in live.items():
            assert recovered[part] == value, f"{part}, live and recovered: {_difference(value, recovered[part])}"


def _difference(live: Any, recovered: Any) -> str:
    """Of two lists of rows only the fields that differ."""
    if not isinstance(live, list) or not isinstance(recovered, list) or len(live) != len(recovered):
        return f"{live}\n{recovered}"
    pairs = [(a, b) for a, b in zip(live, recovered, strict=True) if a != b]
    if not all(isinstance(row, dict) for pair in pairs for row in pair):
        return f"{pairs}"
    told = [{name: (a.get(name), b.get(name)) for name in a | b if a.get(name) != b.get(name)} for a, b in pairs]
    return f"{told}"


def _plain(report: Any) -> tuple[Any, ...]:
    """All but when we heard of it, and what it cost against the price that only the engine knows."""
    return tuple(v for name, v in msgspec.structs.asdict(report).items() if name not in ("ts_ns", "slippage"))


def _margined(position: Position) -> bool:
    return position.instrument.is_derivative
