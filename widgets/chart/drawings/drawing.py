"""A drawing: which tool made it, where it is anchored, and how it looks. Immutable, as it is saved."""

from __future__ import annotations

import math
from enum import StrEnum
from typing import Final

import msgspec

COLOURS: Final = {
    "series_2": "Blue",
    "series_1": "Gold",
    "series_3": "Violet",
    "series_4": "Green",
    "accent": "Iris",
    "up": "Up",
    "down": "Down",
    "text_1": "Plain",
}
"""Colour tokens by their names on the screen: the first is that of a new drawing."""
WIDTHS: Final = (1, 2, 3)
LONGEST_TEXT: Final = 200


class Tool(StrEnum):
    TREND_LINE = "trend_line"
    RAY = "ray"
    CHANNEL = "channel"
    HORIZONTAL_LINE = "horizontal_line"
    VERTICAL_LINE = "vertical_line"
    RETRACEMENT = "retracement"
    RECTANGLE = "rectangle"
    MEASURE = "measure"
    TEXT = "text"


ANCHORS: Final = {
    Tool.TREND_LINE: 2,
    Tool.RAY: 2,
    Tool.CHANNEL: 3,
    Tool.HORIZONTAL_LINE: 1,
    Tool.VERTICAL_LINE: 1,
    Tool.RETRACEMENT: 2,
    Tool.RECTANGLE: 2,
    Tool.MEASURE: 2,
    Tool.TEXT: 1,
}
"""How many points each tool takes; the third of a channel says how far its other line is."""


EXTENDABLE: Final = frozenset({Tool.TREND_LINE, Tool.CHANNEL, Tool.RETRACEMENT, Tool.RECTANGLE})


class Anchor(msgspec.Struct, frozen=True):
    """A point of the market: UTC nanoseconds, and a price as plotted."""

    time_ns: int
    price: float


class Drawing(msgspec.Struct, frozen=True):
    """``colour`` is a colour token, ``width`` logical pixels. Raises ``ValueError`` when the parts do not fit."""

    name: str
    """Unlike that of any other drawing of the symbol."""
    tool: Tool
    anchors: tuple[Anchor, ...]
    colour: str = "series_2"
    width: int = 1
    locked: bool = False
    text: str = ""
    extends_left: bool = False
    extends_right: bool = False
    """Whether it goes on beyond its anchors; only what ``EXTENDABLE`` names does."""

    def __post_init__(self) -> None:
        if len(self.anchors) != ANCHORS[self.tool]:
            raise ValueError(f"a {self.tool} has {ANCHORS[self.tool]} anchors, not {len(self.anchors)}")
        if not all(math.isfinite(anchor.price) and abs(anchor.time_ns) < 1 << 62 for anchor in self.anchors):
            raise ValueError("an anchor is out of range")
        if self.colour not in COLOURS or self.width not in WIDTHS or len(self.text) > LONGEST_TEXT:
            raise ValueError("its colour, width or text is not one that there is")

    def with_anchor(self, place: int, anchor: Anchor) -> Drawing:
        anchors = (*self.anchors[:place], anchor, *self.anchors[place + 1 :])
        return msgspec.structs.replace(self, anchors=anchors)

    def moved(self, by_ns: int, by_price: float) -> Drawing:
        """The same drawing elsewhere."""
        anchors = tuple(Anchor(anchor.time_ns + by_ns, anchor.price + by_price) for anchor in self.anchors)
        return msgspec.structs.replace(self, anchors=anchors)


def opposite_line(drawing: Drawing) -> tuple[Anchor, Anchor]:
    """The other line of a channel: parallel to the first, through the third anchor in price over time."""
    first, second, third = drawing.anchors
    span = second.time_ns - first.time_ns
    share = (third.time_ns - first.time_ns) / span if span else 0.0
    by = third.price - (first.price + (second.price - first.price) * share)
    return Anchor(first.time_ns, first.price + by), Anchor(second.time_ns, second.price + by)


def to_text(drawing: Drawing) -> str:
    """The drawing for the clipboard: JSON, which any chart takes."""
    return msgspec.json.encode(drawing).decode()


def from_text(text: str) -> Drawing | None:
    """The drawing that a text is, of no symbol; None where it is none."""
    try:
        return msgspec.structs.replace(msgspec.json.decode(text, type=Drawing), name="")
    except (msgspec.DecodeError, ValueError):
        return None
