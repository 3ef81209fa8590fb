"""The risk service and its followers over a real nats-server: kept, killed, brought back."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from functools import partial
from pathlib import Path
from random import Random
from typing import Literal

import pytest

from tests.replay.paper_session import PaperSession, busy_configuration
from tests.unit.messaging.nats_servers import connected, running_server
from tests.unit.services.paper_executions import published
from tests.unit.services.risk.test_state import SETTINGS, a_state
from tests.unit.services.service_processes import Service, tell_in_parts
from tests.unit.waiting import until
from workstation.config.settings import RiskService as RiskSettings
from workstation.core.clock import WallClock
from workstation.core.errors import MessagingError
from workstation.core.messages import AnyCommand, EndCrisis, Resume, SetTradingState
from workstation.core.timeframe import SECOND_NS
from workstation.core.types import TradingState
from workstation.messaging.bodies import AnswerBody, EngineAnswerBody, EngineRequestBody, RiskCommandBody, RiskStateBody
from workstation.messaging.envelope import Message, decode
from workstation.messaging.link import Address, NatsLink
from workstation.messaging.moments import moment
from workstation.messaging.server import EmbeddedServer
from workstation.messaging.streams import RISK_BUCKET
from workstation.services.risk.follower import RiskFollower
from workstation.services.risk.service import RiskService
from workstation.services.risk.state import RiskState
from workstation.services.risk.store import risk_key
from workstation.storage.layout import DataFolder
from workstation.verification import verify

pytestmark = pytest.mark.services

MESSAGING = SETTINGS.messaging
SUBJECTS = MESSAGING.subjects
ACCOUNT = SETTINGS.account.name
TRADE = RiskSettings(when_lost="trade", lost_s=SETTINGS.risk_service.lost_s)


def asked(command: str, id_: str = "", late_s: float = 0, flatten: bool = False) -> RiskCommandBody:
    return RiskCommandBody(
        id=id_ or secrets.token_hex(4),
        command=command,  # type: ignore[arg-type]
        who="a test",
        why="practice",
        deadline=moment(time.time_ns() + int((20 - late_s) * SECOND_NS)),
        flatten=flatten,
    )


async def tell(link: NatsLink, command: RiskCommandBody) -> AnswerBody:
    answer = (await link.request(SUBJECTS.risk_management, command, AnswerBody, timeout_s=20)).body
    assert isinstance(answer, AnswerBody)
    return answer


async def kept(link: NatsLink) -> RiskStateBody:
    bucket = await link.jetstream().key_value(RISK_BUCKET)
    entry = await bucket.get(risk_key(ACCOUNT))
    body = decode(entry.value or b"", RiskStateBody).body
    assert isinstance(body, RiskStateBody)
    return body


@asynccontextmanager
async def a_service(link: NatsLink, state: RiskState) -> AsyncIterator[RiskService]:
    service = RiskService(link, MESSAGING, ACCOUNT, state, WallClock().now_ns)
    await service.start()
    running = asyncio.ensure_future(service.run())
    yield service
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


@asynccontextmanager
async def following(link: NatsLink, engine: object, settings: RiskSettings = TRADE) -> AsyncIterator[RiskFollower]:
    follower = RiskFollower(link, SUBJECTS, ACCOUNT, settings, engine)  # type: ignore[arg-type]
    running = asyncio.ensure_future(follower.run())
    yield follower
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


def test_every_account_has_a_key_of_its_own() -> None:
    assert risk_key("paper-01") == "paper-01"
    assert risk_key("my account.α~%") == "my=20account=2E=CE=B1=7E=25"


async def test_commands_act_once_are_refused_when_late_and_are_kept_with_who_and_why(tmp_path: Path) -> None:
    async with running_server(tmp_path) as server, connected(server, "risk") as link, connected(server, "ops") as ops:
        async with a_service(link, a_state()) as service:
            answer = await tell(ops, asked("reduce", "one"))
            assert (answer.ok, answer.duplicate) == (True, False)
            assert answer.text == "Restricted: the account is REDUCING: practice (a test)"
            assert (await tell(ops, asked("activate"))).text == "Lifted: the account is ACTIVE."
            again = await tell(ops, asked("reduce", "one"))
            assert (again.duplicate, again.text) == (True, answer.text)
            assert (await kept(ops)).trading_state == "active", "the command was not obeyed a second time"
            late = await tell(ops, asked("kill", late_s=22))
            assert not late.ok and "after its deadline" in late.text
            assert not (await kept(ops)).killed
            assert [(c["command"], c["who"], c["why"]) for c in service._commands] == [
                ("reduce", "a test", "practice"),
                ("activate", "a test", "practice"),
            ]
        async with connected(server, "risk") as second_link, a_service(second_link, a_state()):
            assert (await tell(ops, asked("reduce", "one"))).duplicate, "a restart knows what it was told"


async def test_of_two_services_of_an_account_the_later_one_goes_on(tmp_path: Path) -> None:
    async with (
        running_server(tmp_path) as server,
        connected(server, "risk") as one,
        connected(server, "other") as two,
        a_service(one, a_state()) as first,
        a_service(two, a_state()),
    ):
        with pytest.raises(MessagingError, match="Another risk service has taken over the account paper-01"):
            await first._changed()


async def test_engines_of_an_account_are_listed_and_asked_whether_they_halted(tmp_path: Path) -> None:
    states = {"engine-a-1": "ACTIVE", "engine-b-1": "REDUCING"}

    async def serve(link: NatsLink) -> None:
        async def answer(request: Message) -> EngineAnswerBody:
            assert isinstance(request.body, EngineRequestBody) and request.body.name == "risk"
            name = link.session
            return EngineAnswerBody(ok=True, data={"trading_state": states[name], "reason": "", "killed": False})

        await link.serve(SUBJECTS.views, answer, EngineRequestBody)

    async with (
        running_server(tmp_path) as server,
        connected(server, "risk") as link,
        connected(server, "engine-a") as a,
        connected(server, "engine-b") as b,
        a_service(link, a_state()),
    ):
        await serve(a)
        await serve(b)
        async with asyncio.timeout(10):
            while (await kept(link)).engines != {"engine-a-1": "active", "engine-b-1": "reducing"}:
                await asyncio.sleep(0.1)
        states.update({"engine-a-1": "HALTED"})
        answer = await tell(a, asked("kill"))
        assert answer.text == "The account is killed. 1 of 2 engines say that they are halted."


@pytest.mark.allow_log_warnings("The protective stop of")
async def test_a_paper_session_obeys_and_nothing_at_the_engine_lifts_the_account(tmp_path: Path) -> None:
    paper = PaperSession(tmp_path / "data", busy_configuration())
    paper.let_pass(300)
    trading = paper.session.kernel.trading
    async with (
        running_server(tmp_path / "nats") as server,
        connected(server, "risk") as link,
        connected(server, "engine") as engine,
        a_service(link, a_state()),
        following(engine, paper),
    ):
        await tell(link, asked("reduce"))
        await until(lambda: trading.state is TradingState.REDUCING)
        assert trading.reason == "Account: practice (a test)"
        paper.command(SetTradingState(state=TradingState.ACTIVE))
        assert str(trading.state) == "REDUCING"
        await tell(link, asked("activate"))
        await until(lambda: trading.state is TradingState.ACTIVE)
        await tell(link, asked("kill", flatten=True))
        await until(lambda: trading.state is TradingState.HALTED)
        assert paper.session.latch.engaged
        paper.let_pass(5)
        assert not any(position.lots for position in paper.session.kernel.ledger.positions.values()), (
            "it was to flatten"
        )
        paper.command(Resume(reason="somebody at the engine"))
        assert trading.state is TradingState.HALTED, "the account is still killed"
        await tell(link, asked("resume"))
        await until(lambda: trading.state is TradingState.ACTIVE)
        assert not paper.session.latch.engaged
        await tell(link, asked("reduce"))
        await until(lambda: trading.state is TradingState.REDUCING)
    paper.close()
    again = PaperSession(tmp_path / "data", busy_configuration(), start_ns=paper.clock.ns)
    assert again.session.kernel.trading.state is TradingState.REDUCING, "a restart keeps what the account restricts"
    again.close()


@pytest.mark.allow_log_warnings("The protective stop of")
async def test_crisis_mode_of_the_account_shrinks_the_sizes_of_another_engine_until_it_is_lifted(
    tmp_path: Path,
) -> None:
    configuration = busy_configuration()
    factor = configuration.settings.risk.crisis.size_factor
    paper = PaperSession(tmp_path / "data", configuration)
    paper.let_pass(20)
    state = a_state()
    async with (
        running_server(tmp_path / "nats") as server,
        connected(server, "risk") as link,
        connected(server, "engine") as engine,
        a_service(link, state) as service,
    ):
        async with following(engine, paper):
            context, views = paper.session.kernel.host.slots["grid"].strategy.context, paper.session.views
            assert context.size_factor() == 1 and not context.crisis()
            state.guards.enter_crisis(paper.clock.ns, "8 losses in a row")
            await service._changed()
            await until(context.crisis)
            assert context.size_factor() == factor < 1
            risk = views.risk()
            assert (risk.crisis, risk.crisis_cause, risk.size_factor) == (True, "account: 8 losses in a row", factor)
            assert views.account().crisis
            assert "that of the account goes on" in paper.command(EndCrisis(reason="somebody at the engine"))
            assert context.size_factor() == factor, "nothing at the engine lifts it"
            paper.let_pass(30)
        paper.close()
        again = PaperSession(tmp_path / "data", configuration, start_ns=paper.clock.ns)
        guards = again.session.kernel.guards
        assert guards.size_factor() == factor, "a restart keeps it"
        async with following(engine, again):
            await tell(engine, asked("end_crisis"))
            await until(lambda: not guards.in_crisis)
            assert guards.size_factor() == 1 and not again.session.views.risk().crisis_cause
            again.let_pass(5)
        again.close()
    assert verify(DataFolder(tmp_path / "data"), None).sessions == 2


class Recorder:
    """Stands for an engine and keeps what it was told."""

    def __init__(self) -> None:
        self.told: list[AnyCommand] = []

    def command(self, command: AnyCommand) -> str:
        self.told.append(command)
        return ""

    def names(self) -> list[str]:
        return [
            f"{type(c).__name__} {c.state}" if isinstance(c, SetTradingState) else type(c).__name__ for c in self.told
        ]


def came_back(server: EmbeddedServer, restarts: int, *links: NatsLink) -> bool:
    return server.restarts == restarts and all(link.is_up for link in links)


@pytest.mark.allow_log_warnings("NATS", "nats")
async def test_a_kill_holds_while_nats_is_killed_and_comes_back(tmp_path: Path) -> None:
    engine = Recorder()
    async with (
        running_server(tmp_path) as server,
        connected(server, "risk") as link,
        connected(server, "engine") as side,
        a_service(link, a_state()),
        following(side, engine),
    ):
        await until(lambda: engine.names() == ["FollowCrisis", "SetTradingState ACTIVE"])
        await tell(link, asked("kill"))
        await until(lambda: engine.names()[2:] == ["Kill", "SetTradingState HALTED"])
        for restarts in (1, 2):
            os.kill(server.process_id, signal.SIGKILL)
            await until(partial(came_back, server, restarts, link, side))
            await asyncio.sleep(1)
            assert (await kept(side)).killed
        assert len(engine.told) == 4, "it is told once"
        await tell(link, asked("resume"))
        await until(lambda: engine.names()[4:] == ["SetTradingState ACTIVE", "Resume"])


@pytest.mark.allow_log_warnings("not heard for")
async def test_a_lost_risk_state_stops_nothing_unless_the_settings_say_so(tmp_path: Path) -> None:
    now = [0.0]
    async with running_server(tmp_path) as server, connected(server, "engine") as link:
        engines = {}
        for when in ("trade", "reduce"):
            engine = Recorder()
            settings = RiskSettings(when_lost=when, lost_s=SETTINGS.risk_service.lost_s)
            follower = RiskFollower(link, SUBJECTS, ACCOUNT, settings, engine, lambda: now[0])
            engines[when] = (engine, follower)
        for moment_s in (29.0, 31.0):
            now[0] = moment_s
            for _, follower in engines.values():
                follower.look()
        assert engines["trade"][0].told == [] and engines["trade"][1].lost
        reducing, follower = engines["reduce"]
        assert reducing.names() == ["SetTradingState REDUCING"]
        command = reducing.told[0]
        assert isinstance(command, SetTradingState) and "not heard" in command.reason
        follower._heard = now[0]
        follower.look()
        assert reducing.names() == ["SetTradingState REDUCING", "SetTradingState ACTIVE"]


@pytest.mark.parametrize(("when", "expected", "warns"), [("trade", False, 0), ("trade", True, 1), ("reduce", False, 1)])
@pytest.mark.allow_log_warnings("not heard for")
def test_an_engine_of_its_own_does_not_warn_of_a_service_that_never_was(
    when: Literal["trade", "reduce"], expected: bool, warns: int, caplog: pytest.LogCaptureFixture
) -> None:
    now, link = [0.0], NatsLink(Address(()), "engine", "engine-1", WallClock().now_ns, 1_000)
    settings = RiskSettings(when_lost=when, lost_s=Decimal(30))
    follower = RiskFollower(link, SUBJECTS, ACCOUNT, settings, Recorder(), lambda: now[0], expected=expected)
    now[0] = 31.0
    follower.look()
    assert follower.lost
    assert [record.levelname for record in caplog.records] == ["WARNING"] * warns


@pytest.mark.allow_log_warnings("NATS", "nats")
async def test_kill_9_of_the_service_and_of_nats_at_random_moments_loses_and_doubles_nothing(tmp_path: Path) -> None:
    """What is resumed is what one that was never killed would know."""
    told = published()
    expected = a_state()
    for body in told.executions:
        expected.take_execution(body)
    for ts_ns, sample in told.metrics:
        expected.take_metrics(ts_ns, sample)
    async with running_server(tmp_path / "nats") as server, connected(server, "engine") as link:
        service = Service(server, tmp_path / "risk", "risk")
        try:
            await tell_in_parts(service, server, link, MESSAGING, told, Random(4))
            wanted = expected.body({})
            async with asyncio.timeout(30):
                while True:
                    try:
                        state = await kept(link)
                    except Exception:
                        await asyncio.sleep(0.3)
                        continue
                    if (state.equity, state.limits) == (wanted.equity, wanted.limits):
                        break
                    await asyncio.sleep(0.1)
            bucket = await link.jetstream().key_value(RISK_BUCKET)
            memory = (await bucket.get(f"{risk_key(ACCOUNT)}.memory")).value
            books = json.loads(memory or b"{}")["state"]["books"]["ledger"]
            assert books == json.loads(json.dumps(expected.snapshot()["books"]["ledger"]))
            assert (state.consecutive_losses, state.drawdown) == (wanted.consecutive_losses, wanted.drawdown)
            assert service.stop() == 0
        finally:
            service.end()
    assert "The risk service stopped in order." in service.log.read_text()
    assert "Traceback" not in service.log.read_text()
