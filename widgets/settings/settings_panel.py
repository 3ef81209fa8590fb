"""Every setting of the configuration's file: searched, changed, checked by the loader, written with its comments."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from widgets.controls.controls import Button, ButtonKind, ToneLabel
from widgets.controls.fields import Field
from widgets.controls.toolbar import TextButton, Toolbar
from widgets.engine.engine_model import EngineModel
from widgets.look.tokens import Tone
from widgets.panels.live_panel import LivePanel
from widgets.settings.setting_editor import SettingEditor, plain
from widgets.settings.settings_table import AT_ONCE, SettingsTable, row_of, when
from workstation.config.described import Setting
from workstation.core.errors import ConfigurationError
from workstation.services.configuration_editor import Checked, ConfigurationEditor, Described, Written

SIDE = 330
POLL_MS = 30
ELSEWHERE = "This window is attached: its engine has a configuration of its own, on the machine where it runs."
NOT_READ = "The configuration is not known here."


class SettingsPanel(LivePanel):
    """``taken`` carries what this window takes over at once. Nothing is written before “Write” is pressed."""

    taken = Signal(str, str)  # path and value

    def __init__(self, model: EngineModel, editor: ConfigurationEditor | None, parent: QWidget | None = None) -> None:
        super().__init__(model, parent)
        self._editor = editor
        self._described = Described((), {}, {})
        self._by_path: dict[str, Setting] = {}
        self.pending: dict[str, str] = {}
        self._wanted = ""
        self._awaited: tuple[Future[Any], Callable[[Any], None]] | None = None
        self._check_again = False
        self._poll = QTimer(self)
        self._poll.setInterval(POLL_MS)
        self._poll.timeout.connect(self._look)
        self.search = Field()
        self.search.setPlaceholderText("Search the settings")
        self.search.setAccessibleName("Search the settings")
        self.only_changed = TextButton("Changed", "Only what is not as shipped, or waits to be written", checkable=True)
        self.table = SettingsTable(self)
        self.side = SettingEditor(self)
        self.told = ToneLabel("", Tone.LABEL, pixels=11)
        self.told.setWordWrap(True)
        self.discard = Button("Discard")
        self.write = Button("Write", ButtonKind.PRIMARY)
        self._lay_out()
        self.search.textChanged.connect(self.table.set_filter)
        self.only_changed.toggled.connect(lambda _: self._fill())
        self.table.selection_changed.connect(self._choose)
        self.side.changed.connect(self._change)
        self.discard.clicked.connect(self._discard)
        self.write.clicked.connect(self._write)
        self._show_pending()

    def _lay_out(self) -> None:
        bar = Toolbar()
        bar.row.addWidget(self.search, 1)
        bar.row.addWidget(self.only_changed)
        foot = QHBoxLayout()
        foot.setContentsMargins(12, 4, 12, 8)
        foot.setSpacing(8)
        foot.addWidget(self.told, 1)
        foot.addWidget(self.discard)
        foot.addWidget(self.write)
        side = QWidget()
        side.setFixedWidth(SIDE)
        side.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Ignored)
        right = QVBoxLayout(side)
        right.setContentsMargins(0, 0, 0, 0)
        right.addWidget(self.side, 1)
        right.addLayout(foot)
        row = QHBoxLayout()
        row.setSpacing(0)
        row.addWidget(self.table, 1)
        row.addWidget(side)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(bar)
        column.addLayout(row, 1)

    def refresh(self) -> None:
        """Read the file anew; what waits to be written stays."""
        if self._editor is None:
            sentence = ELSEWHERE if self.model.engine.attachment is not None else NOT_READ
            self._tell(sentence, Tone.LABEL)
            self.table.empty = sentence
        elif self._awaited is None:
            self._await(self._editor.read(), self._take)

    def show_setting(self, path: str) -> None:
        """Choose a setting, as soon as it is read."""
        self.search.clear()
        self.only_changed.setChecked(False)
        self._wanted = path
        if path in self._by_path:
            self.table.select_key(path)
            self._wanted = ""

    # --- What is read -----------------------------------------------------------------------------------------------

    def _take(self, described: Described) -> None:
        self._described = described
        self._by_path = {setting.path: setting for setting in described.settings}
        self._fill()
        if self._wanted:
            self.show_setting(self._wanted)
        if not self.pending:
            assert self._editor is not None
            self._tell(f"{len(described.settings)} settings of {self._editor.file.name}.", Tone.LABEL)
            self.told.setToolTip(str(self._editor.file))

    def _fill(self) -> None:
        shipped = self._described.shipped
        rows = [
            row_of(each, shipped.get(each.path, ""), self.pending.get(each.path)) for each in self._by_path.values()
        ]
        if self.only_changed.isChecked():
            rows = [row for row in rows if row["pending"] or row["shipped"] != row["value"]]
        self.table.replace(rows)
        self.table.flush()

    def _choose(self, keys: list[str]) -> None:
        setting = self._by_path.get(keys[0]) if keys else None
        if setting is None:
            self.side.show_setting(None, "", "", "", "")
            return
        shipped = self._described.shipped.get(setting.path, "")
        over = self._described.profiles.get(setting.path, "")
        blocked = f"It is set by {over}, which lies over this file; change it there." if over else ""
        holds = "A change holds at once." if when(setting.path) == "at once" else "A change holds from the next start."
        facts = f"As shipped: {shipped or 'not there'}. {holds}"
        self.side.show_setting(setting, self.pending.get(setting.path, setting.text), shipped, facts, blocked)

    # --- What is changed --------------------------------------------------------------------------------------------

    def _change(self, path: str, text: str) -> None:
        setting = self._by_path[path]
        if text == setting.text:
            self.pending.pop(path, None)
        else:
            self.pending[path] = text
        self.table.upsert(row_of(setting, self._described.shipped.get(path, ""), self.pending.get(path)))
        self._show_pending()
        self._check()

    def _check(self) -> None:
        assert self._editor is not None
        if self._awaited is not None:
            self._check_again = True
        elif self.pending:
            self.write.setEnabled(False)
            self._await(self._editor.check(self.pending), self._checked)
        else:
            self._tell("", Tone.LABEL)

    def _checked(self, checked: Checked) -> None:
        self.write.setEnabled(bool(self.pending) and not checked.problem)
        later = sum(when(path) == "next start" for path in self.pending)
        words = f"{later} of {len(self.pending)} hold from the next start." if later else "It holds at once."
        self._tell(checked.problem or words, Tone.BAD if checked.problem else Tone.LABEL)

    def _discard(self) -> None:
        self.pending.clear()
        self._fill()
        self._choose(self.table.selected_keys())
        self._show_pending()
        self._tell("", Tone.LABEL)

    def _write(self) -> None:
        assert self._editor is not None
        if self.pending and self._awaited is None:
            self.write.setEnabled(False)
            self._await(self._editor.write(self.pending), self._written)

    def _written(self, written: Written) -> None:
        if written.problem:
            self._tell(written.problem, Tone.BAD)
            return
        for path in AT_ONCE & self.pending.keys():
            self.taken.emit(path, plain(self._by_path[path], self.pending[path]))
        later = [path for path in self.pending if when(path) == "next start"]
        changed = ", ".join(f"{path} = {text} ({when(path)})" for path, text in self.pending.items())
        self.model.settings_written.emit(f"Settings written to the file: {changed}")
        self.pending.clear()
        self._show_pending()
        assert self._editor is not None
        self._await(self._editor.read(), self._take_quietly)
        waits = f" From the next start: {', '.join(later)}." if later else ""
        self._tell(f"Written to {self._editor.file.name}.{waits}", Tone.GOOD)

    def _take_quietly(self, described: Described) -> None:
        words, tone = self.told.text(), Tone.GOOD
        self._take(described)
        self._choose(self.table.selected_keys())
        self._tell(words, tone)

    def _show_pending(self) -> None:
        count = len(self.pending)
        self.write.setText(f"Write {count}" if count else "Write")
        self.write.setEnabled(False)
        self.discard.setEnabled(bool(count))

    def _tell(self, sentence: str, tone: Tone) -> None:
        self.told.setText(sentence)
        self.told.set_tone(tone)

    # --- What is done beside the loop -------------------------------------------------------------------------------

    def _await(self, future: Future[Any], take: Callable[[Any], None]) -> None:
        self._awaited = (future, take)
        self._poll.start()

    def _look(self) -> None:
        if self._awaited is None or not self._awaited[0].done():
            return
        (future, take), self._awaited = self._awaited, None
        self._poll.stop()
        try:
            take(future.result())
        except ConfigurationError as error:
            self._tell(str(error), Tone.BAD)
        if self._check_again and self._awaited is None:
            self._check_again = False
            self._check()
