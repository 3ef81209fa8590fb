"""The actions of the window itself: they are there before an engine is, and whatever it does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from widgets.actions.registry import Action
from workstation.config.settings import Settings

if TYPE_CHECKING:
    from widgets.window.main_window import MainWindow


def window_actions(window: MainWindow) -> Iterable[Action]:
    """The palette, the size of the window, keys, pictures, and the way out."""

    def no_engine() -> str:
        return "" if window.model is not None else "No engine runs yet."

    yield Action(
        "window.palette",
        "Window",
        "Command palette",
        window.command_palette.open,
        "Finds every action.",
        "Ctrl+K",
        "search",
    )
    yield Action(
        "trade.ticket",
        "Trade",
        "Open the ticket",
        window.open_ticket,
        "Brings the ticket to the front.",
        "F9",
        "plus",
        enabled=no_engine,
    )
    yield Action("chart.focus", "Chart", "Back to the chart", window.back_to_chart, "The keyboard acts there.", "Esc")
    yield Action(
        "window.full_screen",
        "Window",
        "Full screen",
        window.toggle_full_screen,
        "The window takes the whole screen, or lets go of it.",
        "F11",
        "expand",
        checked=window.isFullScreen,
    )
    yield Action(
        "window.picture",
        "Window",
        "Save a picture of the window",
        window.bar.picture_wanted.emit,
        "Writes it as PNG into the folder of your pictures, and says where.",
        "F12",
        "camera",
    )
    yield Action(
        "window.show",
        "Window",
        "Show the window",
        window.come_forward,
        "Brings it in front of other programs.",
        icon="rectangle",
    )
    yield Action("window.hotkeys", "Settings", "Hotkeys…", window.open_hotkeys, "Shows and changes them.", icon="gear")
    yield Action(
        "window.settings",
        "Settings",
        "Settings…",
        window.open_setting,
        "Every setting of the configuration.",
        "Ctrl+,",
        "gear",
        enabled=no_engine,
    )
    yield Action("window.keys", "Settings", "API keys…", window.open_keys, "Keys of the exchange.", icon="lock")
    yield Action(
        "help.panel",
        "Help",
        "Help for the panel",
        window.open_help,
        "Tells what the panel under the hand is for.",
        "F1",
        "text",
        enabled=no_engine,
    )
    yield Action(
        "help.about",
        "Help",
        "About",
        window.tell_about,
        "Tells the version, and where configuration and data are.",
        icon="text",
    )
    attachment = window.model.engine.attachment if window.model is not None else None
    if attachment is not None and attachment.own is not None:
        yield Action(
            "window.leave",
            "Window",
            "Close the window, let the engine go on",
            window.leave_engine,
            "It trades on without a window; the next start finds it and takes control.",
            icon="cross",
            enabled=lambda: attachment.own.trouble if attachment.own is not None else "",
        )
    yield Action("window.quit", "Window", "Quit", window.close, "Stops in order and closes.", "Ctrl+Q", "cross")


NOT_OFFERED = ("instruments", "strategies", "backtest", "messaging")
"""Tables of many rows: the settings panel finds what stands in them."""


def setting_actions(settings: Settings, window: MainWindow) -> Iterable[Action]:
    """Every setting of the configuration that the engine here runs with: each opens the settings panel at it."""
    if window.configuration is None or window.model is None:
        return
    for path, value in _values("", msgspec.to_builtins(settings)):
        if path.partition(".")[0] not in NOT_OFFERED:
            words = str(value).lower() if isinstance(value, bool) else str(value)
            yield Action(
                f"setting.{path}",
                "Settings",
                path.replace("_", " ").replace(".", " › "),
                partial(window.open_setting, path),
                "Opens the settings there.",
                icon="gear",
                scope=lambda words=words: words,  # type: ignore[misc]
            )


def _values(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    if not isinstance(value, dict):
        yield path, value
        return
    for key, inner in value.items():
        yield from _values(f"{path}.{key}" if path else key, inner)
