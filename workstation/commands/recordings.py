"""Recordings at the command line: imported from an exchange's streams, and listed."""

from __future__ import annotations

import argparse
from pathlib import Path

from workstation.commands.places import settings
from workstation.config.settings import Settings
from workstation.core.errors import ConfigurationError, DataError
from workstation.core.instrument import Instrument, canonical_symbol
from workstation.core.timeframe import iso_text, utc_text
from workstation.market.recordings import RecordingHeader, read_header
from workstation.market.recordings.binance import is_stream_recording, recorded_symbol
from workstation.market.recordings.converting import convert_streams
from workstation.market.recordings.file_format import recording_files
from workstation.storage.layout import DataFolder


def configured_instrument(configured: Settings, symbol: str) -> Instrument:
    """Raises ``ConfigurationError``."""
    if symbol not in configured.instruments:
        known = ", ".join(configured.instruments)
        raise ConfigurationError(f"Symbol {symbol} is not under `instruments` of the configuration; there are {known}.")
    return configured.instruments[symbol]


def import_streams(arguments: argparse.Namespace, folder: DataFolder) -> int:
    files: list[Path] = arguments.files
    for file in files:
        if not is_stream_recording(file):
            raise DataError(f"{file} is not a recorded stream, as {files[0]} is: import candles by themselves.")
    symbol = canonical_symbol(arguments.symbol) if arguments.symbol else recorded_symbol(files[0])
    configured = settings(arguments).settings
    instrument = configured_instrument(configured, symbol)
    segment_bytes = configured.record.segment_megabytes * 1_000_000
    done = convert_streams(files, instrument, folder.recordings, segment_bytes)
    print(
        f"Imported {done.book_changes:,} book changes and {done.trades:,} trades of {symbol}, Binance spot, "
        f"{utc_text(done.first_ns)} to {utc_text(done.last_ns)} UTC."
    )
    streams = done.streams
    print(f"Gaps: {streams.book_gaps:,} in the book, {streams.missing_trades:,} trades are missing.")
    for kind, count in sorted(streams.left_out.items()):
        print(f"Left out: {count:,} of {kind}.")
    if streams.cut_levels:
        print(
            f"Cut: {streams.cut_levels:,} quantities in the book were not whole lots of {instrument.lot:f}; they count "
            "with their whole lots."
        )
    for path in done.paths:
        print(f"Recording  {path}")
    return 0


def print_recordings(folder: Path) -> None:
    """A table, where there are any. A file that cannot be read has its sentence instead of figures."""
    found = _headers(folder)
    if not found:
        return
    print(f"\n{'Recording':<40}{'First, UTC':<21}{'Last, UTC':<21}{'Inputs':>12}{'MB':>9}  Market")
    for path, header in found:
        if isinstance(header, DataError):
            print(header)
            continue
        terms = f"{header.instrument.kind}, tick {header.instrument.tick:f}, lot {header.instrument.lot:f}"
        print(
            f"{path.name:<40}{utc_text(header.first_ns):<21}{utc_text(header.last_ns):<21}{header.inputs:>12,}"
            f"{path.stat().st_size / 1e6:>9.1f}  {header.market_text()}; {terms}"
        )


def recording_rows(folder: Path) -> list[dict[str, object]]:
    """For programs. A file that cannot be read has ``error``."""
    rows: list[dict[str, object]] = []
    for path, header in _headers(folder):
        if isinstance(header, DataError):
            rows.append({"recording": str(path), "error": str(header)})
            continue
        rows.append(
            {
                "recording": str(path),
                "symbol": header.instrument.symbol,
                "kind": str(header.instrument.kind),
                "tick": str(header.instrument.tick),
                "lot": str(header.instrument.lot),
                "source": header.source,
                "seed": header.seed,
                "first": iso_text(header.first_ns),
                "last": iso_text(header.last_ns),
                "inputs": header.inputs,
                "bytes": path.stat().st_size,
            }
        )
    return rows


def _headers(folder: Path) -> list[tuple[Path, RecordingHeader | DataError]]:
    found: list[tuple[Path, RecordingHeader | DataError]] = []
    for path in recording_files(folder):
        try:
            found.append((path, read_header(path)))
        except DataError as error:
            found.append((path, error))
    return found
