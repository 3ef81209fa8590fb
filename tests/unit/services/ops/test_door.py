"""Who may come in, how often, with how much, and what is written down of it."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import pytest

from tests.unit.services.ops.world import ADMIN, TRADER, VIEWER, World
from workstation.core.errors import CredentialsError
from workstation.core.timeframe import SECOND_NS
from workstation.services.ops.audit import LONGEST
from workstation.services.ops.limits import MOST_KEYS, RateLimits
from workstation.services.ops.tokens import Role, Tokens, load_tokens

PRIVATE = ("/ready", "/metrics", "/api/v1/account", "/api/v1/openapi.json", "/api/v1/nowhere", "/docs", "/redoc")
ADMINS: tuple[tuple[str, str, Any], ...] = (
    ("POST", "/api/v1/resume", {}),
    ("POST", "/api/v1/risk/end-crisis", {}),
    ("POST", "/api/v1/risk/lift-throttle", {"owner": "grid"}),
    ("POST", "/api/v1/risk/trading-state", {"state": "ACTIVE"}),
    ("POST", "/api/v1/reconciliation/accept", {}),
    ("PUT", "/api/v1/configuration/staged", {"text": "a: 1"}),
    ("POST", "/api/v1/configuration/validate", {"text": "a: 1"}),
    ("POST", "/api/v1/configuration/apply", {"hash": "0" * 64}),
    ("PUT", "/api/v1/paper", {"values": {"taker_bps": "5"}}),
)
TRADERS: tuple[tuple[str, str, Any], ...] = (
    ("POST", "/api/v1/orders", {"symbol": "BTCUSDT", "side": "buy", "quantity": "1"}),
    ("DELETE", "/api/v1/orders/x", None),
    ("PATCH", "/api/v1/orders/x", {}),
    ("POST", "/api/v1/orders/cancel-all", {}),
    ("POST", "/api/v1/kill", {}),
    ("POST", "/api/v1/flatten", {}),
    ("POST", "/api/v1/control/take", None),
    ("POST", "/api/v1/control/give-up", None),
    ("POST", "/api/v1/risk/trading-state", {"state": "REDUCING"}),
    ("POST", "/api/v1/strategies/grid/start", None),
    ("POST", "/api/v1/strategies/pause-all", None),
    ("PUT", "/api/v1/strategies/grid/parameters", {"values": {"levels": 3}}),
)


@pytest.mark.parametrize("path", PRIVATE)
def test_nothing_but_health_and_the_page_without_a_token(world: World, path: str) -> None:
    for token in ("", "wrong-" + "x" * 30, VIEWER + "x", VIEWER[:-1]):
        answer = world.get(path, token)
        assert answer.status == 401 and answer.headers["WWW-Authenticate"].startswith("Bearer")
        assert "Authorization: Bearer" in answer.problem and "x" * 30 not in answer.problem


@pytest.mark.parametrize(("method", "path", "body"), ADMINS)
def test_only_an_admin_lifts_and_configures(world: World, method: str, path: str, body: object) -> None:
    for token in (VIEWER, TRADER):
        answer = world.ask(method, path, body, token)
        assert answer.status == 403 and "This is for the role" in answer.problem
    assert "for the role admin" in answer.problem


@pytest.mark.parametrize(("method", "path", "body"), TRADERS)
def test_a_viewer_commands_nothing(world: World, method: str, path: str, body: object) -> None:
    answer = world.ask(method, path, body, VIEWER)
    assert answer.status == 403 and "for the role trader" in answer.problem


def test_no_get_changes_anything(world: World) -> None:
    for path in ("kill", "flatten", "resume", "orders/cancel-all", "strategies/grid/stop", "configuration/apply"):
        assert world.get(f"/api/v1/{path}", ADMIN).status in (404, 405)
    assert world.get("/api/v1/risk").json["killed"] is False


def test_every_answer_carries_the_security_headers(world: World) -> None:
    for path, token in (("/", ""), ("/health", ""), ("/api/v1/account", VIEWER), ("/api/v1/account", "")):
        headers = world.get(path, token).headers
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff" and headers["Cache-Control"] == "no-store"
        assert "Access-Control-Allow-Origin" not in headers and "Server" not in headers


def test_another_sites_page_is_refused(world: World) -> None:
    for headers in ({"Origin": "http://evil.example"}, {"Origin": "null"}, {"Sec_Fetch_Site": "cross-site"}):
        answer = world.post("/api/v1/strategies/pause-all", **headers)
        assert answer.status == 403 and "another site" in answer.problem
    preflight = world.ask("OPTIONS", "/api/v1/kill", None, "", Origin="http://evil.example")
    assert preflight.status == 401


def test_a_form_of_another_site_is_no_json(world: World) -> None:
    answer = world.ask("POST", "/api/v1/flatten", b"symbol=BTCUSDT", TRADER, Content_Type="text/plain")
    assert answer.status == 422


def test_large_bodies_are_refused_whatever_they_claim(world: World) -> None:
    answer = world.ask("POST", "/api/v1/kill", b"{" + b" " * 300_000 + b"}", TRADER)
    assert answer.status == 413 and "262,144 bytes" in answer.problem


def test_malformed_requests_get_one_sentence(world: World) -> None:
    for body, part in (
        (b"{", "JSON"),
        ({"symbol": "BTCUSDT", "side": "up", "quantity": "1"}, "side"),
        ({"symbol": "BTCUSDT", "side": "buy", "quantity": 0.1}, "quantity"),
        ({"symbol": "BTCUSDT", "side": "buy", "quantity": "1", "what": 1}, "what"),
    ):
        answer = world.ask("POST", "/api/v1/orders", body, TRADER, Content_Type="application/json")
        assert answer.status == 422 and part in answer.problem


def test_every_command_is_audited_also_a_refused_one(world: World) -> None:
    world.post("/api/v1/resume", {"reason": "I want to"})
    asked, answered = world.audit()[-2:]
    assert asked["what"] == answered["what"] == "POST /api/v1/resume" and asked["entry"] == answered["entry"]
    assert asked["role"] == "trader" and asked["address"] == "127.0.0.1" and "I want to" in asked["request"]
    assert answered["status"] == 403 and "for the role admin" in answered["result"]
    world.ask("PUT", "/api/v1/configuration/staged", {"text": "x" * 2 * LONGEST}, ADMIN)
    assert set(world.audit()[-2]["request"]) == {"bytes", "sha256"}
    path = world.folder / "ops-data" / "ops" / "audit.jsonl"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert not any(token in path.read_text() for token in (VIEWER, TRADER, ADMIN))


@pytest.mark.allow_log_warnings("The audit")
def test_without_an_audit_only_the_kill_switch_works(world: World, tmp_path: Path) -> None:
    with world.another_ops(tmp_path) as ops:
        path = tmp_path / "ops" / "audit.jsonl"
        path.mkdir()
        answer = ops.post("/api/v1/strategies/pause-all")
        assert answer.status == 503 and "commands are refused" in answer.problem
        assert ops.post("/api/v1/kill").status == 200
        assert ops.get("/api/v1/risk").json["killed"] is True


def test_too_many_requests_wait_but_the_kill_switch_never(world: World, tmp_path: Path) -> None:
    with world.another_ops(tmp_path, requests_per_minute=60, commands_per_minute=3, failed_tries_per_minute=2) as ops:
        commands = [ops.post("/api/v1/strategies/pause-all") for _ in range(5)]
        assert [answer.status for answer in commands] == [200, 200, 200, 429, 429]
        assert 0 < int(commands[-1].headers["Retry-After"]) <= 60 and "3 a minute" in commands[-1].problem
        assert ops.post("/api/v1/strategies/pause-all", token=ADMIN).status == 200, "each token has its own"
        failed = [ops.get("/ready", "wrong").status for _ in range(4)]
        assert failed == [401, 401, 429, 429]
        assert ops.get("/ready").status == 200, "a valid token passes all the same"
        while (answer := ops.get("/api/v1/me")).status == 200:
            pass
        assert answer.status == 429 and "60 a minute" in answer.problem
        for _ in range(5):
            assert ops.post("/api/v1/kill").status == 200


def test_an_allowance_comes_back_with_time_and_forgets_made_up_keys() -> None:
    now = [0]
    limits = RateLimits(lambda: now[0])
    assert [limits.wait_s(("a",), 2) for _ in range(3)] == [0, 0, 30]
    now[0] += 30 * SECOND_NS
    assert [limits.wait_s(("a",), 2) for _ in range(2)] == [0, 30]
    for number in range(3 * MOST_KEYS):
        limits.wait_s((str(number),), 2)
    assert len(limits._used_until_ns) <= MOST_KEYS


# --- Tokens ---------------------------------------------------------------------------------------------------------


def test_short_missing_or_shared_tokens_are_refused() -> None:
    good = "g" * 24
    for tokens, part in (
        ({Role.VIEWER: "short"}, "24 to 512 characters"),
        ({Role.ADMIN: good + " " + good}, "without blanks"),
        ({}, "no token"),
        ({Role.VIEWER: good, Role.ADMIN: good}, "share a token"),
    ):
        with pytest.raises(CredentialsError, match=part) as caught:
            Tokens(tokens)
        assert "short" not in str(caught.value)


def test_the_environment_goes_before_the_file(tmp_path: Path) -> None:
    file = tmp_path / "tokens"
    file.write_text(f"# mine\nviewer={'f' * 30}\ntrader = {'t' * 30}\n")
    file.chmod(0o600)
    tokens = load_tokens(str(file), {"WORKSTATION_OPS_TOKEN_VIEWER": "e" * 30})
    assert tokens.role_of("e" * 30) is Role.VIEWER and tokens.role_of("t" * 30) is Role.TRADER
    assert tokens.role_of("f" * 30) is None and tokens.role_of("") is None
    file.chmod(0o644)
    with pytest.raises(CredentialsError, match="chmod 600"):
        load_tokens(str(file), {})
    file.chmod(0o600)
    file.write_text("boss=" + "b" * 30)
    with pytest.raises(CredentialsError, match=r"line 1: write viewer="):
        load_tokens(str(file), {})
    with pytest.raises(CredentialsError, match="cannot be read"):
        load_tokens(str(tmp_path / "none"), {})
