"""Gathers the news of an engine while the window is open, whether or not a panel shows them."""

from __future__ import annotations

from collections import deque
from typing import Any

from PySide6.QtCore import QObject, Signal

from widgets.engine.engine_model import EngineModel
from widgets.news.connection_news import Look, changes, followed_offset
from widgets.news.news_item import News, NewsKind, ToldNews
from widgets.news.news_words import NewsWords
from workstation.core.timeframe import MINUTE_NS
from workstation.core.types import Severity

KEPT = 2_000
LOOK_FRAMES = 30
"""About a second between two looks at the connection."""
COUNTED_NS = MINUTE_NS


class NewsDesk(QObject):
    """Of one model; both signals come at most once a frame."""

    changed = Signal()  # also when they were seen
    told = Signal(list)  # the ToldNews that are new or came again, oldest first

    def __init__(self, model: EngineModel, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._model = model
        self._words = NewsWords(lambda: [strategy.name for strategy in model.engine.strategies()])
        self._kept: deque[ToldNews] = deque(maxlen=KEPT)
        self._unseen: set[int] = set()
        self._number = 0
        self._fresh: dict[int, ToldNews] = {}
        self.before_known = True
        """Whether what the session told before this window opened is among the news."""
        for kind in self._words.types:
            model.listen(kind, self._hear)
        model.settings_written.connect(self._tell_settings)
        model.ticked.connect(self._tick)
        model.reloaded.connect(self._begin)
        self._begin()

    @property
    def items(self) -> list[ToldNews]:
        """Oldest first."""
        return list(self._kept)

    @property
    def unseen(self) -> int:
        """Warnings and errors that no panel has shown yet."""
        return len(self._unseen)

    def mark_seen(self) -> None:
        if self._unseen:
            self._unseen.clear()
            self.changed.emit()

    def _begin(self) -> None:
        """Of an engine that stands at another moment, nothing before is known but what it tells itself."""
        self._kept.clear()
        self._unseen.clear()
        past = self._model.engine.past_events(KEPT)
        self.before_known = past is not None
        for event in past or ():
            self._hear(event)
        self._told_offset_ms = self._measured_offset()
        self._look = self._take_look()
        self._fresh.clear()
        self.changed.emit()

    def _tell_settings(self, text: str) -> None:
        self._add(News(NewsKind.SETTING, Severity.INFO, text, "settings"), self._model.engine.now_ns())

    def _hear(self, event: Any) -> None:
        news = self._words.of(event)
        if news is not None:
            self._add(news, event.ts_ns)

    def _add(self, news: News, ts_ns: int) -> None:
        place = self._place_of(news, ts_ns)
        if place is None:
            self._number += 1
            told = ToldNews(self._number, ts_ns, ts_ns, 1, news)
            self._kept.append(told)
        else:
            told = self._kept[place]._replace(last_ns=ts_ns, times=self._kept[place].times + 1, news=news)
            self._kept[place] = told
        if news.severity is not Severity.INFO:
            self._unseen.add(told.number)
        self._fresh[told.number] = told

    def _place_of(self, news: News, ts_ns: int) -> int | None:
        """Where the same was told a short time ago."""
        if not news.like:
            return None
        for back in range(1, len(self._kept) + 1):
            told = self._kept[-back]
            if ts_ns - told.last_ns > COUNTED_NS:
                return None
            kept = told.news
            if (kept.kind, kept.where, kept.like) == (news.kind, news.where, news.like):
                return len(self._kept) - back
        return None

    def _tick(self, frame: int) -> None:
        if frame % LOOK_FRAMES == 0:
            before, self._look = self._look, self._take_look()
            now_ns = self._model.engine.now_ns()
            for news in changes(before, self._look):
                self._add(news, now_ns)
        if self._fresh:
            fresh, self._fresh = list(self._fresh.values()), {}
            self.told.emit(fresh)
            self.changed.emit()

    def _measured_offset(self) -> float:
        view = self._model.engine.connection()
        return view.clock_offset_ms if view is not None else 0.0

    def _take_look(self) -> Look:
        engine = self._model.engine
        now_ns = engine.now_ns()
        ages = {symbol: now_ns - engine.market(symbol).last_ns for symbol in engine.symbols}
        begun = {symbol: age for symbol, age in ages.items() if age < now_ns}
        self._told_offset_ms = followed_offset(self._told_offset_ms, self._measured_offset())
        attachment = engine.attachment
        return Look(
            connection=engine.connection(),
            silent_ns={symbol: age for symbol, age in begun.items() if age > engine.stale_ns},
            clock_offset_ms=self._told_offset_ms,
            messaging=engine.health().view.messaging,
            engine_silent_s=attachment.silent_s if attachment is not None else 0.0,
        )
