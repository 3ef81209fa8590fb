"""The connection, the embedded server and the lease, against a real nats-server."""

from __future__ import annotations

import os
import signal
import stat
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from nats.js.kv import KeyValue

from tests.end_to_end.program import ROOT
from tests.unit.messaging.nats_servers import LARGEST, connected, running_server
from tests.unit.waiting import until
from workstation.config.loader import load_settings
from workstation.core.clock import WallClock
from workstation.core.errors import MessagingError
from workstation.messaging.bodies import AnswerBody, ConfigReloadBody, TradeBody
from workstation.messaging.envelope import Message
from workstation.messaging.lease import MARGIN_S, Lease, person_of
from workstation.messaging.link import PASSWORD_VARIABLE, USER_VARIABLE, Address, NatsLink, configured_address
from workstation.messaging.moments import moment
from workstation.messaging.opening import open_messaging, session_name
from workstation.messaging.streams import LEASE_TERM_S

SHIPPED = ROOT / "config" / "strategy.yaml"
CHANGED = ConfigReloadBody(hash="1f", who="ann")
RESTARTS = pytest.mark.allow_log_warnings("NATS")


async def test_what_was_subscribed_is_confirmed_however_late_the_client_writes(tmp_path: Path) -> None:
    """A client's own flush is answered before the server has read what was subscribed just before it."""
    sent: list[bytes] = []
    async with running_server(tmp_path) as server, connected(server, "a") as link:
        transport: Any = link.client._transport
        write, write_lines = transport.write, transport.writelines

        def write_one(data: bytes) -> None:
            sent.append(data)
            write(data)

        def write_several(lines: list[bytes]) -> None:
            sent.extend(lines)
            write_lines(lines)

        transport.write, transport.writelines = write_one, write_several
        await link.subscribe("config.reload", lambda message: None, ConfigReloadBody)
        await link.confirm()
    told = b"".join(sent)
    assert b"SUB config.reload" in told and told.rindex(b"PING") > told.index(b"SUB config.reload")


async def test_messages_arrive_in_order_with_their_numbers(tmp_path: Path) -> None:
    heard: list[Message] = []
    async with running_server(tmp_path) as server, connected(server, "a") as sender, connected(server, "b") as hearer:
        await hearer.subscribe("config.reload", heard.append, ConfigReloadBody)
        await hearer.confirm()
        for _ in range(100):
            await sender.publish("config.reload", CHANGED)
        await until(lambda: len(heard) == 100)
    assert [message.seq for message in heard] == list(range(1, 101))
    assert {message.session for message in heard} == {"a-1"}
    assert sender.dropped == 0


async def test_malformed_messages_are_counted_and_go_no_further(tmp_path: Path) -> None:
    heard: list[Message] = []
    async with running_server(tmp_path) as server, connected(server) as link:
        await link.subscribe("config.reload", heard.append, ConfigReloadBody)
        await link.client.publish("config.reload", b"\x80\x04\x95pickle")
        await link.client.publish(
            "config.reload",
            link.envelope(
                "x",
                TradeBody(symbol="B", trade_id=1, price=Decimal(1), quantity=Decimal(1), side="buy", time=moment(1)),
            ),
        )
        await link.publish("config.reload", CHANGED)
        await until(lambda: len(heard) == 1)
    assert link.refused == 2


async def test_a_request_is_answered_and_a_malformed_one_with_the_reason(tmp_path: Path) -> None:
    async def answer(message: Message) -> AnswerBody:
        return AnswerBody(ok=True, text=message.session)

    async with running_server(tmp_path) as server, connected(server, "asker") as asker, connected(server) as other:
        await other.serve("engine.views", answer, ConfigReloadBody)
        await other.confirm()
        told = await asker.request("engine.views", CHANGED, AnswerBody)
        assert told.body == AnswerBody(ok=True, text="asker-1")
        raw = await asker.client.request("engine.views", b"?", timeout=20)
        assert b"malformed" in raw.data and other.refused == 1
        with pytest.raises(MessagingError, match="Nobody answered on nobody"):
            await asker.request("nobody", CHANGED, timeout_s=0.2)


@RESTARTS
async def test_lesson_29_a_killed_server_is_started_again_and_the_link_comes_back(tmp_path: Path) -> None:
    heard: list[Message] = []
    ups: list[int] = []
    async with running_server(tmp_path) as server, connected(server) as link:
        link.on_up(lambda: ups.append(link.reconnects))
        await link.subscribe("config.reload", heard.append, ConfigReloadBody)
        first = server.process_id
        os.kill(first, signal.SIGKILL)
        await until(lambda: not link.is_up)
        await link.publish("config.reload", CHANGED)
        assert link.dropped == 1 and "down" in link.state
        await until(lambda: link.is_up)
        assert server.process_id not in (0, first) and server.restarts == 1
        await link.publish("config.reload", CHANGED)
        await until(lambda: bool(heard))
    assert ups == [0, 1]


async def test_the_servers_credentials_are_for_its_owner_alone(tmp_path: Path) -> None:
    async with running_server(tmp_path) as server:
        mode = stat.S_IMODE((tmp_path / "server.json").stat().st_mode)
        assert mode == 0o600
        stranger = NatsLink(Address(server.address.servers), "stranger", "s", WallClock().now_ns, LARGEST)
        with pytest.raises(MessagingError, match="refused us as “nobody”"):
            await stranger.open()


async def test_no_server_is_one_sentence() -> None:
    link = NatsLink(Address(("nats://127.0.0.1:9",)), "x", "x", WallClock().now_ns, LARGEST)
    with pytest.raises(MessagingError, match=r"There is no NATS server at nats://127\.0\.0\.1:9"):
        await link.open(patience_s=0.5)


def test_the_environment_names_the_user_where_the_settings_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    messaging = load_settings(SHIPPED, "services").settings.messaging
    monkeypatch.delenv(PASSWORD_VARIABLE, raising=False)
    monkeypatch.delenv(USER_VARIABLE, raising=False)
    assert configured_address(messaging).user == ""
    monkeypatch.setenv(USER_VARIABLE, "feed")
    with pytest.raises(MessagingError, match="There is no password for feed at the NATS server: set WORKSTATION_NATS_"):
        configured_address(messaging)
    monkeypatch.setenv(PASSWORD_VARIABLE, "guarded")
    assert configured_address(messaging)[1:3] == ("feed", "guarded")
    named = msgspec.structs.replace(messaging, user="bot")
    assert configured_address(named)[1:3] == ("bot", "guarded")


def test_a_run_is_named_by_its_person() -> None:
    assert person_of("anna@desk-4711-0a1b2c3d") == "anna@desk"
    assert person_of(session_name("ops")) == "ops"
    assert person_of("anna@desk-7") == "anna@desk-7" and person_of("") == ""


async def test_of_two_that_want_a_lease_one_holds_it_and_the_other_follows(tmp_path: Path) -> None:
    async with running_server(tmp_path) as server, connected(server, "a") as one, connected(server, "b") as two:
        first, second = Lease(one, "paper-01", "a"), Lease(two, "paper-01", "b")
        first.start()
        await until(lambda: first.held)
        second.start()
        await until(lambda: second.other == "a")
        assert not second.held
        await first.stop()
        await until(lambda: second.held)
        assert not first.held and second.fence > first.fence
        await second.stop()


async def test_a_holder_that_is_cut_off_stops_before_another_begins(tmp_path: Path) -> None:
    now = [1_000.0]
    async with running_server(tmp_path) as server, connected(server, "a") as one:
        lease = Lease(one, "paper-01", "a", lambda: now[0])
        lease.start()
        await until(lambda: lease.held)
        assert lease._task is not None
        lease._task.cancel()
        now[0] += LEASE_TERM_S - MARGIN_S - 0.01
        assert lease.held
        now[0] += 0.02
        assert not lease.held


class LostAnswers:
    """A bucket that does what it is told, and whose next ``lost`` answers to a renewal never arrive."""

    def __init__(self, bucket: KeyValue, lost: int) -> None:
        self._bucket = bucket
        self._lost = lost

    def __getattr__(self, name: str) -> Any:
        return getattr(self._bucket, name)

    async def update(self, key: str, value: bytes, last: int) -> int:
        revision = await self._bucket.update(key, value, last=last)
        if self._lost:
            self._lost -= 1
            raise TimeoutError
        return revision


async def test_a_holder_whose_renewals_were_not_answered_is_not_taken_for_another(tmp_path: Path) -> None:
    """A window on a busy machine told that its own user had taken control, and gave it up."""
    async with running_server(tmp_path) as server, connected(server, "a") as link:
        lease = Lease(link, "paper-01", "a")
        await lease.take_over()
        bucket: Any = LostAnswers(await lease._bucket(), 2)

        async def losing() -> KeyValue:
            return bucket  # type: ignore[no-any-return]

        lease._bucket = losing  # type: ignore[method-assign]
        for _ in range(2):
            with pytest.raises(TimeoutError):
                await lease._try()
            assert lease.other == ""
        await lease._try()
        assert lease.held and lease.other == ""


async def test_processes_of_one_data_folder_share_its_server(tmp_path: Path) -> None:
    messaging = msgspec.structs.replace(
        load_settings(ROOT / "config" / "strategy.yaml").settings.messaging, use="embedded"
    )
    heard: list[Message] = []
    first = await open_messaging(messaging, tmp_path, "engine", WallClock().now_ns)
    second = await open_messaging(messaging, tmp_path, "reporter", WallClock().now_ns)
    try:
        assert first.server is not None and second.server is None
        await second.link.subscribe("config.reload", heard.append, ConfigReloadBody)
        await second.link.confirm()
        await first.link.publish("config.reload", CHANGED)
        await until(lambda: bool(heard))
    finally:
        await second.close()
        await first.close()
    assert heard[0].session == first.link.session != second.link.session
    again = await open_messaging(messaging, tmp_path, "engine", WallClock().now_ns)
    assert again.server is not None and again.server.address == first.server.address
    await again.close()


async def test_the_server_of_a_killed_workstation_is_replaced(tmp_path: Path) -> None:
    async with running_server(tmp_path) as orphan:
        assert orphan._watch is not None
        orphan._watch.cancel()
        before = orphan.process_id
        async with running_server(tmp_path) as server, connected(server) as link:
            assert server.address == orphan.address and server.process_id != before
            assert link.is_up


async def test_switched_off_it_says_what_to_set(tmp_path: Path) -> None:
    messaging = load_settings(ROOT / "config" / "strategy.yaml").settings.messaging
    with pytest.raises(MessagingError, match=r"feed needs NATS, but messaging\.use is none"):
        await open_messaging(messaging, tmp_path, "feed", WallClock().now_ns)
