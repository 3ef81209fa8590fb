"""Trading state, denials, and every limit with its use; what only a person may lift is lifted here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import QEvent, QRect, QSize, Qt, Signal, SignalInstance
from PySide6.QtGui import QHelpEvent, QMouseEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QToolTip, QVBoxLayout, QWidget

from widgets.controls.controls import Button, ToneLabel
from widgets.controls.dialogs import ReasonDialog
from widgets.engine.engine_model import EngineModel
from widgets.look import shapes
from widgets.look.numbers import MINUS, format_date, format_time, zone_words
from widgets.look.theme import current
from widgets.look.tokens import Tone
from widgets.panels.live_panel import LivePanel
from widgets.panels.lockout_dialog import LockoutDialog
from workstation.core.messages import EndCrisis, LiftLockout, LiftThrottle, LockOut
from workstation.core.types import TradingState
from workstation.core.views import AccountView, LimitView, RiskView

WARNING_USE = 0.7
LINE_HEIGHT = 20
WRAPS_FROM = 200
BAR = 3
GAP = 8
ABOUT = {
    "Day loss": "Since 00:00 UTC, of the equity then. At the limit only orders that reduce a position pass.",
    "Drawdown": "Below the highest equity. At the limit only orders that reduce a position pass, until you resume.",
    "Gross exposure": "What is held and what working orders may still open, at their worst, of the equity.",
    "Largest position": "Of one symbol: what is held and what working orders may still open, of the equity.",
    "Largest order": "What is left of the largest working order that adds risk, of the equity.",
    "Symbols held or ordered": "Symbols with a position, or with a working order that may still open one.",
    "Working orders": "Orders that may still execute.",
    "Orders a minute": "Of the owner that sent most: orders and changes within the last minute.",
    "Losses in a row": "Round trips of the account. At the limit entries are paused.",
    "Drawdown to crisis mode": "At the limit crisis mode begins: smaller sizes, fewer positions.",
    "Losses to crisis mode": "Losses in a row. At the limit crisis mode begins: smaller sizes, fewer positions.",
    "Feed age": "Of the symbol that was heard of longest ago. Above the limit nothing that adds risk passes.",
    "Clock drift": "Between this computer and the exchange. Above the limit nothing that adds risk passes.",
}
"""What each limit counts, and what comes at it."""
STATE_TONES = {TradingState.ACTIVE: Tone.GOOD, TradingState.REDUCING: Tone.WARNING, TradingState.HALTED: Tone.BAD}


def use_tone(use: float) -> Tone:
    if use >= 1:
        return Tone.BAD
    return Tone.WARNING if use >= WARNING_USE else Tone.FAINT


def until_words(until_ns: int) -> str:
    return f"{format_time(until_ns)} {zone_words(until_ns)}"


def plain(value: str) -> str:
    """A value with a true minus, and none before a zero."""
    text = value.replace("-", MINUS)
    return text.lstrip(MINUS) if not text.strip(f"{MINUS}0. %") else text


class LimitList(QWidget):
    """One line a limit, its use as an underline; nearest to its limit first when not all have room."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._limits: Sequence[LimitView] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def set_limits(self, limits: Sequence[LimitView]) -> None:
        if limits != self._limits:
            self._limits = limits
            self.setAccessibleName("; ".join(f"{each.name} {plain(each.value)} of {each.limit}" for each in limits))
            self.update()

    def event(self, event: QEvent) -> bool:
        """What the limit under the pointer counts, as a tooltip."""
        if event.type() is QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            shown, place = self.shown(), event.pos().y() // self._step
            words = ABOUT.get(shown[place].name, "") if 0 <= place < len(shown) else ""
            QToolTip.showText(event.globalPos(), words, self)
            return True
        return super().event(event)

    @property
    def _step(self) -> int:
        """From one line to the next."""
        return min(LINE_HEIGHT + 2, max(LINE_HEIGHT, self.height() // max(1, len(self.shown()))))

    def shown(self) -> list[LimitView]:
        """The lines for which there is room, in their order on the screen."""
        room = max(1, self.height() // LINE_HEIGHT)
        if len(self._limits) <= room:
            return list(self._limits)
        return sorted(self._limits, key=lambda limit: -limit.use)[:room]

    def sizeHint(self) -> QSize:
        return QSize(240, 9 * LINE_HEIGHT)

    def minimumSizeHint(self) -> QSize:
        return QSize(160, 2 * LINE_HEIGHT)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        shown = self.shown()
        step = self._step
        for place, limit in enumerate(shown):
            self._paint_limit(painter, limit, QRect(0, place * step, self.width(), LINE_HEIGHT))

    def _paint_limit(self, painter: QPainter, limit: LimitView, area: QRect) -> None:
        theme = current()
        tokens = theme.tokens
        font = theme.font()
        tone = use_tone(limit.use)
        limit_width = max(70, shapes.text_width(f"of {limit.limit}", font) + 14)
        text = area.adjusted(0, 0, 0, -BAR)
        used = plain(limit.value)
        name = text.adjusted(0, 0, -limit_width - shapes.text_width(used, font) - GAP, 0)
        shapes.write(painter, name, limit.name, tokens.text_2, font, elide=True)
        colour = tokens.text_1 if tone is Tone.FAINT else tokens.colour(tone)
        value = text.adjusted(0, 0, -limit_width, 0)
        shapes.write(painter, value, used, colour, font, shapes.RIGHT)
        shapes.write(painter, text, f"of {limit.limit}".replace("-", MINUS), tokens.text_3, font, shapes.RIGHT)
        bar = QRect(area.left(), area.bottom() - BAR + 1, area.width(), BAR)
        painter.fillRect(bar, tokens.control)
        bar.setWidth(min(area.width(), round(area.width() * limit.use)))
        painter.fillRect(bar, tokens.colour(tone))


class StateLine(QWidget):
    """Dot and word of the trading state, and the denials of the day, of which a click tells more."""

    denials_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._state, self._denied = TradingState.ACTIVE, 0
        self.setFixedHeight(20)
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() is Qt.MouseButton.LeftButton and self.rect().contains(event.position().toPoint()):
            self.denials_wanted.emit()

    def set_state(self, state: TradingState, denied: int, reason: str) -> None:
        if (state, denied) != (self._state, self._denied):
            self._state, self._denied = state, denied
            self.update()
        self.setToolTip(" ".join(filter(None, (reason, "A click leads to the news, which tell each denial."))))
        self.setAccessibleName(f"Trading is {state}. Denied today {denied}. {reason}")

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = current()
        tokens = theme.tokens
        painter = QPainter(self)
        shapes.dot(painter, 3, self.height() / 2, tokens.colour(STATE_TONES[self._state]))
        shapes.write(painter, self.rect().adjusted(14, 0, 0, 0), self._state, tokens.text_1, theme.font(12, 600))
        figure = str(self._denied)
        room = shapes.text_width(figure, theme.font(12, 600)) + 8
        bold = theme.font(12, 600)
        shapes.write(painter, self.rect(), figure, tokens.text_1, bold, shapes.RIGHT)
        label = self.rect().adjusted(0, 0, -room, 0)
        shapes.write(painter, label, "Denied today", tokens.text_2, theme.font(), shapes.RIGHT)


class RiskPanel(LivePanel):
    def __init__(self, model: EngineModel, parent: QWidget | None = None) -> None:
        super().__init__(model, parent)
        self.state = StateLine(self)
        self.state.denials_wanted.connect(lambda: model.panel_wanted.emit("news"))
        self.notice = ToneLabel("", Tone.WARNING, pixels=11)
        self.notice.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.notice.hide()
        self.lifts = QVBoxLayout()
        self.lifts.setSpacing(4)
        self.lift_buttons: dict[str, Button] = {}
        self._lift_rows: dict[str, QWidget] = {}
        self.limits = LimitList(self)
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 6, 10, 4)
        column.setSpacing(4)
        column.addWidget(self.state)
        column.addWidget(self.notice)
        column.addLayout(self.lifts)
        column.addWidget(self.limits, 1)
        self.lock = Button("Lock me out…", icon="lock")
        self.lock.clicked.connect(self._lock)
        column.addWidget(self.lock)

    def connections(self) -> Sequence[tuple[SignalInstance, Callable[..., Any]]]:
        return ((self.model.risk_changed, self.show_risk), (self.model.account_changed, self._show_lock))

    def refresh(self) -> None:
        self.show_risk(self.model.engine.risk())
        self._show_lock(self.model.account)

    @property
    def _is_high(self) -> bool:
        """Whether sentences may take several lines; in a low panel they are cut, and whole in their tooltip."""
        return self.height() >= WRAPS_FROM

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        labels = [row.findChild(ToneLabel) for row in self._lift_rows.values()]
        for label in (self.notice, *labels):
            if label is not None:
                label.setWordWrap(self._is_high)

    def show_risk(self, risk: RiskView) -> None:
        self.state.set_state(risk.trading_state, risk.denied_today, risk.reason)
        self.limits.set_limits(risk.limits)
        notices = [risk.reason] if risk.reason else []
        locked_ns = self.model.account.locked_until_ns
        if risk.until_ns and locked_ns > risk.until_ns:
            notices.append(f"The lock-out lasts until {format_date(locked_ns)} {until_words(locked_ns)}.")
        elif risk.until_ns:
            notices.append(f"Lifts at {until_words(risk.until_ns)}.")
        notices += [
            f"{name[:1].upper()}{name[1:]} pauses {owner or 'every strategy'} until {until_words(until)}."
            for name, owner, until in risk.protections
        ]
        self.notice.setText(" ".join(notices))
        self.notice.setToolTip(self.notice.text())
        self.notice.setVisible(bool(notices))
        wanted = {owner: f"{owner} sent the same order too often." for owner in risk.throttled}
        if risk.crisis:
            wanted[""] = f"Crisis mode: {risk.crisis_cause}"
        self._show_lifts(wanted)

    def _show_lock(self, account: AccountView) -> None:
        until_ns = account.locked_until_ns
        self.lock.setText("Lift the lock-out…" if until_ns and not account.lock_fixed else "Lock me out…")
        tip = "Cancels entries and denies new risk for a time of yours. Exits and the kill switch work."
        if until_ns:
            tip = f"Locked out until {format_date(until_ns)} {until_words(until_ns)}."
            tip += " It is fixed: it can only be made longer." if account.lock_fixed else ""
        self.lock.setToolTip(tip)

    def _lock(self) -> None:
        model = self.model
        if model.account.locked_until_ns and not model.account.lock_fixed:
            lift = ReasonDialog("Lift the lock-out", "New risk passes the gate again.", "Lift it", parent=self.window())
            lift.reason_given.connect(lambda reason, _: model.command(LiftLockout(reason=reason)))
            lift.show()
            return
        dialog = LockoutDialog(model.engine.now_ns(), self.window())
        dialog.wanted.connect(lambda until_ns, reason: model.command(LockOut(until_ns=until_ns, reason=reason)))
        dialog.show()

    def _show_lifts(self, wanted: dict[str, str]) -> None:
        for owner in [owner for owner in self._lift_rows if owner not in wanted]:
            self._lift_rows.pop(owner).deleteLater()
            del self.lift_buttons[owner]
        for owner, sentence in wanted.items():
            if owner in self._lift_rows:
                continue
            row = QWidget(self)
            label = ToneLabel(sentence, Tone.WARNING)
            label.setWordWrap(self._is_high)
            label.setToolTip(sentence)
            label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
            button = Button("Re-enable" if owner else "End crisis…")
            button.clicked.connect(lambda _=False, owner=owner: self._lift(owner))
            line = QHBoxLayout(row)
            line.setContentsMargins(0, 0, 0, 0)
            line.addWidget(label, 1)
            line.addWidget(button)
            self.lifts.addWidget(row)
            self._lift_rows[owner], self.lift_buttons[owner] = row, button

    def _lift(self, owner: str) -> None:
        if owner:
            self.model.command(LiftThrottle(owner=owner))
            self.refresh()
            return
        dialog = ReasonDialog(
            "End crisis mode",
            "Sizes, positions and the confidence threshold go back to normal.",
            "End crisis",
            parent=self.window(),
        )
        dialog.reason_given.connect(lambda reason, _: self.model.command(EndCrisis(reason=reason)))
        dialog.show()
