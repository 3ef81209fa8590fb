"""Bars of the engine as candles of the store."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from workstation.core.instrument import Instrument
from workstation.core.money import MONEY_SCALE
from workstation.market.history import BarRow, Candles


def candles_of(name: str, instrument: Instrument, interval_ns: int, rows: Sequence[BarRow]) -> Candles:
    """Exact candles, kept under ``name``, of rows of close time, prices in ticks and volume in lots.

    Raises ``ValueError`` when the instrument's steps are finer than 1e-8.
    """
    tick_e8 = instrument.tick * MONEY_SCALE
    lot_e8 = instrument.lot * instrument.contract_size * MONEY_SCALE
    if tick_e8 != int(tick_e8) or lot_e8 != int(lot_e8):
        raise ValueError(f"The steps of {instrument.symbol} are finer than candles can hold.")
    table = np.array(rows, dtype=np.int64).reshape(-1, 6)
    prices = table[:, 1:5] * int(tick_e8)
    return Candles(
        name,
        interval_ns,
        table[:, 0] - interval_ns,
        np.ascontiguousarray(prices[:, 0]),
        np.ascontiguousarray(prices[:, 1]),
        np.ascontiguousarray(prices[:, 2]),
        np.ascontiguousarray(prices[:, 3]),
        table[:, 5] * int(lot_e8),
    )
