"""The exits that the engine keeps for an entry: a stop, targets for parts of it, and when the stop moves."""

from __future__ import annotations

import msgspec


class Target(msgspec.Struct, frozen=True, gc=False):
    """Closes a part of the entry at a limit. ``share`` is a rate of what has filled, 1e-8."""

    share: int
    distance: int
    """Ticks from the entry's average price, in its favour."""


class BracketPlan(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Distances are ticks from the entry's average price; 0 leaves a part out."""

    stop: int
    """Against the entry."""
    targets: tuple[Target, ...] = ()
    break_even_after: int = 0
    """In its favour: from there the stop stands at the entry's price."""
    break_even_offset: int = 0
    """And so much beyond it."""
    trail_after: int = 0
    """In its favour: from there the stop follows the price."""
    trail: int = 0
    """At this distance."""
