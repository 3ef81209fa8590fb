"""The engine's side of the risk state: what the account says becomes commands of this engine's session.

What the account restricts is a cause of its own in the engine, which a person at the engine does not lift; so is its
crisis mode, which makes the engine's sizes at most the account's. Nothing is ever lifted because NATS, the bucket or
the risk service is away.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from typing import Protocol

from nats.errors import Error as NatsError
from nats.errors import TimeoutError as NatsTimeoutError
from nats.js.errors import NotFoundError

from workstation.config.settings import RiskService as RiskSettings
from workstation.config.settings import Subjects
from workstation.core.errors import MessagingError, WorkstationError
from workstation.core.messages import AnyCommand, EndCrisis, FollowCrisis, Kill, Resume, SetTradingState
from workstation.core.money import to_rate
from workstation.core.types import TradingState
from workstation.messaging.bodies import RiskStateBody
from workstation.messaging.cancelling import still_wanted
from workstation.messaging.envelope import Message, decode
from workstation.messaging.link import NatsLink
from workstation.messaging.streams import RISK_BUCKET
from workstation.services.risk.store import risk_key
from workstation.trading.desk import RISK_STATE

WHO = "risk state"
LOOK_S = 0.5
RETRY_S = 0.1
NO_BUCKET_S = 1.0
WATCH_ANEW_S = 30.0
"""A watch that the server has forgotten would be silent for ever."""

log = logging.getLogger("workstation.services")


class Engine(Protocol):
    """What carries out commands: a session."""

    def command(self, command: AnyCommand) -> str: ...


class RiskFollower:
    """``run`` until cancelled, on the engine's loop; it never raises into the engine.

    Where no risk service is ``expected``, an engine that trades without one warns of nothing.
    """

    def __init__(
        self,
        link: NatsLink,
        subjects: Subjects,
        account: str,
        settings: RiskSettings,
        engine: Engine,
        monotonic: Callable[[], float] = time.monotonic,
        *,
        expected: bool = True,
    ) -> None:
        self._link = link
        self._expected = expected
        self._subjects = subjects
        self._account = account
        self._settings = settings
        self._engine = engine
        self._monotonic = monotonic
        self._heard = monotonic()
        self._state: RiskStateBody | None = None
        self._restriction: tuple[TradingState, str] | None = None
        """What this engine was told last; None before."""
        self._crisis: FollowCrisis | None = None
        """The same of the account's crisis mode."""
        self.lost = False
        """Whether nothing was heard of the risk state for too long."""

    @property
    def detail(self) -> str:
        """How the account stands, as far as it is known here."""
        if self._state is None:
            return "the risk state was not heard yet"
        told = f"the account is {self._state.trading_state}"
        return f"{told}, not heard for {self._monotonic() - self._heard:.0f} s" if self.lost else told

    async def run(self) -> None:
        """Follow the bucket, and hear whether the risk service is there."""
        await self._link.subscribe(self._subjects.risk_state, self._hear, RiskStateBody)
        looking = asyncio.ensure_future(self._look())
        try:
            while still_wanted():
                with contextlib.suppress(NatsError, TimeoutError, OSError):
                    if self._link.is_up:
                        await self._watch()
                await asyncio.sleep(RETRY_S)
        finally:
            looking.cancel()
            await asyncio.gather(looking, return_exceptions=True)

    async def _watch(self) -> None:
        reconnects = self._link.reconnects
        ends = self._monotonic() + WATCH_ANEW_S
        try:
            bucket = await self._link.jetstream().key_value(RISK_BUCKET)
        except NotFoundError:
            # The risk service makes it.
            await asyncio.sleep(NO_BUCKET_S)
            return
        watcher = await bucket.watch(risk_key(self._account))
        try:
            while still_wanted() and self._link.reconnects == reconnects and self._monotonic() < ends:
                try:
                    entry = await watcher.updates(timeout=1.0)  # type: ignore[no-untyped-call]
                except NatsTimeoutError:
                    continue
                if entry is not None and entry.value and entry.operation is None:
                    self._take(entry.value)
        finally:
            with contextlib.suppress(NatsError, TimeoutError, OSError):
                await watcher.stop()  # type: ignore[no-untyped-call]

    def _take(self, value: bytes) -> None:
        try:
            body = decode(value, RiskStateBody).body
        except MessagingError as error:
            self._link.refused += 1
            log.warning("The risk state of %s cannot be read: %s", self._account, error)
            return
        assert isinstance(body, RiskStateBody)
        self._heard = self._monotonic()
        self.follow(body)

    def _hear(self, message: Message) -> None:
        self._heard = self._monotonic()

    async def _look(self) -> None:
        while True:
            self.look()
            await asyncio.sleep(LOOK_S)

    def look(self) -> None:
        """Act on a risk state that fell silent, and on one that is heard again."""
        silent_s = self._monotonic() - self._heard
        lost = silent_s >= self._settings.lost_s
        if lost == self.lost:
            self._restrict()
            return
        self.lost = lost
        if lost:
            goes_on = "this engine trades on by its own limits"
            does = goes_on if self._settings.when_lost == "trade" else "this engine only reduces until it is"
            as_ever = self._state is None and not self._expected and does is goes_on
            level = logging.DEBUG if as_ever else logging.WARNING
            log.log(level, "The risk state of %s was not heard for %.0f s: %s.", self._account, silent_s, does)
        else:
            log.info("The risk state of %s is heard again.", self._account)
        self._restrict()

    def follow(self, state: RiskStateBody) -> None:
        """Obey what the account says now."""
        before, self._state = self._state, state
        was_killed = before is not None and before.killed
        if state.killed and (not was_killed or (state.flatten and before is not None and not before.flatten)):
            self._tell(Kill(reason=f"Account: {state.reason}", flatten=state.flatten, who=WHO))
        self._restrict()
        if was_killed and not state.killed:
            self._tell(Resume(reason="the account was resumed", who=WHO))
        if before is not None and before.crisis_mode and not state.crisis_mode:
            self._tell(EndCrisis(reason="ended for the account", who=WHO))

    def _restrict(self) -> None:
        self._restrict_sizes()
        wanted = self._wanted()
        if wanted is None or wanted == self._restriction:
            return
        self._restriction = wanted
        state, reason = wanted
        self._tell(SetTradingState(state=state, reason=reason, cause=RISK_STATE, who=WHO))

    def _restrict_sizes(self) -> None:
        told = self._state
        if told is None:
            return
        wanted = FollowCrisis(
            active=told.crisis_mode,
            cause=told.crisis_cause if told.crisis_mode else "",
            size_factor=to_rate(told.position_size_factor if told.crisis_mode else 1),
            who=WHO,
        )
        if wanted != self._crisis:
            self._crisis = wanted
            self._tell(wanted)

    def _wanted(self) -> tuple[TradingState, str] | None:
        told = self._state
        state = TradingState(told.trading_state.upper()) if told is not None else None
        if self.lost and self._settings.when_lost == "reduce" and state in (None, TradingState.ACTIVE):
            return TradingState.REDUCING, "The risk state of the account is not heard: no new risk until it is."
        if told is None or state is None:
            return (TradingState.ACTIVE, "") if self._restriction is not None else None
        return state, f"Account: {told.reason}" if told.reason else ""

    def _tell(self, command: AnyCommand) -> None:
        try:
            result = self._engine.command(command)
        except WorkstationError as error:
            # What could not be carried out is tried again when it is looked at next.
            self._restriction = self._crisis = None
            log.error("%s", error)
            return
        if result:
            log.info("The risk state of %s: %s", self._account, result)
