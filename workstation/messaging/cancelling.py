"""An end that is asked for is never lost."""

from __future__ import annotations

import asyncio


def still_wanted() -> bool:
    """True, or raises ``CancelledError`` in a task that was cancelled.

    For loops that wait with ``asyncio.wait_for``, or call what does: before Python 3.12 that forgets a cancellation
    which comes at the moment of its result, and such a loop would go on for ever.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
    return True
