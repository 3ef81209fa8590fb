"""What must agree at the end: the journal, the books, the history database, and the exchange's own record."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.end_to_end.program import journal
from tests.live.world import STRATEGIES, LiveWorld
from workstation.assembly import last_state, strategy_registry
from workstation.core.instrument import Instrument
from workstation.core.messages import OrderAdopted, OrderFilled, OrderSubmitted, Output, PositionLiquidated
from workstation.core.money import from_money, to_money
from workstation.storage.database import FillRow, open_database
from workstation.storage.disk_journal import DiskJournal, JournalReader
from workstation.storage.layout import DataFolder
from workstation.storage.projector import Projector
from workstation.verification import verify


def check_everything(world: LiveWorld, *, begun_with: int = 0) -> Counter[str]:
    """After the last session was stopped in order. ``begun_with``: executions of the exchange's record from before the
    books began. Gives what was met, to be counted."""
    sessions, records = journal(world.data)
    check_orders(world, records)
    check_executions(world, records, begun_with)
    ledger = books_of(world)
    check_money(world, ledger)
    check_history(world.data, records)
    proved = verify(DataFolder(world.data), STRATEGIES)
    assert proved.sessions == len(sessions), proved.skipped
    counts = Counter(type(record).__name__ for record in records)
    counts["sessions"] = len(sessions)
    return counts


def check_orders(world: LiveWorld, records: list[Output]) -> None:
    """Each client id was sent once, and all that was sent was journalled before."""
    desk = world.desk
    sent = [order.client_order_id for order in desk.orders.values()]
    conditional = list(desk.conditional.orders.values()) if world.market == "linear" else []
    became = {order.client_algo_id for order in conditional}
    ids = [*became, *(client_id for client_id in sent if client_id not in became)]
    assert len(became) == len(conditional), "a conditional order was sent twice"
    assert len([client_id for client_id in sent if client_id not in became]) == len(
        {client_id for client_id in sent if client_id not in became}
    ), "an order was sent twice"
    ours = Counter(r.client_id for r in records if isinstance(r, OrderSubmitted))
    assert all(count == 1 for count in ours.values())
    foreign = {r.order.client_id for r in records if isinstance(r, OrderAdopted)}
    token = next(iter(ours), "w")[:5]
    unknown = [i for i in ids if i.startswith(token) and i not in ours]
    assert not unknown, f"orders left that were not journalled: {unknown}"
    adopted = [client_id for client_id in foreign if client_id.startswith(token)]
    assert not adopted, f"orders of ours were taken for another's: {adopted}"


def check_executions(world: LiveWorld, records: list[Output], begun_with: int) -> None:
    """Each execution of the exchange was booked once, with its price, size and fee."""
    booked: list[tuple[Any, ...]] = []
    for r in records:
        if isinstance(r, OrderFilled | PositionLiquidated):
            booked.append((r.fill_id, r.symbol, int(r.side), r.price, r.lots, r.fee, r.fee_asset))
    theirs = [
        (f"{e.symbol}:{e.trade_id}", e.symbol, int(e.side), e.price, e.lots, e.fee, e.fee_asset)
        for e in world.desk.executions[begun_with:]
    ]
    twice = [fill for fill, count in Counter(row[0] for row in booked).items() if count > 1]
    assert not twice, f"booked twice: {twice}"
    missing, invented = set(theirs) - set(booked), set(booked) - set(theirs)
    assert not missing and not invented, f"missing {sorted(missing)}, not the exchange's {sorted(invented)}"


def books_of(world: LiveWorld) -> dict[str, Any]:
    """The ledger as the journal alone gives it."""
    settings = world.loaded.settings
    disk = DiskJournal(DataFolder(world.data).journal)
    try:
        state = last_state(disk, settings, strategy_registry(settings, world.loaded.file))
    finally:
        disk.close()
    assert state is not None
    ledger: dict[str, Any] = state["ledger"]
    return ledger


def check_money(world: LiveWorld, ledger: dict[str, Any]) -> None:
    """Balances and positions are the exchange's to the last digit."""
    desk, settings = world.desk, world.loaded.settings
    lots: Counter[str] = Counter()
    costs: Counter[str] = Counter()
    for row in ledger["positions"]:
        lots[row["symbol"]] += row["lots"]
        costs[row["symbol"]] += row["cost"]
    if world.market == "spot":
        ours = Counter(ledger["cash"])
        for symbol, number in lots.items():
            instrument: Instrument = settings.instruments[symbol]
            ours[instrument.base] += to_money(instrument.quantity(number))
        theirs = {asset: desk.total(asset) for asset in {*ours, "USDT", "BTC", "ETH"}}
        assert {a: m for a, m in ours.items() if m} == {a: m for a, m in theirs.items() if m}
    else:
        held = Counter({symbol: holding.lots for symbol, holding in desk.books.holdings.items() if holding.lots})
        assert {symbol: n for symbol, n in lots.items() if n} == held
        cost = sum(holding.cost for holding in desk.books.holdings.values())
        assert ledger["cash"].get("USDT", 0) - sum(costs.values()) == desk.wallet("USDT") - cost


def check_history(data: Path, records: list[Output]) -> None:
    """The tables of screens hold each fill once, and were written from the same journal."""
    folder = DataFolder(data)
    database, reader = open_database(folder.history), JournalReader(folder.journal)
    try:
        _ = Projector(database, reader).catch_up()
        rows = Counter(row.fill_id for row in FillRow.select().bind(database))
    finally:
        reader.close()
        database.close()
    assert rows == Counter(r.fill_id for r in records if isinstance(r, OrderFilled | PositionLiquidated))


class ExposureWatch:
    """Looks at the exchange's own record after each execution: what is held is within the limit of the gate."""

    def __init__(self, world: LiveWorld, slack_percent: int) -> None:
        risk, account = world.loaded.settings.risk, world.loaded.settings.account
        self._world = world
        self._allowed = risk.gross_exposure_percent / 100 * account.leverage * (100 + slack_percent) / 100
        self._passed: list[str] = []
        book = world.desk.book_execution

        def booked(execution: Any) -> None:
            book(execution)
            self._look(execution)

        world.desk.book_execution = booked

    def _look(self, execution: Any) -> None:
        worth, equity = self._worth_and_equity()
        if worth > equity * self._allowed:
            self._passed.append(f"{execution.symbol}:{execution.trade_id}: {worth:.2f} of {equity:.2f}")

    def _worth_and_equity(self) -> tuple[Decimal, Decimal]:
        desk, settings = self._world.desk, self._world.loaded.settings
        lots: Counter[str] = Counter()
        paid = Decimal(0)
        for done in desk.executions:
            instrument = settings.instruments[done.symbol]
            lots[done.symbol] += int(done.side) * done.lots
            paid += int(done.side) * instrument.quantity(done.lots) * instrument.price(done.price)
            paid += from_money(done.fee) if done.fee_asset == "USDT" else Decimal(0)
        worths = [
            settings.instruments[symbol].quantity(held) * settings.instruments[symbol].price(desk.listings[symbol].last)
            for symbol, held in lots.items()
        ]
        return sum(map(abs, worths), Decimal(0)), self._world.opening_cash - paid + sum(worths, Decimal(0))

    def check(self) -> None:
        assert not self._passed, f"the exposure passed its limit: {self._passed}"
