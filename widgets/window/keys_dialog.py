"""API keys: which there are and where, one to add, one to remove. What is secret leaves the fields with the window."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QDialog, QGridLayout, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from widgets.controls.controls import Button, ButtonKind, SectionHeader, ToneLabel
from widgets.controls.dialogs import ConfirmDialog
from widgets.controls.fields import Field
from widgets.controls.table import Column, Row, Table
from widgets.look import shapes
from widgets.look.theme import current
from widgets.look.tokens import Tone
from workstation.core.credentials import Credentials
from workstation.core.errors import CredentialsError
from workstation.storage.background import in_background
from workstation.storage.secrets import KeyName, add_key, checked, key_names, remove_key
from workstation.venues.exchange.exchange_names import check_exchange

KEYRING = "keyring"
LOOK_MS = 30
TABLE_HEIGHT = 132
LEAD = "They are kept in the keyring of this machine, each for one exchange, and never in the configuration."
SECRET_FIELDS = ("key", "secret", "password")


class KeysTable(Table):
    columns = (
        Column("name", "Name", width=110),
        Column("exchange", "Exchange", width=90, text=lambda row: row["exchange"] or "any"),
        Column("begins", "Key", width=70, text=lambda row: f"{row['begins']}…"),
        Column("place", "Kept in", width=220, label=True),
    )
    empty = "No keys. Live trading needs one that may trade and not withdraw."
    sorted_by = "name"
    descending = False


def key_row(key: KeyName) -> Row:
    return {
        "id": f"{key.exchange}/{key.name} {key.place}",
        "name": key.name,
        "exchange": key.exchange,
        "begins": key.begins,
        "place": key.place,
    }


def removable(row: Row) -> bool:
    return str(row["place"]).startswith(KEYRING)


def keep_key(name: str, exchange: str, credentials: Credentials) -> None:
    """Raises ``CredentialsError``, also for an exchange that ccxt does not know."""
    checked(credentials)
    check_exchange(exchange)
    add_key(name, exchange, credentials)


class KeysDialog(QDialog):
    """Never modal. ``name`` and ``exchange`` are what the configuration asks for. A keyring is asked in the background,
    for it may ask its owner first."""

    kept = Signal(str)  # the name of a key that was added

    def __init__(self, name: str, exchange: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("API keys")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setModal(False)
        self.setMinimumWidth(560)
        self._work: Future[Any] | None = None
        self._take: Callable[[Any, str], None] = self._show
        self._look = QTimer(self)
        self._look.setInterval(LOOK_MS)
        self._look.timeout.connect(self._finish)
        self.table = KeysTable(self)
        self.table.setFixedHeight(TABLE_HEIGHT)
        self.table.selection_changed.connect(lambda _: self._judge())
        self.told = ToneLabel("", Tone.LABEL, pixels=11)
        self.problem = ToneLabel("", Tone.BAD, pixels=11)
        for label in (self.told, self.problem):
            label.setWordWrap(True)
        self.remove = Button("Remove…")
        self.remove.clicked.connect(self.open_removal)
        self.add = Button("Add", ButtonKind.PRIMARY)
        self.add.clicked.connect(self._add)
        self.close_button = Button("Close")
        self.close_button.clicked.connect(self.reject)
        self.fields = {what: Field() for what in ("name", "exchange", *SECRET_FIELDS)}
        self.fields["name"].setText(name)
        self.fields["exchange"].setText(exchange)
        self.fields["password"].setPlaceholderText("Only where the exchange gives one")
        for what in SECRET_FIELDS:
            self.fields[what].setEchoMode(QLineEdit.EchoMode.Password)
        self._lay_out()
        self._judge()
        self._read()

    def _lay_out(self) -> None:
        grid = QGridLayout()
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(8)
        for place, (what, field) in enumerate(self.fields.items()):
            caption = ToneLabel(what.capitalize(), Tone.LABEL)
            caption.setBuddy(field)
            field.setAccessibleName(what.capitalize())
            grid.addWidget(caption, place, 0)
            grid.addWidget(field, place, 1)
        under_table, buttons = QHBoxLayout(), QHBoxLayout()
        under_table.addWidget(self.told, 1)
        under_table.addWidget(self.remove, 0, Qt.AlignmentFlag.AlignTop)
        buttons.setSpacing(8)
        buttons.addStretch(1)
        buttons.addWidget(self.close_button)
        buttons.addWidget(self.add)
        lead = ToneLabel(LEAD, Tone.LABEL)
        lead.setWordWrap(True)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 14, 16, 14)
        column.setSpacing(10)
        column.addWidget(ToneLabel("API keys", pixels=16, weight=600))
        column.addWidget(lead)
        column.addWidget(self.table)
        column.addLayout(under_table)
        column.addWidget(SectionHeader("Add a key"))
        column.addLayout(grid)
        column.addWidget(self.problem)
        column.addLayout(buttons)

    # --- Reading ----------------------------------------------------------------------------------------------------

    def _read(self) -> None:
        self.told.setText("Reading …")
        self._run(key_names, self._show)

    def _show(self, found: tuple[list[KeyName], str] | None, problem: str) -> None:
        keys, lacking = found if found is not None else ([], problem)
        self.table.replace([key_row(key) for key in keys])
        self.table.flush()
        self.told.setText(lacking)
        self.told.set_tone(Tone.WARNING if lacking else Tone.LABEL)

    def _run(self, work: Callable[[], Any], take: Callable[[Any, str], None]) -> None:
        """Begin the work; ``take`` gets its result, or what is wrong."""
        self._work, self._take = in_background(work), take
        self._look.start()
        self._judge()

    def _finish(self) -> None:
        work = self._work
        if work is None or not work.done():
            return
        self._work = None
        self._look.stop()
        error = work.exception()
        if error is not None and not isinstance(error, CredentialsError):
            raise error
        self._take(None if error is not None else work.result(), str(error or ""))
        self._judge()

    def _judge(self) -> None:
        """Which buttons may be pressed, and why not."""
        rows = self.table.selected_rows()
        idle = self._work is None
        may_go = len(rows) == 1 and removable(rows[0])
        self.add.setEnabled(idle)
        self.remove.setEnabled(idle and may_go)
        self.remove.setToolTip("" if may_go else "Choose a key of the keyring; others are removed where they are kept.")

    # --- Adding and removing ----------------------------------------------------------------------------------------

    def _add(self) -> None:
        texts = {what: field.text().strip() for what, field in self.fields.items()}
        name, exchange = texts["name"], texts["exchange"]
        credentials = Credentials(texts["key"], texts["secret"], texts["password"])

        def take(_: Any, problem: str) -> None:
            self.problem.setText(problem)
            if not problem:
                self.forget()
                self.kept.emit(name)
                self._read()

        self._run(lambda: keep_key(name, exchange, credentials), take)

    def open_removal(self) -> ConfirmDialog:
        """Ask once more."""
        row = self.table.selected_rows()[0]
        name, exchange = str(row["name"]), str(row["exchange"])
        dialog = ConfirmDialog(
            f"Remove the key {name}",
            f"The key {name} for {exchange} leaves the keyring. Delete it at the exchange too when nobody uses it.",
            "Remove",
            self,
        )
        dialog.confirmed.connect(lambda: self._remove(name, exchange))
        dialog.show()
        return dialog

    def _remove(self, name: str, exchange: str) -> None:
        def take(_: Any, problem: str) -> None:
            self.problem.setText(problem)
            self._read()

        self._run(lambda: remove_key(name, exchange), take)

    def forget(self) -> None:
        """Take what is secret out of the fields, beyond undo."""
        for what in SECRET_FIELDS:
            self.fields[what].setText("")

    def hideEvent(self, event: QHideEvent) -> None:
        self.forget()
        super().hideEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if self.add.isEnabled():
                self._add()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        tokens = current().tokens
        shapes.box(QPainter(self), self.rect(), tokens.raised, tokens.border, radius=0)
