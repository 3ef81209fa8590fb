"""Candles of an exchange into the store: only those that it does not have yet, kept page by page."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from workstation.storage.candles import CandleDatabase
from workstation.venues.exchange.connection.patience import Pauses
from workstation.venues.exchange.market.candles import CandleSource, fetch_candles

NEAR = 100
"""Candles. What is missing closer together than this is asked for at once; a request brings several hundred."""

Span = tuple[int, int]
"""Opening time of the first candle and closing time of the last, UTC ns."""


class Downloaded(msgspec.Struct, frozen=True):
    """What a download brought."""

    kept: int
    """Candles that were fetched and kept now."""
    missing: list[Span]
    """What the exchange does not have, asked for twice; oldest first."""


async def download_candles(
    client: CandleSource,
    store: CandleDatabase,
    series: str,
    symbol: str,
    interval_ns: int,
    start_ns: int,
    end_ns: int,
    progress: Callable[[int, int], None] | None = None,
    pauses: Pauses | None = None,
) -> Downloaded:
    """Fetch what the store lacks of ``symbol`` from ``start_ns`` to ``end_ns``, and keep it under ``series``.

    ``end_ns`` must not be later than the exchange's own time. An interruption loses the page that is on its way; the
    next call goes on where candles are missing. ``progress`` is told candles passed and candles in all. Raises
    ``DataError`` when the exchange does not give them, and ``StorageError``.
    """
    missing = store.missing(series, interval_ns, start_ns, end_ns)
    total = _length_ns(missing) // interval_ns
    passed = 0
    # What is missing after the first time may have been left out by chance.
    for _ in range(2):
        for first, end in _together(missing, NEAR * interval_ns):
            async for page in fetch_candles(client, symbol, interval_ns, first, end, pauses=pauses):
                store.save(page.named(series))
                if progress is not None:
                    progress(min(total, passed + (page.end_ns - first) // interval_ns), total)
            passed += (end - first) // interval_ns
        missing = store.missing(series, interval_ns, start_ns, end_ns)
    return Downloaded(total - _length_ns(missing) // interval_ns, missing)


def _length_ns(spans: list[Span]) -> int:
    return sum(end - first for first, end in spans)


def _together(spans: list[Span], near_ns: int) -> list[Span]:
    """Spans that lie near each other in one: of a market that is seldom traded, every second candle may be missing."""
    found: list[Span] = []
    for first, end in spans:
        if found and first - found[-1][1] < near_ns:
            found[-1] = (found[-1][0], end)
        else:
            found.append((first, end))
    return found
