"""A remote engine's mirror: what it shows is what the engine has, through gaps and restarts of either side."""

from __future__ import annotations

import asyncio
import os
import signal
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.unit.messaging.nats_servers import connected, running_server
from tests.unit.services.bridged import CLOCK, a_session, market_buy, mirrored, on_server, opened, resting
from tests.unit.waiting import until
from workstation.core.messages import (
    AmendOrder,
    CancelAll,
    Flatten,
    FundingPaid,
    Kill,
    LogLine,
    OrderFilled,
    Resume,
    Trade,
)
from workstation.core.orders import Order
from workstation.core.timeframe import MINUTE_NS
from workstation.core.types import OrderState
from workstation.core.views import CommandAnswered, FillView, FundingView, OrderView
from workstation.messaging.bodies import Body, EngineAnswerBody, EngineRequestBody
from workstation.messaging.engine_subjects import execution_subjects
from workstation.messaging.envelope import Message
from workstation.services.engine_client import EngineClient, RecordMarket
from workstation.services.remote_engine import ASKING, RemoteEngine
from workstation.services.trade_control import TradeControl
from workstation.session import Session
from workstation.storage.database import FundingRow

PAID: dict[str, Any] = {
    "funding_id": "f-1",
    "ts_ns": 7,
    "symbol": "BTCUSDT",
    "amount": Decimal("-0.5"),
    "asset": "USDT",
}


def told(remote: RemoteEngine, kind: type) -> list[Any]:
    heard: list[Any] = []
    remote.mirror.bus.subscribe(kind, heard.append)
    return heard


def same_orders(remote: RemoteEngine, session: Session) -> bool:
    """Every order that the engine knows, in every field."""
    own = {order.client_id: session.views.order(order) for order in session.kernel.orders.orders.values()}
    return {key: view for key, view in remote.mirror.orders.views.items() if key in own} == own


def states(orders: dict[str, Order]) -> dict[str, OrderState]:
    return {key: order.state for key, order in orders.items()}


async def test_the_mirror_is_the_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with running_server(tmp_path / "nats") as server:
        settings = on_server(server, monkeypatch)
        async with (
            a_session(settings, tmp_path / "data") as session,
            connected(server, "window") as link,
            mirrored(link, settings) as remote,
        ):
            trades, fills, answers = told(remote, Trade), told(remote, FillView), told(remote, CommandAnswered)
            executions: list[OrderFilled] = []
            session.kernel.bus.subscribe(OrderFilled, executions.append)
            market, own = remote.markets["BTCUSDT"], session.kernel.markets["BTCUSDT"]
            await until(lambda: market.best_bid and len(trades) > 20)
            assert abs(remote.now_ns() - session.clock.now_ns()) < 50_000_000
            remote.command(resting(session))
            await until(lambda: len(remote.mirror.orders.open()) == 1)
            client_id = remote.mirror.orders.open()[0].client_id
            remote.command(AmendOrder(client_id=client_id, lots=2_000))
            await until(lambda: session.kernel.orders.orders[client_id].lots == 2_000)
            remote.command(market_buy())
            await until(lambda: remote.mirror.screen.positions and same_orders(remote, session))
            await until(lambda: sum(fill.quantity for fill in fills) == remote.mirror.screen.positions[0].quantity)
            assert [fill.fill_id for fill in fills] == [fill.fill_id for fill in executions]
            remote.command(CancelAll())
            remote.command(Flatten())
            await until(lambda: not remote.mirror.screen.positions and same_orders(remote, session))
            assert {answer.text for answer in answers} >= {"Cancel sent for 1 orders.", "Flatten sent for 1 positions."}
            assert fills[-1].realised == session.views.account().realised

            series = market.series(MINUTE_NS)
            await until(lambda: len(series))
            assert series.close_ns.tolist()[-50:] == own.series[MINUTE_NS].close_ns.tolist()[-50:]
            assert series.close.tolist()[-50:] == own.series[MINUTE_NS].close.tolist()[-50:]
            shown, known = market.perpetual, own.perpetual
            assert shown.fundings.rows() == known.fundings.rows() != ()
            assert shown.open_interest.rows()[:500] == known.open_interest.rows()[:500] != ()
            await until(lambda: market.forming(MINUTE_NS) is not None)
            assert remote.preview(market_buy().intent) == ASKING
            await until(lambda: remote.preview(market_buy().intent).text == "Gate allows")
            assert remote.mirror.gaps == 0 and remote.silent_s == 0


@pytest.mark.allow_log_warnings("NATS", "nats", "kill switch", "Killed", "bridge")
async def test_after_the_server_was_killed_nothing_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with running_server(tmp_path / "nats") as server:
        settings = on_server(server, monkeypatch)
        async with (
            a_session(settings, tmp_path / "data") as session,
            connected(server, "window") as link,
            mirrored(link, settings) as remote,
        ):
            fills, payments = told(remote, FillView), told(remote, FundingPaid)
            remote.command(market_buy())
            remote.command(resting(session))
            await until(lambda: len(remote.mirror.screen.orders) == 1 and remote.mirror.screen.positions)
            rests = remote.mirror.orders.open()[0].client_id
            os.kill(server.process_id, signal.SIGKILL)
            await until(lambda: not link.is_up)
            FundingRow.insert(session=1, **PAID).execute(session.database)
            session.command(market_buy(lots=2_000))
            session.command(CancelAll())
            await until(lambda: not session.kernel.orders.open_orders())
            await until(lambda: server.restarts == 1)
            await until(lambda: remote.mirror.gaps and not remote.silent_s, 30)
            await until(lambda: payments)
            assert [(each.funding_id, each.amount) for each in payments] == [("f-1", -50_000_000)]
            own = session.kernel.orders.orders
            await until(lambda: {key: view.state for key, view in remote.mirror.orders.views.items()} == states(own))
            assert len(own) == 3 and not remote.mirror.orders.views[rests].state.is_open
            await until(lambda: sum(fill.quantity for fill in fills) == session.views.positions()[0].quantity)
            assert len({fill.fill_id for fill in fills}) == len(fills)
            await until(lambda: remote.markets["BTCUSDT"].connected)
            remote.command(Kill(reason="after the outage"))
            await until(lambda: remote.mirror.screen.account.killed)


async def test_another_run_of_the_engine_is_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with running_server(tmp_path / "nats") as server:
        settings = on_server(server, monkeypatch)
        async with connected(server, "window") as link:
            first = a_session(settings, tmp_path / "data")
            session = await first.__aenter__()
            async with mirrored(link, settings) as remote:
                remote.command(market_buy())
                await until(lambda: remote.mirror.screen.positions)
                before = remote.mirror.session
                await first.__aexit__(None, None, None)
                async with a_session(settings, tmp_path / "data") as session:
                    lines = told(remote, LogLine)
                    await until(lambda: remote.mirror.session != before, 30)
                    await until(lambda: remote.mirror.screen.positions == tuple(session.views.positions()) or None, 30)
                    assert remote.mirror.about.session == session.number == 2
                    assert remote.mismatch == remote.changed == ""
                    remote.command(CancelAll())
                    await until(lambda: lines)


@pytest.mark.allow_log_warnings("kill switch", "Killed")
async def test_another_engine_is_not_followed_and_takes_no_order_meant_for_the_one_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running_server(tmp_path / "nats") as server:
        settings = on_server(server, monkeypatch)
        other = msgspec.structs.replace(
            settings, market=msgspec.structs.replace(settings.market, symbols=("BTCUSDT", "ETHUSDT", "XRPUSDT"))
        )
        async with connected(server, "window") as link:
            first = a_session(settings, tmp_path / "data")
            session = await first.__aenter__()
            remote = RemoteEngine(link, settings.messaging.subjects, "the test", "anna", CLOCK)
            await opened(remote)
            before = remote.mirror.session
            client = EngineClient(link, settings.messaging.subjects, CLOCK.now_ns)
            order = resting(session)
            assert (await client.command(order, "anna", run=before)).ok
            await first.__aexit__(None, None, None)
            async with a_session(other, tmp_path / "other") as session:
                await asyncio.wait_for(remote.run(), 30)
                assert remote.changed == "The engine was started again with other settings (symbols, instruments)."
                assert remote.mirror.session == before, "its screen is not taken over"
                refused = await client.command(order, "anna", run=before)
                assert not refused.ok and "was started again meanwhile. Nothing was done" in refused.text
                assert not session.kernel.orders.orders
                recorded = await client.command(RecordMarket(symbol="BTCUSDT", on=True), "anna", run=before)
                assert not recorded.ok and session.recordings.recording() == []
                unknown = await client.command(RecordMarket(symbol="SOLUSDT", on=True), "anna")
                assert not unknown.ok and "not a symbol of this session" in unknown.text
                killed = await client.command(Kill(reason="whichever"), "anna", run=before)
                assert killed.ok and session.views.account().killed
            await remote.close()


async def test_orders_of_the_past_come_with_the_first_screen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with running_server(tmp_path / "nats") as server:
        settings = on_server(server, monkeypatch)
        async with a_session(settings, tmp_path / "data") as session, connected(server, "window") as link:
            await until(lambda: session.kernel.markets["BTCUSDT"].book.synchronised)
            session.command(market_buy())
            await until(lambda: session.views.positions() and not session.kernel.orders.open_orders())
            paid = dict(PAID, funding_id="of before")
            FundingRow.insert(session=1, **paid).execute(session.database)
            async with mirrored(link, settings) as remote:
                ended: list[OrderView] = remote.past_orders
                assert [order.state for order in ended] == ["filled"]
                assert sum(fill.quantity for fill in remote.mirror.fills) == ended[0].quantity
                assert remote.past_equity and remote.past_equity[-1][1] > 9_000
                assert remote.knows_funding and list(remote.mirror.payments) == [FundingView(**paid)]
                # What happens before anybody looks is there for who looks later.
                session.command(market_buy(lots=2_000))
                await until(remote.mirror.orders.ended)
                await until(lambda: remote.mirror.screen.positions[0].quantity == 3 * ended[0].quantity)
                assert sum(fill.quantity for fill in remote.mirror.fills) == 3 * ended[0].quantity


async def test_control_is_taken_from_another_who_notices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with running_server(tmp_path / "nats") as server:
        settings = on_server(server, monkeypatch)
        async with (
            a_session(settings, tmp_path / "data"),
            connected(server, "one") as one,
            connected(server, "two") as two,
            mirrored(one, settings) as first,
            mirrored(two, settings) as second,
        ):
            texts: list[str] = []
            first.control.on_change = texts.append
            first.control.take()
            await until(lambda: first.control.held)
            await until(lambda: second.control.other == "one-1")
            second.control.take()
            await until(lambda: second.control.held and not first.control.held)
            await until(lambda: first.control.other == "two-1")
            said = ["This window has control.", "two-1 has taken control."]
            await until(lambda: [text for text in texts if text] == said)
            await asyncio.sleep(2)
            assert second.control.held and not first.control.held, "it is not taken back by itself"
            second.control.give_up()
            await until(lambda: first.control.other == "" and not second.control.held)


@pytest.mark.allow_log_warnings("kill switch", "Killed")
async def test_a_kill_and_its_end_reach_both_halves_of_a_split_engine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reached: list[tuple[str, str]] = []

    async def obey(request: Message) -> Body:
        assert isinstance(request.body, EngineRequestBody)
        reached.append((request.body.name, request.body.arguments.get("reason", "")))
        return EngineAnswerBody(ok=True, text="done")

    async with running_server(tmp_path / "nats") as server:
        settings = on_server(server, monkeypatch)
        async with (
            a_session(settings, tmp_path / "data") as session,
            connected(server, "window") as link,
            connected(server, "execution") as service,
            mirrored(link, settings) as remote,
        ):
            await service.serve(execution_subjects(settings.messaging.subjects).commands, obey, EngineRequestBody)
            await service.confirm()
            answers = told(remote, CommandAnswered)
            remote.command(Kill(reason="enough"))
            await until(lambda: session.views.account().killed and answers)
            remote.command(CancelAll())
            remote.command(Resume(reason="looked at it"))
            await until(lambda: not session.views.account().killed and len(answers) == 3)
    assert reached == [("Kill", "enough"), ("Resume", "looked at it")]
    assert answers[-1].text == "Strategy core: Resumed: trading is ACTIVE. Execution service: done."


async def test_who_looks_on_is_told_that_another_window_of_the_same_person_has_control(tmp_path: Path) -> None:
    async with (
        running_server(tmp_path / "nats") as server,
        connected(server, "one") as one,
        connected(server, "two") as two,
        connected(server, "three") as three,
    ):
        one.session, two.session, three.session = "anna@a-1-00000000", "anna@a-2-00000000", "bob@a-3-00000000"
        holds, same, other = (TradeControl(link, "paper-01") for link in (one, two, three))
        await holds.take_now()
        watching = [asyncio.ensure_future(control.watch()) for control in (same, other)]
        await until(lambda: same.other and other.other)
        assert (same.other_name, other.other_name) == ("Another session of anna@a", "anna@a")
        for task in watching:
            task.cancel()
        await asyncio.gather(*watching, return_exceptions=True)
        await holds.close()
