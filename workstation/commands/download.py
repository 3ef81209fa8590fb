"""Candles from the configured exchange, for ``workstation data download`` and for a backtest that lacks some."""

from __future__ import annotations

import argparse
import asyncio
import shlex
from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from workstation.commands.progress import progress_bar
from workstation.config.settings import Exchange
from workstation.core.clock import WallClock
from workstation.core.errors import DataError, WorkstationError
from workstation.core.timeframe import DAY_NS, TIMEFRAMES, utc_text
from workstation.market.series import exchange_series
from workstation.storage.candles import CandleDatabase

if TYPE_CHECKING:
    from workstation.venues.exchange.market.download import Downloaded


class Interrupted(WorkstationError):
    """A person stopped it."""

    exit_code = 130


class Download(msgspec.Struct, frozen=True):
    """What to download. Times are UTC ns; without ``end_ns``, until now."""

    exchange: Exchange
    symbol: str
    timeframe: str
    start_ns: int
    end_ns: int | None

    @property
    def series(self) -> str:
        """The name under which the candles are kept."""
        return exchange_series(self.symbol, self.exchange)

    def command(self, arguments: argparse.Namespace) -> str:
        """The command line that does it, with the configuration and the data folder of ``arguments``."""
        words = ["workstation", "data", "download", "--symbol", self.symbol, "--timeframe", self.timeframe]
        words += ["--start", _date(self.start_ns)]
        words += ["--end", _date(self.end_ns)] if self.end_ns is not None else []
        words += ["--market", self.exchange.market]
        for option in ("config", "profile", "data"):
            value = getattr(arguments, option)
            words += [f"--{option}", str(value)] if value is not None else []
        return shlex.join(words)


def run_download(wanted: Download, store: CandleDatabase, arguments: argparse.Namespace) -> Downloaded:
    """Download with a progress bar. Raises ``Interrupted`` on Ctrl-C, with the command that goes on."""
    with progress_bar(f"Downloading {wanted.timeframe} of {wanted.symbol}") as progress:
        try:
            return asyncio.run(_download(wanted, store, progress))
        except KeyboardInterrupt:
            raise Interrupted(f"stopped; what was fetched is kept. `{wanted.command(arguments)}` goes on.") from None


async def _download(wanted: Download, store: CandleDatabase, progress: Callable[[int, int], None]) -> Downloaded:
    # ccxt takes half a second to load, which who only names the command need not wait for.
    from workstation.venues.exchange.connection.client import ExchangeClient
    from workstation.venues.exchange.market.download import download_candles

    exchange, interval_ns = wanted.exchange, TIMEFRAMES[wanted.timeframe]
    client = ExchangeClient(exchange, None, WallClock())
    try:
        await client.open()
        if not client.lists(wanted.symbol):
            other = "linear" if exchange.market == "spot" else "spot"
            raise DataError(
                f"{exchange.name} lists no {wanted.symbol} among its {exchange.market} markets: correct the symbol, "
                f"or choose the other markets with --market {other}."
            )
        now_ns = client.venue_clock.now_ns() - client.venue_clock.reading.uncertainty_ns
        end_ns = now_ns if wanted.end_ns is None else min(wanted.end_ns, now_ns)
        if end_ns < wanted.start_ns + interval_ns:
            raise DataError(
                f"No {wanted.timeframe} candle has closed between {utc_text(wanted.start_ns)} and {utc_text(end_ns)} "
                f"UTC, the end or the time at {exchange.name}; choose an earlier start."
            )
        return await download_candles(
            client, store, wanted.series, wanted.symbol, interval_ns, wanted.start_ns, end_ns, progress
        )
    finally:
        await client.close()


def _date(ts_ns: int) -> str:
    text = utc_text(ts_ns)
    return text[:10] if ts_ns % DAY_NS == 0 else text.replace(" ", "T")
