"""Memory that was needed at the start only."""

from __future__ import annotations

import ctypes
import sys


def release_freed_memory() -> None:
    """Give back to the system what glibc keeps for later; elsewhere nothing."""
    if sys.platform != "linux":
        return
    try:
        ctypes.CDLL("libc.so.6").malloc_trim(0)
    except (OSError, AttributeError):
        return
