"""Figures on the screen."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from zoneinfo import ZoneInfoNotFoundError

import pytest
from hypothesis import given
from hypothesis import strategies as st

from widgets.look import numbers
from widgets.look.numbers import (
    MINUS,
    MISSING,
    NANOSECONDS,
    THIN_SPACE,
    decimals_of,
    format_age,
    format_date,
    format_moment,
    format_multiple_of_risk,
    format_number,
    format_percent,
    format_price,
    format_quantity,
    format_time,
    parse_moment,
    parse_number,
    plain_number,
    set_zone,
    tone_of,
    zone_words,
)
from widgets.look.tokens import Tone

SECOND = 1_000_000_000


@pytest.fixture
def _german_marks() -> Iterator[None]:
    numbers.set_separators(".", ",")
    yield
    numbers.set_separators(",", ".")


@pytest.mark.parametrize(
    ("step", "decimals"), [("0.10", 1), ("0.001", 3), ("1", 0), ("5", 0), ("10", 0), ("1E-8", 8), ("0.5", 1)]
)
def test_decimals_come_from_the_step(step: str, decimals: int) -> None:
    assert decimals_of(Decimal(step)) == decimals


def test_prices_and_quantities_keep_their_decimals() -> None:
    assert format_price(Decimal("42018.4"), Decimal("0.1")) == "42,018.4"
    assert format_price(Decimal("42010"), Decimal("0.10")) == "42,010.0"
    assert format_quantity(Decimal("-0.22"), Decimal("0.001"), signed=True) == f"{MINUS}0.220"
    assert format_quantity(Decimal("0.011"), Decimal("0.001"), unit="BTC") == f"0.011{THIN_SPACE}BTC"


def test_signs_are_true_minus_and_plus_and_zero_has_none() -> None:
    assert format_number(Decimal("-1234.5"), 2, signed=True) == f"{MINUS}1,234.50"
    assert format_number(Decimal("42.36"), 2, signed=True) == "+42.36"
    assert format_number(0, 2, signed=True) == "0.00"
    assert format_number(Decimal("-0.001"), 2, signed=True) == "0.00"
    assert format_multiple_of_risk(Decimal("1.5"), 1) == f"+1.5{THIN_SPACE}R"
    assert format_percent(4.6, 1) == f"4.6{THIN_SPACE}%"


def test_missing_is_a_dash_never_nan() -> None:
    assert {format_number(value, 2) for value in (None, float("nan"), float("inf"), Decimal("NaN"))} == {MISSING}
    assert format_age(None) == format_time(None) == format_date(None) == MISSING


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (1, "1s"), (75, "1m 15s"), (7000, "1h 56m"), (273_600, "3d 4h"), (-5, "0s")],
)
def test_ages_show_their_two_largest_units(seconds: int, text: str) -> None:
    assert format_age(seconds * SECOND) == text


def test_times_are_utc() -> None:
    moment = 1_701_866_467 * SECOND + 312_999_999
    assert format_time(moment) == "12:41:07"
    assert format_time(moment, milliseconds=True) == "12:41:07.312"
    assert format_date(moment) == "6 Dec"
    assert format_date(moment, year=True) == "6 Dec 2023"


def test_tone_follows_the_sign() -> None:
    assert [tone_of(value) for value in (1, Decimal("-0.1"), 0, None)] == [Tone.UP, Tone.DOWN, Tone.LABEL, Tone.LABEL]
    assert [tone_of(Decimal(text), 2) for text in ("-0.004", "-0.006")] == [Tone.LABEL, Tone.DOWN], "0.00 has no sign"


@pytest.mark.usefixtures("_german_marks")
def test_marks_of_another_locale() -> None:
    assert format_number(Decimal("-42018.4"), 1) == f"{MINUS}42.018,4"
    assert parse_number("42.018,4") == Decimal("42018.4")
    assert plain_number(Decimal("42018.40")) == "42018,40" and plain_number(0.5) == "0,5"


@given(
    st.decimals(min_value=-(10**9), max_value=10**9, places=4), st.sampled_from([(",", "."), (".", ","), (" ", ",")])
)
def test_what_a_field_begins_with_is_read_back_with_any_marks(value: Decimal, marks: tuple[str, str]) -> None:
    numbers.set_separators(*marks)
    try:
        assert parse_number(plain_number(value)) == value
    finally:
        numbers.set_separators(",", ".")


@pytest.mark.parametrize("text", ["", "abc", "1.2.3", "nan", "inf", "--1", "0x10"])
def test_what_is_no_number_is_none(text: str) -> None:
    assert parse_number(text) is None


@given(st.decimals(min_value=-(10**9), max_value=10**9, places=4))
def test_what_is_shown_is_read_back_to_the_last_digit(value: Decimal) -> None:
    assert parse_number(format_number(value, 4, signed=True)) == value


def test_times_in_the_chosen_zone() -> None:
    july, january = 1_689_811_200 * NANOSECONDS, 1_704_110_400 * NANOSECONDS  # 20 Jul 2023 00:00, 1 Jan 2024 12:00 UTC
    try:
        set_zone("America/New_York")
        assert (format_time(july), format_date(july), zone_words(july)) == ("20:00:00", "19 Jul", "EDT")
        assert (format_time(january), zone_words(january)) == ("07:00:00", "EST")
        set_zone("Asia/Kathmandu")
        assert format_time(january) == "17:45:00"
        set_zone("local")
        assert format_time(january).endswith(":00")
        with pytest.raises(ZoneInfoNotFoundError):
            set_zone("Europe/Nowhere")
    finally:
        set_zone("UTC")
    assert (format_time(july), zone_words(july)) == ("00:00:00", "UTC")


def test_a_moment_is_read_as_it_is_written_in_every_zone() -> None:
    now = 1_705_320_000 * SECOND  # 2024-01-15 12:00 UTC
    try:
        for zone in ("UTC", "America/New_York", "Asia/Kathmandu", "local"):
            set_zone(zone)
            for moment in (now, now + 61 * SECOND, now + 200 * 86_400 * SECOND):
                assert parse_moment(format_moment(moment), now) == moment, zone
        set_zone("America/New_York")
        assert format_moment(now) == "2024-01-15 07:00"
        assert parse_moment("07:01", now) == now + 60 * SECOND
        assert parse_moment(" 07:00:00 ", now) == now + 86_400 * SECOND, "the next such time is tomorrow's"
        for text in ("", "7", "25:00", "2024-02-30 12:00", "tomorrow", "2024-01-15"):
            assert parse_moment(text, now) is None
    finally:
        set_zone("UTC")
