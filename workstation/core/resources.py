"""Where the files that ship with the program lie: in the source tree, and in the frozen program."""

from __future__ import annotations

import sys
from pathlib import Path

from workstation.core.errors import WorkstationError


def bundle_folder() -> Path:
    """The folder that holds ``resources/`` and ``config/``: beside the package, or PyInstaller's."""
    frozen = getattr(sys, "_MEIPASS", None)
    return Path(frozen) if frozen else Path(__file__).resolve().parents[2]


def resource_path(*parts: str) -> Path:
    """Path of a shipped file below ``resources/``. Raises ``WorkstationError`` when it is not there."""
    path = bundle_folder().joinpath("resources", *parts)
    if not path.exists():
        raise WorkstationError(f"The shipped file {path} is missing; install the workstation again.")
    return path
