"""``workstation backtest``: a summary for people, one JSON object for programs, an HTML report for both."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec

from workstation.assembly import strategy_registry
from workstation.backtest.engine import BacktestRequest
from workstation.backtest.recorded import load_recorded, recorded_instrument, run_recorded_backtest
from workstation.backtest.report import write_report
from workstation.backtest.result import BacktestResult
from workstation.backtest.round_trips import PriceBars
from workstation.backtest.runner import run_backtest
from workstation.commands.backtest_candles import download_of, load_or_download, series_of
from workstation.commands.places import data_folder, settings
from workstation.commands.progress import progress_bar
from workstation.commands.recordings import configured_instrument
from workstation.config.loader import Loaded
from workstation.config.settings import Costs, Settings
from workstation.core.errors import DataError
from workstation.core.instrument import Instrument, canonical_symbol
from workstation.market.recordings import read_recordings
from workstation.storage.candles import CandleDatabase
from workstation.storage.database import open_database
from workstation.storage.layout import DataFolder


class Ran(NamedTuple):
    """What was run, and a last line for the person who ran it."""

    result: BacktestResult
    prices: PriceBars
    instrument: Instrument
    hint: str = ""


def backtest(arguments: argparse.Namespace) -> int:
    loaded = settings(arguments)
    folder = data_folder(arguments)
    run = _over_recordings if arguments.recordings else _over_candles
    result, prices, instrument, hint = run(arguments, loaded, folder)
    report = None
    if arguments.report is not None or not arguments.json:
        report = write_report(result, prices, instrument, arguments.report or folder.reports)
    if arguments.json:
        json.dump(result.to_json(), sys.stdout)
        print()
    else:
        print(result.summary_text())
        print(f"Report     {report}")
        if hint:
            print(hint)
    return 0


def _over_candles(arguments: argparse.Namespace, loaded: Loaded, folder: DataFolder) -> Ran:
    configured = loaded.settings
    symbol = canonical_symbol(arguments.symbol or "BTCUSDT")
    instrument = configured_instrument(configured, symbol)
    if arguments.start is None or arguments.end is None:
        raise DataError("Over candles a backtest needs --start and --end; over a recording give --recording FILE.")
    if arguments.end <= arguments.start:
        raise DataError("The end must be later than the start: --start is the first bar, --end is excluded.")
    request = _request(arguments, configured, symbol, arguments.start, arguments.end)
    registry = strategy_registry(configured, loaded.file)
    registry.create(request.strategy, request.strategy, request.symbol, request.timeframe, request.parameters)
    with _candles(folder) as store:
        data = load_or_download(arguments, configured, request, store)
    with progress_bar(f"Backtest of {request.strategy}", hidden=arguments.json) as progress:
        result = run_backtest(configured, request, data, registry, progress)
    wanted = download_of(configured, request) if data.gaps else None
    hint = ""
    if wanted is not None and wanted.series == data.series:
        hint = f"Gaps       `{wanted.command(arguments)}` asks the exchange once more for what is missing."
    return Ran(result, data.prices, instrument, hint)


def _over_recordings(arguments: argparse.Namespace, loaded: Loaded, folder: DataFolder) -> Ran:
    configured = loaded.settings
    if arguments.start is not None or arguments.end is not None:
        raise DataError("A recording is run from its first input to its last: leave --start and --end out.")
    recordings = read_recordings(arguments.recordings)
    first = recordings.headers[0].instrument.symbol
    symbol = canonical_symbol(arguments.symbol) if arguments.symbol else first
    recorded_instrument(recordings, symbol, configured.instruments)
    request = _request(arguments, configured, symbol, recordings.first_ns, recordings.last_ns + 1)
    registry = strategy_registry(configured, loaded.file)
    registry.create(request.strategy, request.strategy, request.symbol, request.timeframe, request.parameters)
    with _candles(folder) as store:
        data = load_recorded(request, recordings, configured.instruments, store, configured.backtest.warm_up_bars)
    with progress_bar(f"Backtest of {request.strategy}", hidden=arguments.json) as progress:
        result, prices = run_recorded_backtest(configured, request, data, registry, progress)
    return Ran(result, prices, data.instrument)


@contextmanager
def _candles(folder: DataFolder) -> Iterator[CandleDatabase]:
    folder.create()
    database = open_database(folder.history)
    try:
        yield CandleDatabase(database)
    finally:
        database.close()


def _request(
    arguments: argparse.Namespace, configured: Settings, symbol: str, start_ns: int, end_ns: int
) -> BacktestRequest:
    strategy = arguments.strategy or configured.backtest.strategy
    return BacktestRequest(
        symbol=symbol,
        timeframe=arguments.timeframe or configured.backtest.timeframe,
        strategy=strategy,
        start_ns=start_ns,
        end_ns=end_ns,
        cash=arguments.cash or configured.backtest.cash,
        costs=_costs(arguments.fee_bps, arguments.slippage_bps, configured.backtest.costs),
        parameters={**_configured_parameters(configured, strategy), **dict(arguments.parameters)},
        loss_limits=arguments.limits == "on",
        seed=arguments.seed,
        series=series_of(arguments, configured, symbol),
    )


def _configured_parameters(configured: Settings, strategy: str) -> dict[str, Any]:
    """Of the first entry that runs the strategy: what is tested is what would trade."""
    for entry in configured.strategies.values():
        if entry.strategy == strategy:
            return dict(entry.parameters)
    return {}


def _costs(fee_bps: Decimal | None, slippage_bps: Decimal | None, costs: Costs) -> Costs:
    if fee_bps is not None:
        costs = msgspec.structs.replace(costs, taker_bps=fee_bps, maker_bps=fee_bps)
    if slippage_bps is not None:
        most = max(slippage_bps, costs.maximum_slippage_bps)
        costs = msgspec.structs.replace(costs, slippage_bps=slippage_bps, maximum_slippage_bps=most)
    return costs
