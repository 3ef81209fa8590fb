"""Candle files are read exactly, and a wrong one is refused with its line and the reason."""

from __future__ import annotations

import gzip
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from workstation.core.errors import DataError
from workstation.core.timeframe import DAY_NS, HOUR_NS, MINUTE_NS, iso_text, parse_utc
from workstation.market.importing import read_candles

HEADER = "open_time_ms,open,high,low,close,volume"
START_NS = parse_utc("2023-01-01")


def line(index: int, open_: str = "10", high: str = "12", low: str = "9", close: str = "11", volume: str = "5") -> str:
    return f"{START_NS // 10**6 + index * 3_600_000},{open_},{high},{low},{close},{volume}"


def written(folder: Path, *lines: str, name: str = "candles.csv") -> Path:
    path = folder / name
    content = ("\n".join(lines) + "\n").encode()
    path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    return path


@pytest.mark.parametrize("name", ["candles.csv", "candles.csv.gz", "compressed"])
def test_a_file_is_read_exactly(tmp_path: Path, name: str) -> None:
    lines = [HEADER, line(0, "16541.77", "16545.7", "16508.39", "16529.67", "4364.83570001"), line(1), line(3)]
    path = written(tmp_path, *lines, name=name)
    if name == "compressed":
        path.write_bytes(gzip.compress(path.read_bytes()))
    candles = read_candles(path, "BTCUSDT")
    assert (candles.symbol, candles.interval_ns, len(candles)) == ("BTCUSDT", HOUR_NS, 3)
    assert candles.open_ns.tolist() == [START_NS, START_NS + HOUR_NS, START_NS + 3 * HOUR_NS]
    first = [int(column[0]) for column in (candles.open_e8, candles.high_e8, candles.low_e8, candles.close_e8)]
    assert first == [1654177000000, 1654570000000, 1650839000000, 1652967000000]
    assert candles.volume_e8.tolist() == [436483570001, 500000000, 500000000]
    assert candles.gaps() == [(START_NS + 2 * HOUR_NS, START_NS + 2 * HOUR_NS, 1)]
    assert all(column.dtype == np.int64 for column in (candles.open_ns, candles.open_e8, candles.volume_e8))


@given(prices=st.lists(st.decimals("0.00000001", "92000000000", places=8), min_size=2, max_size=20))
def test_every_price_of_eight_decimals_survives(
    tmp_path_factory: pytest.TempPathFactory, prices: list[Decimal]
) -> None:
    lines = [line(index, *[f"{price:f}"] * 4) for index, price in enumerate(prices)]
    candles = read_candles(written(tmp_path_factory.mktemp("exact"), HEADER, *lines), "X", HOUR_NS)
    assert candles.close_e8.tolist() == [int(price * 10**8) for price in prices]


def test_digits_beyond_the_eighth_are_rounded_half_to_even(tmp_path: Path) -> None:
    volumes = ["0.000000005", "0.000000015", "1e-05", "0.30000000000000004", "123.4567890123456789012345"]
    lines = [line(index, volume=volume) for index, volume in enumerate(volumes)]
    candles = read_candles(written(tmp_path, HEADER, *lines), "X")
    assert candles.volume_e8.tolist() == [0, 2, 1000, 30000000, 12345678901]


@pytest.mark.parametrize(
    ("column", "times"),
    [
        ("open_time", ["1672531200", "1672534800"]),
        ("timestamp", ["1672531200000", "1672534800000"]),
        ("Open Time", ["1672531200000000", "1672534800000000"]),
        ("time", ["1672531200000000000", "1672534800000000000"]),
        ("time", ["1672531200.0", "1672534800.0"]),
        ("date", ["2023-01-01", "2023-01-01 01:00:00"]),
        ("date", ["2023-01-01T00:00:00Z", "2023-01-01T01:00:00.000Z"]),
        ("Datetime", ["2023-01-01 02:00:00+02:00", "2023-01-01 03:00:00+02:00"]),
        ("timestamp", ["1672531200000", "1672534800000000"]),
    ],
)
def test_times_are_recognised(tmp_path: Path, column: str, times: list[str]) -> None:
    rows = [f"{time},10,12,9,11,5" for time in times]
    candles = read_candles(written(tmp_path, f"{column},Open,High,Low,Close,Volume", *rows), "X")
    assert candles.open_ns.tolist() == [START_NS, START_NS + HOUR_NS]


def test_binance_files_have_no_header(tmp_path: Path) -> None:
    rows = [f"{line(index)},{index},55.5,7,2,22,0" for index in range(3)]
    candles = read_candles(written(tmp_path, *rows), "BTCUSDT")
    assert (len(candles), candles.interval_ns, candles.close_e8.tolist()) == (3, HOUR_NS, [11 * 10**8] * 3)


def test_columns_may_stand_in_any_order_and_lines_may_be_blank(tmp_path: Path) -> None:
    rows = ["\ufeffvolume,close,low,high,open,trades,date", "5,11,9,12,10,3,2023-01-01", ""]
    candles = read_candles(written(tmp_path, *rows, "6,11,9,12,10,3,2023-01-02"), "X")
    assert (candles.interval_ns, candles.volume_e8.tolist()) == (DAY_NS, [5 * 10**8, 6 * 10**8])
    assert candles.high_e8.tolist() == [12 * 10**8] * 2


@pytest.mark.parametrize("times", ["ms", "datetime64", "zone"])
def test_parquet_files(tmp_path: Path, times: str) -> None:
    moments = pd.date_range("2023-01-01", periods=4, freq="min", tz="UTC" if times == "zone" else None)
    frame = pd.DataFrame({"date": moments, "open": 16541.77, "high": 16545.7, "low": 16508.39, "close": 16529.67})
    if times == "ms":
        frame["date"] = [START_NS // 10**6 + 60_000 * index for index in range(4)]
    frame["volume"] = [0.1 + 0.2, 0.0, 4364.8357, 1e7]
    frame.to_parquet(tmp_path / "candles.parquet")
    candles = read_candles(tmp_path / "candles.parquet", "X")
    assert (candles.interval_ns, candles.open_ns[0]) == (MINUTE_NS, START_NS)
    assert candles.open_e8.tolist() == [1654177000000] * 4
    assert candles.volume_e8.tolist() == [30000000, 0, 436483570000, 10**15]


def test_candles_without_volume_are_fine(tmp_path: Path) -> None:
    assert read_candles(written(tmp_path, HEADER, line(0, volume="0"), line(1)), "X").volume_e8[0] == 0


@pytest.mark.parametrize(
    ("lines", "refusal"),
    [
        pytest.param([], "the file is empty", id="empty"),
        pytest.param([HEADER], "it has no candles", id="header alone"),
        pytest.param([HEADER, line(1), line(0)], "line 3: .*00:00:00 comes after .*01:00:00; sort", id="disorder"),
        pytest.param([HEADER, line(0), "", line(0)], "line 4: 2023-01-01 00:00:00 comes twice", id="duplicate"),
        pytest.param([HEADER, line(0), line(1, close="NaN")], "line 3: close is NaN, not a number", id="nan"),
        pytest.param([HEADER, line(0, high="inf"), line(1)], "line 2: high is inf, not a number", id="infinite"),
        pytest.param([HEADER, line(0), line(1, low="")], "line 3: low is missing", id="missing value"),
        pytest.param([HEADER, line(0), line(1, open_="ten")], "line 3: open 'ten' is not a number", id="word"),
        pytest.param([HEADER, line(0, low="-9"), line(1)], "line 2: low -9 is not above 0", id="negative"),
        pytest.param([HEADER, line(0), line(1, open_="0")], "line 3: open 0 is not above 0", id="zero"),
        pytest.param([HEADER, line(0, high="8.5")], "line 2: high 8.5 is below low 9", id="high below low"),
        pytest.param([HEADER, line(0, close="12.01")], "close 12.01 is not between low 9 and high 12", id="close"),
        pytest.param([HEADER, line(0, volume="-1")], "line 2: volume -1 is negative", id="negative volume"),
        pytest.param([HEADER, line(0, volume="1e12")], "line 2: volume 1e12 is too large", id="too large"),
        pytest.param([HEADER, line(0), "1,2"], "line 3: 2 columns where the first line has 6", id="ragged"),
        pytest.param(["time,open,high,low,close", "1,2,3,4,5"], "no column volume; it has time", id="no volume"),
        pytest.param(["open,high,low,close,volume", "1,2,3,4,5"], "no column of opening times", id="no time"),
        pytest.param([line(0), line(1)], "the first line names no columns", id="no header"),
        pytest.param([HEADER, line(0)], "one candle does not tell its interval", id="one"),
        pytest.param([HEADER, "2023,1,1,1,1,1"], "line 2: 2023 is not a time", id="year"),
        pytest.param(
            ["date,open,high,low,close,volume", "2023-01-01,1,1,1,1,1", "yesterday,1,1,1,1,1"],
            "line 3: 'yesterday' is not a time",
            id="time",
        ),
        pytest.param(
            [HEADER, *(line(index) for index in range(4)), "1672543800000,10,12,9,11,5"],
            "line 6: .*03:30:00 is 30m after the candle before, in a file of 1h candles",
            id="mixed interval",
        ),
        pytest.param(
            [HEADER, *(line(index) for index in range(20)), *(line(index) for index in range(24, 90, 4))],
            "line 23: .* is 4h after the candle before, in a file of 1h candles",
            id="larger interval",
        ),
        pytest.param(
            [HEADER, *(f"{START_NS // 10**6 + index * 7_000},1,1,1,1,1" for index in range(4))],
            "candles of 7s cannot be used; the timeframes are 1m, 3m",
            id="odd interval",
        ),
        pytest.param(
            [HEADER, *(f"{START_NS // 10**6 + 1_800_000 + index * 3_600_000},1,1,1,1,1" for index in range(4))],
            "line 2: 2023-01-01 00:30:00 is not the start of a 1h candle in UTC",
            id="off the grid",
        ),
    ],
)
def test_a_wrong_file_is_refused_with_its_line(tmp_path: Path, lines: list[str], refusal: str) -> None:
    path = written(tmp_path, *lines)
    with pytest.raises(DataError, match=refusal) as refused:
        read_candles(path, "X")
    assert str(path) in str(refused.value)
    assert "\n" not in str(refused.value)


def test_the_given_interval_is_held(tmp_path: Path) -> None:
    path = written(tmp_path, HEADER, line(0), line(1))
    assert read_candles(written(tmp_path, HEADER, line(0), name="one.csv"), "X", HOUR_NS).interval_ns == HOUR_NS
    assert read_candles(path, "X", MINUTE_NS).gaps() == [(START_NS + MINUTE_NS, START_NS + HOUR_NS - MINUTE_NS, 59)]
    with pytest.raises(DataError, match="is 1h after the candle before, in a file of 1d candles"):
        read_candles(path, "X", DAY_NS)


def test_what_is_not_gzip_or_parquet_is_refused(tmp_path: Path) -> None:
    plain = tmp_path / "candles.csv.gz"
    plain.write_text(HEADER)
    with pytest.raises(DataError, match=r"candles.csv.gz is not a gzip file"):
        read_candles(plain, "X")
    plain.write_bytes(gzip.compress(b"x" * 10_000)[:-9])
    with pytest.raises(DataError, match="is a damaged gzip file"):
        read_candles(plain, "X")
    parquet = tmp_path / "candles.parquet"
    parquet.write_text(HEADER)
    with pytest.raises(DataError, match="is not a Parquet file"):
        read_candles(parquet, "X")
    archive = tmp_path / "candles.csv"
    archive.write_bytes(b"PK\x03\x04 and so on")
    with pytest.raises(DataError, match="is not a CSV file; unpack it"):
        read_candles(archive, "X")
    with pytest.raises(DataError, match="There is no file"):
        read_candles(tmp_path / "absent.csv", "X")
    with pytest.raises(DataError, match="There is no file"):
        read_candles(tmp_path / "absent.parquet", "X")
    with pytest.raises(DataError, match="cannot be read: Is a directory"):
        read_candles(tmp_path, "X")


def test_parquet_rows_are_named(tmp_path: Path) -> None:
    frame = pd.DataFrame({"time": [START_NS, START_NS + MINUTE_NS], "open": [1.0, float("nan")]})
    for name in ("high", "low", "close", "volume"):
        frame[name] = 1.0
    frame.to_parquet(tmp_path / "candles.parquet")
    with pytest.raises(DataError, match="row 2: open is nan, not a number"):
        read_candles(tmp_path / "candles.parquet", "X")


@pytest.mark.parametrize("kind", ["int64", "float64", "string", "timestamp[ns]"])
def test_a_missing_time_in_a_parquet_file_is_named(tmp_path: Path, kind: str) -> None:
    times = pa.array([START_NS, None, START_NS + 2 * MINUTE_NS]).cast(kind, safe=False)
    prices = pa.array([1.0, 1.0, 1.0])
    columns = dict.fromkeys(("open", "high", "low", "close", "volume"), prices)
    parquet.write_table(pa.table({"time": times, **columns}), tmp_path / "candles.parquet")
    with pytest.raises(DataError, match="row 2: the opening time is missing"):
        read_candles(tmp_path / "candles.parquet", "X")


def test_the_shipped_candles_are_read_without_pandas() -> None:
    """It takes longer to load than they take to read."""
    code = "import sys; from workstation.market.history import sample_candles\n"
    code += "print(len(sample_candles()), 'pandas' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.split() == ["8760", "False"]


def test_iso_text_of_the_first_line_round_trips(tmp_path: Path) -> None:
    rows = [f"{iso_text(START_NS + index * MINUTE_NS)},1,1,1,1,1" for index in range(3)]
    candles = read_candles(written(tmp_path, "date,open,high,low,close,volume", *rows), "X")
    assert [iso_text(open_ns) for open_ns in candles.open_ns.tolist()] == [row.split(",")[0] for row in rows]
