"""Brings a replay to a moment: forward by dispatching, back by beginning anew."""

from __future__ import annotations

from collections.abc import Callable

from workstation.core.messages import Input
from workstation.replay.source import Opened, ReplaySource


class Player:
    """Stands at ``time_ns``: exactly the inputs that came until then have been dispatched, and nothing after it was.

    The kernel cannot run backwards, so ``rewind`` opens the source again; ``on_opened`` hears of every kernel before
    its first input, of the first one too.
    """

    def __init__(self, source: ReplaySource, on_opened: Callable[[Opened], None] = lambda opened: None) -> None:
        self.source = source
        self._on_opened = on_opened
        self.opened: Opened
        self.time_ns = source.start_ns
        self.dispatched = 0
        """Inputs since the beginning."""
        self._next: Input | None = None
        self._drawn = False
        self.rewind()

    @property
    def ended(self) -> bool:
        """Whether there is nothing more to come."""
        return self.time_ns >= self.source.end_ns

    def rewind(self) -> None:
        """To the beginning. Raises ``WorkstationError``."""
        self.opened = self.source.open()
        self.time_ns, self.dispatched = self.source.start_ns, 0
        self._next, self._drawn = None, False
        self._on_opened(self.opened)

    def peek(self) -> Input | None:
        """The next input, ``None`` after the last. Reading it dispatches nothing. Raises ``WorkstationError``."""
        if not self._drawn:
            self._next, self._drawn = next(self.opened.inputs, None), True
        return self._next

    def step(self) -> bool:
        """Dispatch the next input, and all of the same moment; False after the last."""
        event = self.peek()
        if event is None:
            self.time_ns = self.source.end_ns
            return False
        moment = max(self.time_ns, event.ts_ns)
        while event is not None and event.ts_ns <= moment:
            self._dispatch(event)
            event = self.peek()
        self.time_ns = moment
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
            self._dispatch(event)
            self.time_ns = max(self.time_ns, event.ts_ns)
        return False

    def _dispatch(self, event: Input) -> None:
        self._drawn = False
        self.dispatched += 1
        self.opened.kernel.dispatch(event)
