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
            if wanted.market.source == "built_in"
            else exchange_feed(wanted, running.clock, handler.take, seed)
        )
        running.state = "running"
        running.detail = f"{len(instruments)} symbols of {wanted.market.source.replace('_', '-')}"
        print(f"The feed service publishes {', '.join(instruments)}. Ctrl-C stops it.", flush=True)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(handler.run())
            tasks.create_task(source)

    return run_service("feed", settings(arguments), data_folder(arguments), serve, arguments.seconds)


def ops(arguments: argparse.Namespace) -> int:
    """Serve the ops API and the web monitor."""

    async def serve(running: Running) -> None:
        from workstation.services.ops.service import serve_ops

        await serve_ops(running)

    return run_service("ops", settings(arguments), data_folder(arguments), serve, arguments.seconds)
