"""What routes ask of the engine, with every silence told as what it means for the caller."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Literal

from workstation.core.errors import MessagingError
from workstation.core.instrument import Instrument, canonical_symbol
from workstation.core.messages import Kill, Resume
from workstation.core.timeframe import SECOND_NS
from workstation.messaging.bodies import AnswerBody, EngineAnswerBody, RiskCommandBody
from workstation.messaging.link import NatsLink
from workstation.messaging.moments import moment
from workstation.services.engine_client import DEADLINE_S, EngineClient, View
from workstation.services.ops.control import OpsControl
from workstation.services.ops.engine_watch import instruments_of
from workstation.services.ops.problems import Problem
from workstation.services.ops.tokens import Caller
from workstation.storage.kill_latch import KillLatch
from workstation.storage.layout import DataFolder

KILL_PATIENCE_S = 2.0
_SILENT = (
    "The engine did not answer in time, so it is not known whether it acted: look before you ask again, or repeat with "
    "the same Idempotency-Key."
)


class EngineDesk:
    """Views and commands for routes. ``risk`` is the subject of the account's risk state."""

    def __init__(
        self,
        link: NatsLink,
        engine: EngineClient,
        control: OpsControl,
        folder: DataFolder,
        risk: str,
        now_ns: Callable[[], int],
    ) -> None:
        self._link = link
        self._control = control
        self._risk = risk
        self._engine = engine
        self._folder = folder
        self._now_ns = now_ns

    async def view(self, view: View, **arguments: Any) -> Any:
        """What the engine shows. Raises ``Problem``."""
        self.require_link()
        try:
            answer = await self._engine.view(view, **arguments)
        except MessagingError as error:
            raise Problem(503, f"No engine answers: {error}") from None
        if not answer.ok:
            raise Problem(409, answer.text or f"The engine does not show {view}.")
        return answer.data

    async def views(self, *asked: View) -> list[Any]:
        """Several at once, in their order. Raises ``Problem``."""
        return await asyncio.gather(*(self.view(view) for view in asked))

    async def instruments(self) -> dict[str, Instrument]:
        """Every symbol that the engine trades. Raises ``Problem``."""
        return instruments_of(await self.view(View.SESSION))

    async def instrument(self, symbol: str) -> Instrument:
        """Raises ``Problem`` when the engine does not trade it."""
        known = await self.instruments()
        found = known.get(canonical_symbol(symbol))
        if found is None:
            raise Problem(404, f"{symbol[:100]} is not traded here; there is {', '.join(known)}.")
        return found

    async def command(self, command: Any, caller: Caller, id_: str = "") -> dict[str, Any]:
        """Tell the engine; what came of it. Raises ``Problem``."""
        self.require_link()
        self._control.admit(command, caller)
        try:
            answer = await self._engine.command(command, caller.who, id_)
        except MessagingError:
            raise Problem(504, _SILENT) from None
        return _result(answer)

    async def kill(self, command: Kill, caller: Caller, id_: str = "") -> dict[str, Any]:
        """Kill, also where NATS or the engine is silent: then by the latch in the data folder.

        Where a risk state service runs, the account's other engines are killed with it.
        """
        account = asyncio.ensure_future(self._tell_account("kill", command.reason, caller, id_, command.flatten))
        try:
            if self._link.is_up:
                answer = await self._engine.command_both(command, caller.who, id_, timeout_s=KILL_PATIENCE_S)
                return _with_account(_result(answer), await account)
        except MessagingError:
            pass
        latch = KillLatch(self._folder.path)
        await asyncio.to_thread(latch.engage, command.reason, caller.who, self._now_ns(), command.flatten)
        latched = {
            "ok": True,
            "text": f"The engine does not answer; the kill switch is latched in {self._folder.path}: a session of that "
            "data folder follows at once, one elsewhere does not.",
            "duplicate": False,
            "orders": [],
        }
        return _with_account(latched, await account)

    async def resume(self, command: Resume, caller: Caller, id_: str = "") -> dict[str, Any]:
        """Lift the kill where ``kill`` engages it; of the account only when the engine obeys. Raises ``Problem``."""
        self.require_link()
        try:
            told = _result(await self._engine.command_both(command, caller.who, id_))
        except MessagingError:
            raise Problem(504, _SILENT) from None
        return _with_account(told, await self._tell_account("resume", command.reason, caller, id_))

    async def _tell_account(
        self, command: Literal["kill", "resume"], why: str, caller: Caller, id_: str, flatten: bool = False
    ) -> str:
        """What the risk state said of it; nothing where none runs."""
        now_ns = self._now_ns()
        asked = RiskCommandBody(
            id=f"{command}-{id_ or now_ns}"[:100],
            command=command,
            who=caller.who,
            why=why[:500],
            deadline=moment(now_ns + DEADLINE_S * SECOND_NS),
            flatten=flatten,
        )
        try:
            answer = await self._link.request(self._risk, asked, AnswerBody, timeout_s=KILL_PATIENCE_S)
        except MessagingError:
            return ""
        assert isinstance(answer.body, AnswerBody)
        return answer.body.text

    def require_link(self) -> None:
        """Raises ``Problem`` while NATS is down."""
        if not self._link.is_up:
            raise Problem(503, f"NATS is {self._link.state}; the engine cannot be asked.")


def _with_account(told: dict[str, Any], account: str) -> dict[str, Any]:
    return told | {"text": f"{told['text']} Account: {account}"} if account else told


def _result(answer: EngineAnswerBody) -> dict[str, Any]:
    if not answer.ok:
        raise Problem(409, f"{answer.text.rstrip('.') or 'The engine refused it without a reason'}.")
    orders = answer.data.get("orders", []) if isinstance(answer.data, dict) else []
    return {"ok": True, "text": answer.text, "duplicate": answer.duplicate, "orders": orders}
