"""What every way of running the services must show: it trades, each service is healthy, people can ask and kill."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

SERVICES = ("feed", "execution", "strategies", "risk", "reporter", "ops")
TRADES = 3


class Answer(NamedTuple):
    status: int
    told: Any


class OpsClient:
    """The ops API at an address, with the tokens by role."""

    def __init__(self, address: str, tokens: dict[str, str]) -> None:
        self._address = address
        self._tokens = tokens

    def ask(self, path: str, role: str = "viewer", body: dict[str, Any] | None = None) -> Answer:
        """GET, or POST with a body; status 0 where nobody answers."""
        headers = {"Authorization": f"Bearer {self._tokens[role]}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        try:
            with urlopen(Request(self._address + path, data, headers), timeout=10) as answer:
                text = answer.read().decode()
                return Answer(answer.status, json.loads(text) if text.startswith(("{", "[")) else text)
        except HTTPError as error:
            return Answer(error.code, json.loads(error.read() or b"null"))
        except (URLError, OSError):
            return Answer(0, None)


def until(condition: Callable[[], bool], timeout_s: float, what: str) -> None:
    ends = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < ends, f"not within {timeout_s:.0f} s: {what}"
        time.sleep(0.3)


def check_stack(ops: OpsClient, is_healthy: Callable[[], bool], timeout_s: float) -> None:
    """Raises ``AssertionError`` with what is not as it must be. The stack trades again when it returns."""
    until(lambda: ops.ask("/ready").status == 200, timeout_s, "the ops API and the engine are ready")
    until(lambda: count_trades(ops) >= TRADES, timeout_s, "the strategies trade")
    until(is_healthy, timeout_s, "every service is healthy")
    _check_access(ops)
    _check_kill(ops)
    before = count_trades(ops)
    until(lambda: count_trades(ops) > before, timeout_s, "it trades again after the resume")


def count_trades(ops: OpsClient) -> int:
    """Executions that the engine tells of; 0 while it does not answer."""
    answer = ops.ask("/api/v1/trades?limit=1000")
    return len(answer.told) if answer.status == 200 else 0


def _check_access(ops: OpsClient) -> None:
    assert ops.ask("/health").told["status"] == "alive"
    page = ops.ask("/")
    assert page.status == 200 and "<html" in page.told
    metrics = ops.ask("/metrics").told
    for service in SERVICES:
        assert f'workstation_service_age_seconds{{service="{service}"}}' in metrics
    assert ops.ask("/api/v1/kill", "viewer", {"reason": "test"}).status == 403


def _check_kill(ops: OpsClient) -> None:
    symbol = _told(ops, "/api/v1/trades?limit=1")[0]["symbol"]
    order = {"symbol": symbol, "side": "buy", "type": "market", "quantity": "0.001"}
    killed = ops.ask("/api/v1/kill", "trader", {"reason": "test", "flatten": False})
    assert killed.status == 200, killed
    assert _told(ops, "/api/v1/risk")["killed"]
    refused = ops.ask("/api/v1/orders", "trader", order)
    assert refused.status == 409 and "HALTED" in refused.told["detail"], refused
    until(lambda: not _entries(ops), 20, "entries are cancelled after the kill")
    assert ops.ask("/api/v1/resume", "trader", {"reason": "test"}).status == 403
    assert ops.ask("/api/v1/resume", "admin", {"reason": "test"}).status == 200
    assert not _told(ops, "/api/v1/risk")["killed"]


def _entries(ops: OpsClient) -> list[Any]:
    return [order for order in _told(ops, "/api/v1/orders") if not order["reduce_only"]]


def _told(ops: OpsClient, path: str) -> Any:
    answer = ops.ask(path)
    assert answer.status == 200, answer
    return answer.told
