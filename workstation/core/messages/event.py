"""The base of every output."""

from __future__ import annotations

import msgspec


class Event(msgspec.Struct, frozen=True, gc=False, tag=True, tag_field="event", kw_only=True):
    """Base of every output. ``ts_ns`` is the engine's time, UTC nanoseconds."""

    ts_ns: int
