"""Brings a replay to a moment: forward by dispatching; back from the last moment before it that was kept."""

from __future__ import annotations

import logging
from collections.abc import Callable

from workstation.core.errors import DataError
from workstation.core.messages import Input
from workstation.replay.checkpoint import Checkpoint
from workstation.replay.kept_moments import KeptMoments, Moment
from workstation.replay.played_inputs import PlayedInputs
from workstation.replay.source import Opened, ReplaySource

STEPS_BEFORE = 20
"""So many steps before a moment to which it goes back another one is kept: who steps back once does it again."""

log = logging.getLogger("workstation.replay.player")


class Player:
    """Stands at ``time_ns``: exactly the inputs that came until then have been dispatched, and nothing after it was.

    A kernel cannot run backwards, so its state is kept at moments on the way. ``on_opened`` hears of every kernel
    before its next input, of the first one too; ``on_leaving`` ends whatever listens to the one that is shown.
    """

    def __init__(
        self,
        source: ReplaySource,
        on_opened: Callable[[Opened], None] = lambda opened: None,
        on_leaving: Callable[[], None] = lambda: None,
    ) -> None:
        self.source = source
        self.remember: Callable[[], object] = lambda: None
        """Gives what was heard of the kernel so far, when a moment is kept."""
        self.recall: Callable[[object], None] = lambda memory: None
        """Takes it again when the replay stands there anew; ``None`` at the beginning."""
        self._on_opened = on_opened
        self._on_leaving = on_leaving
        self.opened = source.open()
        self.time_ns = source.start_ns
        self.dispatched = 0
        """Inputs since the beginning."""
        self.moments = KeptMoments()
        self._inputs = PlayedInputs(self.opened.inputs)
        self._next: Input | None = None
        self._drawn = False
        self._keeps = True
        self._wish_ns = 0
        self._begin(self.opened)

    @property
    def ended(self) -> bool:
        """Whether there is nothing more to come."""
        return self.time_ns >= self.source.end_ns

    def close(self) -> None:
        """Keep nothing any more; it is not moved again."""
        self._inputs.close()

    def rewind(self) -> None:
        """To the beginning. Raises ``WorkstationError``."""
        self._stand(self.source.open(), 0, self.source.start_ns, None)

    def approach(self, time_ns: int) -> bool:
        """Stand where ``time_ns`` is reached from soonest, and not after it: here, at a moment that was kept, or at
        the beginning. False where it stays. Raises ``WorkstationError``."""
        goes_back = time_ns < self.time_ns
        self._wish_ns = time_ns - STEPS_BEFORE * self.source.pace_ns if goes_back else 0
        moment = self.moments.latest(time_ns)
        if moment is not None and (goes_back or moment.dispatched > self.dispatched):
            opened: Opened = moment.checkpoint.open()
            self.source.resumed(opened)
            self._stand(opened, moment.dispatched, moment.time_ns, moment.memory)
            return True
        if goes_back:
            self.rewind()
        return goes_back

    def peek(self) -> Input | None:
        """The next input, ``None`` after the last. Reading it dispatches nothing. Raises ``WorkstationError``."""
        if not self._drawn:
            self._next, self._drawn = self._inputs.next(), True
        return self._next

    def step(self) -> bool:
        """Dispatch the next input, and all of the same moment; False after the last."""
        event = self.peek()
        if event is None:
            self.time_ns = self.source.end_ns
            return False
        # Before the first is dispatched: a moment that is kept between two of them must not count as an earlier one.
        self.time_ns = max(self.time_ns, event.ts_ns)
        while event is not None and event.ts_ns <= self.time_ns:
            self._dispatch(event)
            event = self.peek()
        return True

    def advance(self, to_ns: int, most: int) -> bool:
        """Dispatch what came until ``to_ns``, at most so many inputs of it; whether the replay stands there now.

        Until then it stands at the last input that was dispatched.
        """
        to_ns = min(to_ns, self.source.end_ns)
        for _ in range(most):
            event = self.peek()
            if event is None or event.ts_ns > to_ns:
                self.time_ns = max(self.time_ns, to_ns)
                return True
            self.time_ns = max(self.time_ns, event.ts_ns)
            self._dispatch(event)
        return False

    def _stand(self, opened: Opened, dispatched: int, time_ns: int, memory: object) -> None:
        self._on_leaving()
        self.dispatched, self.time_ns = dispatched, time_ns
        self._inputs.seek(dispatched)
        self._drawn = False
        self._begin(opened)
        self.recall(memory)

    def _begin(self, opened: Opened) -> None:
        self.opened = opened
        self._take = opened.dispatch or opened.kernel.dispatch
        self._on_opened(opened)

    def _dispatch(self, event: Input) -> None:
        if self._keeps:
            wished = self._wish_ns and event.ts_ns > self._wish_ns
            if wished:
                self._wish_ns = 0
            if self.moments.wants(self.dispatched, 1 if wished else 0):
                self._keep()
        self._drawn = False
        self.dispatched += 1
        self._take(event)

    def _keep(self) -> None:
        """Without those who listen: they are outside, and go on hearing of what is shown."""
        memory = self.remember()
        self._on_leaving()
        try:
            checkpoint = Checkpoint(self.opened._replace(inputs=iter(())))
        except DataError as error:
            # A strategy may hold what cannot be copied; going back then begins anew, which takes longer.
            log.info("This replay keeps no moments to go back to. %s", error)
            self._keeps = False
        else:
            self.moments.add(Moment(self.dispatched, self.time_ns, checkpoint, memory))
        self._on_opened(self.opened)
