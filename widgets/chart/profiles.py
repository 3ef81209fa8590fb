"""Volume profiles: which bars one is of, and how it is drawn beside them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import numpy as np

from widgets.chart.model import ChartModel
from widgets.chart.scale import PaneScale, whole_pixels
from widgets.look.painting import LEFT, RIGHT, Canvas
from widgets.look.tokens import Tokens, mix
from workstation.core.errors import ConfigurationError
from workstation.core.timeframe import DAY_NS, SECOND_NS
from workstation.market.volume_profile import VolumeProfile, volume_profile

PROFILE: Final = "PROFILE"
ROW_PIXELS: Final = 5
MOST_BARS: Final = 2_000  # more are merged before they are spread
SHARE_OF_PANE: Final = 0.22
OUTSIDE_SHARE: Final = 0.16
INSIDE_SHARE: Final = 0.34
MARK_ROOM: Final = 90  # logical pixels of a profile that tells its prices
MARK_HEIGHT: Final = 14


class ProfileKind(StrEnum):
    """Of the visible bars, of the newest visible day since 00:00 UTC, or of the bars between two times."""

    VISIBLE = "visible"
    SESSION = "session"
    FIXED = "fixed"


@dataclass(frozen=True)
class Profile:
    """`study` is its place among the chosen indicators; times in UTC seconds, of a fixed one only."""

    study: str
    kind: ProfileKind
    from_s: int = 0
    to_s: int = 0

    @property
    def label(self) -> str:
        return f"Volume profile {self.kind}"


def profile_text(kind: ProfileKind, from_s: int = 0, to_s: int = 0) -> str:
    """As ``parse_profile`` reads it."""
    return f"{PROFILE}({kind}, {from_s}, {to_s})" if kind is ProfileKind.FIXED else f"{PROFILE}({kind})"


def parse_profile(text: str, study: str) -> Profile | None:
    """Read ``PROFILE(visible)``, ``PROFILE(session)`` or ``PROFILE(fixed, 1704067200, 1704110400)``; None for others.

    Raises ``ConfigurationError``.
    """
    if text.partition("(")[0].strip().upper() != PROFILE:
        return None
    match = re.fullmatch(r"\s*\w+\s*\(\s*(visible|session|fixed)\s*(?:,\s*(\d+)\s*,\s*(\d+)\s*)?\)\s*", text)
    if match is None or (match[1] == ProfileKind.FIXED) != bool(match[2]):
        raise ConfigurationError(
            f"{text!r} is no volume profile; write PROFILE(visible), PROFILE(session) or PROFILE(fixed, FROM, TO) with "
            "UTC seconds."
        )
    return Profile(study, ProfileKind(match[1]), int(match[2] or 0), int(match[3] or 0))


class ProfileLayer:
    """All profiles of the price pane; each is computed anew only when its bars or the zoom changed."""

    def __init__(self) -> None:
        self._kept: dict[Profile, tuple[tuple[Any, ...], VolumeProfile | None]] = {}

    def draw(self, canvas: Canvas, scale: PaneScale, model: ChartModel, tokens: Tokens) -> None:
        kept, self._kept = self._kept, {}
        for profile in model.profiles:
            first, last = bars_of(profile, model, scale)
            if first >= last:
                continue
            low, high = model.series.extremes(first, last)
            rows = max(8, min(200, round(abs(scale.y(low) - scale.y(high)) / canvas.px(ROW_PIXELS))))
            key = (model.settled, first, last, rows)
            found = kept.get(profile)
            if found is None or found[0] != key:
                found = key, _compute(model, first, last, rows)
            self._kept[profile] = found
            if found[1] is not None:
                _draw(canvas, scale, tokens, profile, found[1], first, last, marks(found[1], model))


def bars_of(profile: Profile, model: ChartModel, scale: PaneScale) -> tuple[int, int]:
    """The first bar and one past the last that a profile is of, whatever part of them is drawn."""
    series = model.series
    first, last = max(0, int(np.floor(scale.left))), min(len(series), scale.last_bar())
    if profile.kind is ProfileKind.VISIBLE or last <= 0:
        return first, last
    if profile.kind is ProfileKind.SESSION:
        day_ns = int(series.open_ns[last - 1]) // DAY_NS * DAY_NS
        return tuple(int(i) for i in np.searchsorted(series.open_ns, (day_ns, day_ns + DAY_NS)))  # type: ignore[return-value]
    begin = int(np.searchsorted(series.open_ns, profile.from_s * SECOND_NS))
    return begin, int(np.searchsorted(series.open_ns, profile.to_s * SECOND_NS, side="right"))


def _compute(model: ChartModel, first: int, last: int, rows: int) -> VolumeProfile | None:
    columns = model.series.columns(first, last, max(1.0, (last - first) / MOST_BARS))
    return volume_profile(columns.low, columns.high, columns.volume, columns.close >= columns.open, rows)


def marks(found: VolumeProfile, model: ChartModel) -> list[tuple[float, str]]:
    """Prices with their words: the middle of the point of control, the value area's upper and lower edge."""
    low, high = found.area
    prices = {
        "VAH": found.bottom + (high + 1) * found.height,
        "POC": found.bottom + (found.most + 0.5) * found.height,
        "VAL": found.bottom + low * found.height,
    }
    return [(price, f"{name} {model.price_text(price)}") for name, price in prices.items()]


def _draw(
    canvas: Canvas,
    scale: PaneScale,
    tokens: Tokens,
    profile: Profile,
    found: VolumeProfile,
    first: int,
    last: int,
    words: list[tuple[float, str]],
) -> None:
    rows = len(found.up)
    edges = whole_pixels(scale.ys(found.bottom + np.arange(rows + 1, dtype=np.float64) * found.height))
    tops, tall = edges[1:], np.maximum(1, edges[:-1] - edges[1:] - canvas.px(1))
    # One that begins left of what is visible stays in view at the left edge.
    start, end = max(0.0, scale.x(first - 0.5)), scale.x(last - 0.5)
    if end <= start or start >= canvas.width:
        return
    room = canvas.width * SHARE_OF_PANE
    if profile.kind is not ProfileKind.VISIBLE:
        room = min(max(end - start, canvas.px(40)), room)
    up = whole_pixels(found.up * (room / found.volume.max()))
    whole = whole_pixels(found.volume * (room / found.volume.max()))
    row = np.arange(rows)
    inside = (row >= found.area[0]) & (row <= found.area[1])
    for chosen, share in ((inside, INSIDE_SHARE), (~inside, OUTSIDE_SHARE)):
        for begin, width, colour in ((0 * up, up, tokens.up), (up, whole - up, tokens.down)):
            wide = width[chosen]
            from_x = begin[chosen]
            # Of the visible bars it stands at the right edge and grows to the left; of others it begins where they do.
            x = canvas.width - from_x - wide if profile.kind is ProfileKind.VISIBLE else round(start) + from_x
            canvas.fill_batch(x, tops[chosen], wide, tall[chosen], mix(colour, tokens.ground, share))
    y = round(scale.y(found.bottom + (found.most + 0.5) * found.height))
    left = canvas.width - room if profile.kind is ProfileKind.VISIBLE else start
    right = canvas.width if profile.kind is ProfileKind.VISIBLE else max(end, start + room)
    canvas.fill(left, y, right - left, canvas.px(1), tokens.series_1)
    if room < canvas.px(MARK_ROOM):
        return
    height, taken = canvas.px(MARK_HEIGHT), -canvas.height
    visible = profile.kind is ProfileKind.VISIBLE
    x = left if visible else start
    for price, text in words:
        top = max(taken, round(scale.y(price)) - height)
        taken = top + height
        canvas.text(x, top, room, height, text, tokens.text_2, RIGHT if visible else LEFT, 11)
