"""What changed between two looks at an engine's connection, feed and clock, as news."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from widgets.engine.connection_words import BEGINNING, STANDING, offset_words
from widgets.look.numbers import format_age
from widgets.news.news_item import News, NewsKind
from widgets.news.news_words import plural
from workstation.core.types import Severity
from workstation.core.views import ConnectionView

CLOCK_STEP_MS = 50.0
"""A correction of the exchange's clock by less is no news."""
INFO, WARNING, ERROR = Severity.INFO, Severity.WARNING, Severity.ERROR


class Look(NamedTuple):
    """An engine's state at one moment. ``silent_ns`` is the age of a symbol's market data where they are stale."""

    connection: ConnectionView | None
    silent_ns: dict[str, int]
    clock_offset_ms: float
    """That was told last; it follows the exchange's clock in steps."""
    messaging: str = ""
    engine_silent_s: float = 0.0


def changes(before: Look, now: Look) -> Iterator[News]:
    """News of what happened between the two, in the order of their weight."""
    if bool(before.engine_silent_s) != bool(now.engine_silent_s):
        if now.engine_silent_s:
            text = f"No word from the engine for {now.engine_silent_s:.0f} s; what is shown is old"
            yield News(NewsKind.ENGINE, ERROR, text)
        else:
            yield News(NewsKind.ENGINE, INFO, "The engine speaks again")
    yield from _feed(before, now)
    if before.connection is not None and now.connection is not None:
        yield from _connection(before.connection, now.connection)
    if now.clock_offset_ms != before.clock_offset_ms:
        words = f"{offset_words(before.clock_offset_ms)} to {offset_words(now.clock_offset_ms)}"
        text = f"The clock of the exchange is corrected for anew: from {words} against this computer's"
        yield News(NewsKind.CLOCK, INFO, text, "venue")
    if now.messaging != before.messaging and before.messaging:
        severity = INFO if now.messaging.startswith(STANDING) else WARNING
        yield News(NewsKind.ENGINE, severity, f"NATS: {now.messaging or 'not used'}")


def followed_offset(told_ms: float, measured_ms: float) -> float:
    """The offset to tell: it stays until the clock has moved by a step."""
    return measured_ms if abs(measured_ms - told_ms) >= CLOCK_STEP_MS else told_ms


def _feed(before: Look, now: Look) -> Iterator[News]:
    for symbol in now.silent_ns.keys() - before.silent_ns.keys():
        text = f"No market data for {format_age(now.silent_ns[symbol])}; new orders are denied until they come"
        yield News(NewsKind.FEED, WARNING, text, symbol, symbol)
    for symbol in before.silent_ns.keys() - now.silent_ns.keys():
        text = f"Market data again after {format_age(before.silent_ns[symbol])}"
        yield News(NewsKind.FEED, INFO, text, symbol, symbol)


def _connection(before: ConnectionView, now: ConnectionView) -> Iterator[News]:
    if now.blocked_until_ns > before.blocked_until_ns:
        reason = f": {now.blocked_reason}" if now.blocked_reason else ""
        yield News(NewsKind.LIMIT, ERROR, f"The exchange takes no requests for a time{reason}", "venue")
    if now.account != before.account and now.account:
        severity = INFO if now.account in (STANDING, BEGINNING) else WARNING
        yield News(NewsKind.ACCOUNT, severity, f"Account stream: {now.account}", "venue")
    counted = (
        (now.reconnects - before.reconnects, WARNING, "stream", "connected again"),
        (now.resyncs - before.resyncs, INFO, "book", "fetched whole again"),
        (now.trades_filled - before.trades_filled, INFO, "missed trade", "fetched"),
        (now.trades_lost - before.trades_lost, ERROR, "trade", "lost: the exchange did not hand them out again"),
    )
    for count, severity, what, done in counted:
        if count > 0:
            kind = NewsKind.BOOK if what == "book" else NewsKind.FEED
            yield News(kind, severity, f"{plural(count, what)} {done}", "venue")
    for name, use, was in _uses(before, now):
        if use >= 0.9 > was:
            text = f"{use * 100:.0f} % of the {name} is used up; questions wait so that orders pass"
            yield News(NewsKind.LIMIT, WARNING, text, "venue")


def _uses(before: ConnectionView, now: ConnectionView) -> Iterator[tuple[str, float, float]]:
    was = {limit.name: limit.use for limit in before.limits}
    for limit in now.limits:
        yield limit.name, limit.use, was.get(limit.name, 0.0)
