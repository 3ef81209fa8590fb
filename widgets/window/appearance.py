"""How this window looks and sounds, as chosen in it. What is not chosen is as configured."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from zoneinfo import ZoneInfoNotFoundError

from PySide6.QtCore import QObject, QSize, Signal

from widgets.actions.registry import Action
from widgets.look.numbers import set_separators, set_zone
from widgets.look.theme import Density, current
from workstation.config.settings import Desktop

COMPACT_BELOW = QSize(1440, 800)
PALETTES = {"standard": "", "red_up": "red_up", "colour_blind": "colour_blind"}
CHOICES: dict[str, dict[str, str]] = {
    "theme": {"dark": "Dark", "light": "Light"},
    "palette": {
        "standard": "Green up, red down",
        "red_up": "Red up, green down",
        "colour_blind": "Blue and orange",
    },
    "density": {"automatic": "Density by window size", "normal": "Normal density", "compact": "Compact"},
    "time_zone": {
        "UTC": "Times in UTC",
        "local": "Times of this computer",
        "America/New_York": "Times in New York",
        "Europe/London": "Times in London",
        "Asia/Hong_Kong": "Times in Hong Kong",
        "Asia/Tokyo": "Times in Tokyo",
    },
    "number_format": {
        "1,234.5": "Numbers as 1,234.5",
        "1.234,5": "Numbers as 1.234,5",
        "1 234.5": "Numbers as 1 234.5",
        "1 234,5": "Numbers as 1 234,5",
        "1'234.5": "Numbers as 1'234.5",
    },
    "sounds": {"true": "Sounds on", "false": "Sounds off"},
    "notifications": {"true": "Notifications on", "false": "Notifications off"},
}
IN_MENU = ("theme", "palette", "density")
NARROW_SPACE = "\u202f"


class Appearance(QObject):
    density_chosen = Signal()

    def __init__(self, desktop: Desktop, kept: Mapping[str, str], parent: QObject) -> None:
        super().__init__(parent)
        self._desktop = desktop
        self.chosen: dict[str, str] = {}
        self._take(kept)
        self._apply()

    def choice(self, name: str) -> str:
        """What holds of one of ``CHOICES``."""
        return self.chosen.get(name, self._configured(name))

    def _configured(self, name: str) -> str:
        value = getattr(self._desktop, name)
        return str(value).lower() if isinstance(value, bool) else str(value)

    def choose(self, name: str, value: str) -> None:
        """Set one of ``CHOICES`` for this window; it is kept between runs. Raises ValueError for an unknown value."""
        if value not in CHOICES[name] and name != "time_zone":
            raise ValueError(f"{name} is {value}; it must be one of {', '.join(CHOICES[name])}.")
        if name == "time_zone":
            set_zone(value)
        self.chosen[name] = value
        if name == "density":
            self.density_chosen.emit()
        else:
            self._apply()

    def _apply(self) -> None:
        set_zone(self.choice("time_zone"))
        group, point = self.choice("number_format")[1], self.choice("number_format")[-2]
        set_separators(NARROW_SPACE if group == " " else group, point)
        current().set_colours(self.choice("theme"), PALETTES[self.choice("palette")])

    def _take(self, kept: Mapping[str, str]) -> None:
        """What was chosen in an earlier run, but for what this version does not know."""
        for name, value in kept.items():
            if name in CHOICES:
                with contextlib.suppress(ValueError, ZoneInfoNotFoundError):
                    self.choose(name, value)

    def is_compact(self, size: QSize) -> bool:
        """Compact on a small window, unless the density was chosen."""
        wanted = self.choice("density")
        small = size.width() < COMPACT_BELOW.width() or size.height() < COMPACT_BELOW.height()
        return small if wanted == "automatic" else wanted == "compact"

    def fit(self, size: QSize) -> bool:
        """Give the theme the density for a window of this size; whether it is compact."""
        compact = self.is_compact(size)
        current().set_density(Density.COMPACT if compact else Density.NORMAL)
        return compact

    def actions(self) -> Iterable[Action]:
        for name, values in CHOICES.items():
            words = name.replace("_", " ")
            for value, text in values.items():
                yield Action(
                    f"appearance.{name}.{value}",
                    "Settings",
                    text,
                    lambda name=name, value=value: self.choose(name, value),  # type: ignore[misc]
                    f"The {words} of this window.",
                    icon="gear",
                    scope=lambda words=words: words,  # type: ignore[misc]
                    checked=lambda name=name, value=value: self.choice(name) == value,  # type: ignore[misc]
                )
