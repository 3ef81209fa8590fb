"""Writing candle files that the importer reads back without a difference."""

from __future__ import annotations

import gzip
from decimal import Decimal
from pathlib import Path

from workstation.core.errors import DataError
from workstation.market.history import Candles

HEADER = "open_time_ms,open,high,low,close,volume"


def write_candles(candles: Candles, file: Path) -> None:
    """CSV, CSV.GZ or Parquet by the file's name; exact decimals. Raises ``DataError``."""
    name = file.name.lower()
    try:
        if name.endswith(".parquet"):
            _write_parquet(candles, file)
        elif name.endswith(".csv.gz"):
            with gzip.open(file, "wt", encoding="ascii", newline="\n") as out:
                out.writelines(_lines(candles))
        elif name.endswith(".csv"):
            with file.open("w", encoding="ascii", newline="\n") as out:
                out.writelines(_lines(candles))
        else:
            raise DataError(f"{file.name}: name the file .csv, .csv.gz or .parquet.")
    except OSError as error:
        raise DataError(f"{file} cannot be written: {error.strerror or error}.") from None


def _lines(candles: Candles) -> list[str]:
    columns = (candles.open_e8, candles.high_e8, candles.low_e8, candles.close_e8, candles.volume_e8)
    lines = [HEADER + "\n"]
    for index, open_ns in enumerate(candles.open_ns.tolist()):
        figures = ",".join(_plain(int(column[index])) for column in columns)
        lines.append(f"{open_ns // 1_000_000},{figures}\n")
    return lines


def _write_parquet(candles: Candles, file: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    exact = pa.decimal128(24, 8)

    def column(values: list[int]) -> object:
        return pa.array([Decimal(value).scaleb(-8) for value in values], type=exact)

    table = pa.table(
        {
            "open_time_ms": pa.array([ns // 1_000_000 for ns in candles.open_ns.tolist()], type=pa.int64()),
            "open": column(candles.open_e8.tolist()),
            "high": column(candles.high_e8.tolist()),
            "low": column(candles.low_e8.tolist()),
            "close": column(candles.close_e8.tolist()),
            "volume": column(candles.volume_e8.tolist()),
        }
    )
    pq.write_table(table, file)


def _plain(amount_e8: int) -> str:
    text = f"{Decimal(amount_e8).scaleb(-8):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
