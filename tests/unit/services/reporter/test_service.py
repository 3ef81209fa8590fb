"""The reporter as a real process on a real nats-server: killed, brought back, read again from the stream."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import time
from pathlib import Path
from random import Random

import msgspec
import pytest

from tests.unit.messaging.nats_servers import connected, running_server
from tests.unit.services.paper_executions import published
from tests.unit.services.reporter.test_notifications import a_hook
from tests.unit.services.risk.test_state import SETTINGS, fill
from tests.unit.services.service_processes import Publisher, Service, tell_in_parts
from tests.unit.waiting import until
from workstation.core.money import from_money
from workstation.messaging.bodies import ReportBody
from workstation.messaging.link import NatsLink
from workstation.messaging.moments import moment
from workstation.messaging.streams import EXECUTIONS, REPORTS
from workstation.services.execution_books import FILLS
from workstation.services.reporter.notifier import URLS_VARIABLE
from workstation.services.stream_tail import newest_bodies

pytestmark = pytest.mark.services

MESSAGING = SETTINGS.messaging
DAY = "2024-03-01"


def booked(path: Path) -> tuple[int, int, int]:
    """Executions, and sums of realised results and fees, 1e-8 of the currency."""
    if not path.exists():
        return 0, 0, 0
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        query = "SELECT COUNT(*), SUM(realised), SUM(fee) FROM bookings WHERE side != 0 AND from_owner = ''"
        count, realised, fees = connection.execute(query).fetchone()
    except sqlite3.OperationalError:
        return 0, 0, 0
    finally:
        connection.close()
    return count, realised or 0, fees or 0


async def last_summary(link: NatsLink) -> ReportBody | None:
    try:
        bodies = [body async for body in newest_bodies(link, REPORTS, 1 << 60, 200)]
    except Exception:
        return None
    own = [b for b in bodies if isinstance(b, ReportBody) and b.period == "all" and not b.strategy and not b.symbol]
    return own[-1] if own else None


@pytest.mark.allow_log_warnings("NATS", "nats")
async def test_kill_9_of_the_reporter_and_of_nats_at_random_moments(tmp_path: Path) -> None:
    told = published()
    fills = [body for body in told.executions if body.status in FILLS]
    database = tmp_path / "reporter" / "data" / "reporter.sqlite3"
    async with running_server(tmp_path / "nats") as server, connected(server, "engine") as link:
        service = Service(server, tmp_path / "reporter", "reporter")
        try:
            await tell_in_parts(service, server, link, MESSAGING, told, Random(11))
            wanted = (len(fills), told.realised, told.fees)
            await until(lambda: booked(database) == wanted, 30)
            async with asyncio.timeout(30):
                while True:
                    summary = await last_summary(link)
                    if summary is not None and summary.fills == len(fills):
                        break
                    await asyncio.sleep(0.2)
            assert summary.total_pnl == from_money(told.realised - told.fees + told.funding)
            page = tmp_path / "reporter" / "data" / "reports" / f"daily_{DAY}.html"
            await until(page.exists)
            assert service.stop() == 0
            assert "Traceback" not in service.log.read_text()

            for name in ("", "-wal", "-shm"):
                Path(f"{database}{name}").unlink(missing_ok=True)
            page.unlink()
            once = Service(server, tmp_path / "reporter", "reporter", "--once", DAY)
            assert once.start().wait(60) == 0
            assert booked(database) == wanted, "it was made anew from the stream"
            assert page.exists() and f"{len(fills):,}" in page.read_text()
        finally:
            service.end()


async def test_people_are_told_of_a_fill_while_the_service_runs_and_two_share_no_folder(tmp_path: Path) -> None:
    async with running_server(tmp_path / "nats") as server, connected(server, "engine") as link:
        with a_hook() as (url, received):
            service = Service(server, tmp_path / "reporter", "reporter", **{URLS_VARIABLE: url})
            executions = Publisher(link, MESSAGING, EXECUTIONS)
            await executions.open()
            try:
                service.start()
                await until(lambda: "Ctrl-C stops it" in service.log.read_text(), 30)
                other = Service(server, tmp_path / "reporter", "reporter")
                other.log = tmp_path / "other.log"
                assert other.start().wait(30) == 3
                assert "A reporter works in" in other.log.read_text()
                now = msgspec.structs.replace(fill(1, "buy", "60000"), time=moment(time.time_ns()))
                await executions.publish([now])
                await until(lambda: len(received) == 1)
                assert service.stop() == 0
            finally:
                service.end()
    assert json.dumps(received[0]).count("Bought 0.01 BTCUSDT at 60,000 (ema_cross, paper).") == 1
    assert "sesame-word" not in service.log.read_text()
