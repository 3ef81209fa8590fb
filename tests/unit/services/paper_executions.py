"""What a real paper session published: executions and metrics made from its journal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from tests.replay.paper_session import PaperSession, busy_configuration
from workstation.config.settings import Subjects
from workstation.core.instrument import Instrument
from workstation.core.messages import PlaceOrder, TransferPosition
from workstation.core.orders import Intent
from workstation.core.types import Side
from workstation.messaging.bodies import Body, ExecutionBody, MetricsBody
from workstation.services.journal_bodies import JournalBodies
from workstation.storage.disk_journal import JournalReader


class Published(NamedTuple):
    executions: Sequence[ExecutionBody]
    metrics: Sequence[tuple[int, MetricsBody]]
    instruments: dict[str, Instrument]
    realised: int
    fees: int
    funding: int
    losses_in_a_row: int
    peak_equity: int
    equity: int


@cache
def published() -> Published:
    """A session of half an hour with four strategies, a manual order, and a position handed over."""
    with TemporaryDirectory() as folder:
        paper = PaperSession(Path(folder), busy_configuration())
        kernel = paper.session.kernel
        paper.let_pass(900)
        price = kernel.markets["ETHUSDT"].last_price
        paper.command(PlaceOrder(intent=Intent(symbol="ETHUSDT", side=Side.BUY, lots=2_000, stop_loss=price // 2)))
        paper.let_pass(5)
        transfer = TransferPosition(symbol="ETHUSDT", from_owner="manual", to_owner="ema_cross", reason="handed over")
        assert "moved" in paper.command(transfer)
        paper.let_pass(900)
        ledger, guards = kernel.ledger, kernel.guards
        told = list(_told(paper.session.folder.journal, paper.session.settings.messaging.subjects))
        result = Published(
            tuple(body for _, body in told if isinstance(body, ExecutionBody)),
            tuple((at, body) for at, body in told if isinstance(body, MetricsBody) and body.cause == "minute"),
            dict(kernel.terms.instruments),
            ledger.realised,
            ledger.fees,
            ledger.funding,
            guards.losses_in_a_row,
            guards.peak_equity,
            ledger.equity(),
        )
        paper.close()
    return result


def _told(journal: Path, subjects: Subjects) -> Iterator[tuple[int, Body]]:
    bodies = JournalBodies(subjects)
    reader = JournalReader(journal)
    try:
        for record in reader.entries(0):
            for publication in bodies.take(record.message):
                yield publication.ts_ns, publication.body
    finally:
        reader.close()
