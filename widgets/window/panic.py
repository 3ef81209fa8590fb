"""What the panic buttons and their keys do: the command first, then words about what came of it.

A kill goes straight to the engine. Nothing else runs before it, and nothing that fails after it takes it back.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import NamedTuple

from PySide6.QtCore import QObject

from widgets.controls.dialogs import ReasonDialog
from widgets.engine.amend_undo import AmendUndo
from widgets.engine.cancel_undo import CancelUndo
from widgets.engine.engine_model import EngineModel
from widgets.engine.order_words import is_protective
from widgets.engine.protocol import Engine
from widgets.look.numbers import format_time
from widgets.look.tokens import Tone
from widgets.window.banner import Banner
from workstation.core.messages import AnyCommand, CancelAll, Flatten, Kill, PauseStrategy, Resume
from workstation.core.types import EXTERNAL
from workstation.core.views import AccountView

PATIENCE_NS = 5_000_000_000
log = logging.getLogger("widgets.window.panic")


class _Watch(NamedTuple):
    """A request whose end is awaited: ``left`` counts what is not done yet."""

    started_ns: int
    asked: int
    left: Callable[[], int]
    tell: Callable[[int, int, str], None]
    told_left: int = -1


def plural(count: int, noun: str) -> str:
    """``1 entry``, ``2 entries``."""
    if count == 1:
        return f"1 {noun}"
    return f"{count} {noun[:-1]}ies" if noun.endswith("y") else f"{count} {noun}s"


UNDO = "Undo"


class Panic(QObject):
    def __init__(self, model: EngineModel, banner: Banner, *, flatten_on_kill: bool, parent: QObject) -> None:
        super().__init__(parent)
        self._engine: Engine = model.engine
        self._model = model
        self._banner = banner
        self._flatten_on_kill = flatten_on_kill
        self._watch: _Watch | None = None
        self._undo = CancelUndo(model, self)
        self._undo.offered.connect(self._offer_undo)
        self._moves = AmendUndo(model, self)
        self._moves.offered.connect(lambda text: banner.set_message(text, action=UNDO, act=self._moves.undo))
        banner.resume_clicked.connect(self.ask_resume)
        banner.kill_clicked.connect(self.kill)
        banner.pause_clicked.connect(self.pause)
        banner.cancel_all_clicked.connect(self.cancel_all)
        banner.flatten_clicked.connect(self.flatten)
        model.ticked.connect(self._look)

    def kill(self) -> None:
        """Halt, latch, cancel entries, and flatten where the configuration says so."""
        self._engine.command(Kill(reason="kill button or key", flatten=self._flatten_on_kill))
        attachment = self._engine.attachment
        if attachment is not None:
            # Only the engine's own word makes it killed.
            place = "in its own process" if attachment.own is not None else f"at {attachment.place}"
            self._banner.set_message(f"to the engine {place}.", Tone.WARNING, lead="Kill sent")
            return
        self._banner.set_killed(True)
        entries = self._entries()
        kept = sum(1 for order in self._engine.orders() if is_protective(order))
        at = format_time(self._engine.now_ns())

        def tell(done: int, asked: int, took: str) -> None:
            text = f"in {took}. {done} of {plural(asked, 'entry')} cancelled, {plural(kept, 'stop')} kept."
            self._banner.set_message(text, lead=f"Killed {at}")

        self._await(len(entries), lambda: self._still_open(entries), tell)

    def ask_resume(self) -> ReasonDialog:
        """Ask why trading may go on."""
        dialog = ReasonDialog(
            "Release the kill switch",
            "New orders are allowed again. Strategies that run go on at once.",
            "Resume",
            parent=self._banner.window(),
        )
        dialog.reason_given.connect(lambda reason, _: self.resume(reason))
        dialog.show()
        return dialog

    def resume(self, reason: str) -> None:
        """Release the kill switch."""
        self._told(Resume(reason=reason))
        self._banner.set_killed(self._engine.account().killed)

    def pause(self) -> None:
        self._told(PauseStrategy())

    def cancel_all(self) -> None:
        if self._engine.attachment is not None:
            self._model.command(CancelAll())
            return
        entries, worked = self._entries(), self._worked()
        kept = sum(1 for order in self._engine.orders() if is_protective(order))
        self._undo.remember([order for order in self._engine.orders() if order.client_id in entries], quietly=True)
        self._engine.command(CancelAll())

        def tell(done: int, asked: int, took: str) -> None:
            keeping = f", {kept} protective kept" if kept else ""
            undo = UNDO if asked and done == asked and self._undo.count else ""
            ended = f", ended {plural(worked, 'algorithm')}" if worked else ""
            text = f"Cancelled {done} of {plural(asked, 'entry')}{ended}, {took}{keeping}"
            self._banner.set_message(text, action=undo, act=self._undo.undo)

        self._await(len(entries), lambda: self._still_open(entries), tell)

    def _offer_undo(self, text: str, count: int) -> None:
        self._banner.set_message(text, action=UNDO if count else "", act=self._undo.undo)

    def flatten(self) -> None:
        if self._engine.attachment is not None:
            self._model.command(Flatten())
            return
        held = self._held()
        text = self._engine.command(Flatten())

        def tell(done: int, asked: int, took: str) -> None:
            problem = "" if done == asked else f" {text}"
            self._banner.set_message(f"Closed {done} of {plural(asked, 'position')}, {took}.{problem}")

        self._await(
            len(held),
            lambda: len(self._held() & held),
            tell,
        )

    def show_scope(self, account: AccountView) -> None:
        """Beside each button, what it would act on; once killed, that too."""
        entries = len(self._entries()) + self._worked()
        self._banner.set_counts(running=account.running_strategies, entries=entries, positions=len(self._held()))
        if account.killed != self._banner.killed:
            self._banner.set_killed(account.killed)
            if account.killed:
                self._banner.set_message(f"{account.trading_reason}.", lead="Killed")

    def _told(self, command: AnyCommand) -> None:
        if self._engine.attachment is not None:
            self._model.command(command)
            return
        self._banner.set_message(self._engine.command(command))
        self._watch = None
        self._model.refresh()

    def _entries(self) -> set[str]:
        """What the buttons cancel: somebody else's orders are not among them."""
        orders = self._engine.orders()
        return {order.client_id for order in orders if order.owner != EXTERNAL and not is_protective(order)}

    def _worked(self) -> int:
        """Execution algorithms that would go on to order: to cancel all ends them."""
        return sum(1 for algorithm in self._engine.algorithms() if algorithm.state.is_live)

    def _held(self) -> set[tuple[str, str]]:
        """Owner and symbol of what is flattened; what somebody else holds is not."""
        return {(each.owner, each.symbol) for each in self._engine.positions() if each.owner != EXTERNAL}

    def _still_open(self, client_ids: set[str]) -> int:
        return sum(1 for order in self._engine.orders() if order.client_id in client_ids)

    def _await(self, asked: int, left: Callable[[], int], tell: Callable[[int, int, str], None]) -> None:
        self._watch = _Watch(self._engine.now_ns(), asked, left, tell)
        self._look()
        self._model.refresh()

    def _look(self, _: int = 0) -> None:
        """Say how far the last request has come, until it is done; after a while only where it has come further."""
        watch = self._watch
        if watch is None:
            return
        left = watch.left()
        took_ns = self._engine.now_ns() - watch.started_ns
        if took_ns <= PATIENCE_NS or left != watch.told_left:
            watch.tell(watch.asked - left, watch.asked, f"{took_ns / 1e9:.2f} s")
        self._watch = watch._replace(told_left=left) if left else None


def warn_of_stale_feed(banner: Banner, model: EngineModel, warned: str) -> str:
    """Show which feed is stale, and clear that when it is back; the symbol that the banner names now."""
    engine = model.engine
    now_ns = engine.now_ns()
    last = {symbol: engine.market(symbol).last_ns for symbol in engine.symbols}
    ages = {symbol: now_ns - last_ns for symbol, last_ns in last.items() if last_ns}
    worst = max(ages, key=lambda symbol: ages[symbol], default="")
    if worst and ages[worst] > engine.stale_ns:
        age = f"{ages[worst] / 1e9:.0f} s"
        banner.set_message(f"{worst} feed is {age} old. New orders are denied until it is back.", Tone.WARNING)
        return worst
    if warned:
        banner.set_message(f"{warned} feed is back.", Tone.GOOD)
    return ""
