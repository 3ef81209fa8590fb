"""Tokens, palette, fonts and icons."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtGui import QColor, QFontMetrics, QPalette
from PySide6.QtWidgets import QApplication, QLineEdit, QPushButton

from widgets.look import style
from widgets.look.theme import Density, Theme, current
from widgets.look.tokens import RESOURCES, Mode, load_tokens, mix


@pytest.fixture(autouse=True)
def _dark_afterwards() -> Iterator[None]:
    yield
    current().set_density(Density.NORMAL)
    current().set_colours("dark")


def contrast(first: QColor, second: QColor) -> float:
    """WCAG 2.1 contrast ratio."""

    def luminance(colour: QColor) -> float:
        parts = [colour.redF(), colour.greenF(), colour.blueF()]
        red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    light, dark = sorted((luminance(first), luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("variant", ["", "red_up", "colour_blind"])
@pytest.mark.parametrize("base", ["dark", "light"])
def test_text_can_be_read_on_its_ground(base: str, variant: str) -> None:
    tokens = load_tokens(base, variant)
    for name in ("text_1", "text_2", "text_3", "accent", "up_text", "down_text", "warning", "good", "bad"):
        for ground in (tokens.ground, tokens.raised):
            assert contrast(tokens.colour(name), ground) >= 4.5, name
    for mode in Mode:
        colours = tokens.mode(mode)
        assert contrast(colours.on_fill, colours.fill) >= 4.5, mode
        assert contrast(colours.band_label, colours.band) >= 4.5, mode
    assert contrast(tokens.on_kill, tokens.kill) >= 4.5
    assert contrast(tokens.on_accent, tokens.accent) >= 4.5


@pytest.mark.parametrize("base", ["dark", "light"])
def test_red_up_swaps_directions_and_nothing_else(base: str) -> None:
    plain, swapped = load_tokens(base), load_tokens(base, "red_up")
    assert swapped.up == plain.down
    assert swapped.up_text == plain.down_text
    assert swapped.down_ground == plain.up_ground
    for name in ("good", "bad", "good_ground", "kill", "paper", "live", "replay", "accent"):
        assert swapped.colour(name) == plain.colour(name), name


def test_colour_blind_takes_good_bad_and_accent_along() -> None:
    tokens = load_tokens("dark", "colour_blind")
    assert tokens.up == QColor("#5AA7F0")
    assert tokens.good == tokens.up_text
    assert tokens.bad == tokens.down_text
    assert tokens.accent == tokens.text_1
    assert tokens.accent_ground == tokens.hover
    assert tokens.hollow_up_candles
    assert not load_tokens("dark").hollow_up_candles


def test_heatmap_runs_from_ground_to_its_last_stop_in_64_steps() -> None:
    tokens = load_tokens("dark")
    assert len(tokens.heatmap) == 64
    assert tokens.heatmap[0] == tokens.ground
    assert tokens.heatmap[-1] == QColor("#FBEBB4")


def test_tints_are_opaque_mixtures() -> None:
    assert mix(QColor("#FFFFFF"), QColor("#000000"), 0.34) == QColor(87, 87, 87)
    assert load_tokens("dark").volume_up.alpha() == 255


def test_an_unknown_token_is_refused_by_name() -> None:
    with pytest.raises(KeyError, match="mauve"):
        load_tokens("dark").colour("mauve")


def test_figures_are_tabular(qapp: QApplication) -> None:
    style.install(qapp)
    for weight in (400, 500, 600):
        metrics = QFontMetrics(current().font(12, weight))
        assert metrics.horizontalAdvance("1111") == metrics.horizontalAdvance("0000")
    assert current().tabular_figures


def test_a_theme_change_reaches_palette_and_icons(qapp: QApplication) -> None:
    style.install(qapp)
    theme = current()
    before = theme.pixmap("kill", "text_1").toImage()
    heard: list[str] = []
    theme.changed.connect(lambda: heard.append(theme.tokens.ground.name()))
    theme.set_colours("light")
    assert heard == ["#fdfcfa"]
    assert qapp.palette().color(QPalette.ColorRole.Window) == theme.tokens.raised
    assert qapp.palette().color(QPalette.ColorGroup.Disabled, QPalette.ColorRole.Text) == theme.tokens.text_3
    assert theme.pixmap("kill", "text_1").toImage() != before


def test_every_icon_draws_something_in_its_colour(qapp: QApplication) -> None:
    theme = Theme()
    names = sorted(path.stem for path in (RESOURCES / "icons").glob("*.svg"))
    assert {"pause", "cancel", "flatten", "kill", "menu", "centre", "more", "download"} <= set(names)
    for name in names:
        image = theme.pixmap(name, "#FF0000").toImage()
        assert image.width() == 28
        solid = [
            image.pixelColor(x, y)
            for x in range(image.width())
            for y in range(image.height())
            if image.pixelColor(x, y).alpha() == 255
        ]
        assert solid, name
        assert {colour.name() for colour in solid} == {"#ff0000"}, name


def test_density_changes_heights(qtbot: object) -> None:
    theme = Theme()
    assert (theme.metrics.banner, theme.metrics.table_row) == (42, 22)
    theme.set_density(Density.COMPACT)
    assert (theme.metrics.banner, theme.metrics.table_row) == (36, 20)


def test_style_is_flat(qapp: QApplication) -> None:
    """A button and a field hold nothing but the tokens' colours: no gradient, no outline of Fusion's own."""
    style.install(qapp)
    tokens = current().tokens
    for widget, fill, edge in (
        (QPushButton(), tokens.control, tokens.border),
        (QLineEdit(), tokens.ground, tokens.border),
    ):
        widget.resize(80, 26)
        image = widget.grab().toImage()
        column = {image.pixelColor(image.width() // 2, y).name() for y in range(image.height())}
        assert column == {fill.name(), edge.name()}
