"""Work in a thread whose result comes when nobody waits any more."""

from __future__ import annotations

from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot
from shiboken6 import delete

from widgets.research.background import Background


class Asker(QLabel):
    def take(self, found: str) -> None:
        self.setText(found)


def test_a_result_for_a_widget_that_is_gone_is_dropped_and_the_next_comes(qtbot: QtBot) -> None:
    background, gone, here = Background(), Asker(), Asker()
    qtbot.addWidget(here)
    failures: list[str] = []
    background.run(lambda: "first", gone.take, failures.append)
    background.run(lambda: "second", here.take, failures.append)
    delete(gone)
    qtbot.waitUntil(lambda: here.text() == "second")
    assert failures == []
    background.close()
