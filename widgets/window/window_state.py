"""What the window keeps between runs: the layout of its panels, its size, and what was chosen in it."""

from __future__ import annotations

import json
import logging
import os
from pathlib import Path
from typing import Any

from widgets.docks.docking import DockArea

SECTION = "window"
log = logging.getLogger("widgets.window.window_state")


def save(path: Path, area: DockArea, kept: dict[str, Any]) -> None:
    """Write the layout and what is kept beside it, whole or not at all; a failure is logged."""
    draft = path.with_suffix(".draft")
    try:
        area.save(draft)
        document = json.loads(draft.read_text(encoding="utf-8"))
        document[SECTION] = kept
        draft.write_text(json.dumps(document, indent=1), encoding="utf-8")
        os.replace(draft, path)
    except OSError as error:
        log.warning("The layout of the window was not kept: %s.", error.strerror)


def load(path: Path) -> dict[str, Any]:
    """What was kept beside the layout; empty when there is nothing that can be read."""
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))[SECTION]
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    return kept if isinstance(kept, dict) else {}
