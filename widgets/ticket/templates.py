"""Named bracket templates, the ATM strategies of other platforms: kept in a file, turned into plans for the engine."""

from __future__ import annotations

import logging
import os
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from PySide6.QtCore import QObject, Signal

from widgets.engine.protocol import Market
from workstation.core.brackets import BracketPlan, Target
from workstation.core.errors import OrderError
from workstation.core.instrument import Instrument
from workstation.core.money import to_rate
from workstation.core.timeframe import MINUTE_NS
from workstation.trading.managed_brackets import check_plan

ATR_BARS = 14
ATR_INTERVAL_NS = 15 * MINUTE_NS
log = logging.getLogger("widgets.ticket.templates")


class Unit(StrEnum):
    """What the distances of a template count in."""

    TICKS = "ticks"
    PERCENT = "%"
    ATR = "ATR"


class TemplateTarget(msgspec.Struct, frozen=True):
    """``share`` in per cent of what fills."""

    share: Decimal
    distance: Decimal


class Template(msgspec.Struct, frozen=True, kw_only=True):
    """Distances from the entry's price, in the template's unit; 0 leaves a part out."""

    name: str
    unit: Unit
    stop: Decimal
    targets: tuple[TemplateTarget, ...] = ()
    break_even_after: Decimal = Decimal(0)
    break_even_offset: Decimal = Decimal(0)
    trail_after: Decimal = Decimal(0)
    trail: Decimal = Decimal(0)

    def words(self) -> str:
        """``stop 0.5 %; 50 % at 0.5, 50 % at 1; break-even after 0.5``"""
        parts = [f"stop {self.stop:f} {self.unit}"]
        targets = ", ".join(f"{target.share:f} % at {target.distance:f}" for target in self.targets)
        parts += [targets] if targets else []
        parts += [f"break-even after {self.break_even_after:f}"] if self.break_even_after else []
        parts += [f"trails at {self.trail:f} after {self.trail_after:f}"] if self.trail_after else []
        return "; ".join(parts)


SHIPPED = (
    Template(
        name="Scalp",
        unit=Unit.PERCENT,
        stop=Decimal("0.2"),
        targets=(TemplateTarget(Decimal(50), Decimal("0.2")), TemplateTarget(Decimal(50), Decimal("0.4"))),
        break_even_after=Decimal("0.2"),
    ),
    Template(
        name="Runner",
        unit=Unit.ATR,
        stop=Decimal(2),
        targets=(TemplateTarget(Decimal(50), Decimal(2)),),
        break_even_after=Decimal(2),
        trail_after=Decimal(3),
        trail=Decimal(2),
    ),
)


class TemplateBook(QObject):
    """Every template by name. Without a file they are kept for as long as the window is open."""

    changed = Signal()
    choice_changed = Signal()

    def __init__(self, file: Path | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._file = file
        self._chosen = ""
        self._templates = {template.name: template for template in self._load()}

    def names(self) -> list[str]:
        return sorted(self._templates)

    def get(self, name: str) -> Template | None:
        return self._templates.get(name)

    @property
    def chosen(self) -> Template | None:
        """What goes with the next entry, from the ticket or by a click in the ladder."""
        return self._templates.get(self._chosen)

    def choose(self, name: str) -> None:
        """An empty name chooses none."""
        self._chosen = name
        self.choice_changed.emit()

    def put(self, template: Template, instead_of: str = "") -> None:
        """Keep a template, under a new name too."""
        self._templates.pop(instead_of, None)
        if instead_of and instead_of == self._chosen:
            self._chosen = template.name
        self._templates[template.name] = template
        self._save()

    def remove(self, name: str) -> None:
        if self._templates.pop(name, None) is not None:
            self._chosen = "" if name == self._chosen else self._chosen
            self._save()

    def _load(self) -> tuple[Template, ...]:
        if self._file is None or not self._file.exists():
            return SHIPPED
        try:
            return msgspec.json.decode(self._file.read_bytes(), type=tuple[Template, ...])
        except (OSError, msgspec.MsgspecError) as error:
            log.warning("%s cannot be read, so that the shipped bracket templates are shown: %s", self._file, error)
            return SHIPPED

    def _save(self) -> None:
        """Write the file whole or not at all; a failure is logged."""
        if self._file is not None:
            draft = self._file.with_suffix(".draft")
            try:
                draft.write_bytes(msgspec.json.format(msgspec.json.encode(tuple(self._templates.values()))))
                os.replace(draft, self._file)
            except OSError as error:
                log.warning("The bracket templates were not kept: %s.", error.strerror)
        self.changed.emit()


def plan_of(template: Template, instrument: Instrument, price: Decimal, atr: Decimal | None) -> BracketPlan:
    """The template in ticks at a price. ``atr`` is the symbol's average true range, in its quote.

    Raises ``OrderError`` where that is needed and not known.
    """
    if template.unit is Unit.ATR and atr is None:
        raise OrderError(f"{ATR_BARS} bars of 15 min are needed for the ATR of {instrument.symbol}.")
    units = {Unit.TICKS: instrument.tick, Unit.PERCENT: price / 100, Unit.ATR: atr or Decimal(0)}
    unit = units[template.unit]

    def ticks(distance: Decimal) -> int:
        return int((distance * unit / instrument.tick).to_integral_value()) if distance else 0

    return BracketPlan(
        stop=ticks(template.stop),
        targets=tuple(Target(to_rate(each.share / 100), ticks(each.distance)) for each in template.targets),
        break_even_after=ticks(template.break_even_after),
        break_even_offset=ticks(template.break_even_offset),
        trail_after=ticks(template.trail_after),
        trail=ticks(template.trail),
    )


def plan_at(template: Template, market: Market, price: Decimal) -> BracketPlan:
    """The template as the engine is to keep it for an entry at a price. Raises ``OrderError`` where it cannot be."""
    atr = average_true_range(market.series(ATR_INTERVAL_NS)) if template.unit is Unit.ATR else None
    plan = plan_of(template, market.instrument, price, atr)
    check_plan(plan, market.instrument)
    return plan


def average_true_range(series: Any, bars: int = ATR_BARS) -> Decimal | None:
    """Mean of the true ranges of the last closed bars; ``None`` before there are so many."""
    if series is None or len(series) <= bars:
        return None
    high, low, close = (np.asarray(column)[-bars - 1 :] for column in (series.high, series.low, series.close))
    before = close[:-1]
    ranges = np.maximum(high[1:], before) - np.minimum(low[1:], before)
    return Decimal(str(float(ranges.mean())))
