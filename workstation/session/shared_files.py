"""What a session and the command line tell each other through the data folder: a state, and a wish for it."""

from __future__ import annotations

from pathlib import Path
from typing import Generic, TypeVar

import msgspec

from workstation.core.messages import Difference

State = TypeVar("State")
Wish = TypeVar("Wish")


class ReconciliationState(msgspec.Struct, frozen=True):
    """What ``workstation reconcile`` shows: written by the session when it changes."""

    agreed_ns: int
    differences: tuple[Difference, ...]


class ReconciliationWish(msgspec.Struct, frozen=True):
    """What ``workstation reconcile`` asks for."""

    accept: bool
    reason: str
    who: str


class ArmingShown(msgspec.Struct, frozen=True):
    """What ``workstation resume`` goes by: written by a live session when it changes."""

    armed: bool
    soon: bool
    """It is about to disarm itself."""
    until_ns: int


class ArmingWish(msgspec.Struct, frozen=True):
    """``workstation resume`` asks that live trading is armed again."""

    who: str


class _SharedFiles(Generic[State, Wish]):
    """``NAME.json`` tells the state, ``NAME.wish`` carries a request; each whole or not there."""

    name: str
    state_type: type[State]
    wish_type: type[Wish]

    def __init__(self, folder: Path) -> None:
        self._state = folder / f"{self.name}.json"
        self._wish = folder / f"{self.name}.wish"

    def tell(self, state: State) -> None:
        """Raises ``OSError``."""
        _replace(self._state, msgspec.json.encode(state))

    def read(self) -> State | None:
        try:
            return msgspec.json.decode(self._state.read_bytes(), type=self.state_type)
        except (FileNotFoundError, msgspec.MsgspecError):
            return None

    def wish(self, wish: Wish) -> None:
        """Raises ``OSError``."""
        _replace(self._wish, msgspec.json.encode(wish))

    def take_wish(self) -> Wish | None:
        """The request, which is then gone."""
        try:
            content = self._wish.read_bytes()
            self._wish.unlink()
            return msgspec.json.decode(content, type=self.wish_type)
        except (FileNotFoundError, msgspec.MsgspecError):
            return None

    def forget(self) -> None:
        """No session tells anything."""
        for path in (self._state, self._wish):
            path.unlink(missing_ok=True)


class ReconciliationFiles(_SharedFiles[ReconciliationState, ReconciliationWish]):
    name = "reconciliation"
    state_type = ReconciliationState
    wish_type = ReconciliationWish


class ArmingFiles(_SharedFiles[ArmingShown, ArmingWish]):
    name = "arming"
    state_type = ArmingShown
    wish_type = ArmingWish


def _replace(path: Path, content: bytes) -> None:
    new = path.with_name(path.name + ".new")
    new.write_bytes(content)
    new.replace(path)
