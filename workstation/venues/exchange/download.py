"""Candles of an exchange into the store: only those that it does not have yet, kept page by page."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from workstation.storage.candles import CandleDatabase
from workstation.venues.exchange.candles import CandleSource, fetch_candles
from workstation.venues.exchange.patience import Pauses


class Downloaded(msgspec.Struct, frozen=True):
    """What a download brought. ``missing`` are first opening and last closing times, UTC ns, oldest first."""

    kept: int
    """Candles that were fetched and kept now."""
    missing: list[tuple[int, int]]
    """What the exchange does not have, asked for twice."""


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
    total = sum(end - first for first, end in missing) // interval_ns
    passed = kept = 0
    # What is missing after the first time may have been left out by chance.
    for _ in range(2):
        for first, end in missing:
            async for page in fetch_candles(client, symbol, interval_ns, first, end, pauses=pauses):
                kept += store.save(page.named(series))
                if progress is not None:
                    progress(min(total, passed + (page.end_ns - first) // interval_ns), total)
            passed += (end - first) // interval_ns
        missing = store.missing(series, interval_ns, start_ns, end_ns)
    return Downloaded(kept, missing)
