"""What people are told, and that it never holds anything up."""

from __future__ import annotations

import json
import logging
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.unit.services.risk.test_state import SETTINGS, a_state, fill
from workstation.core.errors import CredentialsError
from workstation.core.redaction import scrub
from workstation.core.timeframe import MINUTE_NS
from workstation.messaging.bodies import ServiceHealthBody
from workstation.messaging.moments import moment, nanoseconds
from workstation.services.reporter.notices import FRESH_NS, SILENT_S, Notices
from workstation.services.reporter.notifier import (
    FILE_VARIABLE,
    MOST_WAITING,
    URLS_VARIABLE,
    Kind,
    Notice,
    Notifier,
    apprise_sender,
    notify_urls,
)

ON = SETTINGS.reporter.notifications


@contextmanager
def a_hook(delay_s: float = 0.0, status: int = 200) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """A webhook on loopback; what it was sent."""
    received: list[dict[str, Any]] = []

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            time.sleep(delay_s)
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *arguments: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"json://someone:sesame-word@127.0.0.1:{server.server_port}/secret-path", received
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Told:
    """A notifier that keeps what it was told."""

    def __init__(self) -> None:
        self.told: list[tuple[Kind, str, str]] = []

    def tell(self, kind: Kind, title: str, text: str) -> None:
        self.told.append((kind, title, text))


def notices(told: Told, now: list[float] | None = None) -> Notices:
    moment_s = now or [0.0]
    now_ns = nanoseconds(fill(1, "buy", "60000").time) + MINUTE_NS
    return Notices(told, "paper-01", lambda: now_ns, lambda: moment_s[0])  # type: ignore[arg-type]


def test_apprise_delivers_and_the_address_is_in_no_log() -> None:
    with a_hook() as (url, received), pytest.MonkeyPatch.context() as patch:
        patch.setenv(URLS_VARIABLE, url)
        urls = notify_urls()
        notifier = Notifier(ON, apprise_sender(urls))
        notifier.tell(Kind.FILLS, "paper-01: Filled", "Bought 1 BTCUSDT.")
        notifier.close()
    assert [(one["title"], one["message"]) for one in received] == [("paper-01: Filled", "Bought 1 BTCUSDT.")]
    assert (notifier.sent, notifier.failed) == (1, 0)
    for secret in (url, "sesame-word", "secret-path"):
        assert secret not in scrub(f"could not reach {url} with sesame-word and secret-path")


def test_a_slow_place_holds_nothing_up_and_what_finds_no_room_is_counted() -> None:
    going = threading.Event()
    lines: list[Notice] = []

    def send(notice: Notice) -> bool:
        going.wait(20)
        lines.append(notice)
        return True

    notifier = Notifier(msgspec.structs.replace(ON, most_per_minute=1_000), send)
    begun = time.monotonic()
    for number in range(MOST_WAITING + 50):
        notifier.tell(Kind.FILLS, "filled", str(number))
    assert time.monotonic() - begun < 1
    assert 45 <= notifier.dropped <= 50
    going.set()
    deadline = time.monotonic() + 10
    while notifier.sent < MOST_WAITING + 50 - notifier.dropped and time.monotonic() < deadline:
        time.sleep(0.01)
    notifier.tell(Kind.FILLS, "filled", "last")
    notifier.close()
    assert lines[-1].text == f"last\n{notifier.dropped} more of this kind were held back."


def test_each_kind_has_a_rate_of_its_own_and_what_is_above_is_told_with_the_next() -> None:
    lines: list[Notice] = []
    now = [0.0]

    def send(notice: Notice) -> bool:
        lines.append(notice)
        return True

    notifier = Notifier(msgspec.structs.replace(ON, most_per_minute=2, denials=False), send, lambda: now[0])
    for number in range(5):
        notifier.tell(Kind.FILLS, "filled", str(number))
    notifier.tell(Kind.KILL, "killed", "now")
    notifier.tell(Kind.DENIALS, "denied", "switched off")
    now[0] = 60.1
    notifier.tell(Kind.FILLS, "filled", "later")
    notifier.close()
    assert [line.text for line in lines] == ["0", "1", "now", "later\n3 more of this kind were held back."]
    assert (notifier.held_back, notifier.dropped) == (3, 0)
    assert notifier.detail == "4 notifications sent, 3 held back"


@pytest.mark.allow_log_warnings("could not be delivered")
def test_a_place_that_refuses_or_raises_is_counted_and_told_once(caplog: pytest.LogCaptureFixture) -> None:
    def send(notice: Notice) -> bool:
        if notice.text == "raise":
            raise RuntimeError("boom")
        return False

    notifier = Notifier(ON, send)
    for text in ("refuse", "raise", "refuse"):
        notifier.tell(Kind.FILLS, "filled", text)
    notifier.close()
    assert (notifier.sent, notifier.failed) == (0, 3)
    assert sum(record.levelno >= logging.WARNING for record in caplog.records) == 1


def test_addresses_come_from_a_private_file_only_and_a_wrong_one_is_not_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "notify"
    file.write_text("# phone\njson://127.0.0.1:9/one\n\njson://127.0.0.1:9/two?to=a,b\n")
    monkeypatch.setenv(FILE_VARIABLE, str(file))
    monkeypatch.setenv(URLS_VARIABLE, "json://127.0.0.1:9/three, json://127.0.0.1:9/four")
    file.chmod(0o644)
    with pytest.raises(CredentialsError, match="chmod 600"):
        notify_urls()
    file.chmod(0o600)
    assert [url.rpartition("/")[2] for url in notify_urls()] == ["three", "four", "one", "two?to=a,b"]
    with pytest.raises(CredentialsError, match=r"Address 2 of .* is none that Apprise knows") as error:
        apprise_sender(["json://127.0.0.1:9/one", "nowhere://hidden-token"])
    assert "hidden-token" not in str(error.value)
    assert os.environ[FILE_VARIABLE]


def test_executions_are_told_by_kind_and_old_ones_not_at_all() -> None:
    told = Told()
    replace = msgspec.structs.replace
    bought = fill(1, "buy", "60000")
    old = replace(bought, time=moment(nanoseconds(bought.time) - FRESH_NS))
    bodies = [
        bought,
        replace(bought, role="protective_stop", side="sell", realized_pnl=bought.fees * -100),
        replace(bought, status="denied", error="STALE_DATA: the feed is too old"),
        replace(bought, status="accepted"),
        old,
    ]
    notices(told).executions(bodies)
    assert told.told == [
        (Kind.FILLS, "paper-01: Filled", "Bought 0.01 BTCUSDT at 60,000 (ema_cross, paper)."),
        (
            Kind.STOPS,
            "paper-01: A stop was executed",
            "Sold 0.01 BTCUSDT at 60,000 (ema_cross, paper), realised −10.00.",
        ),
        (
            Kind.DENIALS,
            "paper-01: Order denied",
            "The gate denied buy 0.01 BTCUSDT of ema_cross: STALE_DATA: the feed is too old",
        ),
    ]


def test_the_risk_state_is_told_when_it_changes() -> None:
    told = Told()
    watching = notices(told)
    state = a_state()
    watching.risk(state.body({}))
    state.reduce("looks odd")
    watching.risk(state.body({}))
    watching.risk(state.body({}))
    state.kill("enough", flatten=False)
    watching.risk(state.body({}))
    state.guards.enter_crisis(0, "4 losses in a row")
    state.resume()
    watching.risk(state.body({}))
    assert [(title, text) for _, title, text in told.told] == [
        ("paper-01: The account is reducing", "looks odd"),
        ("paper-01: Killed", "enough"),
        ("paper-01: Resumed", "Trading goes on."),
        ("paper-01: Crisis mode began", "Because of 4 losses in a row."),
    ]
    late = Told()
    state.kill("before it was started", flatten=False)
    notices(late).risk(state.body({}))
    assert late.told[0][1] == "paper-01: Killed", "a reporter that starts later tells of it too"


def health(service: str, state: str) -> ServiceHealthBody:
    return ServiceHealthBody(
        service=service,
        state=state,  # type: ignore[arg-type]
        detail="why",
        version="1",
        started=moment(0),
        messages=0,
        refused=0,
        gaps=0,
    )


def test_services_that_fall_silent_are_told_once_and_again_when_they_are_back() -> None:
    told, now = Told(), [0.0]
    watching = notices(told, now)
    for name in ("feed", "risk", "ops"):
        watching.health(health(name, "running"))
    watching.health(health("ops", "stopping"))
    now[0] = SILENT_S - 1
    watching.health(health("risk", "degraded"))
    now[0] = SILENT_S + 1
    watching.look(True)
    watching.look(True)
    watching.health(health("feed", "running"))
    watching.health(health("risk", "running"))
    watching.look(False)
    now[0] += 100
    watching.look(False)
    watching.look(True)
    assert [title.removeprefix("paper-01: ") for _, title, _ in told.told] == [
        "The risk service is not well",
        "The feed service is silent",
        "The feed service is well again",
        "The risk service is well again",
        "NATS is not reached",
        "NATS is there again",
    ]
