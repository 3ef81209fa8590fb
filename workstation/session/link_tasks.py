"""The tasks of a link: none of them is to end by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any


class LinkTasks:
    """``run`` starts one; ``raise_failure`` is asked by the session; ``close`` ends all."""

    def __init__(self) -> None:
        self._tasks: list[asyncio.Task[None]] = []
        self._failure: BaseException | None = None

    def run(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        task.add_done_callback(self._on_done)
        self._tasks.append(task)

    def _on_done(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and task.exception() is not None:
            self._failure = task.exception()

    def raise_failure(self) -> None:
        """Nothing from outside ends a task: one that ended is a fault of ours, and trading must not go on."""
        if self._failure is not None:
            raise self._failure

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
