"""The connection to an exchange in the words of the screen."""

from __future__ import annotations

from decimal import Decimal

from widgets.look.numbers import format_age, format_number
from widgets.look.tokens import Tone
from workstation.core.views import ConnectionView, StreamView

STANDING = "connected"
BEGINNING = "connecting"
SECOND_NS = 1_000_000_000


def is_stale(stream: StreamView, stale_ns: int) -> bool:
    """Whether it had no message for longer than market data may be old."""
    return stream.age_s * SECOND_NS > stale_ns


def silent_symbols(view: ConnectionView, stale_ns: int) -> list[str]:
    """Symbols of which every stream is stale; a market without trades is no fault of the connection."""
    heard = {stream.symbol for stream in view.streams if not is_stale(stream, stale_ns)}
    return sorted({stream.symbol for stream in view.streams} - heard)


def blocked_words(view: ConnectionView, now_ns: int) -> str:
    """``Blocked for 12s: too many requests``; empty when it is not."""
    left_ns = view.blocked_until_ns - now_ns
    if left_ns <= 0:
        return ""
    reason = f": {view.blocked_reason}" if view.blocked_reason else ""
    return f"Blocked for {format_age(left_ns)}{reason}"


def connection_words(view: ConnectionView, now_ns: int, stale_ns: int) -> tuple[str, Tone]:
    """The worst that is to be said of it, short enough for the status bar."""
    left_ns = view.blocked_until_ns - now_ns
    if left_ns > 0:
        return f"Blocked for {format_age(left_ns)}", Tone.WARNING
    if not view.streams or view.account == BEGINNING:
        return "Connecting", Tone.WARNING
    if view.account not in ("", STANDING):
        return "Account down", Tone.WARNING
    silent = silent_symbols(view, stale_ns)
    if silent:
        return f"{', '.join(silent)} silent", Tone.WARNING
    return "Connected", Tone.LABEL


def offset_words(milliseconds: float) -> str:
    """``+12 ms``, or seconds from one second on."""
    if abs(milliseconds) >= 1000:
        return format_number(Decimal(milliseconds / 1000), 1, signed=True, unit="s")
    return format_number(Decimal(milliseconds), 0, signed=True, unit="ms")
