"""A trade of the confluence strategy: the plan made at the signal and how far it has come."""

from __future__ import annotations

from typing import Any

import msgspec

WAITING = "waiting"
SENT = "sent"
DROPPED = "dropped"


class Trade(msgspec.Struct, kw_only=True):
    """Prices in ticks, times in UTC nanoseconds. Kept in the strategy's state, so it survives a restart."""

    side: int
    regime: int
    confidence: float
    factor: str
    """Part of the full size that the confidence earned."""
    risk: int
    """Distance of the first stop, one R."""
    hard_loss: int
    """Loss at which the hard stop lies, 1e-8 of the settlement asset."""
    stop: int
    """The soft stop."""
    best: int
    """Most favourable price since the signal."""
    signal_ns: int
    signal_close: int
    progress_ns: int
    """When the best price last improved."""
    rungs: list[str]
    entered: bool = False
    halved: bool = False

    def tighten(self, stop: int) -> None:
        """Move the soft stop towards the price, never away."""
        if (stop - self.stop) * self.side > 0:
            self.stop = stop

    def drop_waiting(self) -> bool:
        """Give up the entries that are not sent yet; whether there were any."""
        waiting = WAITING in self.rungs
        self.rungs = [DROPPED if rung == WAITING else rung for rung in self.rungs]
        return waiting

    def to_state(self) -> dict[str, Any]:
        state: dict[str, Any] = msgspec.to_builtins(self)
        return state

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Trade:
        """Raises ``msgspec.ValidationError`` when the state is not that of a trade."""
        return msgspec.convert(state, cls)
