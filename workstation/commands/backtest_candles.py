"""Which candles a backtest takes, and what is offered where there are none."""

from __future__ import annotations

import argparse
import sys

from workstation.backtest.candle_series import market_of, series_names
from workstation.backtest.engine import BacktestRequest
from workstation.backtest.runner import BacktestData, load_data
from workstation.commands.download import Download, run_download
from workstation.config.settings import Settings
from workstation.core.errors import DataError
from workstation.core.timeframe import DAY_NS, TIMEFRAMES
from workstation.market.history import NoCandles
from workstation.market.series import exchange_series
from workstation.storage.candles import CandleDatabase


def series_of(arguments: argparse.Namespace, configured: Settings, symbol: str) -> tuple[str, ...]:
    """``--candles``, else those downloaded of the symbol's market, else what was imported and the shipped sample."""
    if arguments.candles is not None:
        return (arguments.candles.upper(),)
    return series_names(configured, symbol)


def load_or_download(
    arguments: argparse.Namespace, configured: Settings, request: BacktestRequest, store: CandleDatabase
) -> BacktestData:
    """The candles. Where they are missing, name the command that downloads them, or do it when a person says so."""
    instrument, warm_up = configured.instruments[request.symbol], configured.backtest.warm_up_bars
    try:
        return load_data(request, instrument, store, warm_up)
    except NoCandles as missing:
        wanted = download_of(configured, request)
        if wanted is None:
            raise
        command = wanted.command(arguments)
        if arguments.json or not _agreed(f"{missing.what}. Download them now, as `{command}`? [y/N] "):
            raise DataError(
                f"{missing.what}; download them with `{command}`, or import some with `workstation data import FILE`."
            ) from None
    run_download(wanted, store, arguments)
    return load_data(request, instrument, store, warm_up)


def download_of(configured: Settings, request: BacktestRequest) -> Download | None:
    """What would bring the request's candles and its warm-up; ``None`` when no download brings what it asks for."""
    exchange = market_of(configured, request.symbol)
    if exchange is None or exchange_series(request.symbol, exchange) not in request.series:
        return None
    first_ns = request.start_ns - configured.backtest.warm_up_bars * TIMEFRAMES[request.timeframe]
    return Download(exchange, request.symbol, request.timeframe, first_ns // DAY_NS * DAY_NS, request.end_ns)


def _agreed(question: str) -> bool:
    """Whether a person says yes; nobody is asked where there is no terminal."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return False
    return input(question).strip().lower() in ("y", "yes")
