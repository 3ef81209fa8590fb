"""The risk state of an account as a service: reads what engines tell, obeys people, keeps and publishes the state."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from nats.errors import Error as NatsError
from nats.js.errors import NotFoundError

from workstation.config.settings import Messaging
from workstation.core.timeframe import SECOND_NS
from workstation.messaging.bodies import AnswerBody, Body, ExecutionBody, MetricsBody, RiskCommandBody
from workstation.messaging.cancelling import still_wanted
from workstation.messaging.envelope import Message
from workstation.messaging.link import NatsLink
from workstation.messaging.moments import moment, nanoseconds
from workstation.messaging.stream_reader import Numbered, StreamReader, consumer_name
from workstation.messaging.streams import EXECUTIONS, PERFORMANCE
from workstation.services.engine_client import EngineClient, View
from workstation.services.risk.state import RiskState
from workstation.services.risk.store import RiskStore
from workstation.services.stream_tail import newest_bodies

BEAT_S = 2.0
"""The state is published at least this often, and engines are asked for theirs."""
ASKING_S = 0.4
SAVING_S = 3.0
OBEYED_S = 2.0
RETRY_S = 0.5
"""How long an answer to a kill waits for the engines to say that they obeyed."""
KEPT_COMMANDS = 200
REMEMBERED_EXECUTIONS = 20_000
"""Their ids are read again at a start, against what is published twice."""
_AWAY = (NatsError, TimeoutError, OSError)

log = logging.getLogger("workstation.services")


class RiskService:
    """``start``, then ``run`` until cancelled. Raises ``MessagingError`` when another service has taken over."""

    def __init__(
        self, link: NatsLink, messaging: Messaging, account: str, state: RiskState, now_ns: Callable[[], int]
    ) -> None:
        self._link = link
        self._messaging = messaging
        self._account = account
        self._state = state
        self._now_ns = now_ns
        self._store = RiskStore(link, account)
        self._client = EngineClient(link, messaging.subjects, now_ns)
        self._seen = {EXECUTIONS: 0, PERFORMANCE: 0}
        self._commands: list[dict[str, Any]] = []
        self.engines: dict[str, str] = {}
        self._kept = asyncio.Event()
        """Whether everything that was decided is in the bucket."""
        self._saving = asyncio.Lock()
        name = consumer_name("risk", account)
        self.readers = {
            EXECUTIONS: self._reader(EXECUTIONS, name, ExecutionBody),
            PERFORMANCE: self._reader(PERFORMANCE, name, MetricsBody),
        }

    def _reader(self, stream: str, name: str, kind: type[Body]) -> StreamReader:
        async def take(messages: Sequence[Numbered], upto: int) -> None:
            for message in messages:
                body = message.message.body
                if isinstance(body, ExecutionBody):
                    self._state.take_execution(body)
                elif isinstance(body, MetricsBody):
                    self._state.take_metrics(message.message.ts_ns, body)
            self._seen[stream] = upto
            await self._changed()

        return StreamReader(
            self._link,
            self._messaging,
            stream,
            name,
            kind,
            position=lambda: self._seen[stream],
            restarted=lambda: self._seen.update({stream: 0}),
            take=take,
        )

    @property
    def detail(self) -> str:
        """How the account stands, in a line."""
        state = self._state
        told = f"{self._account}: {state.trading.state}"
        if state.trading.reason:
            told += f", {state.trading.reason}"
        books = state.books
        odd = f"; {books.differing} executions differ from the books" if books.differing else ""
        unkept = "" if self._kept.is_set() else "; not kept yet"
        return f"{told}; {len(self.engines)} engines{odd}{unkept}"[:500]

    async def start(self) -> None:
        """Resume from what was kept, and take commands from now on."""
        memory = await self._load()
        if memory is not None:
            self._state.restore(memory["state"])
            self._seen.update(memory["seen"])
            self._commands = memory["commands"]
            await self._remember_executions()
        await self._changed()
        await self._link.serve(self._messaging.subjects.risk_management, self._command, RiskCommandBody)
        with contextlib.suppress(*_AWAY):
            await self._link.confirm()

    async def _load(self) -> dict[str, Any] | None:
        """What was kept. A NATS that is just starting is waited for: to begin without it would forget a kill."""
        while True:
            with contextlib.suppress(*_AWAY):
                return await self._store.load()
            still_wanted()
            await asyncio.sleep(RETRY_S)

    async def _remember_executions(self) -> None:
        seen = self._seen[EXECUTIONS]
        with contextlib.suppress(NotFoundError):
            async for body in newest_bodies(self._link, EXECUTIONS, seen, REMEMBERED_EXECUTIONS):
                if isinstance(body, ExecutionBody) and body.execution_id:
                    self._state.books.remember(body.execution_id)

    async def run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            for reader in self.readers.values():
                tasks.create_task(reader.run())
            tasks.create_task(self._beat())

    # --- Keeping and telling ------------------------------------------------------------------------------------------

    async def _changed(self) -> None:
        """Keep and publish what has changed. While NATS is away it is owed, and made good by the beat."""
        self._kept.clear()
        with contextlib.suppress(*_AWAY):
            async with asyncio.timeout(SAVING_S):
                await self._save()
        await self._publish()

    async def _save(self) -> None:
        async with self._saving:
            if not self._link.is_up:
                return
            self._kept.set()
            memory = {"state": self._state.snapshot(), "seen": dict(self._seen), "commands": self._commands}
            try:
                await self._store.save(memory, self._state.body(self.engines))
            except BaseException:
                self._kept.clear()
                raise

    async def _publish(self) -> None:
        await self._link.publish(self._messaging.subjects.risk_state, self._state.body(self.engines))

    async def _beat(self) -> None:
        while still_wanted():
            before = self.engines
            await self._ask_engines()
            if self.engines != before or not self._kept.is_set():
                await self._changed()
            else:
                await self._publish()
            await asyncio.sleep(BEAT_S)

    async def _ask_engines(self) -> None:
        with contextlib.suppress(*_AWAY):
            answers = await self._client.view_of_each(View.RISK, ASKING_S)
            self.engines = {session: _engine_state(answer.data) for session, answer in answers.items() if answer.ok}

    # --- Commands -----------------------------------------------------------------------------------------------------

    async def _command(self, request: Message) -> Body:
        asked = request.body
        assert isinstance(asked, RiskCommandBody)
        done = next((known for known in self._commands if known["id"] == asked.id), None)
        if done is not None:
            return AnswerBody(ok=True, text=done["result"], duplicate=True)
        now_ns = self._now_ns()
        if nanoseconds(asked.deadline) < now_ns:
            late_s = (now_ns - nanoseconds(asked.deadline)) / SECOND_NS
            return AnswerBody(ok=False, text=f"The command came {late_s:.1f} s after its deadline and was not obeyed.")
        result = self._obey(asked, now_ns)
        entry = {
            "id": asked.id,
            "command": asked.command,
            "who": asked.who,
            "why": asked.why,
            "time": moment(now_ns),
            "result": result,
        }
        self._commands = [*self._commands[1 - KEPT_COMMANDS :], entry]
        log.info("%s by %s (%s): %s", asked.command, asked.who, asked.why or "no reason given", result)
        await self._changed()
        if asked.command == "kill":
            result += await self._what_engines_did()
        if not self._kept.is_set():
            return AnswerBody(ok=False, text=f"{result} It is not kept yet: NATS did not take it; it is tried again.")
        return AnswerBody(ok=True, text=result)

    def _obey(self, asked: RiskCommandBody, now_ns: int) -> str:
        why = f"{asked.why or 'no reason given'} ({asked.who})"
        state = self._state
        obeys: Mapping[str, Callable[[], str]] = {
            "kill": lambda: state.kill(why, asked.flatten),
            "resume": state.resume,
            "reduce": lambda: state.reduce(why),
            "activate": state.activate,
            "end_crisis": lambda: state.end_crisis(now_ns, why),
        }
        return obeys[asked.command]()

    async def _what_engines_did(self) -> str:
        deadline = asyncio.get_running_loop().time() + OBEYED_S
        while still_wanted():
            await self._ask_engines()
            halted = sum(told.startswith(("killed", "halted")) for told in self.engines.values())
            if (self.engines and halted == len(self.engines)) or asyncio.get_running_loop().time() > deadline:
                break
        if not self.engines:
            return " No engine answers now; each halts when it reads this."
        return f" {halted} of {len(self.engines)} engines say that they are halted."


def _engine_state(risk: Any) -> str:
    if not isinstance(risk, dict):
        return "unknown"
    state = "killed" if risk.get("killed") else str(risk.get("trading_state", "unknown")).lower()
    reason = str(risk.get("reason", ""))
    return f"{state}: {reason}"[:200] if reason else state
