"""What every report's page is made of: escaped text, the theme's colours, tones."""

from __future__ import annotations

import html
import json

from workstation.core.resources import resource_path


def escaped(text: str) -> str:
    """Escaped, with a thin space that does not break before a per cent sign."""
    return html.escape(text).replace(" %", "\u202f%")


def theme_tokens(theme: str) -> str:
    """The theme's colours as custom properties of the page."""
    text = resource_path("themes", f"{theme}.json").read_text(encoding="utf-8")
    return " ".join(f"--{name.replace('_', '-')}: {colour};" for name, colour in json.loads(text)["tokens"].items())


def tone(value: float | None) -> str:
    if not value:
        return ""
    return "good" if value > 0 else "bad"
