"""``workstation backtest``: a summary for people, one JSON object for programs, an HTML report for both."""

from __future__ import annotations

import argparse
import json
import sys
from decimal import Decimal
from typing import Any

import msgspec

from workstation.assembly import strategy_registry
from workstation.backtest.report import write_report
from workstation.backtest.runner import BacktestRequest, run_backtest
from workstation.commands.backtest_candles import download_of, load_or_download, series_of
from workstation.commands.places import data_folder, settings
from workstation.commands.progress import progress_bar
from workstation.config.settings import Costs, Settings
from workstation.core.errors import ConfigurationError, DataError
from workstation.core.instrument import canonical_symbol
from workstation.storage.candles import CandleDatabase
from workstation.storage.database import open_database


def backtest(arguments: argparse.Namespace) -> int:
    loaded = settings(arguments)
    configured = loaded.settings
    request = _request(arguments, configured)
    registry = strategy_registry(configured, loaded.file)
    registry.create(request.strategy, request.strategy, request.symbol, request.timeframe, request.parameters)
    folder = data_folder(arguments)
    folder.create()
    database = open_database(folder.history)
    try:
        instrument = configured.instruments[request.symbol]
        data = load_or_download(arguments, configured, request, CandleDatabase(database))
    finally:
        database.close()
    with progress_bar(f"Backtest of {request.strategy}", hidden=arguments.json) as progress:
        result = run_backtest(configured, request, data, registry, progress)
    report = None
    if arguments.report is not None or not arguments.json:
        report = write_report(result, data.prices, instrument, arguments.report or folder.reports)
    if arguments.json:
        json.dump(result.to_json(), sys.stdout)
        print()
    else:
        print(result.summary_text())
        print(f"Report     {report}")
        if data.gaps and (wanted := download_of(configured, request)) and wanted.series == data.series:
            print(f"Gaps       `{wanted.command(arguments)}` asks the exchange once more for what is missing.")
    return 0


def _request(arguments: argparse.Namespace, configured: Settings) -> BacktestRequest:
    symbol = canonical_symbol(arguments.symbol)
    if symbol not in configured.instruments:
        known = ", ".join(configured.instruments)
        raise ConfigurationError(f"Symbol {symbol} is not under `instruments` of the configuration; there are {known}.")
    if arguments.end <= arguments.start:
        raise DataError("The end must be later than the start: --start is the first bar, --end is excluded.")
    strategy = arguments.strategy or configured.backtest.strategy
    return BacktestRequest(
        symbol=symbol,
        timeframe=arguments.timeframe or configured.backtest.timeframe,
        strategy=strategy,
        start_ns=arguments.start,
        end_ns=arguments.end,
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
