"""A panel's toolbar where there is no room for all of it."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from widgets.controls.toolbar import TextButton, Toolbar


def test_it_leaves_out_what_can_be_spared_in_the_order_that_is_named(qtbot: QtBot) -> None:
    panel = QWidget()
    qtbot.addWidget(panel)
    bar = Toolbar(panel)
    kept, first, second = TextButton("Follow"), TextButton("Smallest trade"), TextButton("Row")
    for button in (second, first, kept):
        bar.row.addWidget(button)
    bar.row.addStretch(1)
    bar.leave_out(first, second)
    column = QVBoxLayout(panel)
    column.setContentsMargins(0, 0, 0, 0)
    column.addWidget(bar)
    panel.setMinimumSize(1, 1)
    panel.resize(600, 40)
    panel.show()
    qtbot.waitExposed(panel)
    assert kept.isVisible() and first.isVisible() and second.isVisible()
    panel.resize(bar.row.sizeHint().width() - 1, 40)
    assert kept.isVisible() and not first.isVisible() and second.isVisible()
    panel.resize(kept.sizeHint().width(), 40)
    assert kept.isVisible() and not first.isVisible() and not second.isVisible()
    panel.resize(600, 40)
    assert first.isVisible() and second.isVisible()
    panel.resize(bar.row.sizeHint().width(), 40)
    kept.setText("Follow the newest")
    qtbot.waitUntil(lambda: not first.isVisible())
    assert second.isVisible()
    heard = _Requests(bar)
    for _ in range(5):
        qtbot.wait(1)
    assert not heard.count, "a toolbar that fits asks for no new layout"


class _Requests(QObject):
    """Counts how often a widget is to be laid out."""

    def __init__(self, widget: QWidget) -> None:
        super().__init__(widget)
        self.count = 0
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        self.count += event.type() == QEvent.Type.LayoutRequest
        return False
