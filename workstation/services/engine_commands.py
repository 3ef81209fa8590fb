"""The door for commands over NATS: in time, once, and where they trade only from who holds the trade lease."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple

import msgspec

from workstation.core.errors import DataError, MessagingError, WorkstationError
from workstation.core.messages import Arm, CancelAll, Command, Kill, OrderDenied, OrderSubmitted, Reconcile
from workstation.core.timeframe import MINUTE_NS, SECOND_NS
from workstation.core.types import MANUAL
from workstation.messaging.bodies import EngineAnswerBody, EngineRequestBody
from workstation.messaging.envelope import Message
from workstation.messaging.lease import person_of
from workstation.messaging.moments import nanoseconds
from workstation.services.engine_client import COMMANDS, RecordMarket
from workstation.session import Session

REMEMBERED = 10_000
REMEMBERED_NS = 10 * MINUTE_NS
"""How long after its deadline a command's answer can be asked for again."""
LONGEST_NS = 60 * SECOND_NS
"""The latest deadline: what may act later could not be remembered within bounds."""
MOST_TOLD = 100
"""Orders of one command whose ids are told."""
LARGEST_NUMBER = 1 << 62

log = logging.getLogger("workstation.services")


class _Known(NamedTuple):
    deadline_ns: int
    answer: asyncio.Future[EngineAnswerBody]


class EngineCommands:
    """``run`` is what the engine calls itself in its answers. ``holder`` tells the session that holds the trade lease,
    empty when nobody does; it raises ``MessagingError``."""

    def __init__(self, session: Session, run: str, holder: Callable[[], Awaitable[str]]) -> None:
        self._session = session
        self._run = run
        self._holder = holder
        self._known: dict[str, _Known] = {}
        self._in_order = asyncio.Lock()
        self._denied: OrderDenied | None = None
        self._submitted: list[str] = []
        bus = session.kernel.bus
        self._subscriptions = (
            bus.subscribe(OrderDenied, self._on_denied),
            bus.subscribe(OrderSubmitted, self._on_submitted),
        )

    def close(self) -> None:
        """Hear nothing more of the engine."""
        for unsubscribe in self._subscriptions:
            unsubscribe()

    async def answer(self, request: Message) -> EngineAnswerBody:
        """Carry out a command, or tell what it came to before. Never raises."""
        body = request.body
        assert isinstance(body, EngineRequestBody)
        now_ns = self._session.clock.now_ns()
        self._forget(now_ns)
        known = self._known.get(body.id)
        if known is not None:
            return msgspec.structs.replace(await asyncio.shield(known.answer), duplicate=True)
        deadline_ns = nanoseconds(body.deadline)
        try:
            self._check_deadline(deadline_ns, now_ns)
            command = read_command(body.name, body.arguments, body.who)
            if len(self._known) >= REMEMBERED and not isinstance(command, Kill):
                raise MessagingError("The engine has too many commands to remember: wait a minute and ask again.")
        except MessagingError as error:
            return EngineAnswerBody(ok=False, text=str(error))
        known = self._known[body.id] = _Known(deadline_ns, asyncio.get_running_loop().create_future())
        answer = await self._judge_and_act(command, request.session, body.run, deadline_ns)
        known.answer.set_result(answer)
        return answer

    async def _judge_and_act(
        self, command: Command | RecordMarket, session: str, run: str, deadline_ns: int
    ) -> EngineAnswerBody:
        if not needs_lease(command):
            return self._act(command)
        async with self._in_order:
            try:
                if run not in ("", self._run):
                    raise MessagingError(
                        "The engine was started again meanwhile. Nothing was done; look and ask again."
                    )
                holder = await self._holder()
                if holder not in ("", session):
                    raise MessagingError(
                        f"{person_of(holder)} has control of this account: take control first. Nothing was done."
                    )
                self._check_deadline(deadline_ns, self._session.clock.now_ns())
            except MessagingError as error:
                return EngineAnswerBody(ok=False, text=str(error))
            if not isinstance(command, Arm):
                return self._act(command)
        # The exchange is asked meanwhile: no other command waits for that.
        try:
            text = await self._session.arm_again(command)
        except WorkstationError as error:
            log.warning("%s", error)
            return EngineAnswerBody(ok=False, text=str(error)[:5_000])
        return EngineAnswerBody(ok=not self._session.desk.last_refused, text=text[:5_000])

    def _act(self, command: Any) -> EngineAnswerBody:
        if isinstance(command, RecordMarket):
            return self._record(command)
        self._denied, self._submitted = None, []
        try:
            text = self._session.command(command)
        except Exception as error:
            log.error("A command over NATS failed.", exc_info=error)
            return EngineAnswerBody(ok=False, text=f"The command failed in the engine ({error}); its log tells more.")
        ids, self._submitted = self._submitted, []
        denied = self._denied
        if denied is not None and not ids:
            return EngineAnswerBody(ok=False, text=f"Denied {denied.code}: {denied.text}"[:5_000])
        refused = self._session.desk.last_refused
        return EngineAnswerBody(ok=not refused, text=text[:5_000], data={"orders": ids} if ids else None)

    def _record(self, command: RecordMarket) -> EngineAnswerBody:
        """The recorder tells in the engine's log what comes of it."""
        recordings = self._session.recordings
        log.info("%s asks to %s recording %s.", command.who, "begin" if command.on else "end", command.symbol)
        try:
            (recordings.start if command.on else recordings.stop)(command.symbol)
        except DataError as error:
            return EngineAnswerBody(ok=False, text=str(error))
        return EngineAnswerBody(ok=True)

    def _on_denied(self, denial: OrderDenied) -> None:
        if denial.owner == MANUAL:
            self._denied = denial

    def _on_submitted(self, order: OrderSubmitted) -> None:
        if order.owner == MANUAL and len(self._submitted) < MOST_TOLD:
            self._submitted.append(order.client_id)

    @staticmethod
    def _check_deadline(deadline_ns: int, now_ns: int) -> None:
        if now_ns > deadline_ns:
            late = (now_ns - deadline_ns) / SECOND_NS
            raise MessagingError(
                f"The command was refused: it came {late:.1f} s after its deadline. Nothing was done; are both clocks "
                "right?"
            )
        if deadline_ns - now_ns > LONGEST_NS:
            raise MessagingError(
                f"The command was refused: its deadline is more than {LONGEST_NS // SECOND_NS} s away. Nothing was "
                "done; are both clocks right?"
            )

    def _forget(self, now_ns: int) -> None:
        """Those that can no longer act twice: in time, or at once where there are too many."""
        full = len(self._known) >= REMEMBERED
        for id_, known in list(self._known.items()) if full else list(self._oldest()):
            if known.answer.done() and known.deadline_ns + (0 if full else REMEMBERED_NS) < now_ns:
                del self._known[id_]

    def _oldest(self) -> list[tuple[str, _Known]]:
        return [(id_, self._known[id_]) for id_, _ in zip(self._known, range(4))]


def needs_lease(command: Command | RecordMarket) -> bool:
    """Whether only the holder of the trade lease may give it: all but the kill, the cancel of entries, a question."""
    if isinstance(command, CancelAll):
        return command.include_protective
    return not isinstance(command, Kill | Reconcile)


def read_command(name: str, arguments: Mapping[str, Any], who: str) -> Command | RecordMarket:
    """A command by the name of its class. Raises ``MessagingError`` with what is wrong."""
    kind = COMMANDS.get(name)
    if kind is None:
        raise MessagingError(f"There is no command {name}; there are {', '.join(COMMANDS)}.")
    fields = {field.name: field for field in msgspec.structs.fields(kind) if field.name not in ("ts_ns", "who")}
    unknown = set(arguments) - set(fields)
    if unknown:
        raise MessagingError(f"{name} takes no {', '.join(sorted(unknown))}.")
    missing = [key for key, field in fields.items() if field.required and key not in arguments]
    if missing:
        raise MessagingError(f"{name} needs {', '.join(missing)}.")
    values: dict[str, Any] = {"who": who}
    for key, given in arguments.items():
        if not _is_bounded(given):
            raise MessagingError(f"{name}: {key} holds a number that is too large.")
        try:
            values[key] = msgspec.convert(given, fields[key].type)
        except msgspec.ValidationError as error:
            raise MessagingError(f"{name}: {key} is wrong: {error}.") from None
    command: Command | RecordMarket = kind(**values)
    return command


def _is_bounded(value: Any) -> bool:
    """Whether the journal can hold it."""
    if isinstance(value, dict):
        return all(map(_is_bounded, value.values()))
    if isinstance(value, list):
        return all(map(_is_bounded, value))
    return not isinstance(value, int) or abs(value) < LARGEST_NUMBER
