from __future__ import annotations

from collections.abc import Callable
from random import Random

import msgspec

from tests.unit.venues.simulated.desk_driver import BUY, SELL, Driver
from workstation.core.messages import (
    OrderAccepted,
    OrderFilled,
    OrderStatus,
    OrderUnknown,
)
from workstation.core.orders import GATE_SEAL, Approved, CancelRequest, Intent, QueryRequest
from workstation.core.types import OrderState, OrderType
from workstation.venues.simulated import FaultRates, FaultyVenue

SECOND_NS = 1_000_000_000


def faulty(seed: int = 1, **rates: float) -> tuple[Driver, FaultyVenue, Callable[..., None]]:
    driver = Driver()
    venue = FaultyVenue(driver.venue, driver.clock, Random(seed), FaultRates(**rates))  # type: ignore[arg-type]

    def place(client_id: str, lots: int = 1, price: int = 90) -> None:
        intent = Intent(symbol=driver.instrument.symbol, side=BUY, lots=lots, type=OrderType.LIMIT, price=price)
        venue.send(Approved(GATE_SEAL, intent, client_id, 0, 0))
        driver.settle()

    return driver, venue, place


def test_without_faults_it_is_the_venue():
    driver, venue, place = faulty()
    place("a", 5, 101)
    assert driver.said("a") == ["OrderAccepted", "OrderFilled"]
    assert not venue.can.certain and driver.venue.can.certain


def test_a_lost_request_is_unknown_and_cannot_be_found():
    driver, venue, place = faulty(request_lost=1.0)
    place("a")
    driver.wait(5 * SECOND_NS - 1)
    assert driver.reports == []
    driver.wait(1)
    assert isinstance(driver.last("a"), OrderUnknown)
    assert len(venue.lost_requests) == 1 and not driver.venue._desk.orders
    venue.calm()
    venue.send(QueryRequest("a", 0))
    driver.settle()
    assert driver.last("a").found is False


def test_a_lost_answer_is_unknown_and_the_order_is_there():
    driver, venue, place = faulty(report_lost=1.0)
    place("a", 5, 101)
    driver.wait(5 * SECOND_NS)
    assert driver.said("a") == ["OrderUnknown"]
    venue.calm()
    venue.send(QueryRequest("a", 0))
    driver.settle()
    status = driver.last("a")
    assert isinstance(status, OrderStatus) and status.state is OrderState.FILLED
    assert status.fills == tuple(r for r in venue.lost_reports if isinstance(r, OrderFilled))


def test_a_lost_cancel_gets_no_answer_and_the_order_goes_on():
    driver, venue, place = faulty()
    place("a")
    venue._rates = msgspec.structs.replace(venue._rates, request_lost=1.0)
    venue.send(CancelRequest("a"))
    driver.wait(5 * SECOND_NS)
    assert venue.lost_requests == [CancelRequest("a")]
    assert isinstance(driver.last("a"), OrderAccepted)


def test_delayed_reports_come_later_with_the_time_at_which_they_come():
    driver, _, place = faulty(report_delayed=1.0)
    place("a")
    assert driver.reports == []
    driver.wait(2 * SECOND_NS)
    assert driver.said("a") == ["OrderAccepted"]


def test_doubled_reports_come_twice():
    driver, _, place = faulty(report_doubled=1.0)
    place("a", 5, 101)
    driver.wait(2 * SECOND_NS)
    assert sorted(driver.said("a")) == ["OrderAccepted", "OrderAccepted", "OrderFilled", "OrderFilled"]
    assert len({fill.fill_id for fill in driver.fills()}) == 1


def test_reordered_reports():
    driver, _, place = faulty(report_reordered=0.5, seed=2)
    for number in range(40):
        place(f"o{number}")
    driver.wait(2 * SECOND_NS)
    order = [report.client_id for report in driver.reports if isinstance(report, OrderAccepted)]
    assert len(order) == 40 and order != [f"o{number}" for number in range(40)]


def test_what_concerns_the_account_is_never_lost():
    driver, venue, _ = faulty(report_lost=1.0)
    intent = Intent(symbol=driver.instrument.symbol, side=SELL, lots=10)
    venue.send(Approved(GATE_SEAL, intent, "a", 0, 0))
    driver.settle()
    driver.mark(150)
    assert driver.said() == ["PositionLiquidated"]


def test_the_same_seed_makes_the_same_faults():
    def run(seed: int) -> list[object]:
        driver, _, place = faulty(
            seed, request_lost=0.2, report_lost=0.2, report_delayed=0.2, report_doubled=0.2, report_reordered=0.2
        )
        for number in range(60):
            place(f"o{number}", 1, 101 if number % 3 else 90)
            driver.wait(SECOND_NS // 4)
        driver.wait(10 * SECOND_NS)
        return list(driver.reports)

    assert run(5) == run(5)
    assert run(5) != run(6)
