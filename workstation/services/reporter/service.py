"""The reporter as a service: books executions, publishes summaries, writes daily reports, tells people."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from nats.errors import Error as NatsError

from workstation.config.settings import Settings
from workstation.core.errors import MessagingError
from workstation.messaging.bodies import Body, ExecutionBody, MetricsBody, RiskStateBody, ServiceHealthBody
from workstation.messaging.cancelling import still_wanted
from workstation.messaging.envelope import Message
from workstation.messaging.link import NatsLink
from workstation.messaging.stream_reader import Numbered, StreamReader, consumer_name
from workstation.messaging.streams import EXECUTIONS, PERFORMANCE, REPORTS, ensure_stream
from workstation.services.reporter.bookkeeper import Bookkeeper, day_of
from workstation.services.reporter.daily import due_days, remove_old, write_day
from workstation.services.reporter.figures import ALL, report, selections
from workstation.services.reporter.notices import Notices
from workstation.services.reporter.notifier import Notifier

LOOK_S = 1.0
CATCH_UP_S = 60.0

log = logging.getLogger("workstation.services")


class ReporterService:
    """``run`` until cancelled. Raises ``StorageError`` when what was read cannot be kept."""

    def __init__(
        self,
        link: NatsLink,
        settings: Settings,
        bookkeeper: Bookkeeper,
        notifier: Notifier,
        reports: Path,
        now_ns: Callable[[], int],
    ) -> None:
        self._link = link
        self._settings = settings
        self._bookkeeper = bookkeeper
        self._notifier = notifier
        self._notices = Notices(notifier, settings.account.name, now_ns)
        self._reports = reports
        self._now_ns = now_ns
        self._published: tuple[int, int] = (-1, -1)
        name = consumer_name("reporter", settings.account.name)
        self.readers = [
            self._reader(EXECUTIONS, name, ExecutionBody, self._take_executions),
            self._reader(PERFORMANCE, name, MetricsBody, self._take_metrics),
        ]

    def _reader(
        self, stream: str, name: str, kind: type[Body], take: Callable[[Sequence[Numbered], int], None]
    ) -> StreamReader:
        async def taking(messages: Sequence[Numbered], upto: int) -> None:
            take(messages, upto)

        return StreamReader(
            self._link,
            self._settings.messaging,
            stream,
            name,
            kind,
            position=lambda: self._bookkeeper.position(stream),
            restarted=lambda: self._bookkeeper.restarted(stream),
            take=taking,
        )

    def _take_executions(self, messages: Sequence[Numbered], upto: int) -> None:
        self._notices.executions(self._bookkeeper.take_executions(messages, upto))

    def _take_metrics(self, messages: Sequence[Numbered], upto: int) -> None:
        self._bookkeeper.take_metrics(messages, upto)

    @property
    def detail(self) -> str:
        """How it stands, in a line."""
        books = self._bookkeeper.books
        odd = f"; {books.differing} executions differ from the books" if books.differing else ""
        refused = f"; {books.refused} executions of unknown symbols" if books.refused else ""
        return f"{self._notifier.detail}{odd}{refused}"[:500]

    @property
    def warnings(self) -> list[str]:
        """What a reader of a report must know."""
        books = self._bookkeeper.books
        texts = []
        if books.differing:
            texts.append(
                f"{books.differing} executions closed what was opened before the first execution that is known here: "
                "their P&L is exact, their round trips are not."
            )
        if books.refused:
            texts.append(f"{books.refused} executions of symbols that the configuration does not hold are left out.")
        return texts

    async def run(self) -> None:
        subjects = self._settings.messaging.subjects
        await self._link.subscribe(subjects.risk_state, self._on_risk, RiskStateBody)
        await self._link.subscribe(f"{subjects.health}.>", self._on_health, ServiceHealthBody)
        async with asyncio.TaskGroup() as tasks:
            for reader in self.readers:
                tasks.create_task(reader.run())
            tasks.create_task(self._publish_summaries())
            tasks.create_task(self._look())

    async def catch_up(self) -> None:
        """Read what is in the streams and end. Raises ``MessagingError`` when that takes too long."""
        tasks: list[asyncio.Future[Any]] = [asyncio.ensure_future(reader.run()) for reader in self.readers]
        waits: list[asyncio.Future[Any]] = [asyncio.ensure_future(reader.caught_up.wait()) for reader in self.readers]
        try:
            async with asyncio.timeout(CATCH_UP_S):
                while not all(wait.done() for wait in waits):
                    await asyncio.wait((*tasks, *waits), return_when=asyncio.FIRST_COMPLETED, timeout=0.2)
                    for task in tasks:
                        if task.done():
                            task.result()
        except TimeoutError:
            raise MessagingError(
                f"The streams could not be read within {CATCH_UP_S:.0f} s: start the reporter without --once, and it "
                "catches up."
            ) from None
        finally:
            for task in (*tasks, *waits):
                task.cancel()
            await asyncio.gather(*tasks, *waits, return_exceptions=True)

    def write_day(self, day: str) -> Path:
        """Write the report of a day, whatever is known of it. Raises ``StorageError``."""
        account = self._settings.account
        page, _ = write_day(self._reports, account.name, account.currency, day, self.warnings)
        return page

    # --- Hearing ------------------------------------------------------------------------------------------------------

    def _on_risk(self, message: Message) -> None:
        assert isinstance(message.body, RiskStateBody)
        self._notices.risk(message.body)

    def _on_health(self, message: Message) -> None:
        assert isinstance(message.body, ServiceHealthBody)
        self._notices.health(message.body)

    # --- Telling ------------------------------------------------------------------------------------------------------

    async def _look(self) -> None:
        while still_wanted():
            self._notices.look(self._link.is_up)
            if all(reader.caught_up.is_set() for reader in self.readers):
                await self._finish_days()
            await asyncio.sleep(LOOK_S)

    async def _finish_days(self) -> None:
        """Write the reports of days that are over, publish their figures, and tell people of the day just over."""
        today = day_of(self._now_ns())
        days = due_days(today)
        account = self._settings.account
        for day in days:
            page, body = write_day(self._reports, account.name, account.currency, day, self.warnings)
            log.info("The report of %s is %s.", day, page)
            await self._publish(day)
            if day == days[-1]:
                self._notices.day(body)
        if days:
            remove_old(self._reports, today, self._settings.reporter.keep_reports_days)

    async def _publish_summaries(self) -> None:
        interval_s = float(self._settings.reporter.summary_s)
        while still_wanted():
            await asyncio.sleep(interval_s)
            position = (self._bookkeeper.position(EXECUTIONS), self._bookkeeper.position(PERFORMANCE))
            if position != self._published:
                done = [await self._publish(period) for period in (day_of(self._now_ns()), ALL)]
                if all(done):
                    self._published = position

    async def _publish(self, period: str) -> bool:
        """Publish the figures of a period; whether all of them were kept."""
        if not self._link.is_up:
            return False
        positions = "-".join(str(self._bookkeeper.position(stream)) for stream in (EXECUTIONS, PERFORMANCE))
        messaging = self._settings.messaging
        subject = messaging.subjects.performance_reports
        with contextlib.suppress(NatsError, TimeoutError, OSError):
            context = self._link.jetstream()
            await ensure_stream(context, messaging, REPORTS)
            for selected in selections(period):
                body = report(selected, self._settings.account.currency)
                name = f"{period}/{selected.strategy}/{selected.symbol}/{positions}"
                await context.publish(
                    subject, self._link.envelope(subject, body), timeout=2, headers={"Nats-Msg-Id": name}
                )
            return True
        return False
