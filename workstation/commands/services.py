"""``workstation feed`` and the other headless services."""

from __future__ import annotations

import argparse
import asyncio

from workstation.commands.places import data_folder, settings
from workstation.services.running import Running, run_service


def feed(arguments: argparse.Namespace) -> int:
    """Connect to the configured market and publish it."""
    seed = arguments.seed if arguments.seed is not None else 1

    async def serve(running: Running) -> None:
        from workstation.assembly import configured_instruments
        from workstation.services.feed_handler import FeedHandler
        from workstation.services.feed_source import built_in_feed, exchange_feed

        wanted = running.settings
        instruments = configured_instruments(wanted, wanted.market.symbols)
        handler = FeedHandler(running.link, wanted.messaging.subjects, instruments, running.clock.now_ns)
        running.messages = lambda: handler.messages
        source = (
            built_in_feed(wanted, seed, running.clock, handler)
            if wanted.market.of_feed_handler == "built_in"
            else exchange_feed(wanted, running.clock, handler.take, seed)
        )
        running.state = "running"
        running.detail = f"{len(instruments)} symbols of {wanted.market.of_feed_handler.replace('_', '-')}"
        print(f"The feed service publishes {', '.join(instruments)}. Ctrl-C stops it.", flush=True)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(handler.run())
            tasks.create_task(source)

    return run_service("feed", settings(arguments), data_folder(arguments), serve, arguments.seconds)


def execution(arguments: argparse.Namespace) -> int:
    """Hold an account and carry out the orders that come for it."""

    async def serve(running: Running) -> None:
        from workstation.services.execution.service import serve_execution

        await serve_execution(running, arguments.seed)

    return run_service("execution", settings(arguments), data_folder(arguments), serve, arguments.seconds)


def ops(arguments: argparse.Namespace) -> int:
    """Serve the ops API and the web monitor."""

    async def serve(running: Running) -> None:
        from workstation.services.ops.service import serve_ops

        await serve_ops(running)

    return run_service("ops", settings(arguments), data_folder(arguments), serve, arguments.seconds)


def risk(arguments: argparse.Namespace) -> int:
    """Keep the account's risk state across its engines."""

    async def serve(running: Running) -> None:
        from workstation.core.timeframe import TIMEFRAMES
        from workstation.services.risk.service import RiskService
        from workstation.services.risk.state import RiskState
        from workstation.trading.risk_limits import risk_limits

        wanted = running.settings
        state = RiskState(
            risk_limits(wanted.risk, wanted.instruments),
            wanted.instruments,
            wanted.account.currency,
            wanted.account.leverage,
            {name: TIMEFRAMES[entry.timeframe] for name, entry in wanted.strategies.items()},
        )
        service = RiskService(running.link, wanted.messaging, wanted.account.name, state, running.clock.now_ns)
        running.messages = lambda: sum(reader.messages for reader in service.readers.values())
        running.gaps = lambda: sum(reader.gaps for reader in service.readers.values())
        running.describe = lambda: service.detail
        await service.start()
        running.state = "running"
        print(f"The risk service keeps the state of {wanted.account.name}. Ctrl-C stops it.", flush=True)
        await service.run()

    return run_service("risk", settings(arguments), data_folder(arguments), serve, arguments.seconds)


def reporter(arguments: argparse.Namespace) -> int:
    """Report performance and tell people, or write one day's report."""

    async def serve(running: Running) -> None:
        from workstation.core.errors import StorageError
        from workstation.services.reporter.bookkeeper import Bookkeeper
        from workstation.services.reporter.database import ReporterDatabase
        from workstation.services.reporter.notifier import Notifier, apprise_sender, notify_urls
        from workstation.services.reporter.service import ReporterService
        from workstation.storage.lock import FolderLock

        wanted, folder = running.settings, running.folder
        urls = notify_urls()
        lock, reads = None, True
        try:
            lock = FolderLock(folder.path / "reporter.lock", running.clock.now_ns())
        except StorageError:
            if not arguments.once:
                raise StorageError(
                    f"A reporter works in {folder.path} already: end it, or use another --data."
                ) from None
            reads = False
        database = notifier = None
        try:
            database = ReporterDatabase(folder.reporter)
            bookkeeper = Bookkeeper(database, wanted.instruments, wanted.account.currency)
            sender = apprise_sender(urls) if urls and not arguments.once else None
            notifier = Notifier(wanted.reporter.notifications, sender)
            service = ReporterService(running.link, wanted, bookkeeper, notifier, folder.reports, running.clock.now_ns)
            running.messages = lambda: sum(reader.messages for reader in service.readers)
            running.gaps = lambda: sum(reader.gaps for reader in service.readers)
            running.describe = lambda: service.detail
            running.state = "running"
            if arguments.once:
                if reads:
                    await service.catch_up()
                print(f"The report of {arguments.once} is {service.write_day(arguments.once)}.", flush=True)
                return
            print(f"The reporter keeps {folder.reporter}. Ctrl-C stops it.", flush=True)
            await service.run()
        finally:
            if notifier is not None:
                notifier.close()
            if database is not None:
                database.close()
            if lock is not None:
                lock.release()

    return run_service("reporter", settings(arguments), data_folder(arguments), serve, arguments.seconds)
