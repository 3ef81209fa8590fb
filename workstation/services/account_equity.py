"""The equity of an account across its engines, from what each tells of its part."""

from __future__ import annotations

from typing import Any, NamedTuple

from workstation.core.money import to_money
from workstation.messaging.bodies import MetricsBody


class Part(NamedTuple):
    """One engine's part of the account, 1e-8 of its currency."""

    ts_ns: int
    equity: int
    exposure: int


class AccountEquity:
    """The sum of what each engine told last."""

    def __init__(self) -> None:
        self.parts: dict[str, Part] = {}

    @property
    def equity(self) -> int:
        return sum(part.equity for part in self.parts.values())

    @property
    def exposure(self) -> int:
        return sum(part.exposure for part in self.parts.values())

    def take(self, ts_ns: int, body: MetricsBody) -> int:
        """What an engine that was not known before brings into the account: it is no profit."""
        joins = body.engine not in self.parts and bool(self.parts)
        part = self.parts[body.engine] = Part(ts_ns, to_money(body.equity), to_money(body.exposure))
        return part.equity if joins else 0

    def snapshot(self) -> dict[str, Any]:
        return {engine: list(part) for engine, part in self.parts.items()}

    def restore(self, snapshot: dict[str, Any]) -> None:
        self.parts = {engine: Part(*numbers) for engine, numbers in snapshot.items()}
