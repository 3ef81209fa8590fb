"""How this window looks, as chosen in it: theme, palette, density. What is not chosen is as configured."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QObject, QSize, Signal

from widgets.actions.registry import Action
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
}


class Appearance(QObject):
    density_chosen = Signal()

    def __init__(self, desktop: Desktop, chosen: dict[str, str], parent: QObject) -> None:
        super().__init__(parent)
        self._desktop = desktop
        self.chosen = chosen
        self._apply_colours()

    def choice(self, name: str) -> str:
        """What holds of theme, palette or density."""
        found = self.chosen.get(name, str(getattr(self._desktop, name)))
        return found if found in CHOICES[name] else str(getattr(self._desktop, name))

    def choose(self, name: str, value: str) -> None:
        """Set theme, palette or density of this window; it is kept between runs."""
        self.chosen[name] = value
        if name == "density":
            self.density_chosen.emit()
        else:
            self._apply_colours()

    def _apply_colours(self) -> None:
        current().set_colours(self.choice("theme"), PALETTES[self.choice("palette")])

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
            for value, text in values.items():
                yield Action(
                    f"appearance.{name}.{value}",
                    "Settings",
                    text,
                    lambda name=name, value=value: self.choose(name, value),  # type: ignore[misc]
                    f"The {name} of this window.",
                    icon="gear",
                    scope=lambda name=name: name,  # type: ignore[misc]
                    checked=lambda name=name, value=value: self.choice(name) == value,  # type: ignore[misc]
                )
