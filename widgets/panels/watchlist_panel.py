"""Every watched symbol with its last 24 hours; the selected one is what linked panels show."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import QRect, QRectF, SignalInstance
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QVBoxLayout, QWidget

from widgets.controls.fields import Field
from widgets.controls.sparkline import draw_sparkline
from widgets.controls.table import Column, Kind, Row, RowState, Table
from widgets.engine.engine_model import EngineModel
from widgets.look.numbers import format_age
from widgets.look.tokens import Tone
from widgets.panels.live_panel import LivePanel
from workstation.core.timeframe import DAY_NS, MINUTE_NS

SPARK_NS = 15 * MINUTE_NS
SPARK_BARS = DAY_NS // SPARK_NS
SPARK_FRAMES = 60


def paint_spark(painter: QPainter, cell: QRect, row: Row) -> None:
    area = QRectF(cell.adjusted(0, 5, -4, -5))
    draw_sparkline(painter, area, row["spark"], painter.device().devicePixelRatioF())


def change_text(row: Row) -> str | None:
    return f"{format_age(row['age'])} old" if row["row_state"] is RowState.STALE else None


class WatchlistTable(Table):
    key = "symbol"
    columns = (
        Column("symbol", "Symbol", width=88, tone=lambda row: Tone.NORMAL),
        Column("spark", "24 h", width=60, paint=paint_spark, shown_from=240),
        Column("last", "Last", Kind.PRICE, 72, "tick"),
        Column(
            "change",
            "Chg %",
            Kind.SIGNED,
            54,
            2,
            text=change_text,
            tone=lambda row: Tone.WARNING if row["row_state"] is RowState.STALE else None,
            tooltip="Change over 24 hours",
        ),
    )
    empty = "No symbols. market.symbols in the configuration names them."

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.search_column("symbol")


class WatchlistPanel(LivePanel):
    def __init__(self, model: EngineModel, parent: QWidget | None = None) -> None:
        super().__init__(model, parent)
        self.table = WatchlistTable(self)
        self.table.selection_changed.connect(self._selected)
        self.search = Field()
        self.search.setPlaceholderText("Search symbols")
        self.search.setAccessibleName("Search symbols")
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(self._search)
        self.search.returnPressed.connect(self._choose_first)
        self._shown: dict[str, tuple[int, bool]] = {}
        self._sparks: dict[str, tuple[float, ...]] = {}
        above = QVBoxLayout()
        above.setContentsMargins(6, 4, 6, 4)
        above.addWidget(self.search)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(above)
        column.addWidget(self.table)

    def connections(self) -> Sequence[tuple[SignalInstance, Callable[..., Any]]]:
        return ((self.frames, self._tick), (self.model.symbol_chosen, self.table.select_key))

    def refresh(self) -> None:
        self._read_sparks()
        for symbol in self.model.engine.symbols:
            self.table.upsert(self._row(symbol))
        self.table.flush()
        self.table.select_key(self.model.symbol)

    def _search(self, text: str) -> None:
        self.table.set_filter(text.strip())
        self.table.select_key(self.model.symbol)

    def _choose_first(self) -> None:
        """Show the first symbol that is left, and all of them again."""
        rows = self.table.shown_rows()
        if rows and self.search.text().strip():
            self.model.choose_symbol(rows[0]["symbol"])
            self.search.clear()

    def _selected(self, keys: list[str]) -> None:
        if len(keys) == 1:
            self.model.choose_symbol(keys[0])

    def _tick(self, frame: int) -> None:
        renewed = self.due(frame, SPARK_FRAMES)
        if renewed:
            self._read_sparks()
        engine = self.model.engine
        now_ns = engine.now_ns()
        for symbol in engine.symbols:
            market = engine.market(symbol)
            stale = now_ns - market.last_ns > engine.stale_ns
            state = (market.last_price, stale)
            if renewed or stale or state != self._shown.get(symbol):
                self._shown[symbol] = state
                self.table.upsert(self._row(symbol))

    def _row(self, symbol: str) -> Row:
        market = self.model.engine.market(symbol)
        instrument = market.instrument
        spark = self._sparks.get(symbol, ())
        last = instrument.price(market.last_price) if market.last_price else None
        age = self.model.engine.now_ns() - market.last_ns
        stale = bool(market.last_ns) and age > self.model.engine.stale_ns
        return {
            "symbol": symbol,
            "spark": spark,
            "last": last,
            "change": (float(last) / spark[0] - 1) * 100 if last and spark and spark[0] else None,
            "tick": instrument.tick,
            "age": age if stale else 0,
            "row_state": RowState.STALE if stale else RowState.NORMAL,
        }

    def _read_sparks(self) -> None:
        for symbol in self.model.engine.symbols:
            market = self.model.engine.market(symbol)
            series = market.series(SPARK_NS)
            closes = tuple(series.close[-SPARK_BARS:].tolist()) if series is not None else ()
            self._sparks[symbol] = (*closes, market.instrument.price_lossy(market.last_price))
