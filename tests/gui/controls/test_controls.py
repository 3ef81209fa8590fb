"""Buttons, segmented control, fields, verdict."""

from __future__ import annotations

import itertools
from decimal import Decimal

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication, QDialog
from pytestqt.qtbot import QtBot

from widgets.controls.controls import Button, ButtonKind, Verdict
from widgets.controls.dialogs import ConfirmDialog, ReasonDialog
from widgets.controls.fields import CheckedField, Field
from widgets.controls.segmented import Segmented
from widgets.look import shapes, style
from widgets.look.theme import current
from widgets.look.tokens import Mode, Tone


@pytest.fixture(autouse=True)
def _dressed(qapp: QApplication) -> None:
    style.install(qapp)


def test_a_submit_button_has_the_colour_of_the_mode_and_the_stripe_of_the_side(qtbot: QtBot) -> None:
    button = Button("Sell 0.011 BTC live", ButtonKind.SUBMIT)
    qtbot.addWidget(button)
    button.set_submit(Mode.LIVE, Tone.DOWN)
    button.resize(200, 34)
    tokens = current().tokens
    image = button.grab().toImage()
    assert image.pixelColor(1, 17) == tokens.down_text
    assert image.pixelColor(14, 4) == tokens.live
    button.setEnabled(False)
    assert button.grab().toImage().pixelColor(14, 4) == tokens.raised


def test_a_count_does_not_change_the_width(qtbot: QtBot) -> None:
    button = Button("Flatten", icon="flatten")
    qtbot.addWidget(button)
    button.set_count(0)
    width = button.sizeHint().width()
    for count in (3, 42, 1000):
        button.set_count(count)
        assert button.sizeHint().width() == width


def test_segments_choose_by_mouse_and_keys(qtbot: QtBot) -> None:
    control = Segmented(["Market", "Limit", "Stop"])
    qtbot.addWidget(control)
    control.resize(control.sizeHint())
    heard: list[int] = []
    control.chosen.connect(heard.append)
    qtbot.mouseClick(control, Qt.MouseButton.LeftButton, pos=control.segments()[2].center())
    qtbot.keyClick(control, Qt.Key.Key_Right)
    qtbot.keyClick(control, Qt.Key.Key_Left)
    assert heard == [2, 1]
    assert control.text == "Limit"
    control.set_index(0)
    assert heard == [2, 1]
    with pytest.raises(IndexError):
        control.set_index(3)


def test_segments_fill_a_stretched_row(qtbot: QtBot) -> None:
    control = Segmented(["Buy", "Sell", "Both"], stretch=True)
    qtbot.addWidget(control)
    control.resize(200, 26)
    areas = control.segments()
    assert areas[0].left() == 0
    assert areas[-1].right() == 199
    assert all(left.right() + 1 == right.left() for left, right in itertools.pairwise(areas))


def test_arrow_keys_step_a_field(qtbot: QtBot) -> None:
    field = Field("42,010.0", unit="USDT", step=Decimal("0.1"))
    qtbot.addWidget(field)
    qtbot.keyClick(field, Qt.Key.Key_Up)
    assert field.number() == Decimal("42010.1")
    qtbot.keyClick(field, Qt.Key.Key_PageDown)
    assert field.text() == "42,009.1"
    field.setText("nonsense")
    qtbot.keyClick(field, Qt.Key.Key_Up)
    assert field.text() == "nonsense"
    assert field.number() is None


def test_an_error_is_an_edge_and_a_sentence(qtbot: QtBot) -> None:
    checked = CheckedField(Field("0.0004", unit="BTC"))
    qtbot.addWidget(checked)
    checked.resize(160, 60)
    checked.show()
    field = checked.field
    tokens = current().tokens
    assert field.grab().toImage().pixelColor(0, 13) == tokens.border
    checked.set_error("Smallest size is 0.001 BTC.")
    assert field.grab().toImage().pixelColor(0, 13) == tokens.bad
    assert checked.error == "Smallest size is 0.001 BTC."
    checked.set_error("")
    assert field.grab().toImage().pixelColor(0, 13) == tokens.border


def test_a_verdict_stands_on_the_ground_of_its_tone(qtbot: QtBot) -> None:
    verdict = Verdict()
    qtbot.addWidget(verdict)
    verdict.resize(200, 36)
    tokens = current().tokens
    for tone, ground in (
        (Tone.GOOD, tokens.good_ground),
        (Tone.WARNING, tokens.warning_ground),
        (Tone.BAD, tokens.bad_ground),
    ):
        verdict.set_verdict(tone, "Word", "4.6 % of equity; limit 5 %")
        image = verdict.grab().toImage()
        assert image.pixelColor(0, 10) == tokens.colour(tone)
        assert image.pixelColor(190, 2) == ground


def test_a_long_reason_is_told_in_two_lines_and_moves_nothing(qtbot: QtBot) -> None:
    verdict = Verdict()
    qtbot.addWidget(verdict)
    verdict.set_lines(2)
    height, reason = verdict.height(), "The order would trade with own order w1-14, which rests at 41,990."
    verdict.set_verdict(Tone.BAD, "Denied · SELF_MATCH", reason)
    lines = shapes.broken(reason, current().font(11), 200, 2)
    assert len(lines) == 2 and " ".join(lines) == reason
    assert shapes.broken(reason, current().font(11), 100, 2)[1].endswith("41,990."), "shortened where it is written"
    assert shapes.broken("4.2 % of equity", current().font(11), 200, 2) == ["4.2 % of equity"]
    verdict.grab()
    assert verdict.height() == height == 50


def test_return_on_cancel_cancels_and_in_a_field_confirms(qtbot: QtBot) -> None:
    given: list[str] = []
    for press_cancel in (True, False):
        dialog = ReasonDialog("Flatten", "Everything is closed.", "Flatten")
        qtbot.addWidget(dialog)
        dialog.reason_given.connect(lambda reason, _: given.append(reason))
        dialog.show()
        dialog.reason.setText("late")
        target = dialog.cancel_button if press_cancel else dialog.reason
        target.setFocus()
        qtbot.keyClick(target, Qt.Key.Key_Return)
        assert dialog.result() == (QDialog.DialogCode.Rejected if press_cancel else QDialog.DialogCode.Accepted)
    assert given == ["late"]


def test_a_question_without_a_field_is_cancelled_by_return(qtbot: QtBot) -> None:
    dialog, confirmed = ConfirmDialog("Take control", "Somebody else has it.", "Take it"), list[bool]()
    qtbot.addWidget(dialog)
    dialog.confirmed.connect(lambda: confirmed.append(True))
    with qtbot.waitExposed(dialog):
        dialog.show()
    qtbot.keyClick(dialog.focusWidget(), Qt.Key.Key_Return)
    assert not confirmed and not dialog.isVisible()


def test_a_button_that_is_held_down_acts_once(qtbot: QtBot) -> None:
    button, pressed = Button("Send"), list[bool]()
    qtbot.addWidget(button)
    button.clicked.connect(lambda: pressed.append(True))
    button.show()
    for repeated in (False, True, True):
        event = QKeyEvent(QEvent.Type.KeyPress, Qt.Key.Key_Return, Qt.KeyboardModifier.NoModifier, "", repeated)
        QApplication.sendEvent(button, event)
    assert pressed == [True]
