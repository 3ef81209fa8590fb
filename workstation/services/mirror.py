"""What a remote engine told, in the order of its events: each counts once, and one that is missing is noticed."""

from __future__ import annotations

import logging
from collections import deque
from typing import Any, get_args

import msgspec

from workstation.core.bus import Bus
from workstation.core.messages import FundingPaid, Output
from workstation.core.money import from_money, to_money
from workstation.core.recent_ids import RecentIds
from workstation.core.views import FillView, FundingView, ViewsChanged
from workstation.messaging.bodies import EngineEventBody
from workstation.messaging.envelope import Message
from workstation.services.mirror_orders import MirroredOrders
from workstation.services.shown import About, Screen

RECENT_EVENTS = 500
"""How many events a screen may be older than what was heard."""
MOST_HELD = 5_000
KEPT = 5_000
"""How many executions, and payments, are kept for who begins to look."""
REMEMBERED = 20_000

log = logging.getLogger("workstation.services")


def _kinds(union: Any) -> dict[str, type]:
    found: dict[str, type] = {}
    for part in get_args(union):
        found |= _kinds(part) if get_args(part) else {part.__name__: part}
    return found


EVENT_KINDS: dict[str, type] = {**_kinds(Output), FillView.__name__: FillView}


class EngineMirror:
    """``bus`` tells each event after the orders here have followed it, and ``ViewsChanged`` after each screen."""

    def __init__(self, about: About, session: str, number: int, screen: Screen) -> None:
        self.about = about
        self.session = session
        """The run of the engine that is mirrored."""
        self.screen = screen
        self.orders = MirroredOrders(about.instruments)
        self.orders.take(screen.orders, whole=not screen.cut)
        self.bus = Bus(self._on_error)
        self.gaps = 0
        """How often events were missed."""
        self.refused = 0
        """Events that this side does not know."""
        self._number = number
        self._synchronised = True
        self._held: list[Message] = []
        self._recent: deque[tuple[int, Any]] = deque(maxlen=RECENT_EVENTS)
        self.fills: deque[FillView] = deque(maxlen=KEPT)
        """Executions, oldest first, those from before the mirror too."""
        self.payments: deque[FundingView] = deque(maxlen=KEPT)
        """Funding, the same."""
        self._known = RecentIds(REMEMBERED)
        self._paid = RecentIds(REMEMBERED)

    def hear(self, message: Message) -> bool:
        """Take an event; False when something before it is lacking, so that a new screen is needed."""
        if not self._synchronised or message.session != self.session:
            if len(self._held) < MOST_HELD:
                self._held.append(message)
            return False
        if message.seq <= self._number:
            return True
        if message.seq != self._number + 1:
            self._synchronised = False
            self._held = [message]
            return False
        self._follow(message)
        return True

    def lacks(self, session: str, number: int) -> bool:
        """Whether events up to ``number`` may still come in their order."""
        return self._synchronised and session == self.session and number > self._number

    def take(self, session: str, number: int, screen: Screen) -> bool:
        """Take a screen that contains the events up to ``number``; whether events were missed, and what they told."""
        another = session != self.session
        missed = another or not self._synchronised or number > self._number
        self.gaps += missed
        later = [] if another else [event for seq, event in self._recent if seq > number]
        changed = self.orders.take(screen.orders, whole=not screen.cut)
        self.screen = screen
        for event in later:
            self.orders.apply(event)
            self.orders.unsure.discard(getattr(event, "client_id", ""))
        self.session = session
        self._number = number if another else max(number, self._number)
        self._synchronised = True
        held, self._held = self._held, []
        for message in held:
            if message.session == session:
                self.hear(message)
        self.bus.publish(ViewsChanged(changed))
        return missed

    def tell_fill(self, fill: FillView) -> None:
        """An execution, however it was learned; it is told once."""
        if fill.fill_id not in self._known:
            self._known.add(fill.fill_id)
            self.fills.append(fill)
            self.bus.publish(fill)

    def knows(self, fill: FillView) -> bool:
        """Whether it was told, or is one of before."""
        return fill.fill_id in self._known

    def tell_payment(self, paid: FundingView) -> None:
        """A funding payment, the same."""
        if paid.funding_id not in self._paid:
            self._paid.add(paid.funding_id)
            self.payments.append(paid)
            self.bus.publish(
                FundingPaid(
                    funding_id=paid.funding_id,
                    symbol=paid.symbol,
                    amount=to_money(paid.amount),
                    asset=paid.asset,
                    ts_ns=paid.ts_ns,
                )
            )

    def know(self, fills: list[FillView], payments: list[FundingView]) -> None:
        """Those of before, which nobody is told again; what was told since follows them."""
        known, paid = {fill.fill_id for fill in fills}, {each.funding_id for each in payments}
        later = [fill for fill in self.fills if fill.fill_id not in known]
        paid_later = [each for each in self.payments if each.funding_id not in paid]
        self.fills = deque((*fills, *later), maxlen=KEPT)
        self.payments = deque((*payments, *paid_later), maxlen=KEPT)
        self._known.update(known)
        self._paid.update(paid)

    def _follow(self, message: Message) -> None:
        self._number = message.seq
        body = message.body
        assert isinstance(body, EngineEventBody)
        kind = EVENT_KINDS.get(body.kind)
        try:
            event = msgspec.convert(body.event, kind) if kind is not None else None
        except msgspec.ValidationError as error:
            log.debug("%s: %s", body.kind, error)
            event = None
        if event is None:
            # A newer engine tells what this window does not know.
            self.refused += 1
        elif isinstance(event, FillView):
            self.tell_fill(event)
        elif isinstance(event, FundingPaid):
            amount = from_money(event.amount)
            self.tell_payment(FundingView(event.funding_id, event.ts_ns, event.symbol, amount, event.asset))
        else:
            self._recent.append((message.seq, event))
            self.orders.apply(event)
            self.bus.publish(event)

    def _on_error(self, message: Any, error: BaseException) -> None:
        log.error("A subscriber of %s failed.", type(message).__name__, exc_info=error)
