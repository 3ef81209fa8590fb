"""``workstation verify``."""

from __future__ import annotations

import argparse
from pathlib import Path

from workstation.assembly import strategy_folder
from workstation.commands.places import data_folder, settings
from workstation.commands.progress import progress_bar
from workstation.core.errors import ConfigurationError
from workstation.verification import verify as run_verification


def verify(arguments: argparse.Namespace) -> int:
    """The last line says what was proved; a difference raises ``VerificationError``."""
    with progress_bar("Verifying sessions") as progress:
        found = run_verification(data_folder(arguments), _strategy_folder(arguments), progress)
    print(f"The hash chain of {found.records:,} records is whole.")
    for reason in found.skipped:
        print(reason)
    print(found.sentence())
    return 0


def _strategy_folder(arguments: argparse.Namespace) -> Path | None:
    try:
        loaded = settings(arguments)
    except ConfigurationError:
        return None
    return strategy_folder(loaded.settings, loaded.file)
