"""The websocket of events: a token first, then what is missed, then everything, with a heartbeat that tells the age."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import msgspec
from fastapi import APIRouter, WebSocket
from starlette.websockets import WebSocketDisconnect

from workstation.core.redaction import scrub
from workstation.messaging.moments import moment
from workstation.services.ops.context import Ops
from workstation.services.ops.door import address_of, same_origin
from workstation.services.ops.event_hub import EventReader
from workstation.services.ops.problems import Problem
from workstation.services.ops.tokens import Caller

HEARTBEAT_S = 1.0
GREETING_S = 5.0
"""A reader that has not told its token by then is sent away."""
MOST_GREETING = 2_000
REFUSED = 4401
TOO_MANY = 4429
TOO_SLOW = 4408
FOREIGN = 4403

router = APIRouter()


class Greeting(msgspec.Struct, forbid_unknown_fields=True):
    """The first message of a reader. ``stream`` and ``number`` of the last event that it knows bring what it missed."""

    token: str
    stream: str = ""
    number: int = 0


_greeting = msgspec.json.Decoder(Greeting).decode


@router.websocket("/api/v1/events")
async def events(socket: WebSocket) -> None:
    """Close codes: 4401 no valid token, 4403 another site's page, 4408 too slow, 4429 too many."""
    ops: Ops = socket.app.state.ops
    await socket.accept()
    with contextlib.suppress(WebSocketDisconnect, RuntimeError):
        if not same_origin(socket.headers, socket.url.scheme):
            await socket.close(FOREIGN, "The page is another site's.")
            return
        greeting = await _greet(ops, socket)
        if greeting is None:
            return
        if len(ops.hub.readers) >= ops.settings.ops.event_readers:
            await socket.close(TOO_MANY, f"{ops.settings.ops.event_readers} readers are the most.")
            return
        await _read_out(ops, socket, *greeting)


async def _greet(ops: Ops, socket: WebSocket) -> tuple[Greeting, Caller] | None:
    """Who reads; ``None`` when it was sent away."""
    reason = "A first message with a valid token is needed."
    try:
        async with asyncio.timeout(GREETING_S):
            text = await socket.receive_text()
        greeting = _greeting(text[:MOST_GREETING].encode())
        caller = ops.door.caller(f"Bearer {greeting.token}", address_of(socket.scope))
        assert caller is not None
        return greeting, caller
    except (TimeoutError, KeyError, msgspec.MsgspecError):
        pass
    except Problem as problem:
        if problem.status == 429:
            await socket.close(TOO_MANY, problem.detail)
            return None
        reason = problem.detail
    await socket.close(REFUSED, reason)
    return None


async def _read_out(ops: Ops, socket: WebSocket, greeting: Greeting, caller: Caller) -> None:
    reader = EventReader()
    hub = ops.hub
    missed = hub.missed(greeting.stream, greeting.number)
    hub.readers.add(reader)
    leaves = asyncio.ensure_future(_until_left(socket))
    leaves.add_done_callback(lambda _: reader.put({}))
    try:
        await _send(socket, {"kind": "hello", "stream": hub.stream, "role": caller.role.word, **_state(ops)})
        if missed is None and greeting.stream:
            await _send(socket, {"kind": "gap", "number": hub.number, "reason": "What was missed is no longer known."})
        for told in missed or ():
            await _send(socket, told)
        while not reader.too_slow and not leaves.done():
            try:
                async with asyncio.timeout(HEARTBEAT_S):
                    told = await reader.queue.get()
            except TimeoutError:
                told = {"kind": "heartbeat", **_state(ops)}
            if not leaves.done():
                await _send(socket, told)
        if reader.too_slow:
            await socket.close(TOO_SLOW, "The reader was too slow.")
    finally:
        hub.readers.discard(reader)
        leaves.cancel()
        await asyncio.gather(leaves, return_exceptions=True)


def _state(ops: Ops) -> dict[str, Any]:
    return {
        "number": ops.hub.number,
        "time": moment(ops.now_ns()),
        "nats": ops.link.state,
        "engine_age_s": ops.engine_age_s(),
        "stale": ops.is_stale(),
    }


async def _send(socket: WebSocket, told: dict[str, Any]) -> None:
    await socket.send_text(scrub(msgspec.json.encode(told).decode()))


async def _until_left(socket: WebSocket) -> None:
    # What a reader says after its greeting counts for nothing.
    with contextlib.suppress(WebSocketDisconnect, RuntimeError):
        while (await socket.receive())["type"] != "websocket.disconnect":
            pass
