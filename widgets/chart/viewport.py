"""Which bars a chart shows: panning, zooming and following the newest bar, in arithmetic only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

FREE_BARS: Final = 24  # room for order labels to the right of the newest bar
WIDEST_PITCH: Final = 60.0
FIRST_PITCH: Final = 6.7
KEPT_BARS: Final = 2.0


@dataclass
class Viewport:
    """`right` is the bar index at the right edge, `pitch` logical pixels a bar, `width` those of the pane."""

    right: float = float(FREE_BARS)
    pitch: float = FIRST_PITCH
    width: float = 100.0
    count: int = 0

    @property
    def left(self) -> float:
        return self.right - self.bars

    @property
    def bars(self) -> float:
        return self.width / self.pitch

    @property
    def following(self) -> bool:
        """The newest bar is in view, so the view moves on with the next one."""
        return self.count > 0 and self.left <= self.count - 1 <= self.right

    def reset(self, count: int) -> None:
        """Show the newest of `count` bars at the present zoom."""
        self.count = count
        self.follow()

    def follow(self) -> None:
        """Show the newest bar with room for labels to its right."""
        self.right = self._home()

    def reset_zoom(self) -> None:
        """Back to the pitch of a new chart, at the newest bar."""
        self.pitch = FIRST_PITCH
        self.follow()

    def first(self) -> None:
        """Show the oldest bar at the left edge."""
        self.right = self.bars - 1
        self._keep_in_reach()

    def append(self) -> None:
        """A bar was added: move on with it when it is being followed."""
        follows = self.following
        self.count += 1
        if follows:
            self.right += 1

    def resize(self, width: float) -> None:
        """Keep the right edge and the zoom; at the newest bar, the room beside it."""
        at_home = self.right == self._home()
        self.width = max(1.0, width)
        if at_home:
            self.follow()
        self._keep_in_reach()

    def pan(self, bars: float) -> None:
        """Move towards newer bars, or older ones when negative."""
        self.right += bars
        self._keep_in_reach()

    def zoom(self, factor: float, anchor: float) -> None:
        """Multiply the pitch by `factor`; the bar index `anchor` keeps its pixel."""
        before = self.pitch
        self.pitch = min(WIDEST_PITCH, max(self._narrowest_pitch(), before * factor))
        share = before / self.pitch
        self.right = anchor + (self.right - anchor) * share
        self._keep_in_reach()

    def show_all(self) -> None:
        self.pitch = min(WIDEST_PITCH, self._narrowest_pitch())
        self.right = self.count - 1 + (self.bars - self.count) * 0.75

    def _home(self) -> float:
        return self.count - 1 + min(float(FREE_BARS), self.bars / 4)

    def _narrowest_pitch(self) -> float:
        return self.width / max(20.0, self.count * 1.08 + FREE_BARS / 4)

    def _keep_in_reach(self) -> None:
        newest = self.count - 1 + self.bars - KEPT_BARS
        self.right = min(newest, max(KEPT_BARS, self.right))
