"""The last line of the window: how fresh the feed is, how quick the loop, unseen news, what works, and the time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import QRect, QSize, Qt, SignalInstance
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from widgets.engine.connection_words import connection_words, offset_words
from widgets.engine.engine_model import EngineModel
from widgets.engine.protocol import Health
from widgets.look import shapes
from widgets.look.numbers import format_date, format_number, format_time, local_moment, zone_words
from widgets.look.theme import current
from widgets.look.tokens import Tone
from widgets.news.news_desk import NewsDesk
from widgets.panels.live_panel import LivePanel

PADDING = 10
CLOCK_FRAMES = 6
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def duration(milliseconds: float) -> str:
    """``38 ms``, ``6.2 s``."""
    return f"{milliseconds:,.0f} ms" if milliseconds < 1000 else f"{milliseconds / 1000:.1f} s"


class StatusBar(LivePanel):
    """Cells that give way from the right of the left group when the window is narrow. A loop that is later than
    ``lag_bound_ms`` is told in amber."""

    def __init__(self, model: EngineModel, lag_bound_ms: float, parent: QWidget | None = None) -> None:
        super().__init__(model, parent)
        self._lag_bound_ms = lag_bound_ms
        self.left: list[tuple[str, Tone]] = []
        self.right: list[tuple[str, Tone]] = []
        self._feed = Tone.GOOD
        self._news = model.findChild(NewsDesk)
        self._news_area = QRect()
        self._widths: dict[int, int] = {}
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        current().changed.connect(self._follow_theme)

    def connections(self) -> Sequence[tuple[SignalInstance, Callable[..., Any]]]:
        return ((self.model.health_changed, self._show_health), (self.model.ticked, self._tick))

    def refresh(self) -> None:
        self._show_health(self.model.engine.health())
        self._tick(0)

    def sizeHint(self) -> QSize:
        return QSize(1280, current().metrics.status_bar)

    def minimumSizeHint(self) -> QSize:
        return QSize(400, current().metrics.status_bar)

    def _follow_theme(self) -> None:
        self._widths.clear()
        self.updateGeometry()
        self.update()

    def _show_health(self, health: Health) -> None:
        view = health.view
        stale = view.feed_age_ms * 1e6 > self.model.engine.stale_ns
        self._feed = Tone.WARNING if stale else Tone.GOOD
        answer = duration(view.order_to_acknowledgement_ms) if view.order_to_acknowledgement_ms else "–"
        lag = Tone.WARNING if health.loop_lag_ms > self._lag_bound_ms else Tone.LABEL
        self.left = [
            (f"Feed {duration(view.feed_age_ms)}", Tone.WARNING if stale else Tone.LABEL),
            *self._connection_cells(),
            (f"Loop lag {duration(health.loop_lag_ms)}", lag),
            (f"Order to ack {answer}", Tone.LABEL),
            (f"{format_number(view.messages_per_second, 0)} msg/s", Tone.LABEL),
            (f"Gaps {format_number(view.gaps, 0)}", Tone.LABEL if not view.gaps else Tone.WARNING),
            (f"Journal {format_number(view.journal_records, 0)}", Tone.LABEL),
        ]
        if view.messaging:
            known = view.messaging.partition(":")[0]
            self.left.append((f"NATS {known}", Tone.LABEL if known == "connected" else Tone.WARNING))
        self.update()

    def _connection_cells(self) -> list[tuple[str, Tone]]:
        engine = self.model.engine
        view = engine.connection()
        if view is None:
            return []
        state = connection_words(view, engine.now_ns(), engine.stale_ns)
        return [state, (f"Clock {offset_words(view.clock_offset_ms)}", Tone.LABEL)]

    def _tick(self, frame: int) -> None:
        if frame % CLOCK_FRAMES:
            return
        account, now_ns = self.model.account, self.model.engine.now_ns()
        words = f"{account.working_orders} working"
        doubt = Tone.LABEL
        if account.in_doubt:
            words, doubt = f"{words}, {account.in_doubt} in doubt", Tone.WARNING
        compact = self.width() < 1400
        date = "" if compact else f"{WEEKDAYS[local_moment(now_ns).weekday()]} {format_date(now_ns, year=True)} "
        unseen = self._news.unseen if self._news is not None else 0
        news = [(f"{unseen} unseen warning{'' if unseen == 1 else 's'}", Tone.WARNING)] if unseen else []
        self.setToolTip("A click on the unseen warnings leads to the news of the engine." if unseen else "")
        fresh = [*news, (words, doubt), (f"{date}{format_time(now_ns)} {zone_words(now_ns)}", Tone.LABEL)]
        if fresh != self.right:
            self.right = fresh
            self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() is Qt.MouseButton.LeftButton and self._news_area.contains(event.position().toPoint()):
            self.model.panel_wanted.emit("news")

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = current()
        tokens = theme.tokens
        painter = QPainter(self)
        painter.fillRect(self.rect(), tokens.raised)
        painter.fillRect(QRect(0, 0, self.width(), 1), tokens.hairline)
        font = theme.font(11)
        edge = self.width()
        self._news_area = QRect()
        for text, tone in reversed(self.right):
            width = shapes.text_width(text, font) + 2 * PADDING
            edge -= width
            painter.fillRect(QRect(edge, 4, 1, self.height() - 7), tokens.hairline)
            area = QRect(edge + PADDING, 0, width, self.height())
            shapes.write(painter, area, text, tokens.colour(tone), font)
            if "unseen" in text:
                self._news_area = QRect(edge, 0, width, self.height())
        x = 0
        for place, (text, tone) in enumerate(self.left):
            lead = 12 if place == 0 else 0
            # A cell that grew keeps its width, so that its neighbours stand still.
            width = max(shapes.text_width(text, font) + 2 * PADDING + lead, self._widths.get(place, 0))
            self._widths[place] = width
            if x + width > edge:
                break
            if place == 0:
                shapes.dot(painter, PADDING + 3, self.height() / 2 + 0.5, tokens.colour(self._feed))
            area = QRect(x + PADDING + lead, 0, width, self.height())
            shapes.write(painter, area, text, tokens.colour(tone), font)
            x += width
            painter.fillRect(QRect(x - 1, 4, 1, self.height() - 7), tokens.hairline)
