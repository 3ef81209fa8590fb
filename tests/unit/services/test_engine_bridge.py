"""A running paper session asked and commanded over a real nats-server."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.unit.messaging.nats_servers import connected, running_server
from tests.unit.services.bridged import CLOCK, a_session, market_buy, on_server, resting
from tests.unit.waiting import until
from workstation.core.credentials import Credentials
from workstation.core.messages import (
    CancelAll,
    CancelOrder,
    CommandReceived,
    Kill,
    OrderSubmitted,
    PauseStrategy,
    SetParameters,
    StartStrategy,
)
from workstation.core.redaction import hide
from workstation.core.timeframe import SECOND_NS
from workstation.core.views import AccountView, FillView, OrderView
from workstation.messaging.bodies import (
    BookDeltaBody,
    EngineAnswerBody,
    EngineEventBody,
    EngineRequestBody,
    MarketData,
    TradeBody,
)
from workstation.messaging.envelope import Message
from workstation.messaging.lease import Lease, trade_lease
from workstation.messaging.moments import moment
from workstation.services.engine_client import EngineClient, View
from workstation.services.engine_commands import EngineCommands
from workstation.services.shown import About, Screen
from workstation.session import Session

WHO = "anna"


def journalled(session: Session, kind: type) -> list[Any]:
    heard: list[Any] = []
    session.kernel.bus.subscribe(kind, heard.append)
    return heard


async def ready(client: EngineClient) -> About:
    """What the engine says of itself, as soon as it answers."""
    async with asyncio.timeout(20):
        while True:
            try:
                return msgspec.convert((await client.view(View.SESSION)).data, About)
            except Exception:
                await asyncio.sleep(0.1)


@pytest.mark.allow_log_warnings("There is no order none.")
async def test_every_view_is_answered_with_what_the_session_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running_server(tmp_path / "nats") as server:
        settings = on_server(server, monkeypatch)
        async with a_session(settings, tmp_path / "data") as session, connected(server) as link:
            client = EngineClient(link, settings.messaging.subjects, CLOCK.now_ns)
            about = await ready(client)
            assert (about.mode, about.account, about.symbols) == ("PAPER", "paper-01", ("BTCUSDT", "ETHUSDT"))
            assert about.instruments["BTCUSDT"] == settings.instruments["BTCUSDT"]
            assert (await client.command(resting(session), WHO)).ok
            assert (await client.command(market_buy(), WHO)).ok
            await until(lambda: session.kernel.ledger.positions and len(session.kernel.orders.open_orders()) == 1)
            own = session.kernel.orders.open_orders()[0]
            assert not (await client.command(CancelOrder(client_id="none"), WHO)).ok
            named: dict[View, dict[str, Any]] = {
                View.ORDER: {"client_id": own.client_id},
                View.BARS: {"symbol": "BTCUSDT", "timeframe": "1m", "limit": 7, "forming": True},
                View.MARKET: {"symbol": "ETHUSDT", "depth": 5},
                View.PREVIEW: {"intent": msgspec.to_builtins(market_buy().intent)},
            }
            answers = {view: await client.view(view, 10.0, **named.get(view, {})) for view in View}
            assert [view for view, answer in answers.items() if not answer.ok] == []
            orders = msgspec.convert(answers[View.ORDERS].data, list[OrderView])
            assert orders == session.views.orders()
            assert msgspec.convert(answers[View.ORDER].data, OrderView) == orders[0]
            assert msgspec.convert(answers[View.ACCOUNT].data, AccountView).working_orders == 1
            fills = msgspec.convert(answers[View.PAST_FILLS].data, list[FillView])
            assert sum(fill.quantity for fill in fills) == session.views.positions()[0].quantity
            bars = answers[View.BARS].data
            series = session.kernel.markets["BTCUSDT"].series[60 * SECOND_NS]
            assert len(bars) in (7, 8) and bars[0][0] in series.close_ns.tolist()
            assert len(answers[View.MARKET].data["bids"]) == 5
            assert answers[View.PREVIEW].data["allowed"] in (True, False)
            assert answers[View.CONFIGURATION].data["account"]["name"] == "paper-01"
            screen = msgspec.convert(answers[View.SCREEN].data, Screen)
            assert screen.positions[0].quantity == session.views.positions()[0].quantity
            assert screen.health.messaging == "connected"
            assert [line["text"] for line in answers[View.LOG].data] == ["There is no order none."]


@pytest.mark.parametrize(
    ("view", "arguments", "sentence"),
    [
        ("balances", {}, "There is no view balances; there are session, screen, "),
        ("bars", {"symbol": "BTCUSDT"}, "timeframe is missing."),
        ("bars", {"symbol": "BTCUSDT", "timeframe": "7m"}, "7m is no timeframe; there are 1m, "),
        ("bars", {"symbol": "XX", "timeframe": "1m"}, "There is no symbol XX; there are BTCUSDT, ETHUSDT."),
        ("past_fills", {"limit": 0}, "limit is 0; it must be from 1 to 50,000."),
        ("past_fills", {"limit": "many"}, "limit is wrong: Expected `int`, got `str`."),
        ("account", {"limit": 3}, "The view account takes no limit."),
        ("order", {"client_id": "none"}, "There is no order none."),
        ("preview", {"intent": {"symbol": 5}}, "intent is wrong: "),
    ],
)
async def test_bad_questions_get_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, view: str, arguments: dict[str, Any], sentence: str
) -> None:
    async with running_server(tmp_path / "nats") as server:
        settings = on_server(server, monkeypatch)
        async with a_session(settings, tmp_path / "data"), connected(server) as link:
            client = EngineClient(link, settings.messaging.subjects, CLOCK.now_ns)
            await ready(client)
            answer = await client.view(view, **arguments)  # type: ignore[arg-type]
            assert not answer.ok and answer.text.startswith(sentence), answer.text


async def test_events_are_numbered_and_a_view_says_the_last_one_it_contains(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[Message] = []
    async with running_server(tmp_path / "nats") as server:
        settings = on_server(server, monkeypatch)
        async with a_session(settings, tmp_path / "data") as session, connected(server) as link:
            client = EngineClient(link, settings.messaging.subjects, CLOCK.now_ns)
            await ready(client)
            own: list[Any] = journalled(session, OrderSubmitted)
            await link.subscribe(settings.messaging.subjects.events, heard.append, EngineEventBody)
            await link.confirm()
            for _ in range(5):
                answer = await client.command(resting(session, 0.985), WHO)
                assert answer.ok and answer.number
                await asyncio.sleep(0.6)
            shown = await client.view(View.ORDERS)
            await until(lambda: heard and heard[-1].seq >= shown.number)
            numbers = [message.seq for message in heard]
            assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
            told = [
                m.body.event for m in heard if isinstance(m.body, EngineEventBody) and m.body.kind == "OrderSubmitted"
            ]
            assert [msgspec.convert(event, OrderSubmitted) for event in told] == own
            contained = [m for m in heard if m.seq <= shown.number and m.body.kind == "OrderSubmitted"]  # type: ignore[attr-defined]
            assert len(shown.data) == len(contained) == 5


@pytest.mark.allow_log_warnings("There is no order none.", "fast")
async def test_a_command_acts_once_in_time_and_is_journalled_with_who(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running_server(tmp_path / "nats") as server:
        settings = on_server(server, monkeypatch)
        async with a_session(settings, tmp_path / "data") as session, connected(server) as link:
            subjects = settings.messaging.subjects
            client = EngineClient(link, subjects, CLOCK.now_ns)
            await ready(client)
            asked = journalled(session, CommandReceived)
            order = resting(session)
            first, *again = await asyncio.gather(*(client.command(order, WHO, "the-same-id") for _ in range(5)))
            assert first.ok and len(session.kernel.orders.open_orders()) == 1
            assert first.data == {"orders": [session.kernel.orders.open_orders()[0].client_id]}
            assert [answer.duplicate for answer in again] == [True] * 4
            assert {answer.text for answer in again} == {first.text} and all(a.data == first.data for a in again)
            assert [(each.who, each.command) for each in asked] == [(WHO, "PlaceOrder")]

            late = EngineClient(link, subjects, lambda: CLOCK.now_ns() - 6 * SECOND_NS)
            refused = await late.command(order, WHO)
            assert not refused.ok and "1.0 s after its deadline" in refused.text
            early = EngineClient(link, subjects, lambda: CLOCK.now_ns() + 90 * SECOND_NS)
            refused = await early.command(order, WHO)
            assert not refused.ok and "more than 60 s away" in refused.text
            assert len(session.kernel.orders.open_orders()) == 1 and len(asked) == 1

            unknown = await client.command(CancelOrder(client_id="none"), WHO)
            assert (unknown.ok, unknown.text) == (False, "There is no order none.")
            denied = await client.command(market_buy(lots=900_000_000), WHO)
            assert not denied.ok and denied.text.startswith("Denied ")
            assert (await client.command(StartStrategy(strategy="ema_cross"), WHO)).ok
            assert (await client.command(PauseStrategy(strategy="ema_cross"), WHO)).ok
            wrong = await client.command(SetParameters(strategy="ema_cross", values={"fast": -5}), WHO)
            assert not wrong.ok and "fast" in wrong.text


@pytest.mark.parametrize(
    ("name", "arguments", "sentence"),
    [
        ("Fly", {}, "There is no command Fly; there are PlaceOrder, "),
        ("PlaceOrder", {}, "PlaceOrder needs intent."),
        ("CancelOrder", {"client_id": "a", "force": True}, "CancelOrder takes no force."),
        ("CancelOrder", {"client_id": 5}, "CancelOrder: client_id is wrong: Expected `str`, got `int`."),
        ("Kill", {"who": "somebody else"}, "Kill takes no who."),
        ("AmendOrder", {"client_id": "a", "lots": 1 << 63}, "AmendOrder: lots holds a number that is too large."),
        ("SetTradingState", {"state": "FLYING"}, "SetTradingState: state is wrong: "),
    ],
)
async def test_bad_commands_get_one_sentence_and_do_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, arguments: dict[str, Any], sentence: str
) -> None:
    async with running_server(tmp_path / "nats") as server:
        settings = on_server(server, monkeypatch)
        async with a_session(settings, tmp_path / "data") as session, connected(server) as link:
            await ready(EngineClient(link, settings.messaging.subjects, CLOCK.now_ns))
            asked = journalled(session, CommandReceived)
            deadline = moment(CLOCK.now_ns() + SECOND_NS)
            request = EngineRequestBody(id="1", name=name, who=WHO, deadline=deadline, arguments=arguments)
            answer = (await link.request(settings.messaging.subjects.commands, request, EngineAnswerBody)).body
            assert isinstance(answer, EngineAnswerBody)
            assert not answer.ok and answer.text.startswith(sentence), answer.text
            assert asked == []


async def test_only_the_holder_of_the_lease_trades_and_everybody_kills(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running_server(tmp_path / "nats") as server:
        settings = on_server(server, monkeypatch)
        async with (
            a_session(settings, tmp_path / "data") as session,
            connected(server, "one") as one,
            connected(server, "two") as two,
        ):
            subjects = settings.messaging.subjects
            first, second = (EngineClient(link, subjects, CLOCK.now_ns) for link in (one, two))
            await ready(first)
            assert (await second.command(resting(session), WHO)).ok, "nobody holds it"
            lease = Lease(one, trade_lease("paper-01"), one.session)
            lease.start()
            await until(lambda: lease.held)
            assert (await first.command(resting(session, 0.985), WHO)).ok
            for command in (
                resting(session, 0.98),
                CancelOrder(client_id=session.kernel.orders.open_orders()[0].client_id),
                StartStrategy(strategy="ema_cross"),
                CancelAll(include_protective=True),
            ):
                refused = await second.command(command, WHO)
                assert not refused.ok and refused.text.startswith("one-1 has control of this account"), refused.text
            assert len(session.kernel.orders.open_orders()) == 2
            cancelled = await second.command(CancelAll(), WHO)
            assert cancelled.ok and cancelled.text == "Cancel sent for 2 orders."
            killed = await second.command(Kill(reason="seen from afar"), "bob")
            assert killed.ok and session.views.account().killed
            taken = Lease(two, trade_lease("paper-01"), two.session)
            await taken.take_over()
            refused = await first.command(StartStrategy(strategy="ema_cross"), WHO)
            assert not refused.ok and "two-1 has control" in refused.text
            await until(lambda: not lease.held)
            await taken.stop()
            await lease.stop()


class SlowLease:
    """Says who holds the lease when it is let go."""

    def __init__(self) -> None:
        self.go = asyncio.Event()

    async def holder(self) -> str:
        await self.go.wait()
        return ""


async def test_a_kill_waits_for_nobody_and_memory_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workstation.services.engine_commands.REMEMBERED", 50)
    async with running_server(tmp_path / "nats") as server:
        settings = on_server(server, monkeypatch)
        async with a_session(settings, tmp_path / "data") as session:
            slow = SlowLease()
            commands = EngineCommands(session, "engine-1", slow.holder)

            def message(id_: str, name: str, valid_s: float = 30, **arguments: Any) -> Message:
                deadline = moment(session.clock.now_ns() + int(valid_s * SECOND_NS))
                body = EngineRequestBody(id=id_, name=name, who=WHO, deadline=deadline, arguments=arguments)
                return Message("engine_request", "one", 0, 0, body)

            waits = asyncio.ensure_future(commands.answer(message("slow", "StartStrategy", strategy="ema_cross")))
            await asyncio.sleep(0.05)
            assert (await commands.answer(message("kill", "Kill", reason="now"))).ok
            assert session.views.account().killed and not waits.done()
            slow.go.set()
            assert not (await waits).duplicate
            for number in range(60):
                await commands.answer(message(f"many-{number}", "CancelAll"))
            assert len(commands._known) == 50
            full = await commands.answer(message("more", "CancelAll"))
            assert not full.ok and "too many commands to remember" in full.text
            assert (await commands.answer(message("kill again", "Kill"))).ok, "a kill always passes"
            commands.close()


async def test_what_is_larger_than_a_message_is_cut_and_secrets_are_hidden(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running_server(tmp_path / "nats") as server:
        settings = on_server(server, monkeypatch, largest_message_kilobytes=16)
        async with a_session(settings, tmp_path / "data") as session, connected(server) as link:
            client = EngineClient(link, settings.messaging.subjects, CLOCK.now_ns)
            await ready(client)
            series = session.kernel.markets["BTCUSDT"].series[60 * SECOND_NS]
            answer = await client.view(View.BARS, symbol="BTCUSDT", timeframe="1m", limit=2_000)
            assert 50 < len(answer.data) < 300 and answer.data[-1][0] == series.close_ns[-1]
            assert "Only the newest" in answer.text
            book = await client.view(View.MARKET, symbol="BTCUSDT", depth=10_000)
            bids, asks = book.data["bids"], book.data["asks"]
            assert len(bids) > 20 and bids == sorted(bids, reverse=True) and bids[0] < asks[0] == min(asks)
            hide(Credentials("", "planted-secret-9137"))
            assert (await client.command(Kill(reason="typed planted-secret-9137 by mistake"), WHO)).ok
            told = [msgspec.json.encode((await client.view(view)).data) for view in (View.RISK, View.LOG)]
            assert b"[hidden]" in told[0]
            assert not any(b"planted-secret" in each for each in told)


async def test_the_engines_own_market_is_published_for_everybody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[Message] = []
    async with running_server(tmp_path / "nats") as server:
        settings = on_server(server, monkeypatch)
        subjects = settings.messaging.subjects
        async with connected(server) as link:
            await link.subscribe(f"{subjects.market_book}.>", heard.append)
            await link.subscribe(f"{subjects.market_trades}.>", heard.append)
            await link.subscribe(subjects.market_data, heard.append)
            async with a_session(settings, tmp_path / "data"):
                await until(lambda: {BookDeltaBody, TradeBody, MarketData} <= {type(m.body) for m in heard})


@pytest.mark.allow_log_warnings("NATS", "nats")
async def test_trading_goes_on_without_nats_and_it_comes_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A server that is missing at the start, comes, is killed and comes again."""
    monkeypatch.setattr("workstation.services.session_messaging.RETRY_S", 0.2)
    async with running_server(tmp_path / "nats") as server:
        settings = on_server(server, monkeypatch)
        port, address = server.address.servers[0].rpartition(":")[2], server.address
    async with a_session(settings, tmp_path / "data") as session:
        await until(lambda: session.kernel.markets["BTCUSDT"].book.synchronised)
        session.command(resting(session))
        await until(lambda: session.kernel.orders.open_orders()[0].venue_id)
        state = session.health.view(session.clock.now_ns(), 0).messaging
        assert state.startswith("down: "), state
        await until(lambda: sum("Trading goes on" in r.message for r in caplog.records) == 1, 30)
        async with running_server(tmp_path / "nats", int(port)) as server:
            assert server.address == address
            await until(lambda: session.health.messaging() == "connected", 30)
            async with connected(server) as link:
                client = EngineClient(link, settings.messaging.subjects, CLOCK.now_ns)
                await ready(client)
                os.kill(server.process_id, signal.SIGKILL)
                await until(lambda: session.health.messaging() != "connected")
                session.command(resting(session, 0.985))
                session.command(Kill(reason="without NATS"))
                assert session.views.account().killed
                await until(lambda: server.restarts == 1)
                about = await ready(client)
                assert about.session == session.number
                await until(lambda: session.health.messaging() == "connected")
    assert sum("Trading goes on" in record.message for record in caplog.records) == 1
