"""Where the program nats-server is; of few imports, for who only asks whether it is there."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path


def server_program() -> str | None:
    """``nats-server`` beside this Python or on the PATH."""
    beside = shutil.which("nats-server", path=str(Path(sys.executable).parent))
    return beside or shutil.which("nats-server")
