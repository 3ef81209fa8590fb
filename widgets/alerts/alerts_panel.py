"""All alerts: what each waits for, its state, when it fired last; change, switch and delete by right click."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import SignalInstance
from PySide6.QtWidgets import QVBoxLayout, QWidget

from widgets.alerts.alert_desk import AlertDesk
from widgets.alerts.alert_dialog import AlertDialog
from widgets.alerts.alert_words import condition_words, repeat_words, short_words, state_words
from widgets.controls.controls import IconButton
from widgets.controls.table import Action, Column, Row, RowState, Table
from widgets.engine.engine_model import EngineModel
from widgets.look.numbers import format_date, format_time, local_day
from widgets.look.tokens import Tone
from widgets.panels.live_panel import LivePanel
from workstation.market.alerts.alert import Alert, PriceLevel, PriceLine, PriceZone

STATE_FRAMES = 30


def moment(time_ns: int, now_ns: int) -> str:
    """The time, or the day where that is another one; empty for none."""
    if not time_ns:
        return ""
    return format_time(time_ns) if local_day(time_ns) == local_day(now_ns) else format_date(time_ns)


class AlertsTable(Table):
    key = "name"
    columns = (
        Column("symbol", "Symbol", width=70),
        Column(
            "level",
            "Fires at",
            width=92,
            tooltip="↑ from below, ↓ from above, ↕ either; → into a zone, ← out of it",
        ),
        Column("state", "State", width=56, tone=lambda row: row["tone"]),
        Column("fired", "Last fired", width=70, shown_from=330),
        Column("repeat", "Repeats", width=90, label=True, shown_from=430),
        Column("expires", "Expires", width=70, label=True, shown_from=520),
        Column("condition", "Fires when", width=190, label=True, shown_from=720),
        Column("note", "Note", width=140, label=True, shown_from=860),
    )
    actions_declared = (
        Action("change", "Change…", "", lambda rows: len(rows) == 1),
        Action("on", "Switch on", "", lambda rows: any(not row["enabled"] for row in rows)),
        Action("off", "Switch off", "", lambda rows: any(row["enabled"] for row in rows)),
        Action("delete", "Delete", "cancel", separated=True),
    )
    empty = "No alerts. Right-click a chart or its price axis to set one."
    sorted_by = ""


class AlertsPanel(LivePanel):
    def __init__(self, model: EngineModel, desk: AlertDesk, parent: QWidget | None = None) -> None:
        super().__init__(model, parent)
        self.desk = desk
        self.table = AlertsTable(self)
        self.table.action_triggered.connect(self.run)
        self.table.row_activated.connect(lambda row: model.choose_symbol(row["symbol"]))
        self.new = IconButton("plus", "New alert on a price")
        self.new.clicked.connect(self.open_new)
        self.sound = IconButton("bell", "Sound of alerts", checkable=True)
        self.sound.setChecked(not desk.muted)
        self.sound.toggled.connect(lambda on: desk.set_muted(not on))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.table)

    def connections(self) -> Sequence[tuple[SignalInstance, Callable[..., Any]]]:
        return ((self.desk.changed, self.refresh), (self.frames, self._tick))

    def refresh(self) -> None:
        self.table.replace([self._row(alert) for alert in self.desk.book.alerts])
        self.table.flush()
        self.sound.setChecked(not self.desk.muted)
        self.sound.setToolTip("Alerts are silent" if self.desk.muted else "Alerts sound")

    def run(self, name: str, keys: Sequence[str]) -> None:
        """Carry out an entry of the menu."""
        if name == "delete":
            self.desk.remove(keys)
        elif name == "change":
            alert = self.desk.book.find(keys[0])
            if alert is not None:
                self.open_dialog(alert)
        else:
            for key in keys:
                self.desk.enable(key, name == "on")

    def open_new(self) -> AlertDialog | None:
        """At the last price of the chosen symbol."""
        market = self.model.engine.market(self.model.symbol)
        if not market.last_price:
            return None
        price = market.instrument.price(market.last_price)
        return self.open_dialog(Alert(name="", symbol=self.model.symbol, condition=PriceLevel(price)))

    def open_dialog(self, alert: Alert) -> AlertDialog:
        dialog = AlertDialog(self.desk, alert, self.model.engine.now_ns(), self.window())
        dialog.show()
        return dialog

    def _tick(self, frame: int) -> None:
        if self.due(frame, STATE_FRAMES):
            now_ns = self.model.engine.now_ns()
            for alert in self.desk.book.alerts:
                if alert.expires_ns or isinstance(alert.condition, PriceLine | PriceZone):
                    self.table.upsert(self._row(alert, now_ns))

    def _row(self, alert: Alert, now_ns: int | None = None) -> Row:
        now_ns = self.model.engine.now_ns() if now_ns is None else now_ns
        instrument = self.desk.instrument(alert.symbol)
        state, tone = state_words(alert, now_ns, instrument is not None)
        return {
            "name": alert.name,
            "symbol": alert.symbol,
            "level": short_words(alert, instrument),
            "condition": condition_words(alert, instrument),
            "state": state,
            "tone": tone,
            "fired": moment(alert.last_fired_ns, now_ns),
            "repeat": repeat_words(alert),
            "expires": moment(alert.expires_ns, now_ns) or "Never",
            "note": alert.note,
            "enabled": alert.enabled,
            "row_state": RowState.TERMINAL if tone is Tone.FAINT else RowState.NORMAL,
        }
