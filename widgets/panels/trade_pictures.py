"""Pictures of the chart that belong to round trips: files beside the notes that name them."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

from msgspec.structs import replace
from PySide6.QtCore import QObject
from PySide6.QtGui import QImage

from widgets.engine.engine_model import EngineModel
from widgets.panels.trade_notes import TradeNotes
from widgets.research.background import Background
from workstation.core.errors import StorageError
from workstation.core.timeframe import SECOND_NS
from workstation.core.types import Side
from workstation.core.views import FillView

NO_FOLDER = "Pictures need a data folder, and this window has none."
APART_NS = 5 * SECOND_NS
"""Exits of one symbol that follow each other closer have one picture: the first."""
MOST_BY_ITSELF = 1_000

TakePicture = Callable[[str], QImage | None]
"""The picture of a chart that shows the symbol; ``None`` where none is on the screen."""


class TradePictures(QObject):
    """Files are written and removed in a thread; the note of the round trip holds their names."""

    def __init__(
        self, folder: Path | None, notes: TradeNotes, take: TakePicture, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self.folder = folder
        self._notes = notes
        self._take = take
        self.background = Background(self)
        self._begun: set[str] = set()
        """Names that were given in this run."""

    def paths(self, trip: str) -> list[Path]:
        """The pictures of a round trip, in the order in which they were attached."""
        folder = self.folder
        return [] if folder is None else [folder / name for name in self._notes.of(trip).pictures]

    def attach(self, trip: str, symbol: str) -> str:
        """Take a picture of the symbol's chart; why that cannot be, in a sentence, else nothing."""
        if self.folder is None:
            return NO_FOLDER
        image = self._take(symbol)
        if image is None:
            return f"No chart of {symbol} is on the screen; show one, then attach its picture."
        path = self.folder / picture_name(trip, (*self._notes.of(trip).pictures, *self._begun))
        self._begun.add(path.name)
        self.background.run(
            lambda: save_picture(image, path), lambda _: self._note(trip, path.name), self._notes.problem_told.emit
        )
        return ""

    def _note(self, trip: str, name: str) -> None:
        """The file is there; from now on the journal shows it."""
        note = self._notes.of(trip)
        self._notes.put(trip, replace(note, pictures=(*note.pictures, name)))

    def remove(self, trip: str, name: str) -> None:
        """Take a picture away, and its file."""
        note = self._notes.of(trip)
        if self.folder is not None and name in note.pictures:
            kept = tuple(each for each in note.pictures if each != name)
            self._notes.put(trip, replace(note, pictures=kept))
            path = self.folder / name
            self.background.run(lambda: remove_picture(path), lambda _: None, self._notes.problem_told.emit)


class ExitPictures(QObject):
    """Attaches a picture by itself when a position is closed whose chart is on the screen."""

    def __init__(self, model: EngineModel, pictures: TradePictures) -> None:
        super().__init__(pictures)
        self._model = model
        self._pictures = pictures
        self._held: dict[tuple[str, str], tuple[Decimal, int]] = {
            (each.owner, each.symbol): (each.quantity, each.opened_ns) for each in model.engine.positions()
        }
        self._last_ns: dict[str, int] = {}
        self._waiting: list[tuple[str, str]] = []
        self._taken = 0
        model.fills_added.connect(self._hear)
        model.ticked.connect(self._attach)

    def _hear(self, fills: list[FillView]) -> None:
        for fill in fills:
            trip = self._closed(fill)
            if trip and fill.ts_ns - self._last_ns.get(fill.symbol, 0) >= APART_NS:
                self._last_ns[fill.symbol] = fill.ts_ns
                self._waiting.append((trip, fill.symbol))

    def _closed(self, fill: FillView) -> str:
        """The name of the round trip that the execution closes, as the journal names it; empty for none."""
        holder = (fill.owner, fill.symbol)
        before, opened_ns = self._held.get(holder, (Decimal(0), 0))
        signed = fill.quantity if fill.side is Side.BUY else -fill.quantity
        after = before + signed
        turned = bool(before) and (not after or (before > 0) != (after > 0))
        self._held[holder] = (after, fill.ts_ns if turned or not before else opened_ns)
        return f"{fill.symbol} {fill.owner} {opened_ns}" if turned and opened_ns else ""

    def _attach(self, _: int) -> None:
        """A frame later, when the chart shows the exit."""
        waiting, self._waiting = self._waiting, []
        for trip, symbol in waiting:
            if self._taken < MOST_BY_ITSELF and not self._pictures.attach(trip, symbol):
                self._taken += 1


def picture_name(trip: str, taken: tuple[str, ...]) -> str:
    """``BTCUSDT_manual_1704110400000000000-1.png``"""
    stem = re.sub(r"[^A-Za-z0-9]+", "_", trip)
    number = 1
    while f"{stem}-{number}.png" in taken:
        number += 1
    return f"{stem}-{number}.png"


def save_picture(image: QImage, path: Path) -> None:
    """Write it, whole or not at all. Raises ``StorageError``."""
    draft = path.with_name(f"draft-{path.name}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not image.save(str(draft)):
            raise StorageError(f"The picture {path} could not be written; check the space and the permissions there.")
        draft.replace(path)
    except OSError as error:
        raise StorageError(f"The picture {path} could not be written ({error.strerror}).") from error


def remove_picture(path: Path) -> None:
    """One that is not there is no fault. Raises ``StorageError``."""
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise StorageError(f"The picture {path} could not be removed ({error.strerror}).") from error
