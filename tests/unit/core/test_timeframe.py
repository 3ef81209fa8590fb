from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workstation.core.timeframe import (
    DAY_NS,
    HOUR_NS,
    SECOND_NS,
    TIMEFRAME_NAMES,
    TIMEFRAMES,
    bar_open_ns,
    iso_text,
    parse_utc,
    utc_datetime,
    utc_text,
)

TIMES = st.integers(0, 4_000_000_000 * SECOND_NS)


@given(TIMES, st.sampled_from(sorted(TIMEFRAMES.values())))
def test_every_moment_lies_in_its_bar(ts_ns: int, interval_ns: int) -> None:
    open_ns = bar_open_ns(ts_ns, interval_ns)
    assert open_ns <= ts_ns < open_ns + interval_ns
    assert bar_open_ns(open_ns, interval_ns) == open_ns
    assert bar_open_ns(open_ns + interval_ns, interval_ns) == open_ns + interval_ns
    if interval_ns <= DAY_NS:
        assert open_ns % interval_ns == 0


@given(TIMES)
def test_weeks_open_on_monday(ts_ns: int) -> None:
    opened = utc_datetime(bar_open_ns(ts_ns, TIMEFRAMES["1w"]))
    assert (opened.isoweekday(), opened.hour, opened.minute, opened.second) == (1, 0, 0, 0)


def test_the_names_are_told_apart() -> None:
    assert len(TIMEFRAME_NAMES) == len(TIMEFRAMES)
    assert TIMEFRAME_NAMES[4 * HOUR_NS] == "4h"


@given(TIMES)
def test_a_written_time_reads_back(ts_ns: int) -> None:
    whole = ts_ns // 1_000 * 1_000
    assert parse_utc(iso_text(whole)) == whole
    assert parse_utc(utc_text(whole)) == whole // SECOND_NS * SECOND_NS


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2023-01-01", datetime(2023, 1, 1, tzinfo=UTC)),
        (" 2023-01-01T00:00:00Z ", datetime(2023, 1, 1, tzinfo=UTC)),
        ("2023-01-01T02:00:00+02:00", datetime(2023, 1, 1, tzinfo=UTC)),
        ("1969-12-31 23:59:59.5", datetime(1969, 12, 31, 23, 59, 59, 500_000, tzinfo=UTC)),
    ],
)
def test_dates_are_utc_unless_they_name_a_zone(text: str, moment: datetime) -> None:
    assert utc_datetime(parse_utc(text)) == moment


@pytest.mark.parametrize("text", ["", "yesterday", "2023-13-01", "01.02.2023"])
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_utc(text)


def test_texts() -> None:
    assert utc_text(1_672_531_200 * SECOND_NS) == "2023-01-01 00:00:00"
    assert iso_text(1_672_531_200 * SECOND_NS) == "2023-01-01T00:00:00Z"
    assert iso_text(1_672_531_200 * SECOND_NS + 500_000_000) == "2023-01-01T00:00:00.500000Z"
