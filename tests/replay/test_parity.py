"""Lesson 20: "backtest and live are not the same". The same events give the same decisions."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from workstation.assembly import add_strategies, configured_instruments, kernel_terms, simulated_venue
from workstation.config.loader import settings_from_json
from workstation.config.settings import Settings
from workstation.core.messages import OrderDenied, OrderFilled, OrderSubmitted, Output
from workstation.core.money import to_money
from workstation.core.timeframe import TIMEFRAMES
from workstation.storage.disk_journal import JournalReader
from workstation.storage.inputs import read_inputs
from workstation.storage.journal import ORDER_KINDS, MemoryJournal, SessionEntry, order_hash
from workstation.storage.layout import DataFolder
from workstation.trading import recovery
from workstation.trading.desk import Desk
from workstation.trading.kernel import Kernel
from workstation.trading.registry import StrategyRegistry

pytestmark = pytest.mark.allow_log_warnings


def session_of(data: Path, number: int) -> tuple[SessionEntry, list[Output]]:
    reader = JournalReader(DataFolder(data).journal)
    entry = reader.sessions()[number - 1]
    records = list(reader.records(number))
    reader.close()
    return entry, records


def backtest(data: Path, entry: SessionEntry, settings: Settings) -> list[Output]:
    """A kernel as a backtest builds it, in memory and without a wall clock, on the events of the paper session."""
    header = entry.header
    instruments = configured_instruments(settings, settings.market.symbols)
    cash = {settings.account.currency: to_money(settings.account.cash)}
    journal = MemoryJournal()
    terms = kernel_terms(
        settings, instruments, cash=cash, session=header.number, start_ns=header.started_ns, seed=header.seed
    )
    kernel = Kernel(terms, journal, simulated_venue(settings, instruments, settings.paper, cash, header.seed))
    Desk(kernel, None)
    for market in kernel.markets.values():
        for interval_ns in TIMEFRAMES.values():
            market.want_series(interval_ns, terms.base_interval_ns)
    assert not add_strategies(kernel, StrategyRegistry(None), settings.strategies)
    kernel.recover(lambda: recovery.restore(kernel, header.opening))
    kernel.start(header.started_ns)
    for event in read_inputs(DataFolder(data).session_inputs(header.number)):
        kernel.dispatch(event)
    return journal.outputs


def decisions(records: list[Output]) -> list[Output]:
    return [record for record in records if isinstance(record, ORDER_KINDS)]


@pytest.mark.parametrize("number", [1, 2])
def test_lesson_20_paper_and_backtest_on_the_same_events_decide_the_same(recorded: Path, number: int):
    entry, records = session_of(recorded, number)
    paper = decisions(records)
    tested = decisions(backtest(recorded, entry, settings_from_json(entry.header.configuration)))
    for index, (ours, theirs) in enumerate(zip(paper, tested)):
        assert ours == theirs, f"decision {index}"
    assert order_hash(paper) == order_hash(tested[: len(paper)])
    assert len(tested) - len(paper) <= (0 if number == 1 else 20), "only a killed session may lack its last decisions"
    kinds = {type(record) for record in paper}
    owners = {record.owner for record in paper if isinstance(record, OrderSubmitted)}
    assert kinds >= {OrderSubmitted, OrderFilled}
    assert len(owners) >= 2, f"only {owners} ordered: too little to prove anything"
    if number == 1:
        assert OrderDenied in kinds


def test_the_comparison_would_see_other_costs(recorded: Path):
    entry, records = session_of(recorded, 1)
    settings = settings_from_json(entry.header.configuration)
    dearer = msgspec.structs.replace(settings.paper, slippage_bps=settings.paper.slippage_bps + 1)
    tested = backtest(recorded, entry, msgspec.structs.replace(settings, paper=dearer))
    assert decisions(tested) != decisions(records)
