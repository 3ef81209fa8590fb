"""Runs the execution service: waits for the account's lease, then opens its engine and serves it."""

from __future__ import annotations

import asyncio

import msgspec

from workstation.config.loader import Loaded, settings_json
from workstation.core.types import Mode
from workstation.messaging.engine_subjects import execution_subjects
from workstation.messaging.lease import Lease, execution_lease
from workstation.services.engine_bridge import EngineBridge
from workstation.services.engine_on_nats import engine_on_nats
from workstation.services.execution.orders import OrderReader
from workstation.services.running import Running
from workstation.session import Session


def execution_configuration(loaded: Loaded) -> Loaded:
    """The settings without strategies: those run elsewhere. Orders go to this engine's own venue.

    It tells, shows and obeys on subjects of its own, beside the strategy core that people look at.
    """
    messaging = loaded.settings.messaging
    settings = msgspec.structs.replace(
        loaded.settings,
        strategies={},
        execution=msgspec.structs.replace(loaded.settings.execution, place="here"),
        messaging=msgspec.structs.replace(messaging, subjects=execution_subjects(messaging.subjects)),
    )
    return msgspec.structs.replace(loaded, settings=settings, json=settings_json(settings))


async def serve_execution(running: Running, seed: int | None) -> None:
    """Until cancelled. Of several services of an account one works; the others wait for its lease."""
    account, link = running.settings.account.name, running.link
    lease = Lease(link, execution_lease(account), link.session)
    lease.start()
    try:
        running.detail = "waiting for the lease of the account"
        while not lease.held:
            await asyncio.sleep(0.1)
        await _serve(running, lease, seed)
    finally:
        await lease.stop()


async def _serve(running: Running, lease: Lease, seed: int | None) -> None:
    session = Session(execution_configuration(running.loaded), running.folder.path, seed)
    try:
        await session.connect()
        if session.mode is Mode.LIVE:
            session.arm_unattended()
        session.open()
    except BaseException:
        await session.disconnect()
        raise
    settings = session.settings
    orders = OrderReader(
        running.link, settings.messaging, settings.account.name, session, lease, session.folder.path / "orders.json"
    )
    running.messages = lambda: orders.messages
    running.state, running.detail = "running", f"{session.mode.lower()} on {session.market_title}"
    print(
        f"The execution service holds {settings.account.name}, {session.mode.lower()} on {session.market_title}. "
        "Ctrl-C stops it.",
        flush=True,
    )
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(session.run())
            tasks.create_task(engine_on_nats(session, EngineBridge(session), running.link))
            tasks.create_task(orders.run())
    finally:
        await session.close()
