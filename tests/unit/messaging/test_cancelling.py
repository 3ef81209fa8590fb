"""An end that a library has swallowed is noticed at the next turn."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from workstation.messaging.cancelling import still_wanted


async def test_a_cancellation_that_was_swallowed_ends_the_loop() -> None:
    turns = 0
    waiting = asyncio.Event()

    async def work() -> None:
        nonlocal turns
        while still_wanted():
            turns += 1
            waiting.set()
            # As wait_for of Python 3.11 does when its result comes at the same moment.
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.sleep(60)

    task = asyncio.ensure_future(work())
    await waiting.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(asyncio.shield(task), 5)
    assert turns == 1
