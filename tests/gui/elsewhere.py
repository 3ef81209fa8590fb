"""A stand-in for how a window hangs on an engine elsewhere: whole, for a slow machine shows all of it at any moment."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from widgets.engine.protocol import Attachment, OwnProcess


@dataclass
class Elsewhere:
    """In control of an engine that speaks; ``own`` is its process where it ends with the window."""

    own: OwnProcess | None = None
    place: str = "a test"
    silent_s: float = 0.0
    in_control: bool = True
    controller: str = ""

    @property
    def trouble(self) -> str:
        return self.own.trouble if self.own is not None else ""

    def on_control(self, handler: Callable[[str], None]) -> None:
        """It never changes."""

    def take_control(self) -> None:
        """It has it."""

    def give_up_control(self) -> None:
        """It keeps it."""


def elsewhere(own: OwnProcess | None = None) -> Attachment:
    """One that satisfies the whole protocol."""
    return Elsewhere(own)
