"""What other processes ask of a running session through files in its folder: kill, resume, reconciliation, arming."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

from workstation.core.errors import StorageError
from workstation.core.messages import AcceptReconciliation, AnyCommand, Arm, Kill, Reconcile, Resume
from workstation.core.timeframe import SECOND_NS
from workstation.session.shared_files import ArmingFiles, ArmingShown, ReconciliationFiles, ReconciliationState
from workstation.storage.kill_latch import KillLatch
from workstation.trading.arming import Arming
from workstation.trading.kernel import Kernel

TOLD_AGAIN_NS = 10 * SECOND_NS
"""How old what is told of an agreement may be."""


class RemoteControl:
    """Looked at by the session several times a second, on the loop's thread.

    ``confirmed`` is the account that the configuration arms where nobody can type.
    """

    def __init__(
        self,
        kernel: Kernel,
        arming: Arming | None,
        latch: KillLatch,
        folder: Path,
        command: Callable[[AnyCommand], str],
        *,
        flatten_on_kill: bool,
        confirmed: str,
    ) -> None:
        self._kernel = kernel
        self._arming = arming
        self._latch = latch
        self._files = ReconciliationFiles(folder)
        self._arming_files = ArmingFiles(folder)
        self._command = command
        self._flatten_on_kill = flatten_on_kill
        self._confirmed = confirmed
        self._told: ReconciliationState | None = None
        self._arming_told: ArmingShown | None = None
        self.forget()
        # A kill that the journal knows and the latch does not was lifted while nothing ran here.
        self._latched = kernel.trading.kill is not None
        self.kill_reason = ""
        """Set by a signal: why the kill switch is to be engaged."""

    def look(self) -> None:
        """Do what was asked for."""
        self._follow_signal()
        self._follow_latch()
        self._reconcile()
        self._arm()

    def forget(self) -> None:
        """Nothing is told or asked any more."""
        self._files.forget()
        self._arming_files.forget()

    def latch_again(self, now_ns: int) -> None:
        """A kill that could not be latched on a full disk is not lifted by that; it is latched when there is room."""
        kill = self._kernel.trading.kill
        if kill is not None and not self._latched:
            with contextlib.suppress(StorageError):
                self._latch.engage(kill.reason, "session", now_ns)

    def _follow_signal(self) -> None:
        if self.kill_reason:
            reason, self.kill_reason = self.kill_reason, ""
            self._command(Kill(reason=reason, who="signal", flatten=self._flatten_on_kill))

    def _follow_latch(self) -> None:
        engaged = self._latch.engaged
        killed = self._kernel.trading.kill is not None
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
        reconciliation = self._kernel.comparison
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

    def _arm(self) -> None:
        if self._arming is None:
            return
        wish = self._arming_files.take_wish()
        if wish is not None:
            self._command(Arm(account=self._confirmed, who=wish.who))
        now = self._arming.state
        shown = ArmingShown(now.armed, now.soon, now.until_ns)
        if shown != self._arming_told:
            with contextlib.suppress(OSError):
                self._arming_files.tell(shown)
                self._arming_told = shown
