"""What befalls the engine's own machine: it dies at any record or request, and its disk fills up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from workstation.core.messages import OrderExpired
from workstation.core.timeframe import SECOND_NS

if TYPE_CHECKING:
    from tests.simulation.world import World


class Mischief:
    """Ends the process and fills the disk, as a world's own dice choose."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._disk_full_until = 0
        self.unheard: set[str] = set()
        """Fills that no life has heard of, of orders that one has given up."""

    def before_a_step(self) -> None:
        world = self._world
        random, journal, now_ns = world.random, world.journal, world.market.now_ns
        draw = random.random()
        if draw < 0.004:
            count = len(journal.committed) + random.randrange(1, 6)
            journal.before_commit = lambda records: records + journal.pending >= count
        elif draw < 0.008:
            count = len(journal.committed) + random.randrange(1, 6)
            journal.after_commit = lambda records: records >= count
        elif draw < 0.010:
            world.line.crash_at_send = random.randrange(4)
        elif draw < 0.012:
            journal.dead = True
        elif draw < 0.015 and self._disk_full_until <= now_ns:
            self._disk_full_until = now_ns + random.randrange(8 * SECOND_NS)
            world.counts["full disks"] += 1
        journal.full = now_ns < self._disk_full_until

    def cease(self) -> None:
        """Nothing happens any more."""
        world = self._world
        self._disk_full_until = 0
        world.journal.full = False
        world.journal.before_commit = world.journal.after_commit = lambda records: False
        world.line.calm()
        world.line.crash_at_send = -1

    def give_up_orders(self) -> None:
        """Orders that filled and ended at the venue, unheard, are over for us: as after an answer that lagged."""
        world = self._world
        orders, ledger = (kernel := world.recovered()).orders, kernel.ledger
        for order in orders.open_orders():
            fills = [f.fill_id for f in world.line.fills.values() if f.client_id == order.client_id]
            unheard = {fill_id for fill_id in fills if fill_id not in ledger.booked}
            if unheard and order.client_id not in world.venue._desk.orders:
                self.unheard |= unheard
                world.counts["given up"] += 1
                lost = OrderExpired(ts_ns=kernel.clock.time_ns, client_id=order.client_id, reason="given up")
                world.journal.committed.append(msgspec.json.encode(lost))
