"""Painting of table rows and headers: row states, tones, the sort arrow beside the name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter
from PySide6.QtWidgets import QHeaderView

from widgets.controls.table_model import Column, Kind, Row, RowState, TableModel
from widgets.look import shapes
from widgets.look.theme import current
from widgets.look.tokens import Tone

if TYPE_CHECKING:
    from widgets.controls.table import Table

SIDE_TONES = {"buy": Tone.UP, "long": Tone.UP, "sell": Tone.DOWN, "short": Tone.DOWN}
BAR = 2
WIDTHS_KEPT = 2_000


class RowPainter:
    """Paints the visible rows. One pass over rows costs a fifth of what a delegate called for each cell does."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._widths: dict[str, int] = {}

    def forget(self) -> None:
        """Drop what was measured with the font before."""
        self._widths.clear()

    def paint(self, painter: QPainter, area: QRect) -> None:
        """Draw the rows that touch `area` of the viewport."""
        table = self._table
        theme = current()
        font = theme.font()
        painter.setFont(font)
        metrics = QFontMetrics(font)
        if len(self._widths) > WIDTHS_KEPT:
            self._widths.clear()
        columns = self._visible_columns(area)
        first, last = table.rowAt(area.top()), table.rowAt(area.bottom())
        if first < 0:
            return
        model = table.model()
        for place in range(first, (last if last >= 0 else model.rowCount() - 1) + 1):
            row: Row = model.index(place, 0).data(TableModel.ROW_ROLE)
            line = QRect(area.left(), table.rowViewportPosition(place), area.width(), table.rowHeight(place))
            self._paint_ground(painter, place, line)
            baseline = line.top() + (line.height() - metrics.height()) // 2 + metrics.ascent()
            state = table.row_state(row)
            for number, column, x, width in columns:
                cell = QRect(x, line.top(), width, line.height())
                if column.paint is not None:
                    column.paint(painter, cell, row)
                    painter.setFont(font)
                else:
                    self._paint_cell(painter, metrics, number, column, cell, baseline, row, state)

    def _visible_columns(self, area: QRect) -> list[tuple[int, Column, int, int]]:
        """Number, declaration, left edge and inner width of the columns that touch `area`."""
        table, padding = self._table, current().metrics.cell_padding
        found = []
        for number, column in enumerate(table.columns):
            x, width = table.columnViewportPosition(number), table.columnWidth(number)
            if not table.isColumnHidden(number) and x <= area.right() and x + width > area.left():
                found.append((number, column, x + padding, width - 2 * padding))
        return found

    def _paint_ground(self, painter: QPainter, place: int, line: QRect) -> None:
        table, tokens = self._table, current().tokens
        if table.selectionModel().isRowSelected(place):
            focused = table.hasFocus()
            painter.fillRect(line, tokens.accent_ground if focused else tokens.raised)
            bar = QRect(0, line.top(), BAR, line.height())
            painter.fillRect(bar, tokens.accent if focused else tokens.border)
        elif place == table.hovered_row:
            painter.fillRect(line, tokens.raised)
        painter.fillRect(QRect(line.left(), line.bottom(), line.width(), 1), tokens.grid)

    def _paint_cell(
        self,
        painter: QPainter,
        metrics: QFontMetrics,
        number: int,
        column: Column,
        cell: QRect,
        baseline: int,
        row: Row,
        state: RowState,
    ) -> None:
        text = column.show(row)
        tone = column.tone_in(row, state)
        tokens = current().tokens
        width = self._width(metrics, text)
        if width > cell.width():
            if column.numeric:
                self._table.need_width(number, width + 2 * current().metrics.cell_padding)
            text = metrics.elidedText(text, Qt.TextElideMode.ElideRight, cell.width())
            width = self._width(metrics, text)
        painter.setPen(tokens.colour(tone))
        if column.numeric:
            if current().tabular_figures:
                painter.drawText(cell.right() + 1 - width, baseline, text)
            else:
                shapes.write_figures(painter, cell, text, current().font(), shapes.RIGHT)
        elif column.kind is Kind.SIDE and tone is Tone.NORMAL:
            side, space, rest = text.partition(" ")
            painter.setPen(tokens.colour(SIDE_TONES.get(side.lower(), Tone.NORMAL)))
            painter.drawText(cell.left(), baseline, side)
            painter.setPen(tokens.text_1)
            painter.drawText(cell.left() + self._width(metrics, side + space), baseline, rest)
        else:
            painter.drawText(cell.left(), baseline, text)

    def _width(self, metrics: QFontMetrics, text: str) -> int:
        width = self._widths.get(text)
        if width is None:
            width = self._widths[text] = metrics.horizontalAdvance(text)
        return width


class TableHeader(QHeaderView):
    """Column names in 11 px, aligned as their column, with the sort arrow beside the name."""

    def __init__(self, table: Table) -> None:
        super().__init__(Qt.Orientation.Horizontal, table)
        self._table = table
        self.setSectionsClickable(True)
        self.setSectionsMovable(True)
        self.setHighlightSections(False)
        self.setMinimumSectionSize(28)

    def sizeHint(self) -> QSize:
        return QSize(super().sizeHint().width(), current().metrics.table_header)

    def paintSection(self, painter: QPainter, rect: QRect, logicalIndex: int) -> None:
        theme = current()
        tokens = theme.tokens
        column = self._table.columns[logicalIndex]
        painter.fillRect(rect, tokens.ground)
        painter.fillRect(QRect(rect.left(), rect.bottom(), rect.width(), 1), tokens.hairline)
        sorted_here = self.isSortIndicatorShown() and self.sortIndicatorSection() == logicalIndex
        font = theme.font(11)
        padding = theme.metrics.cell_padding
        area = rect.adjusted(padding, 0, -padding, 0)
        width = min(shapes.text_width(column.header, font), area.width())
        colour = tokens.text_2 if sorted_here else tokens.text_3
        shapes.write(
            painter,
            area,
            column.header,
            colour,
            font,
            shapes.RIGHT if column.numeric else shapes.LEFT,
            elide=True,
        )
        if sorted_here:
            rising = self.sortIndicatorOrder() is Qt.SortOrder.AscendingOrder
            arrow = theme.pixmap("chevron-up" if rising else "chevron-down", "text_2", 10)
            x = area.right() - width - 12 if column.numeric else area.left() + width + 2
            if x + 10 <= rect.right() and x >= rect.left():
                shapes.place_pixmap(painter, QRect(x, rect.top(), 10, rect.height()), arrow)
