"""Sizes in little room."""

from __future__ import annotations

from decimal import Decimal

import pytest

from widgets.look.short_size import ShortSize


@pytest.mark.parametrize(
    ("largest", "lot", "lots", "text"),
    [
        (15_500, "0.001", 3_300, "3.3"),
        (4_770, "0.001", 30, "0.03"),
        (512, "0.001", 7, "0.007"),
        (250_000, "0.001", 99_400, "99"),
        (12_345_678, "1", 1_234_567, "1.2M"),
        (54_000, "1", 500, "0.5k"),
        (7, "1", 7, "7"),
        (0, "0.1", 0, "0.0"),
        (1_000, "0.001", 1_000, "1.00"),
    ],
)
def test_the_largest_has_about_three_figures_and_the_others_its_decimals(
    largest: int, lot: str, lots: int, text: str
) -> None:
    assert ShortSize.of(largest, Decimal(lot)).text(lots) == text


def test_signs_are_the_true_ones() -> None:
    short = ShortSize.of(-2_600, Decimal("0.001"))
    assert (short.text(-2_600, signed=True), short.text(1_800, signed=True)) == ("−2.60", "+1.80")
