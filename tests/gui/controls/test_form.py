"""Forms from parameter declarations."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QCheckBox, QComboBox
from pytestqt.qtbot import QtBot

from widgets.controls.fields import Field
from widgets.controls.form import Form, check_value, title_of
from widgets.look import style
from widgets.look.numbers import set_separators


@dataclass(frozen=True)
class Parameter:
    name: str
    kind: str
    default: Any
    minimum: Any = None
    maximum: Any = None
    step: Any = None
    unit: str = ""
    help: str = "What it does."
    choices: tuple[str, ...] = ()


PARAMETERS = (
    Parameter("fast", "int", 12, 2, 400, 1, "bars"),
    Parameter("stop_distance", "float", 2.5, 0.5, 10.0, 0.1, "× ATR"),
    Parameter("risk_a_trade", "decimal", Decimal("0.60"), Decimal("0.01"), Decimal(5), Decimal("0.01"), "%"),
    Parameter("long_only", "bool", True),
    Parameter("source", "choice", "close", choices=("close", "hl2")),
)


@pytest.fixture
def form(qtbot: QtBot, qapp: QApplication) -> Form:
    style.install(qapp)
    widget = Form(PARAMETERS, {"fast": 20})
    qtbot.addWidget(widget)
    widget.show()
    return widget


def field(form: Form, name: str) -> Field:
    editor = form.editor(name)
    assert isinstance(editor, Field)
    return editor


def test_figures_are_the_same_with_the_marks_of_another_locale(form: Form, qtbot: QtBot) -> None:
    values = form.values()
    set_separators(".", ",")
    try:
        anew = Form(PARAMETERS, {"fast": 20})
        qtbot.addWidget(anew)
        for each in (form, anew):
            assert each.errors() == {} and each.values() == values
            assert field(each, "stop_distance").text() == "2,5" and field(each, "risk_a_trade").text() == "0,60"
        qtbot.keyClick(field(form, "stop_distance"), Qt.Key.Key_Up)
        assert form.values()["stop_distance"] == 2.6
    finally:
        set_separators(",", ".")


def test_loaded_values_come_back_typed_and_unchanged(form: Form) -> None:
    values = form.values()
    assert values == {
        "fast": 20,
        "stop_distance": 2.5,
        "risk_a_trade": Decimal("0.60"),
        "long_only": True,
        "source": "close",
    }
    assert [type(value) for value in values.values()] == [int, float, Decimal, bool, str]
    assert form.changed_values() == {}


def test_changes_are_told_against_what_was_loaded(form: Form, qtbot: QtBot) -> None:
    with qtbot.waitSignal(form.edited):
        field(form, "fast").setText("12")
    box, combo = form.editor("long_only"), form.editor("source")
    assert isinstance(box, QCheckBox)
    assert isinstance(combo, QComboBox)
    box.setChecked(False)
    combo.setCurrentText("hl2")
    field(form, "risk_a_trade").setText("0.75")
    assert form.changed_values() == {
        "fast": 12,
        "risk_a_trade": Decimal("0.75"),
        "long_only": False,
        "source": "hl2",
    }


def test_the_way_back_to_the_default_shows_when_it_differs(form: Form, qtbot: QtBot) -> None:
    reset = form._rows["fast"].reset
    assert reset.isVisible()
    assert "12" in reset.toolTip()
    qtbot.mouseClick(reset, Qt.MouseButton.LeftButton)
    assert field(form, "fast").text() == "12"
    assert not reset.isVisible()
    field(form, "stop_distance").setText("3")
    form.reset_to_defaults()
    assert form.values()["stop_distance"] == 2.5


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("fast", "401", "Fast is 401; the largest allowed is 400 bars."),
        ("fast", "1", "Fast is 1; the smallest allowed is 2 bars."),
        ("fast", "2.5", "Fast is 2.5; it needs a whole number from 2 to 400."),
        ("fast", "", "Fast needs a whole number from 2 to 400."),
        ("stop_distance", "abc", "Stop distance needs a number from 0.5 to 10.0."),
        ("risk_a_trade", "−1", "Risk a trade is −1; the smallest allowed is 0.01 %."),
        ("risk_a_trade", "nan", "Risk a trade needs a number from 0.01 to 5."),
    ],
)
def test_one_sentence_under_the_field_says_what_is_allowed(form: Form, name: str, text: str, sentence: str) -> None:
    field(form, name).setText(text)
    assert form.errors() == {name: sentence}
    assert field(form, name).in_error
    assert not form.is_valid()
    with pytest.raises(ValueError, match=sentence[:8]):
        form.values()
    field(form, name).setText("3")
    assert form.is_valid()
    assert not field(form, name).in_error


def test_bounds_themselves_are_allowed() -> None:
    assert check_value(PARAMETERS[0], "400") == (400, "")
    assert check_value(PARAMETERS[1], "0.5") == (0.5, "")
    assert check_value(Parameter("free", "decimal", Decimal(0)), "-3") == (Decimal(-3), "")


def test_small_defaults_are_not_shown_in_powers_of_ten(qtbot: QtBot, qapp: QApplication) -> None:
    form = Form([Parameter("threshold", "float", 1e-7)])
    qtbot.addWidget(form)
    assert field(form, "threshold").text() == "0.0000001"
    assert form.changed_values() == {}


def test_unknown_values_are_refused(form: Form) -> None:
    with pytest.raises(KeyError, match="slow"):
        form.set_values({"slow": 3})


def test_names_become_labels() -> None:
    assert title_of("stop_distance") == "Stop distance"
    assert title_of("setup_ema_fast") == "Setup EMA fast" and title_of("atr") == "ATR"
