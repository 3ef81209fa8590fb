"""What services and windows ask of an engine at the other end of NATS.

Views come as the JSON of ``core.views``: decimals are text. Commands are those of ``core.messages`` by their class's
name, their fields in the engine's own units (ticks, lots).
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import Callable
from enum import StrEnum
from typing import Any, NamedTuple, get_args

import msgspec
from nats.errors import Error as NatsError

from workstation.config.settings import Subjects
from workstation.core.errors import MessagingError
from workstation.core.messages import AnyCommand, Kill, Resume
from workstation.core.timeframe import SECOND_NS
from workstation.messaging.bodies import AnswerBody, EngineAnswerBody, EngineRequestBody
from workstation.messaging.engine_subjects import execution_subjects
from workstation.messaging.envelope import Message, encode
from workstation.messaging.link import NatsLink
from workstation.messaging.moments import moment


class RecordMarket(msgspec.Struct, frozen=True, kw_only=True):
    """Record a symbol's market where the engine runs, or end that.

    Nothing that trades follows from it: it is no input of the kernel, and the journal does not hold it.
    """

    symbol: str
    on: bool
    who: str = ""


COMMANDS: dict[str, type[Any]] = {kind.__name__: kind for kind in (*get_args(AnyCommand), RecordMarket)}
"""Every command by its name."""
DEADLINE_S = 5
"""A command that reaches the engine later is refused."""


class Answered(NamedTuple):
    """An engine's answer, the run of the engine that gave it, and when, by its clock."""

    body: EngineAnswerBody
    session: str
    ts_ns: int


class View(StrEnum):
    """What an engine shows. Arguments stand in brackets."""

    SESSION = "session"
    """``About``: mode, account, instruments by symbol, session number, seed, market, strategies that failed."""
    SCREEN = "screen"
    """``Screen``: what a window shows and what changes, in one piece, as of one event."""
    ACCOUNT = "account"
    ORDERS = "orders"
    """Open ones."""
    ORDER = "order"
    """(client_id)"""
    ALGORITHMS = "algorithms"
    """Execution algorithms that run, are paused, or ended last."""
    POSITIONS = "positions"
    RISK = "risk"
    STRATEGIES = "strategies"
    HEALTH = "health"
    CONNECTION = "connection"
    RECONCILIATION = "reconciliation"
    CONFIGURATION = "configuration"
    """The settings in use; they hold no secret."""
    PAST_ORDERS = "past_orders"
    """(limit)"""
    PAST_FILLS = "past_fills"
    """(limit)"""
    PAST_FUNDING = "past_funding"
    """(limit): payments, this session's too."""
    PAST_EQUITY = "past_equity"
    """(limit)"""
    BARS = "bars"
    """(symbol, timeframe, limit, forming): rows of close time in nanoseconds, open, high, low, close, volume, as
    floats, oldest first; with ``forming`` the bar under construction is the last one."""
    MARKET = "market"
    """(symbol, depth): last price, book levels and freshness, in ticks and lots."""
    PREVIEW = "preview"
    """(intent): what the gate would say."""
    LOG = "log"
    """(limit): the newest lines."""


class EngineClient:
    """One asker. Raises ``MessagingError`` when no engine answers."""

    def __init__(self, link: NatsLink, subjects: Subjects, now_ns: Callable[[], int]) -> None:
        self._link = link
        self._subjects = subjects
        self._now_ns = now_ns

    async def ask(self, view: View, timeout_s: float = 2.0, **arguments: Any) -> Answered:
        """A view as it is now, with the number of the last event that it contains."""
        return await self._ask(self._subjects.views, self._request(view, "", arguments, ""), timeout_s)

    async def view(self, view: View, timeout_s: float = 2.0, **arguments: Any) -> EngineAnswerBody:
        """The same without who answered."""
        return (await self.ask(view, timeout_s, **arguments)).body

    async def view_of_each(self, view: View, wait_s: float = 0.5) -> dict[str, EngineAnswerBody]:
        """What every engine that answers within the time shows, by its session."""
        answers: dict[str, EngineAnswerBody] = {}

        def take(message: Message) -> None:
            if isinstance(message.body, EngineAnswerBody):
                answers[message.session] = message.body

        client = self._link.client
        inbox = client.new_inbox()
        subscription = await self._link.subscribe(inbox, take, EngineAnswerBody, AnswerBody)
        try:
            payload = encode(self._request(view, "", {}, ""), self._link.session, 0, self._now_ns())
            for subjects in (self._subjects, execution_subjects(self._subjects)):
                await client.publish(subjects.views, payload, reply=inbox)
            await asyncio.sleep(wait_s)
        finally:
            with contextlib.suppress(NatsError):
                await subscription.unsubscribe()
        return answers

    async def command(
        self, command: Any, who: str, id_: str = "", timeout_s: float = 5.0, run: str = ""
    ) -> EngineAnswerBody:
        """Tell an engine a command. With the same ``id_`` it acts once, however often it is sent.

        With the ``run`` that an answer's ``session`` told, another run of the engine refuses it.
        """
        fields = msgspec.to_builtins(command)
        named = dict(zip(command.__struct_fields__, fields[1:])) if isinstance(fields, list) else fields
        arguments = {name: value for name, value in named.items() if name not in ("ts_ns", "who")}
        request = self._request(type(command).__name__, who, arguments, id_, run)
        return (await self._ask(self._subjects.commands, request, timeout_s)).body

    async def command_both(
        self, command: Kill | Resume, who: str, id_: str = "", timeout_s: float = 5.0, run: str = ""
    ) -> EngineAnswerBody:
        """The same for a kill or its end, which go to the engine of an execution service too, if there is one: each
        half of a split engine has a kill switch. The answer tells what came of it in each that answers. ``run`` is of
        the engine that people look at.

        Raises ``MessagingError`` when neither answers.
        """
        execution = EngineClient(self._link, execution_subjects(self._subjects), self._now_ns)
        core, service = await asyncio.gather(
            self.command(command, who, id_, timeout_s, run),
            execution.command(command, who, id_, timeout_s),
            return_exceptions=True,
        )
        for error in (core, service):
            if isinstance(error, BaseException) and not isinstance(error, MessagingError):
                raise error
        if isinstance(core, EngineAnswerBody) and isinstance(service, EngineAnswerBody):
            return EngineAnswerBody(
                ok=core.ok and service.ok,
                text=f"Strategy core: {_sentence(core.text)} Execution service: {_sentence(service.text)}"[:5_000],
                duplicate=core.duplicate and service.duplicate,
            )
        if isinstance(core, EngineAnswerBody):
            return core
        if isinstance(service, EngineAnswerBody):
            text = f"Execution service: {_sentence(service.text)} The strategy core does not answer."
            return msgspec.structs.replace(service, text=text[:5_000])
        raise core

    async def _ask(self, subject: str, request: EngineRequestBody, timeout_s: float) -> Answered:
        message = await self._link.request(subject, request, EngineAnswerBody, AnswerBody, timeout_s=timeout_s)
        answer = message.body
        if isinstance(answer, AnswerBody):
            answer = EngineAnswerBody(ok=answer.ok, text=answer.text)
        assert isinstance(answer, EngineAnswerBody)
        return Answered(answer, message.session, message.ts_ns)

    def _request(self, name: str, who: str, arguments: dict[str, Any], id_: str, run: str = "") -> EngineRequestBody:
        return EngineRequestBody(
            id=id_ or secrets.token_hex(8),
            name=str(name),
            who=who or self._link.session,
            deadline=moment(self._now_ns() + DEADLINE_S * SECOND_NS),
            arguments=arguments,
            run=run,
        )


def _sentence(text: str) -> str:
    return f"{text.rstrip('.') or 'Done'}."
