"""Where the account at the venue differs from our books, and what would bring ours to it.

Pure comparison: nothing here changes anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from workstation.core.instrument import Instrument
from workstation.core.messages import AccountSnapshot, Difference, HeldPosition
from workstation.core.money import from_money, to_money
from workstation.trading.ledger import Ledger

NOT_CONFIGURED = "not configured"
"""Stands for our side of what we cannot keep books of."""
ROUNDING = 100_000_000
"""A cost may be told this many times less exactly than money is kept: venues round the entry price."""


class Adjustment(NamedTuple):
    """What an acceptance books: amounts by asset, 1e-8, and positions of *external*."""

    amounts: dict[str, int]
    positions: tuple[HeldPosition, ...]


class Comparison(NamedTuple):
    differences: tuple[Difference, ...]
    adjustment: Adjustment


def compare(
    snapshot: AccountSnapshot, ledger: Ledger, instruments: Mapping[str, Instrument], tolerance: int
) -> Comparison:
    """Positions and balances of the union of our symbols and the venue's. ``tolerance`` is 1e-8 of an asset.

    A part that the snapshot does not tell is not compared.
    """
    differences: list[Difference] = []
    positions: list[HeldPosition] = []
    amounts: dict[str, int] = {}
    if snapshot.positions is not None:
        _compare_positions(snapshot.positions, ledger, instruments, differences, positions)
    if snapshot.balances is not None and snapshot.positions is not None:
        theirs = _net_of_margin(snapshot.balances, snapshot.positions, instruments)
        ours = _ours(ledger, instruments)
        moved = {position.symbol: position.cost for position in positions}
        for asset in sorted(set(theirs) | set(ours)):
            settled = sum(cost for symbol, cost in moved.items() if instruments[symbol].settle == asset)
            missing = theirs.get(asset, 0) - ours.get(asset, 0) + settled
            if missing:
                amounts[asset] = missing
            if abs(missing) > tolerance + _rounding(asset, snapshot.positions, instruments):
                balance = snapshot.balances.get(asset, 0)
                differences.append(
                    Difference(
                        what=f"balance {asset}",
                        ours=_plain(balance - missing),
                        theirs=_plain(balance),
                        proposed=f"book {_plain(missing, signed=True)} {asset} as a transfer",
                    )
                )
    return Comparison(tuple(differences), Adjustment(amounts, tuple(positions)))


def _compare_positions(
    held: tuple[HeldPosition, ...],
    ledger: Ledger,
    instruments: Mapping[str, Instrument],
    differences: list[Difference],
    adjusted: list[HeldPosition],
) -> None:
    theirs = {position.symbol: position for position in held}
    derivatives = {symbol for symbol, instrument in instruments.items() if instrument.is_derivative}
    for symbol in sorted(set(theirs) | (derivatives & set(ledger.net_lots))):
        position = theirs.get(symbol)
        lots = position.lots if position is not None else 0
        ours = ledger.net_lots.get(symbol, 0)
        if lots == ours:
            continue
        instrument = instruments.get(symbol)
        if instrument is None:
            text = (position.quantity if position is not None else "") or f"{lots} lots"
            differences.append(
                Difference(
                    what=f"position {symbol}",
                    ours=NOT_CONFIGURED,
                    theirs=text,
                    proposed=f"add {symbol} to `instruments` and `market.symbols`, or close it at the venue",
                )
            )
            continue
        cost = sum(part.cost for part in ledger.by_symbol.get(symbol, ()))
        adjusted.append(HeldPosition(symbol, lots - ours, (position.cost if position is not None else 0) - cost))
        differences.append(
            Difference(
                what=f"position {symbol}",
                ours=f"{instrument.quantity(ours)}",
                theirs=f"{instrument.quantity(lots)}",
                proposed=f"book {instrument.quantity(lots - ours):+} as external",
            )
        )


def _net_of_margin(
    balances: Mapping[str, int], positions: tuple[HeldPosition, ...], instruments: Mapping[str, Instrument]
) -> dict[str, int]:
    """Balances less what open positions were entered at: the same for the venue, which nets them, and for owners who
    hold against each other and so have realised what the venue has not."""
    net = dict(balances)
    for position in positions:
        instrument = instruments.get(position.symbol)
        if instrument is not None:
            net[instrument.settle] = net.get(instrument.settle, 0) - position.cost
    return net


def _ours(ledger: Ledger, instruments: Mapping[str, Instrument]) -> dict[str, int]:
    """The same of our books; what is held of a spot symbol is owned as its base asset."""
    net = dict(ledger.cash)
    for symbol, parts in ledger.by_symbol.items():
        instrument = instruments[symbol]
        if instrument.is_derivative:
            net[instrument.settle] = net.get(instrument.settle, 0) - sum(part.cost for part in parts)
        else:
            owned = to_money(instrument.quantity(sum(part.lots for part in parts)))
            net[instrument.base] = net.get(instrument.base, 0) + owned
    return net


def _rounding(asset: str, positions: tuple[HeldPosition, ...], instruments: Mapping[str, Instrument]) -> int:
    settled = [p for p in positions if p.symbol in instruments and instruments[p.symbol].settle == asset]
    return sum(abs(position.cost) // ROUNDING for position in settled)


def _plain(amount: int, signed: bool = False) -> str:
    text = f"{from_money(amount).normalize():f}"
    return f"+{text}" if signed and amount > 0 else text
