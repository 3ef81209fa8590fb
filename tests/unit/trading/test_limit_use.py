"""The use of each limit is what the gate counts when it denies."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

from tests.unit.trading.bench import BTC, COIN, ETH, LAST, LIMITS, SOL, START_NS, Bench, buy
from workstation.core.money import RATE_SCALE
from workstation.core.views import LimitView
from workstation.trading.denials import DenialCode
from workstation.trading.kernel import Kernel
from workstation.trading.limit_rows import rate_limit
from workstation.trading.limit_use import limits_in_use


def rows(bench: Bench) -> dict[str, LimitView]:
    terms = SimpleNamespace(limits=LIMITS, leverage=1)
    parts = {name: getattr(bench, name) for name in ("clock", "markets", "ledger", "guards", "orders", "gate")}
    return {row.name: row for row in limits_in_use(cast(Kernel, SimpleNamespace(terms=terms, **parts)))}


def test_a_position_from_an_earlier_session_counts_without_any_order() -> None:
    bench = Bench()
    bench.hold(BTC, 200)
    found = rows(bench)
    assert (found["Gross exposure"].value, found["Gross exposure"].limit) == ("20.0 %", "100.0 %")
    assert found["Largest position"].value == "20.0 %"
    assert found["Symbols held or ordered"].value == "1"


def test_an_inverse_contract_counts_in_the_currency_of_the_account() -> None:
    bench = Bench()
    bench.hold(COIN, 100)
    assert rows(bench)["Gross exposure"].value == "10.0 %"
    bench.submit(buy(50, COIN, price=LAST - 1))
    assert rows(bench)["Largest order"].value == "5.0 %"


def test_positions_are_counted_as_the_gate_denies_them() -> None:
    bench = Bench()
    bench.hold(BTC, 100)
    bench.hold(SOL, 100)
    bench.submit(buy(50, ETH, price=LAST - 1))
    found = rows(bench)["Symbols held or ordered"]
    denial = bench.deny(buy(100, COIN))
    assert denial.code is DenialCode.OPEN_POSITIONS
    assert (int(found.value) + 1, found.limit) == (int(denial.value), denial.limit)
    assert found.use == 1


def test_crisis_mode_has_a_limit_of_its_own_for_positions() -> None:
    bench = Bench()
    bench.hold(BTC, 100)
    assert rows(bench)["Losses to crisis mode"].limit == "4"
    bench.guards.enter_crisis(START_NS, "a test")
    found = rows(bench)
    denial = bench.deny(buy(50, ETH))
    assert denial.code is DenialCode.CRISIS
    assert (found["Symbols held or ordered"].value, found["Symbols held or ordered"].limit) == ("1", denial.limit)
    assert "Losses to crisis mode" not in found and "Drawdown to crisis mode" not in found


def test_losses_tell_what_they_lead_to() -> None:
    bench = Bench()
    for _ in range(3):
        bench.guards.on_trip(START_NS, "manual", BTC, -1, False, 0)
    found = rows(bench)
    assert (found["Losses in a row"].value, found["Losses in a row"].limit) == ("3", "5")
    assert (found["Losses to crisis mode"].value, found["Losses to crisis mode"].limit) == ("3", "4")
    bench.guards.peak_equity = bench.ledger.equity() * 100 // 94
    found = rows(bench)
    assert (found["Drawdown"].value, found["Drawdown"].limit) == ("6.0 %", "10.0 %")
    assert (found["Drawdown to crisis mode"].value, found["Drawdown to crisis mode"].limit) == ("6.0 %", "8.0 %")


def test_nothing_lost_has_no_sign() -> None:
    limit = RATE_SCALE * 3 // 100
    shown = [
        rate_limit("Day loss", rate, limit, sign="−").value for rate in (0, RATE_SCALE // 20_000, RATE_SCALE // 100)
    ]
    assert shown == ["0.0 %", "0.0 %", "−1.0 %"]
