"""Stands for a venue outside the engine where its reports are replayed: nothing leaves, and nothing is answered."""

from __future__ import annotations

from workstation.core.orders import Order
from workstation.venues.base import Capabilities, Request


class SilentVenue:
    """``can`` must be what the real venue said: the engine decides by it."""

    def __init__(self, can: Capabilities) -> None:
        self.can = can

    def send(self, request: Request) -> None:
        """The answer is among the recorded inputs."""

    def restore(self, orders: list[Order], positions: dict[str, tuple[int, int]], balances: dict[str, int]) -> None:
        """There is nobody to remember."""

    def liquidation_price(self, symbol: str) -> int | None:
        """There is nobody to ask."""
        return None
