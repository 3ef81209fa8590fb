"""A panel's toolbar where there is no room for all of it."""

from __future__ import annotations

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
