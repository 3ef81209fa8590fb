"""What the fields of bodies are made of, and the base of bodies."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from msgspec import Meta, Struct

Text = Annotated[str, Meta(max_length=500)]
Word = Annotated[str, Meta(min_length=1, max_length=100)]
"""A symbol, an owner, an id."""
Moment = Annotated[
    str,
    Meta(
        pattern=r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?Z$",
        max_length=30,
        description="RFC 3339 in UTC, to the nanosecond",
        extra_json_schema={"format": "date-time"},
    ),
]
Price = Annotated[Decimal, Meta(description="in the quote asset")]
Quantity = Annotated[Decimal, Meta(description="in the base asset, or contracts of an inverse perpetual")]
Level = tuple[Price, Quantity]
Levels = Annotated[tuple[Level, ...], Meta(max_length=20_000)]
SideWord = Literal["buy", "sell"]


class Body(Struct, frozen=True, kw_only=True):
    """Base of what an envelope holds."""
