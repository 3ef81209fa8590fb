"""API keys in the window: listed, added, removed; what is secret stays nowhere."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator

import keyring
import pytest
from keyring.backend import KeyringBackend
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QLineEdit
from pytestqt.qtbot import QtBot

from tests.gui.conftest import Workstation
from tests.unit.storage.memory_keyring import MemoryKeyring, TalkativeKeyring
from widgets.controls.dialogs import ConfirmDialog
from widgets.look.style import install
from widgets.window.keys_dialog import SECRET_FIELDS, KeysDialog
from workstation.core.credentials import Credentials
from workstation.storage.secrets import add_key

KEY, SECRET = "Kk1Kk2Kk3Kk4Kk5", "pL4nTeDsEcReTpL4nTeD"
Show = Callable[[], KeysDialog]


@pytest.fixture
def kept() -> Iterator[MemoryKeyring]:
    before: KeyringBackend = keyring.get_keyring()
    ring = MemoryKeyring()
    keyring.set_keyring(ring)
    yield ring
    keyring.set_keyring(before)


@pytest.fixture
def show(qtbot: QtBot, qapp: QApplication) -> Show:
    install(qapp)

    def show_() -> KeysDialog:
        dialog = KeysDialog("main", "binance")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
        qtbot.addWidget(dialog)
        dialog.show()
        qtbot.waitUntil(dialog.add.isEnabled)
        return dialog

    return show_


def enter(qtbot: QtBot, dialog: KeysDialog, **texts: str) -> None:
    for what, text in texts.items():
        dialog.fields[what].clear()
        qtbot.keyClicks(dialog.fields[what], text)
    qtbot.mouseClick(dialog.add, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(dialog.add.isEnabled)


def test_a_key_is_added_by_typing_and_its_secret_leaves_the_fields(
    show: Show, kept: MemoryKeyring, qtbot: QtBot, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    dialog = show()
    assert (dialog.fields["name"].text(), dialog.fields["exchange"].text()) == ("main", "binance")
    assert all(dialog.fields[what].echoMode() is QLineEdit.EchoMode.Password for what in SECRET_FIELDS)
    enter(qtbot, dialog, key=KEY, secret=SECRET)
    assert dialog.problem.text() == ""
    qtbot.waitUntil(lambda: bool(dialog.table.shown_rows()))
    (row,) = dialog.table.shown_rows()
    assert (row["name"], row["exchange"], row["begins"]) == ("main", "binance", KEY[:4])
    assert any(SECRET in text for text in kept.kept.values())
    dialog.fields["secret"].undo()
    assert [dialog.fields[what].text() for what in SECRET_FIELDS] == ["", "", ""]
    assert SECRET not in caplog.text and KEY not in caplog.text


def test_closing_forgets_what_was_typed(show: Show, kept: MemoryKeyring, qtbot: QtBot) -> None:
    dialog = show()
    qtbot.keyClicks(dialog.fields["key"], KEY)
    qtbot.keyClicks(dialog.fields["secret"], SECRET)
    qtbot.mouseClick(dialog.close_button, Qt.MouseButton.LeftButton)
    assert not dialog.isVisible()
    assert all(field.text() not in (KEY, SECRET) for field in dialog.findChildren(QLineEdit))
    assert not kept.kept


@pytest.mark.parametrize(
    ("entered", "sentence"),
    [
        ({"key": "short", "secret": SECRET}, "fewer than any exchange gives"),
        ({"key": KEY, "secret": SECRET, "exchange": "binanze"}, "no exchange that ccxt knows"),
        ({"key": KEY, "secret": SECRET, "name": "1st"}, "A key's name is a letter"),
    ],
)
def test_what_is_wrong_is_one_sentence(
    show: Show, kept: MemoryKeyring, qtbot: QtBot, entered: dict[str, str], sentence: str
) -> None:
    dialog = show()
    enter(qtbot, dialog, **entered)
    qtbot.waitUntil(lambda: bool(dialog.problem.text()))
    assert sentence in dialog.problem.text() and SECRET not in dialog.problem.text()
    assert not kept.kept


def test_a_key_is_removed_after_a_confirmation(show: Show, kept: MemoryKeyring, qtbot: QtBot) -> None:
    add_key("main", "binance", Credentials(KEY, SECRET))
    dialog = show()
    (row,) = dialog.table.shown_rows()
    assert not dialog.remove.isEnabled()
    dialog.table.select_key(row["id"])
    qtbot.mouseClick(dialog.remove, Qt.MouseButton.LeftButton)
    question = dialog.findChildren(ConfirmDialog)[-1]
    qtbot.mouseClick(question.cancel_button, Qt.MouseButton.LeftButton)
    assert dialog.table.shown_rows()
    qtbot.mouseClick(dialog.remove, Qt.MouseButton.LeftButton)
    question = dialog.findChildren(ConfirmDialog)[-1]
    assert not question.isModal()
    qtbot.mouseClick(question.action_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not dialog.table.shown_rows())
    assert dialog.problem.text() == ""


def test_keys_of_the_environment_are_listed_and_not_removed_here(
    show: Show, kept: MemoryKeyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORKSTATION_KEY_SPARE", KEY)
    monkeypatch.setenv("WORKSTATION_SECRET_SPARE", SECRET)
    dialog = show()
    (row,) = dialog.table.shown_rows()
    assert (row["name"], row["place"]) == ("spare", "environment")
    dialog.table.select_key(row["id"])
    assert not dialog.remove.isEnabled() and "where they are kept" in dialog.remove.toolTip()


def test_without_a_keyring_it_says_what_to_do(show: Show, qtbot: QtBot) -> None:
    dialog = show()
    assert "no keyring that keeps keys safely" in dialog.told.text()
    assert "WORKSTATION_KEY_<NAME>" in dialog.told.text()


def test_a_keyring_that_quotes_the_secret_is_not_repeated(show: Show, kept: MemoryKeyring, qtbot: QtBot) -> None:
    keyring.set_keyring(TalkativeKeyring())
    dialog = show()
    enter(qtbot, dialog, key=KEY, secret=SECRET)
    qtbot.waitUntil(lambda: bool(dialog.problem.text()))
    assert "cannot be changed" in dialog.problem.text() and SECRET not in dialog.problem.text()


def test_it_is_reached_from_the_menu(station: Workstation, qtbot: QtBot) -> None:
    station.trigger(station.window.main_menu(), "API keys…")
    (dialog,) = station.window.findChildren(KeysDialog)
    assert dialog.isVisible() and not dialog.isModal()
    qtbot.waitUntil(dialog.add.isEnabled)
    dialog.reject()
