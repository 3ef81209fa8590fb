"""``workstation data``: candles in and out of the history database, recordings into their folder, what there is."""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path

import msgspec

from workstation.backtest.wording import plural
from workstation.commands.download import Download, run_download
from workstation.commands.places import data_folder, settings
from workstation.commands.progress import progress_bar
from workstation.commands.recordings import import_streams, print_recordings, recording_rows
from workstation.core.errors import DataError
from workstation.core.instrument import canonical_symbol
from workstation.core.timeframe import TIMEFRAMES, iso_text, utc_text
from workstation.market.exporting import write_candles
from workstation.market.history import candle_ranges, find_candles, interval_name
from workstation.market.importing import read_candles
from workstation.market.recordings.binance import is_stream_recording
from workstation.storage.candles import CandleDatabase
from workstation.storage.database import open_database


def data(arguments: argparse.Namespace) -> int:
    folder = data_folder(arguments)
    folder.create()
    if arguments.action == "import" and is_stream_recording(arguments.files[0]):
        return import_streams(arguments, folder)
    database = open_database(folder.history)
    try:
        store = CandleDatabase(database)
        if arguments.action == "import":
            for file in arguments.files:
                _import(arguments, file, store)
            return 0
        if arguments.action == "download":
            return _download(arguments, store)
        if arguments.action == "export":
            return _export(arguments, store)
        return _list(arguments, store, folder.recordings)
    finally:
        database.close()


def _import(arguments: argparse.Namespace, file: Path, store: CandleDatabase) -> None:
    symbol = canonical_symbol(arguments.symbol) if arguments.symbol else _symbol_in(file)
    interval_ns = TIMEFRAMES[arguments.timeframe] if arguments.timeframe else None
    with progress_bar(f"Importing {file.name}") as progress:
        progress(0, 2)
        candles = read_candles(file, symbol, interval_ns)
        progress(1, 2)
        store.save(candles)
        progress(2, 2)
    print(
        f"Imported {len(candles):,} candles of {interval_name(candles.interval_ns)} of {symbol}, "
        f"{utc_text(candles.first_ns)} to {utc_text(candles.end_ns)} UTC."
    )
    if store.changed:
        print(f"{store.changed:,} of them had other values before.")
    _print_gaps([(first, last + candles.interval_ns, count) for first, last, count in candles.gaps()])


def _download(arguments: argparse.Namespace, store: CandleDatabase) -> int:
    exchange = settings(arguments).settings.exchange
    if arguments.market is not None:
        exchange = msgspec.structs.replace(exchange, market=arguments.market)
    if arguments.end is not None and arguments.end <= arguments.start:
        raise DataError("The end must be later than the start: --start is the first candle, --end is excluded.")
    symbol = canonical_symbol(arguments.symbol)
    wanted = Download(exchange, symbol, arguments.timeframe, arguments.start, arguments.end)
    found = run_download(wanted, store, arguments)
    print(
        f"Downloaded {plural(found.kept, 'candle')} of {wanted.timeframe} of {symbol} from "
        f"{exchange.address or exchange.name}, {exchange.market}; "
        f"they are kept as {wanted.series}."
    )
    interval_ns = TIMEFRAMES[wanted.timeframe]
    _print_gaps([(first, end, (end - first) // interval_ns) for first, end in found.missing])
    return 0


def _print_gaps(gaps: list[tuple[int, int, int]]) -> None:
    """Each is where the first missing candle opens and the last closes, and how many there are."""
    if not gaps:
        print("Gaps: none.")
        return
    print(f"Gaps: {len(gaps)}, {sum(count for _, _, count in gaps):,} candles are missing:")
    for start_ns, end_ns, count in gaps[:20]:
        print(f"  {utc_text(start_ns)} to {utc_text(end_ns)}: {count:,}")
    if len(gaps) > 20:
        print(f"  and {len(gaps) - 20} more.")


def _list(arguments: argparse.Namespace, store: CandleDatabase, recordings: Path) -> int:
    ranges = candle_ranges(store)
    if arguments.json:
        rows: list[dict[str, object]] = [
            {
                "symbol": symbol,
                "timeframe": interval_name(interval_ns),
                "first": iso_text(first_ns),
                "last": iso_text(last_ns),
                "candles": count,
            }
            for symbol, interval_ns, first_ns, last_ns, count in ranges
        ]
        print(json.dumps(rows + recording_rows(recordings)))
        return 0
    print(f"{'Symbol':<26}{'Interval':<10}{'First, UTC':<21}{'Last, UTC':<21}{'Candles':>10}")
    for symbol, interval_ns, first_ns, last_ns, count in ranges:
        print(
            f"{symbol:<26}{interval_name(interval_ns):<10}{utc_text(first_ns):<21}{utc_text(last_ns):<21}{count:>10,}"
        )
    print_recordings(recordings)
    return 0


def _export(arguments: argparse.Namespace, store: CandleDatabase) -> int:
    symbol = canonical_symbol(arguments.symbol)
    candles = find_candles(store, symbol, TIMEFRAMES[arguments.timeframe], arguments.start, arguments.end)
    write_candles(candles, arguments.file)
    print(f"Wrote {len(candles):,} candles of {arguments.timeframe} of {symbol} to {arguments.file}.")
    return 0


def _symbol_in(file: Path) -> str:
    found = re.match(r"[A-Za-z0-9]+", file.name)
    if found is None or not re.search(r"[A-Za-z]{3,}", found.group()):
        raise DataError(f"The name of {file.name} does not begin with a symbol: give it with --symbol.")
    return found.group().upper()
