"""Integer division with named rounding. Denominators are positive."""

from __future__ import annotations


def divide_half_even(numerator: int, denominator: int) -> int:
    """Quotient rounded to the nearest integer, ties to even."""
    quotient = numerator // denominator
    twice = 2 * (numerator - quotient * denominator)
    if twice > denominator or (twice == denominator and quotient % 2 != 0):
        quotient += 1
    return quotient


def divide_up(numerator: int, denominator: int) -> int:
    """Quotient rounded towards plus infinity."""
    return -(-numerator // denominator)


def scale_down(amount: int, part: int, whole: int) -> int:
    """``amount * part / whole`` rounded towards minus infinity, with the product split so that 64 bits hold it."""
    return amount // whole * part + amount % whole * part // whole


def scale_up(amount: int, part: int, whole: int) -> int:
    """``amount * part / whole`` rounded towards plus infinity."""
    return -scale_down(-amount, part, whole)
