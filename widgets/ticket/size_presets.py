"""Order sizes at one click, of each symbol: round ones that fit the account, or those that a person has set."""

from __future__ import annotations

import logging
import os
from decimal import Decimal
from pathlib import Path

import msgspec
from PySide6.QtCore import QObject, Signal

from widgets.controls.presets import preset_lots
from widgets.look.numbers import decimals_of, plain_number
from workstation.core.instrument import Instrument

MOST = 6
log = logging.getLogger("widgets.ticket.size_presets")


class SizePresets(QObject):
    """Ticket and ladder show the same. Without a file they are kept for as long as the window is open."""

    changed = Signal(str)  # symbol

    def __init__(self, file: Path | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._file = file
        self._own = self._load()

    def lots(self, instrument: Instrument, ticks: int, equity: Decimal) -> list[int]:
        """Sizes of a symbol in lots, ascending. ``ticks`` and ``equity`` tell what fits where nobody has set any."""
        own = {instrument.lots_rounded(quantity) for quantity in self._own.get(instrument.symbol, ())} - {0}
        return sorted(own) or preset_lots(instrument, ticks, equity)

    def is_own(self, symbol: str) -> bool:
        """Whether a person has set them."""
        return symbol in self._own

    def put(self, instrument: Instrument, lots: list[int]) -> None:
        """Keep these sizes; none at all gives back the round ones."""
        if lots:
            self._own[instrument.symbol] = tuple(instrument.quantity(each) for each in sorted(set(lots))[:MOST])
        else:
            self._own.pop(instrument.symbol, None)
        self._save()
        self.changed.emit(instrument.symbol)

    def _load(self) -> dict[str, tuple[Decimal, ...]]:
        if self._file is None or not self._file.exists():
            return {}
        try:
            return msgspec.json.decode(self._file.read_bytes(), type=dict[str, tuple[Decimal, ...]])
        except (OSError, msgspec.MsgspecError) as error:
            log.warning("%s cannot be read, so that round order sizes are shown: %s", self._file, error)
            return {}

    def _save(self) -> None:
        """Write the file whole or not at all; a failure is logged."""
        if self._file is None:
            return
        draft = self._file.with_suffix(".draft")
        try:
            draft.write_bytes(msgspec.json.format(msgspec.json.encode(self._own)))
            os.replace(draft, self._file)
        except OSError as error:
            log.warning("The order sizes were not kept: %s.", error.strerror)


def size_texts(instrument: Instrument, lots: list[int]) -> list[str]:
    """Sizes with as many decimals as the finest of them needs."""
    sizes = [instrument.quantity(each) for each in lots]
    decimals = max(decimals_of(size) for size in sizes)
    return [plain_number(Decimal(f"{size:.{decimals}f}")) for size in sizes]
