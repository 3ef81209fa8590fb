"""Colour tokens read from resources/themes: the only place where widgets take colours from."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from PySide6.QtGui import QColor

RESOURCES = Path(__file__).resolve().parents[2] / "resources"
HEATMAP_STEPS = 64


class Mode(StrEnum):
    """Whose money it is."""

    PAPER = "PAPER"
    LIVE = "LIVE"
    REPLAY = "REPLAY"


class Tone(StrEnum):
    """The meaning of a figure or a word; each tone is the name of a token."""

    NORMAL = "text_1"
    LABEL = "text_2"
    FAINT = "text_3"
    ACCENT = "accent"
    UP = "up_text"
    DOWN = "down_text"
    GOOD = "good"
    BAD = "bad"
    WARNING = "warning"


class ModeColours(NamedTuple):
    fill: QColor
    on_fill: QColor
    band: QColor
    band_text: QColor
    band_label: QColor


@dataclass(frozen=True)
class Tokens:
    """Every colour of the interface by its name; the last fields are tints mixed with `ground`."""

    gutter: QColor
    ground: QColor
    raised: QColor
    control: QColor
    hover: QColor
    grid: QColor
    hairline: QColor
    border: QColor
    text_1: QColor
    text_2: QColor
    text_3: QColor
    accent: QColor
    on_accent: QColor
    accent_ground: QColor
    up: QColor
    up_text: QColor
    up_ground: QColor
    down: QColor
    down_text: QColor
    down_ground: QColor
    up_tag: QColor
    down_tag: QColor
    on_tag: QColor
    warning: QColor
    warning_ground: QColor
    good: QColor
    good_ground: QColor
    bad: QColor
    bad_ground: QColor
    kill: QColor
    on_kill: QColor
    paper: QColor
    on_paper: QColor
    paper_ground: QColor
    live: QColor
    on_live: QColor
    live_text_2: QColor
    replay: QColor
    on_replay: QColor
    replay_ground: QColor
    series_1: QColor
    series_2: QColor
    series_3: QColor
    series_4: QColor
    series_text_1: QColor
    series_text_2: QColor
    series_text_3: QColor
    series_text_4: QColor
    volume_up: QColor
    volume_down: QColor
    equity_area: QColor
    drawdown_area: QColor
    heatmap: tuple[QColor, ...]
    dark: bool
    hollow_up_candles: bool

    def colour(self, name: str) -> QColor:
        """The token called `name`. Raises KeyError for an unknown one."""
        found = getattr(self, name, None)
        if not isinstance(found, QColor):
            raise KeyError(f"there is no colour token {name!r}")
        return found

    @property
    def series(self) -> tuple[QColor, QColor, QColor, QColor]:
        return self.series_1, self.series_2, self.series_3, self.series_4

    @property
    def series_text(self) -> tuple[QColor, QColor, QColor, QColor]:
        return self.series_text_1, self.series_text_2, self.series_text_3, self.series_text_4

    def mode(self, mode: Mode) -> ModeColours:
        if mode is Mode.LIVE:
            return ModeColours(self.live, self.on_live, self.live, self.on_live, self.live_text_2)
        if mode is Mode.REPLAY:
            return ModeColours(self.replay, self.on_replay, self.replay_ground, self.text_1, self.text_2)
        return ModeColours(self.paper, self.on_paper, self.paper_ground, self.text_1, self.text_2)


def mix(colour: QColor, ground: QColor, share: float) -> QColor:
    """An opaque tint: `share` (0 to 1) of `colour` over `ground`."""
    rest = 1.0 - share
    return QColor(
        round(colour.red() * share + ground.red() * rest),
        round(colour.green() * share + ground.green() * rest),
        round(colour.blue() * share + ground.blue() * rest),
    )


@lru_cache(maxsize=8)
def load_tokens(base: str, variant: str = "", folder: Path = RESOURCES / "themes") -> Tokens:
    """Read `base`.json and lay the variant's overrides and swaps over it."""
    document = _read(folder, base)
    names: dict[str, str] = dict(document["tokens"])
    hollow = False
    if variant:
        override = _read(folder, variant)
        names.update(override.get(base, {}))
        for left, right in override.get("swap", ()):
            names[left], names[right] = names[right], names[left]
        hollow = bool(override.get("hollow_up_candles", False))
    colours = {name: QColor(value) for name, value in names.items()}
    known = {field.name for field in fields(Tokens)}
    wrong = sorted(set(colours) - known) + [name for name, colour in colours.items() if not colour.isValid()]
    if wrong:
        raise ValueError(f"theme {base}: {wrong[0]} is not a known token with a colour #RRGGBB")
    ground = colours["ground"]
    return Tokens(
        **colours,
        volume_up=mix(colours["up"], ground, 0.34),
        volume_down=mix(colours["down"], ground, 0.34),
        equity_area=mix(colours["up"], ground, 0.13),
        drawdown_area=mix(colours["down"], ground, 0.30),
        heatmap=_ramp([(float(at), QColor(value)) for at, value in document["heatmap"]]),
        dark=ground.lightness() < 128,
        hollow_up_candles=hollow,
    )


def _read(folder: Path, name: str) -> dict[str, Any]:
    with (folder / f"{name}.json").open(encoding="utf-8") as file:
        document: dict[str, Any] = json.load(file)
    return document


def _ramp(stops: list[tuple[float, QColor]]) -> tuple[QColor, ...]:
    steps: list[QColor] = []
    segment = 0
    for step in range(HEATMAP_STEPS):
        at = step / (HEATMAP_STEPS - 1)
        while segment < len(stops) - 2 and at > stops[segment + 1][0]:
            segment += 1
        (low, first), (high, second) = stops[segment], stops[segment + 1]
        steps.append(mix(second, first, (at - low) / (high - low)))
    return tuple(steps)
