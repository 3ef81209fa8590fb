"""What the fields of the ticket come to: an order, one with a bracket, or one that an algorithm works."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import NamedTuple

from widgets.engine.protocol import Market
from widgets.ticket import algorithm_order
from widgets.ticket.templates import Template, plan_at
from widgets.ticket.ticket_order import TicketEntry, TicketProblem, make_intent
from workstation.core.algorithms import ParentOrder
from workstation.core.brackets import BracketPlan
from workstation.core.errors import OrderError
from workstation.core.orders import Intent


class Reading(NamedTuple):
    intent: Intent
    """What the gate is asked about; of an algorithm its first order."""
    whole: Intent
    """What cost, fee and margin are told of."""
    order: ParentOrder | None = None
    """What is worked by an algorithm, when one is chosen."""
    bracket: BracketPlan | None = None
    """What the engine keeps for the order, when a template is chosen."""


def read_order(
    entry: TicketEntry, template: Template | None, market: Market, price: Decimal | None, equity: Decimal
) -> Reading:
    """``price`` is where it would trade. Raises ``TicketProblem``."""
    bracket = None
    if template is not None:
        if price is None:
            raise TicketProblem("price", "There is no price yet; wait for the book.")
        try:
            bracket = plan_at(template, market, price)
        except OrderError as error:
            raise TicketProblem("", str(error)) from None
        # By the template's stop it is sized, and its risk told.
        distance = bracket.stop * market.instrument.tick
        entry = replace(entry, with_stop=True, stop=price - entry.side * distance, with_target=False)
    intent = make_intent(entry, market.instrument, price, equity)
    return Reading(intent, intent, bracket=bracket)


def read_algorithm(
    entry: TicketEntry,
    worked: algorithm_order.AlgorithmEntry,
    market: Market,
    best: Decimal | None,
    equity: Decimal,
) -> Reading:
    """``best`` is the other side of the book. Raises ``TicketProblem``."""
    instrument = market.instrument
    average = algorithm_order.expected_price(worked, best)
    order = algorithm_order.make_parent_order(entry, worked, instrument, average, equity)
    first = algorithm_order.first_child(order, market.best_bid, market.best_ask)
    told = algorithm_order.expected_price(worked, None)
    ticks = algorithm_order.average_ticks(order) or (0 if told is None else instrument.ticks_rounded(told))
    return Reading(first, algorithm_order.whole(order, ticks), order=order)
