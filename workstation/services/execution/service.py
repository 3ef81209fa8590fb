"""Runs the execution service: waits for the account's lease, then opens its engine and serves it."""

from __future__ import annotations

import asyncio

import msgspec

from workstation.config.loader import Loaded, settings_json
from workstation.core.errors import MessagingError
from workstation.core.types import Mode
from workstation.messaging.engine_subjects import execution_subjects
from workstation.messaging.lease import Lease, execution_lease
from workstation.messaging.order_bodies import RequestBody
from workstation.services.engine_bridge import EngineBridge
from workstation.services.engine_on_nats import engine_on_nats, journal_publisher
from workstation.services.execution.orders import OrderReader
from workstation.services.execution.shadow import ShadowRun
from workstation.services.running import Running
from workstation.session import Session

NOT_HELD = "the account's lease is not held: orders wait"
WATCH_S = 0.2


def execution_configuration(loaded: Loaded) -> Loaded:
    """The settings without strategies: those run elsewhere. Orders go to this engine's own venue.

    It is watched and commanded under subjects of its own: those of the configuration are the strategy core's, and what
    is asked there must not be done twice.
    """
    replace, settings = msgspec.structs.replace, loaded.settings
    settings = replace(
        settings,
        strategies={},
        execution=replace(settings.execution, place="here"),
        messaging=replace(settings.messaging, subjects=execution_subjects(settings.messaging.subjects)),
    )
    return msgspec.structs.replace(loaded, settings=settings, json=settings_json(settings))


async def serve_execution(running: Running, seed: int | None) -> None:
    """Until cancelled. Of several services of an account one works; the others wait for its lease."""
    account, link = running.settings.account.name, running.link
    lease = Lease(link, execution_lease(account), link.session, owns=True)
    lease.start()
    try:
        running.detail = "waiting for the lease of the account"
        while not lease.held:
            await asyncio.sleep(0.1)
        await _serve(running, lease, seed)
    finally:
        await lease.stop()


async def _watch(lease: Lease, session: str, account: str) -> None:
    """End when another one has taken the account meanwhile: two engines must not look after the same orders."""
    while True:
        if not lease.held and lease.other not in ("", session):
            raise MessagingError(f"{lease.other} holds {account} now, so this one ends: start it again to stand by.")
        await asyncio.sleep(WATCH_S)


async def _serve(running: Running, lease: Lease, seed: int | None) -> None:
    session = Session(execution_configuration(running.loaded), running.folder.path, seed, takes_orders=True)
    try:
        await session.connect()
        if session.mode is Mode.LIVE:
            session.arm_unattended()
        session.open()
    except BaseException:
        await session.disconnect()
        raise
    settings = session.settings
    shadow = ShadowRun(session, running.link, lease, seed) if settings.execution.shadow != "none" else None
    orders = OrderReader(
        running.link,
        settings.messaging,
        settings.account.name,
        session,
        lease,
        session.folder.path / "orders.json",
        takes=_not_the_shadows if shadow is not None else None,
    )
    bridge = EngineBridge(session, tells_market=False)
    publisher = journal_publisher(session, running.link)
    assert publisher is not None
    running.messages = lambda: orders.messages
    title = f"{session.mode.lower()} on {session.market_title}"
    running.state, running.detail = "running", title
    if shadow is not None:
        running.describe = lambda: f"{title}, {shadow.state}"[:500]
    running.trouble = lambda: publisher.trouble or session.waits_for() or ("" if lease.held else NOT_HELD)
    print(
        f"The execution service holds {settings.account.name}, {session.mode.lower()} on {session.market_title}. "
        "Ctrl-C stops it.",
        flush=True,
    )
    beside = asyncio.ensure_future(shadow.run()) if shadow is not None else None
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(session.run())
            tasks.create_task(engine_on_nats(session, bridge, running.link, publisher))
            tasks.create_task(orders.run())
            tasks.create_task(_watch(lease, running.link.session, settings.account.name))
    finally:
        try:
            await session.close()
            await publisher.finish()
        finally:
            if beside is not None:
                beside.cancel()
                await asyncio.gather(beside, return_exceptions=True)


def _not_the_shadows(body: RequestBody) -> bool:
    return not body.is_shadow
