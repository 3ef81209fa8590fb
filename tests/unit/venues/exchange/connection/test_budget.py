"""The exchange's limits: what leaves when, who goes first, and how long a refusal is waited out."""

from __future__ import annotations

import asyncio

import pytest

from workstation.venues.exchange.connection.budget import Budget
from workstation.venues.exchange.connection.call import Call, Priority
from workstation.venues.exchange.connection.errors import RequestExpired

SECOND_NS = 1_000_000_000
MINUTE_NS = 60 * SECOND_NS
LIMITS = [
    {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 100},
    {"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": 2},
    {"rateLimitType": "RAW_REQUESTS", "interval": "MINUTE", "intervalNum": 5, "limit": 61000},
]


class Desk:
    """A budget whose clock moves only by waiting."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now_ns = 1_000 * MINUTE_NS
        self.budget = Budget(lambda: self.now_ns, lambda: self.now_ns)
        self.waits: list[float] = []

        async def sleep(seconds: float) -> None:
            self.waits.append(seconds)
            self.now_ns += int(seconds * SECOND_NS)

        monkeypatch.setattr(asyncio, "sleep", sleep)

    async def admit(self, priority: Priority, weight: int = 1, *, expires_s: float = 0, pace_ns: int = 0) -> None:
        expires_ns = self.now_ns + int(expires_s * SECOND_NS) if expires_s else 0
        await self.budget.admit(Call(priority, expires_ns), weight, pace_ns)


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk(monkeypatch)


async def test_queries_leave_a_reserve_for_orders_and_cancels(desk: Desk) -> None:
    desk.budget.learn(LIMITS)
    await desk.admit(Priority.QUERY, 80)
    await desk.admit(Priority.CANCEL, 1)
    await desk.admit(Priority.ORDER, 1)
    assert desk.waits == []
    await desk.admit(Priority.QUERY, 1)
    assert desk.waits == [pytest.approx(60.1)]


async def test_what_the_headers_tell_counts_whoever_used_it(desk: Desk) -> None:
    desk.budget.learn(LIMITS)
    desk.budget.note(200, {"X-MBX-USED-WEIGHT-1M": "99", "X-Mbx-Order-Count-10s": "2"}, "")
    uses = {use.name: (use.used, use.limit, use.window_s) for use in desk.budget.limits().uses}
    assert uses == {"request weight": (99, 100, 60), "orders": (2, 2, 10)}
    await desk.admit(Priority.ORDER)
    assert desk.waits == [10.0]


async def test_the_order_count_holds_back_orders_alone(desk: Desk) -> None:
    desk.budget.learn(LIMITS)
    await desk.admit(Priority.ORDER)
    await desk.admit(Priority.ORDER)
    await desk.admit(Priority.CANCEL)
    await desk.admit(Priority.QUERY)
    assert desk.waits == []


async def test_an_order_that_would_wait_beyond_its_expiry_is_not_sent(desk: Desk) -> None:
    desk.budget.learn(LIMITS)
    desk.budget.note(429, {"Retry-After": "30"}, "")
    with pytest.raises(RequestExpired):
        await desk.admit(Priority.ORDER, expires_s=5)
    assert desk.waits == []


async def test_lesson_16_retry_after_holds_back_everything(desk: Desk) -> None:
    desk.budget.note(429, {"retry-after": "30"}, "")
    assert desk.budget.limits().blocked_until_ns == desk.now_ns + 30 * SECOND_NS
    await desk.admit(Priority.CANCEL)
    assert desk.waits == [30.0]
    assert desk.budget.limits().blocked_until_ns == 0


async def test_lesson_16_a_ban_without_the_header_is_read_from_its_text(desk: Desk) -> None:
    until_ms = (desk.now_ns + 90 * SECOND_NS) // 1_000_000
    desk.budget.note(418, {}, f'{{"code":-1003,"msg":"Way too much; IP banned until {until_ms}. Please"}}')
    assert desk.budget.limits().blocked_until_ns == desk.now_ns + 90 * SECOND_NS


async def test_lesson_16_refusals_without_a_time_are_waited_out_longer_each_time(desk: Desk) -> None:
    waits = []
    for _ in range(8):
        desk.budget.note(429, {}, "")
        before = len(desk.waits)
        await desk.admit(Priority.QUERY)
        waits.append(sum(desk.waits[before:]))
    assert waits == [2, 4, 8, 16, 32, 60, 60, 60]
    desk.budget.note(200, {}, "")
    desk.budget.note(429, {}, "")
    await desk.admit(Priority.QUERY)
    assert desk.waits[-1] == 2
    assert desk.budget.limits().refusals == 9


async def test_an_exchange_without_counts_is_paced_and_orders_go_at_once(desk: Desk) -> None:
    await desk.admit(Priority.QUERY, pace_ns=SECOND_NS)
    await desk.admit(Priority.ORDER, pace_ns=SECOND_NS)
    assert desk.waits == []
    await desk.admit(Priority.QUERY, pace_ns=SECOND_NS)
    assert desk.waits == [2.0]


async def test_a_single_request_above_the_whole_limit_still_leaves(desk: Desk) -> None:
    desk.budget.learn(LIMITS)
    await desk.admit(Priority.QUERY, 500)
    assert desk.waits == []


async def test_bybits_own_headers_are_shown(desk: Desk) -> None:
    desk.budget.note(200, {"X-Bapi-Limit": "10", "X-Bapi-Limit-Status": "7"}, "")
    (use,) = desk.budget.limits().uses
    assert (use.name, use.used, use.limit) == ("requests", 3, 10)
