"""What other processes ask of a running session through files in its folder: kill, resume, reconciliation."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

import msgspec

from workstation.core.errors import StorageError
from workstation.core.messages import AcceptReconciliation, AnyCommand, Difference, Kill, Reconcile, Resume
from workstation.core.timeframe import SECOND_NS
from workstation.storage.kill_latch import KillLatch
from workstation.trading.desk import KILL
from workstation.trading.kernel import Kernel

TOLD_AGAIN_NS = 10 * SECOND_NS
"""How old what is told of an agreement may be."""


class ReconciliationState(msgspec.Struct, frozen=True):
    """What ``workstation reconcile`` shows: written by the session when it changes."""

    agreed_ns: int
    differences: tuple[Difference, ...]


class ReconciliationWish(msgspec.Struct, frozen=True):
    """What ``workstation reconcile`` asks for."""

    accept: bool
    reason: str
    who: str


class ReconciliationFiles:
    """``reconciliation.json`` tells the state, ``reconciliation.wish`` carries a request; each whole or not there."""

    def __init__(self, folder: Path) -> None:
        self._state = folder / "reconciliation.json"
        self._wish = folder / "reconciliation.wish"

    def tell(self, state: ReconciliationState) -> None:
        """Raises ``OSError``."""
        _replace(self._state, msgspec.json.encode(state))

    def read(self) -> ReconciliationState | None:
        try:
            return msgspec.json.decode(self._state.read_bytes(), type=ReconciliationState)
        except (FileNotFoundError, msgspec.MsgspecError):
            return None

    def wish(self, wish: ReconciliationWish) -> None:
        """Raises ``OSError``."""
        _replace(self._wish, msgspec.json.encode(wish))

    def take_wish(self) -> ReconciliationWish | None:
        """The request, which is then gone."""
        try:
            content = self._wish.read_bytes()
            self._wish.unlink()
            return msgspec.json.decode(content, type=ReconciliationWish)
        except (FileNotFoundError, msgspec.MsgspecError):
            return None

    def forget(self) -> None:
        """No session tells anything."""
        for path in (self._state, self._wish):
            path.unlink(missing_ok=True)


class RemoteControl:
    """Looked at by the session several times a second, on the loop's thread."""

    def __init__(
        self,
        kernel: Kernel,
        latch: KillLatch,
        files: ReconciliationFiles,
        command: Callable[[AnyCommand], str],
        *,
        flatten_on_kill: bool,
    ) -> None:
        self._kernel = kernel
        self._latch = latch
        self._files = files
        self._command = command
        self._flatten_on_kill = flatten_on_kill
        self._told: ReconciliationState | None = None
        # A kill that the journal knows and the latch does not was lifted while nothing ran here.
        self._latched = KILL in kernel.trading.causes
        self.kill_reason = ""
        """Set by a signal: why the kill switch is to be engaged."""

    def look(self) -> None:
        """Do what was asked for."""
        self._follow_signal()
        self._follow_latch()
        self._reconcile()

    def latch_again(self, now_ns: int) -> None:
        """A kill that could not be latched on a full disk is not lifted by that; it is latched when there is room."""
        kill = self._kernel.trading.causes.get(KILL)
        if kill is not None and not self._latched:
            with contextlib.suppress(StorageError):
                self._latch.engage(kill.reason, "session", now_ns)

    def _follow_signal(self) -> None:
        if self.kill_reason:
            reason, self.kill_reason = self.kill_reason, ""
            self._command(Kill(reason=reason, who="signal", flatten=self._flatten_on_kill))

    def _follow_latch(self) -> None:
        engaged = self._latch.engaged
        killed = KILL in self._kernel.trading.causes
        if engaged and not killed:
            record = self._latch.read()
            reason = record.reason if record else "kill latch found on disk"
            self._command(
                Kill(reason=reason, who=record.who if record else "latch", flatten=bool(record and record.flatten))
            )
        elif killed and not engaged and self._latched:
            self._command(Resume(reason="latch released", who="command line"))
        self._latched = engaged

    def _reconcile(self) -> None:
        reconciliation = self._kernel.reconciliation
        if reconciliation is None:
            return
        wish = self._files.take_wish()
        if wish is not None:
            accepting = AcceptReconciliation(reason=wish.reason, who=wish.who)
            self._command(accepting if wish.accept else Reconcile(who=wish.who))
        state = ReconciliationState(reconciliation.agreed_ns, reconciliation.differences)
        told = self._told
        if told is None or state.differences != told.differences or state.agreed_ns - told.agreed_ns >= TOLD_AGAIN_NS:
            with contextlib.suppress(OSError):
                self._files.tell(state)
                self._told = state


def _replace(path: Path, content: bytes) -> None:
    new = path.with_name(path.name + ".new")
    new.write_bytes(content)
    new.replace(path)
