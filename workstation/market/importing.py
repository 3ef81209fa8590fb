"""Reading candle files: CSV, CSV.GZ and Parquet, exact, and refused with the line that is wrong."""

from __future__ import annotations

import gzip
import math
import re
import zlib
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from workstation.core.errors import DataError
from workstation.core.money import MONEY_SCALE
from workstation.core.timeframe import TIMEFRAME_NAMES, bar_open_ns, parse_utc, utc_text
from workstation.market.history import Candles, Integers, interval_name

TIME_COLUMNS = ("open_time_ms", "open_time", "timestamp", "datetime", "time", "date")
VALUE_COLUMNS = ("open", "high", "low", "close", "volume")
BINANCE_COLUMNS = 12
"""Binance's kline files have no header: open time, the five values, and six more."""

_EPOCH = re.compile(r"[0-9]+(\.[0-9]+)?")
_UNITS = ((10**8, 10**11, 10**9), (10**11, 10**14, 10**6), (10**14, 10**17, 10**3), (10**17, 2**63, 1))
"""Bounds of seconds, milliseconds, microseconds and nanoseconds since 1970, and nanoseconds in each."""
_SAME_STEP_RUN = 10
"""So many equal steps larger than the interval in a row are another interval, not gaps."""

Mask = NDArray[np.bool_]


def read_candles(path: Path | str, symbol: str, interval_ns: int | None = None) -> Candles:
    """Read a candle file. The interval is inferred unless it is given.

    Columns are found by header: open_time_ms, open_time, timestamp, datetime, time or date, and open, high, low,
    close, volume. Times are seconds to nanoseconds since 1970 or ISO (UTC without a zone). Digits beyond 1e-8 are
    rounded half to even. Raises ``DataError`` with the file, the line and what is wrong.
    """
    path = Path(path)
    table, lines = _read_table(path)
    if table.num_rows == 0:
        raise DataError(f"{path}: it has no candles.")
    open_ns = _times(table.column(0), lines)
    values = [_amounts(table.column(index + 1), name, lines) for index, name in enumerate(VALUE_COLUMNS)]
    _check_prices(*values, lines=lines)
    interval = _check_order(open_ns, interval_ns, lines)
    return Candles(symbol, interval, open_ns, *values)


class _Lines:
    """Names the place of a row: the physical line of a CSV, the row of a Parquet file; both from 1."""

    def __init__(self, path: Path, content: bytes | None = None, header: bool = False) -> None:
        self.path = path
        self._content = content
        self._header = header

    def place(self, row: int) -> str:
        if self._content is None:
            return f"{self.path}, row {row + 1}"
        wanted = row + 1 + self._header
        for number, line in enumerate(self._content.splitlines(), 1):
            wanted -= bool(line.strip())
            if wanted == 0:
                return f"{self.path}, line {number}"
        return str(self.path)

    def refuse_first(self, wrong: Mask, what: str, *columns: Integers) -> None:
        """Raise ``DataError`` for the first row that is wrong; ``what`` is formatted with its values in quote."""
        if wrong.any():
            row = int(np.argmax(wrong))
            amounts = [f"{Decimal(int(column[row])) / MONEY_SCALE:f}" for column in columns]
            raise DataError(f"{self.place(row)}: {what.format(*amounts)}.")


def _read_table(path: Path) -> tuple[pa.Table, _Lines]:
    name = path.name.lower()
    try:
        if name.endswith((".parquet", ".pq")):
            return _read_parquet(path)
        content = path.read_bytes()
    except FileNotFoundError:
        raise DataError(f"There is no file {path}.") from None
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}.") from error
    if name.endswith(".gz") or content[:2] == b"\x1f\x8b":
        if content[:2] != b"\x1f\x8b":
            raise DataError(f"{path} is not a gzip file, although its name ends in .gz; rename or compress it.")
        try:
            content = gzip.decompress(content)
        except (OSError, EOFError, zlib.error) as error:
            raise DataError(f"{path} is a damaged gzip file ({error}); get it again.") from error
    elif content[:4] in (b"PK\x03\x04", b"PAR1"):
        raise DataError(f"{path} is not a CSV file; unpack it, or name Parquet files .parquet.")
    return _read_csv(path, content)


def _read_csv(path: Path, content: bytes) -> tuple[pa.Table, _Lines]:
    from pyarrow import csv

    content = content.removeprefix(b"\xef\xbb\xbf")
    first_line = next((line for line in content.splitlines() if line.strip()), b"").decode(errors="replace")
    if not first_line:
        raise DataError(f"{path}: the file is empty.")
    cells = [cell.strip().strip('"') for cell in first_line.split(",")]
    header = not _EPOCH.fullmatch(cells[0])
    if header:
        chosen = _columns(path, cells)
    elif len(cells) == BINANCE_COLUMNS:
        chosen = list(range(6))
    else:
        raise DataError(
            f"{path}: the first line names no columns and is not one of Binance's {BINANCE_COLUMNS}; "
            f"add the header open_time_ms,{','.join(VALUE_COLUMNS)}."
        )
    names = [str(index) for index in range(len(cells))]
    wanted = [names[index] for index in chosen]
    try:
        table = csv.read_csv(
            pa.BufferReader(content),
            csv.ReadOptions(column_names=names, skip_rows_after_names=int(header), block_size=1 << 22),
            convert_options=csv.ConvertOptions(
                include_columns=wanted, column_types=dict.fromkeys(wanted, pa.string()), strings_can_be_null=False
            ),
        )
    except pa.ArrowInvalid as error:
        raise DataError(_ragged_line(path, content, len(cells), error)) from error
    return table, _Lines(path, content, header)


def _ragged_line(path: Path, content: bytes, expected: int, error: Exception) -> str:
    for number, line in enumerate(content.splitlines(), 1):
        if line.strip() and line.count(b",") + 1 != expected:
            return f"{path}, line {number}: {line.count(b',') + 1} columns where the first line has {expected}."
    return f"{path} is not a CSV file that can be read: {error}."


def _read_parquet(path: Path) -> tuple[pa.Table, _Lines]:
    from pyarrow import parquet

    if not path.is_file():
        raise FileNotFoundError
    try:
        table = parquet.read_table(path)
    except pa.ArrowInvalid as error:
        raise DataError(f"{path} is not a Parquet file that can be read; get it again.") from error
    return table.select(_columns(path, table.column_names)), _Lines(path)


def _columns(path: Path, names: list[str]) -> list[int]:
    """Indices of the time and of the five values."""
    known = {name.strip().lower().replace(" ", "_"): index for index, name in reversed(list(enumerate(names)))}
    time = next((name for name in TIME_COLUMNS if name in known), None)
    if time is None:
        raise DataError(f"{path}: no column of opening times; name it one of {', '.join(TIME_COLUMNS)}.")
    missing = [name for name in VALUE_COLUMNS if name not in known]
    if missing:
        raise DataError(f"{path}: no column {missing[0]}; it has {', '.join(names)}.")
    return [known[name] for name in (time, *VALUE_COLUMNS)]


def _times(column: pa.ChunkedArray, lines: _Lines) -> Integers:
    if column.null_count:
        raise DataError(f"{lines.place(_first_null(column))}: the opening time is missing.")
    if pa.types.is_timestamp(column.type) or pa.types.is_date(column.type):
        return _integers(column.cast(pa.timestamp("ns")))
    if pa.types.is_floating(column.type):
        column = column.cast(pa.decimal128(38, 9), safe=False)
    text = pc.utf8_trim_whitespace(column.cast(pa.string()))
    first = text[0].as_py() or ""
    if _EPOCH.fullmatch(first):
        return _epoch_times(text, lines)
    return _iso_times(text, lines)


def _integers(column: pa.ChunkedArray) -> Integers:
    return np.asarray(_numpy(column.cast(pa.int64())), dtype=np.int64)


def _numpy(column: pa.ChunkedArray) -> Any:
    """Numbers of which none is missing. pyarrow's own ``to_numpy`` would load pandas, which costs half a second."""
    if not len(column):
        return np.empty(0, dtype=np.int64)
    return np.concatenate([np.from_dlpack(chunk) for chunk in column.chunks])


def _epoch_times(text: pa.ChunkedArray, lines: _Lines) -> Integers:
    try:
        numbers = _integers(text)
    except pa.ArrowInvalid:
        fractional = _decimals(text, "opening time", lines)
        numbers, rest = np.divmod(fractional, MONEY_SCALE)
        if rest.any():
            numbers = np.where(numbers < 10**11, fractional * 10, -1)
    scale = np.zeros(len(numbers), dtype=np.int64)
    for low, high, nanoseconds in _UNITS:
        scale[(numbers >= low) & (numbers < high)] = nanoseconds
    if not scale.all():
        row = int(np.argmin(scale))
        raise DataError(f"{lines.place(row)}: {text[row]} is not a time since 1970 in s, ms, µs or ns.")
    return np.asarray(numbers * scale)


def _iso_times(text: pa.ChunkedArray, lines: _Lines) -> Integers:
    import pandas as pd

    try:
        moments = pd.DatetimeIndex(pd.to_datetime(text.to_pandas(), format="ISO8601", utc=True))
        if not moments.hasnans:
            return np.asarray(moments.as_unit("ns").asi8)
    except (ValueError, pd.errors.OutOfBoundsDatetime):
        pass
    for row, moment in enumerate(text.to_pylist()):
        try:
            parse_utc(moment or "")
        except ValueError:
            raise DataError(f"{lines.place(row)}: {moment!r} is not a time.") from None
    raise DataError(f"{lines.path}: the opening times are written in more than one way.")


def _amounts(column: pa.ChunkedArray, name: str, lines: _Lines) -> Integers:
    if pa.types.is_floating(column.type):
        return _floats_lossy(column, name, lines)
    if column.null_count:
        raise DataError(f"{lines.place(_first_null(column))}: {name} is missing.")
    return _decimals(pc.utf8_trim_whitespace(column.cast(pa.string())), name, lines)


def _decimals(text: pa.ChunkedArray, name: str, lines: _Lines) -> Integers:
    """Exact numbers of 1e-8 out of text."""
    try:
        return _unscaled(text.cast(pa.decimal128(38, 8)))
    except (pa.ArrowInvalid, OverflowError):
        pass
    try:
        fine = pc.round(text.cast(pa.decimal128(38, 18)), ndigits=8, round_mode="half_to_even")
        return _unscaled(fine.cast(pa.decimal128(38, 8)))
    except (pa.ArrowInvalid, OverflowError):
        return _decimals_one_by_one(text, name, lines)


def _unscaled(amounts: pa.ChunkedArray) -> Integers:
    """The integers that decimals are kept as: 128 bits, of which the upper 64 may hold only the sign."""
    chunks = [np.empty(0, dtype=np.int64)]
    for chunk in amounts.chunks:
        words = np.frombuffer(chunk.buffers()[1], dtype="<i8").reshape(-1, 2)[chunk.offset :][: len(chunk)]
        if (words[:, 1] != words[:, 0] >> 63).any():
            raise OverflowError
        chunks.append(words[:, 0])
    return np.concatenate(chunks)


def _decimals_one_by_one(text: pa.ChunkedArray, name: str, lines: _Lines) -> Integers:
    """What the fast way does not take: very long numbers, and the search for the line that is wrong."""
    units = []
    for row, cell in enumerate(text.to_pylist()):
        try:
            amount = Decimal(cell)
        except InvalidOperation:
            shown = f"{cell!r} is not a number" if cell else "is missing"
            raise DataError(f"{lines.place(row)}: {name} {shown}.") from None
        if not amount.is_finite():
            raise DataError(f"{lines.place(row)}: {name} is {cell}, not a number.")
        scaled = round(amount * MONEY_SCALE)
        if abs(scaled) >= 2**63:
            raise DataError(f"{lines.place(row)}: {name} {cell} is too large; at most 92,000,000,000 can be kept.")
        units.append(scaled)
    return np.array(units, dtype=np.int64)


def _floats_lossy(column: pa.ChunkedArray, name: str, lines: _Lines) -> Integers:
    """Numbers of 1e-8 next to binary ones; exact for what was written with up to 15 digits."""
    values = _numpy(pc.fill_null(column.cast(pa.float64()), math.nan))
    if not np.isfinite(values).all():
        row = int(np.argmin(np.isfinite(values)))
        raise DataError(f"{lines.place(row)}: {name} is {values[row]}, not a number.")
    scaled = values * MONEY_SCALE
    if np.abs(scaled).max() < 2**50:
        return np.asarray(np.rint(scaled).astype(np.int64))
    return _decimals_one_by_one(pa.chunked_array([[repr(value) for value in values.tolist()]]), name, lines)


def _check_prices(
    open_: Integers, high: Integers, low: Integers, close: Integers, volume: Integers, *, lines: _Lines
) -> None:
    for name, prices in zip(VALUE_COLUMNS, (open_, high, low, close)):
        lines.refuse_first(prices <= 0, f"{name} {{}} is not above 0", prices)
    lines.refuse_first(high < low, "high {} is below low {}", high, low)
    for name, prices in (("open", open_), ("close", close)):
        lines.refuse_first(
            (prices > high) | (prices < low), f"{name} {{}} is not between low {{}} and high {{}}", prices, low, high
        )
    lines.refuse_first(volume < 0, "volume {} is negative", volume)


def _check_order(open_ns: Integers, given_ns: int | None, lines: _Lines) -> int:
    """The interval, once the times are known to ascend on its grid."""
    steps = np.diff(open_ns)
    if (steps <= 0).any():
        row = int(np.argmax(steps <= 0)) + 1
        moment = utc_text(int(open_ns[row]))
        if steps[row - 1] == 0:
            raise DataError(f"{lines.place(row)}: {moment} comes twice; remove one of the candles.")
        before = utc_text(int(open_ns[row - 1]))
        raise DataError(f"{lines.place(row)}: {moment} comes after {before}; sort the file by opening time.")
    if given_ns is None and not len(steps):
        raise DataError(f"{lines.path}: one candle does not tell its interval; name the timeframe.")
    interval = given_ns if given_ns is not None else _most_frequent(steps)
    if interval not in TIMEFRAME_NAMES:
        names = ", ".join(TIMEFRAME_NAMES.values())
        raise DataError(
            f"{lines.path}: candles of {interval_name(interval)} cannot be used; the timeframes are {names}."
        )
    mixed = steps % interval != 0
    mixed |= _in_runs(steps, interval)
    if mixed.any():
        row = int(np.argmax(mixed)) + 1
        raise DataError(
            f"{lines.place(row)}: {utc_text(int(open_ns[row]))} is {interval_name(int(steps[row - 1]))} after the "
            f"candle before, in a file of {interval_name(interval)} candles; put each interval in its own file."
        )
    first_ns = int(open_ns[0])
    if bar_open_ns(first_ns, interval) != first_ns:
        name = interval_name(interval)
        raise DataError(f"{lines.place(0)}: {utc_text(first_ns)} is not the start of a {name} candle in UTC.")
    return interval


def _most_frequent(steps: Integers) -> int:
    """The smaller one of two that are as frequent."""
    values, counts = np.unique(steps, return_counts=True)
    return int(values[np.argmax(counts)])


def _in_runs(steps: Integers, interval: int) -> Mask:
    """Steps that open a run of equal ones larger than the interval."""
    wrong = np.zeros(len(steps), dtype=np.bool_)
    if not len(steps):
        return wrong
    starts = np.flatnonzero(np.concatenate(([True], steps[1:] != steps[:-1])))
    lengths = np.diff(np.append(starts, len(steps)))
    wrong[starts] = (steps[starts] != interval) & (lengths >= _SAME_STEP_RUN)
    return wrong


def _first_null(column: pa.ChunkedArray) -> int:
    return int(pc.index(column.is_null(), True).as_py())
