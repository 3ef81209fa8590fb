"""Opens the story of the execution or signal that is clicked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QPointF, Qt
from PySide6.QtGui import QKeyEvent
from shiboken6 import isValid

from widgets.chart.fills import mark_at
from widgets.chart.model import Fill
from widgets.chart.pointer import ChartPointer
from widgets.chart.trading.stories import Story, fill_story, signal_story
from widgets.chart.trading.story_card import StoryCard
from widgets.engine.engine_model import EngineModel

if TYPE_CHECKING:
    from widgets.chart.chart_view import ChartView
    from widgets.chart.model import Signal
    from widgets.chart.pane import Pane


class StoryTeller(ChartPointer, QObject):
    def __init__(self, view: ChartView, model: EngineModel, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._view, self._model = view, model
        self._card: StoryCard | None = None

    @property
    def card(self) -> StoryCard | None:
        """The open one."""
        return self._card if self._card is not None and isValid(self._card) and self._card.isVisible() else None

    def close(self) -> bool:
        """Put the card away; whether there was one."""
        card = self.card
        if card is not None:
            card.close()
        return card is not None

    def hover(self, pane: Pane, position: QPointF) -> Qt.CursorShape | None:
        return Qt.CursorShape.PointingHandCursor if self._mark(pane, position) is not None else None

    def click(self, pane: Pane, position: QPointF) -> bool:
        was_open = self.close()
        mark = self._mark(pane, position)
        story = None if mark is None else self._story(mark)
        if story is None:
            return was_open
        self._card = StoryCard(story, self._view)
        self._card.open_beside(self._view.mapFromScene(pane.box.mapToScene(position)))
        return True

    def press(self, pane: Pane, position: QPointF) -> bool:
        self.close()
        return False

    def key(self, event: QKeyEvent) -> bool:
        return event.key() == Qt.Key.Key_Escape and self.close()

    def wants_escape(self) -> bool:
        return self.card is not None

    def _mark(self, pane: Pane, position: QPointF) -> Fill | Signal | None:
        if pane is not self._view.price_pane:
            return None
        # A position's line begins at its first execution: there the mark is meant.
        line = self._view.line_at(pane, position)
        if line is not None and line.close:
            return None
        return mark_at(self._view.model, pane.logical_scale(), position)

    def _story(self, mark: Fill | Signal) -> Story | None:
        symbol = self._view.model.symbol
        instrument = self._model.engine.market(symbol).instrument
        if not isinstance(mark, Fill):
            told = next(
                (each for each in self._model.heard.signals if f"{each.strategy} {each.ts_ns}" == mark.key), None
            )
            return None if told is None else signal_story(told, instrument)
        fills = [each for each in self._model.heard.fills if each.symbol == symbol]
        found = next((each for each in fills if f"{each.client_id} {each.fill_id}" == mark.key), None)
        if found is None:
            return None
        index = self._view.model.series.index_at
        bar = index(mark.time_ns)
        same = sum(each.side is found.side and index(each.ts_ns) == bar for each in fills)
        return fill_story(found, instrument, same - 1)
