"""What a restart finds when the configuration, the strategies or the disk are not what they were."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.replay.paper_session import START_NS, PaperSession, busy_configuration, with_settings
from workstation.config.loader import Loaded
from workstation.config.settings import StrategyEntry
from workstation.core.errors import ConfigurationError, StorageError
from workstation.core.messages import Kill, OrderDenied, PlaceOrder, Resume, SetParameters, StrategyChanged
from workstation.core.orders import Intent
from workstation.core.timeframe import HOUR_NS
from workstation.core.types import OrderType, Side, StrategyState, TradingState
from workstation.storage.candles import CandleDatabase
from workstation.storage.disk_journal import JournalReader
from workstation.storage.layout import DataFolder
from workstation.trading.trading_state import KILL
from workstation.verification import verify

pytestmark = pytest.mark.allow_log_warnings

replace = msgspec.structs.replace
SOURCE = "from workstation.trading.strategy import Strategy\n\n\nclass Mine(Strategy):\n"
NEXT = START_NS + HOUR_NS


def without(loaded: Loaded, symbol: str) -> Loaded:
    settings = loaded.settings
    strategies = {name: entry for name, entry in settings.strategies.items() if entry.symbol != symbol}
    symbols = tuple(other for other in settings.market.symbols if other != symbol)
    market = replace(settings.market, symbols=symbols)
    return with_settings(loaded, replace(settings, market=market, strategies=strategies))


def trade(session: PaperSession, side: Side, reduce_only: bool = False) -> None:
    session.command(PlaceOrder(intent=Intent(symbol="XRPUSDT", side=side, lots=1_000, reduce_only=reduce_only)))
    session.let_pass(3)


def quiet(**changes: Any) -> Loaded:
    loaded = busy_configuration(**changes)
    return with_settings(loaded, replace(loaded.settings, strategies={}))


@pytest.mark.parametrize("end", ["close", "kill"])
def test_a_symbol_that_was_traded_and_is_gone_does_not_stop_the_start(tmp_path: Path, end: str):
    first = PaperSession(tmp_path, quiet())
    first.let_pass(5)
    trade(first, Side.BUY)
    trade(first, Side.SELL, reduce_only=True)
    cash = dict(first.session.kernel.ledger.cash)
    getattr(first, end)()
    second = PaperSession(tmp_path, without(quiet(), "XRPUSDT"), start_ns=NEXT)
    assert second.session.kernel.ledger.cash == cash
    second.close()


def test_a_position_in_a_symbol_that_is_gone_is_refused_with_the_remedy(tmp_path: Path):
    first = PaperSession(tmp_path, quiet())
    first.let_pass(5)
    trade(first, Side.BUY)
    first.kill()
    with pytest.raises(ConfigurationError, match="holds XRPUSDT, which the configuration no longer has"):
        PaperSession(tmp_path, without(quiet(), "XRPUSDT"), start_ns=NEXT)
    again = PaperSession(tmp_path, quiet(), start_ns=NEXT)
    assert again.session.kernel.ledger.net_lots["XRPUSDT"] == 1_000
    again.close()


def test_an_order_that_is_open_in_a_symbol_that_is_gone_is_refused_with_the_remedy(tmp_path: Path):
    first = PaperSession(tmp_path, quiet())
    first.let_pass(5)
    low = first.session.kernel.markets["XRPUSDT"].last_price * 9 // 10
    resting = Intent(symbol="XRPUSDT", side=Side.BUY, lots=1_000, type=OrderType.LIMIT, price=low)
    first.command(PlaceOrder(intent=resting))
    first.let_pass(3)
    assert first.session.kernel.orders.open_orders()
    first.kill()
    with pytest.raises(ConfigurationError, match="is open in XRPUSDT, which the configuration no longer has"):
        PaperSession(tmp_path, without(quiet(), "XRPUSDT"), start_ns=NEXT)


def test_a_position_whose_lot_was_changed_is_refused_with_the_remedy(tmp_path: Path):
    first = PaperSession(tmp_path, quiet())
    first.let_pass(5)
    trade(first, Side.BUY)
    first.close()
    loaded = quiet()
    instruments = dict(loaded.settings.instruments)
    instruments["XRPUSDT"] = replace(instruments["XRPUSDT"], lot=Decimal("0.01"))
    changed = with_settings(loaded, replace(loaded.settings, instruments=instruments))
    with pytest.raises(ConfigurationError, match=r"XRPUSDT with tick 0.0001, lot 0.1.*instruments\.XRPUSDT"):
        PaperSession(tmp_path, changed, start_ns=NEXT)


def own_strategy(folder: Path, body: str) -> Loaded:
    folder.mkdir(exist_ok=True)
    (folder / "mine.py").write_text(SOURCE + "".join(f"    {line}\n" for line in body.splitlines()))
    loaded = busy_configuration(strategy_folder=str(folder))
    mine = StrategyEntry(strategy="mine", symbol="XRPUSDT", timeframe="1m", start=True)
    return with_settings(loaded, replace(loaded.settings, strategies={"mine": mine}))


COUNTING = "def on_trade(self, trade):\n    self.state['trades'] = self.state.get('trades', 0) + 1"


def test_the_state_of_a_strategy_that_did_not_load_once_is_not_lost(tmp_path: Path):
    folder, data = tmp_path / "strategies", tmp_path / "data"
    first = PaperSession(data, own_strategy(folder, COUNTING))
    first.let_pass(20)
    counted = dict(first.session.kernel.host.slots["mine"].strategy.state)
    assert counted["trades"] > 0
    first.kill()
    second = PaperSession(data, own_strategy(folder, "def broken("), start_ns=NEXT)
    assert "mine" in second.session.failures
    second.let_pass(2)
    second.close()
    third = PaperSession(data, own_strategy(folder, COUNTING), start_ns=NEXT + HOUR_NS)
    assert third.session.kernel.host.slots["mine"].strategy.state["trades"] >= counted["trades"]
    third.close()


MALFORMED = {
    "a float of lots": "self.buy(0.5)",
    "a word of lots": "self.buy('many')",
    "a float price": "self.buy(5, price=5213.5)",
    "a huge quantity": "self.buy(10**30)",
    "a numpy quantity": "import numpy; self.buy(numpy.int64(5))",
    "no reason": "self.buy(5, reason=None)",
    "a log of a number": "self.log(5)",
    "a signal without a number": "self.signal(None, float('nan'), {}, '')",
    "a state that is a list": "self.state = [1]",
    "a state that is an array": "import numpy; self.state = numpy.zeros(3)",
    "a state within itself": "self.state['x'] = self.state",
    "an amendment by a half": "self.amend(self.buy(1000, price=self.last_price), lots=1.5)",
}


@pytest.mark.parametrize("what", MALFORMED)
def test_what_a_strategy_says_never_spoils_the_journal(tmp_path: Path, what: str):
    folder, data = tmp_path / "strategies", tmp_path / "data"
    first = PaperSession(data, own_strategy(folder, f"def on_bar(self, bar):\n    {MALFORMED[what]}"))
    first.let_pass(65)
    slot = first.session.kernel.host.slots["mine"]
    assert slot.state is StrategyState.FAILED or what == "a huge quantity", "it was believed"
    first.close()
    reader = JournalReader(DataFolder(data).journal)
    records = list(reader.records(1))
    reader.close()
    assert any(isinstance(record, StrategyChanged | OrderDenied) for record in records)
    second = PaperSession(data, own_strategy(folder, COUNTING), start_ns=NEXT)
    second.close()
    assert verify(DataFolder(data), folder).sessions == 1


def test_parameters_of_a_running_session_survive_and_an_edited_line_wins(tmp_path: Path):
    def with_spread(value: object) -> Loaded:
        loaded = busy_configuration()
        maker = loaded.settings.strategies["market_maker"]
        parameters = {**maker.parameters, "spread_bps": value}
        return with_settings(
            loaded,
            replace(loaded.settings, strategies={"market_maker": replace(maker, parameters=parameters, start=False)}),
        )

    def spread(session: PaperSession) -> object:
        return session.session.kernel.host.slots["market_maker"].strategy.parameter_values()["spread_bps"]

    first = PaperSession(tmp_path, with_spread(8))
    first.command(SetParameters(strategy="market_maker", values={"spread_bps": 11}))
    first.kill()
    second = PaperSession(tmp_path, with_spread(8), start_ns=NEXT)
    assert spread(second) == 11
    second.close()
    third = PaperSession(tmp_path, with_spread(20), start_ns=NEXT + HOUR_NS)
    assert spread(third) == 20
    third.close()


class FullDisk:
    """A kill latch that cannot be written."""

    def __init__(self, full: Callable[[], bool], latch: Any) -> None:
        self._full, self._latch = full, latch

    def __getattr__(self, name: str) -> Any:
        return getattr(self._latch, name)

    def engage(self, *arguments: Any, **named: Any) -> None:
        if self._full():
            raise StorageError("The disk is full.")
        self._latch.engage(*arguments, **named)


def test_lesson_27_a_kill_that_cannot_be_latched_is_not_lifted(tmp_path: Path):
    paper = PaperSession(tmp_path, quiet())
    session = paper.session
    full = True
    latch: Any = FullDisk(lambda: full, session.latch)
    session.control._latch = session.desk.kill_switch._latch = latch
    paper.command(Kill(reason="a full disk"))
    for _ in range(3):
        session.control.look()
        session._keep_house()
    assert session.kernel.trading.state is TradingState.HALTED and not latch.engaged
    full = False
    session._keep_house()
    session.control.look()
    assert latch.engaged and KILL in session.kernel.trading.causes
    latch.release()
    session.control.look()
    assert KILL not in session.kernel.trading.causes
    paper.close()


def test_a_kill_survives_a_kill_9_and_is_lifted_by_a_person_only(tmp_path: Path):
    first = PaperSession(tmp_path, quiet())
    first.command(Kill(reason="enough"))
    first.kill()
    second = PaperSession(tmp_path, quiet(), start_ns=NEXT)
    assert KILL in second.session.kernel.trading.causes
    second.session.control.look()
    assert KILL in second.session.kernel.trading.causes
    second.command(Resume(reason="a person"))
    second.session.control.look()
    assert second.session.kernel.trading.state is TradingState.ACTIVE
    second.close()


def test_a_lifted_kill_is_not_engaged_again(tmp_path: Path):
    first = PaperSession(tmp_path, quiet())
    first.command(Kill(reason="enough"))
    first.session.control.look()
    latch = first.session.latch
    first.close()
    latch.release()
    second = PaperSession(tmp_path, quiet(), start_ns=NEXT)
    assert second.session.kernel.trading.state is TradingState.ACTIVE
    second.close()


def test_invented_candles_never_pass_for_real_ones(tmp_path: Path):
    session = PaperSession(tmp_path, quiet())
    kept = CandleDatabase(session.session.database).ranges()
    session.close()
    assert kept and all(symbol.endswith("@BUILTIN") for symbol, *_ in kept)
