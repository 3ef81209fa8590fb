"""How a window is to be started."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

PICTURE_AFTER_S = 8.0


@dataclass(frozen=True, slots=True, kw_only=True)
class StartOptions:
    """What the command line says, beside the configuration."""

    data: Path
    """The data folder."""
    seed: int | None = None
    """Of the built-in market and of latencies; None takes the number of the session."""
    seconds: float | None = None
    """It stops by itself after so long; None stays until it is closed."""
    screenshot: Path | None = None
    """The window is drawn offscreen, and its picture written here just before it stops."""
    size: tuple[int, int] | None = None
    """Of the window, in pixels; None takes the one that it had last."""
    attach: str | None = None
    """The NATS server of an engine elsewhere, "" is that of the data folder; None runs the engine here."""

    @property
    def stops_after(self) -> float | None:
        """Seconds; a picture needs some to have something in it."""
        return PICTURE_AFTER_S if self.seconds is None and self.screenshot is not None else self.seconds
