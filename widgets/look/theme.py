"""The current theme: colour tokens, density, fonts and icons that every widget paints from."""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from PySide6.QtCore import QByteArray, QObject, QRectF, Qt, Signal
from PySide6.QtGui import QFont, QFontDatabase, QFontMetrics, QIcon, QPainter, QPalette, QPixmap
from PySide6.QtSvg import QSvgRenderer

from widgets.look.tokens import RESOURCES, Mode, Tokens, load_tokens

ICON_SIZE = 14


class Density(StrEnum):
    NORMAL = "normal"
    COMPACT = "compact"


class Metrics(NamedTuple):
    """Heights and spacings in pixels at 100 %."""

    banner: int = 42
    workspace_bar: int = 28
    tab: int = 26
    panel_toolbar: int = 28
    table_row: int = 22
    table_header: int = 22
    ladder_row: int = 18
    field: int = 26
    button: int = 26
    banner_button: int = 28
    submit: int = 34
    palette_row: int = 32
    status_bar: int = 22
    cell_padding: int = 6
    panel_padding: int = 10
    gap: int = 8
    group_gap: int = 12
    radius: int = 3


METRICS = {
    Density.NORMAL: Metrics(),
    Density.COMPACT: Metrics(
        banner=36,
        workspace_bar=24,
        table_row=20,
        field=22,
        button=22,
        banner_button=26,
        submit=28,
        status_bar=20,
    ),
}


class Theme(QObject):
    """Holds what is current and emits `changed` after a swap of colours, fonts or density."""

    changed = Signal()

    def __init__(self, base: str = "dark", variant: str = "", density: Density = Density.NORMAL) -> None:
        super().__init__()
        self._tokens = load_tokens(base, variant)
        self._density = density
        self._family = ""
        self._fonts: dict[tuple[int, int], QFont] = {}
        self._pixmaps: dict[tuple[str, int, int, float], QPixmap] = {}
        self._tabular = True

    @property
    def tokens(self) -> Tokens:
        return self._tokens

    @property
    def density(self) -> Density:
        return self._density

    @property
    def metrics(self) -> Metrics:
        return METRICS[self._density]

    @property
    def family(self) -> str:
        """The font family in use; empty for the system font."""
        return self._family

    @property
    def tabular_figures(self) -> bool:
        """Whether the font itself gives every digit the same width."""
        return self._tabular

    def set_colours(self, base: str, variant: str = "") -> None:
        """Swap the tokens. `base` is dark or light, `variant` empty, red_up or colour_blind."""
        self._tokens = load_tokens(base, variant)
        self._announce()

    def set_density(self, density: Density) -> None:
        if density is not self._density:
            self._density = density
            self._announce()

    def set_family(self, family: str) -> None:
        """Choose a font family, or the system font when empty."""
        self._family = family
        self._fonts.clear()
        figures = QFontMetrics(self.font())
        self._tabular = figures.horizontalAdvance("1111") == figures.horizontalAdvance("0000")
        self._announce()

    def font(self, pixels: int = 12, weight: int = 400) -> QFont:
        """A font with tabular figures; shared, so copy it before changing it."""
        key = (pixels, weight)
        font = self._fonts.get(key)
        if font is None:
            system = QFontDatabase.systemFont(QFontDatabase.SystemFont.GeneralFont)
            font = QFont(self._family) if self._family else system
            font.setPixelSize(pixels)
            font.setWeight(QFont.Weight(weight))
            font.setFeature(QFont.Tag("tnum"), 1)
            self._fonts[key] = font
        return font

    def pixmap(self, name: str, colour: str = "text_1", size: int = ICON_SIZE, scale: float = 2.0) -> QPixmap:
        """The icon in the token (or #RRGGBB) `colour`, `size` pixels wide at `scale` device pixels each."""
        tint = colour if colour.startswith("#") else self._tokens.colour(colour).name()
        key = (name, int(tint[1:], 16), size, scale)
        found = self._pixmaps.get(key)
        if found is None:
            found = _render_icon(name, tint, size, scale)
            self._pixmaps[key] = found
        return found

    def icon(self, name: str, colour: str = "text_2", size: int = ICON_SIZE) -> QIcon:
        icon = QIcon()
        icon.addPixmap(self.pixmap(name, colour, size), QIcon.Mode.Normal)
        icon.addPixmap(self.pixmap(name, "text_3", size), QIcon.Mode.Disabled)
        return icon

    def palette(self) -> QPalette:
        """The QPalette that standard widgets paint from."""
        tokens = self._tokens
        role = QPalette.ColorRole
        palette = QPalette()
        for name, colour in {
            role.Window: tokens.raised,
            role.WindowText: tokens.text_1,
            role.Text: tokens.text_1,
            role.ButtonText: tokens.text_1,
            role.Base: tokens.ground,
            role.AlternateBase: tokens.ground,
            role.Button: tokens.control,
            role.ToolTipBase: tokens.control,
            role.ToolTipText: tokens.text_1,
            role.PlaceholderText: tokens.text_3,
            role.Highlight: tokens.accent_ground,
            role.HighlightedText: tokens.text_1,
            role.Accent: tokens.accent,
            role.Link: tokens.accent,
            role.LinkVisited: tokens.accent,
            role.Light: tokens.hover,
            role.Midlight: tokens.hairline,
            role.Mid: tokens.hairline,
            role.Dark: tokens.gutter,
            role.Shadow: tokens.gutter,
            role.BrightText: Qt.GlobalColor.white,
        }.items():
            palette.setColor(name, colour)
        disabled = QPalette.ColorGroup.Disabled
        for name in (role.WindowText, role.Text, role.ButtonText, role.HighlightedText):
            palette.setColor(disabled, name, tokens.text_3)
        palette.setColor(disabled, role.Base, tokens.raised)
        palette.setColor(disabled, role.Button, tokens.raised)
        palette.setColor(disabled, role.Highlight, tokens.control)
        return palette

    def _announce(self) -> None:
        self._pixmaps.clear()
        self.changed.emit()


def _render_icon(name: str, tint: str, size: int, scale: float) -> QPixmap:
    pixmap = QPixmap(round(size * scale), round(size * scale))
    pixmap.setDevicePixelRatio(scale)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    QSvgRenderer(QByteArray(_icon_source(name).replace("currentColor", tint).encode())).render(
        painter, QRectF(0, 0, size, size)
    )
    painter.end()
    return pixmap


@lru_cache(maxsize=256)
def _icon_source(name: str) -> str:
    return (RESOURCES / "icons" / f"{name}.svg").read_text(encoding="utf-8")


@lru_cache(maxsize=4)
def load_fonts(folder: Path = RESOURCES / "fonts") -> str:
    """Register the shipped fonts; returns the family to use, empty when none could be loaded."""
    family = ""
    for path in sorted(folder.glob("*.ttf")):
        number = QFontDatabase.addApplicationFont(str(path))
        names = QFontDatabase.applicationFontFamilies(number) if number >= 0 else []
        family = family or next((name for name in names if name.startswith("Inter")), "")
    return family


@lru_cache(maxsize=1)
def current() -> Theme:
    """The one theme of the process, dark and normal until it is set."""
    return Theme()


__all__ = ["ICON_SIZE", "METRICS", "Density", "Metrics", "Mode", "Theme", "current", "load_fonts"]
