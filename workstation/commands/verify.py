"""``workstation verify``."""

from __future__ import annotations

import argparse
from pathlib import Path

from workstation.commands.places import configuration_file, data_folder
from workstation.commands.progress import progress_bar
from workstation.config.loader import load_settings
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
        file = configuration_file(arguments)
        named = load_settings(file, arguments.profile).settings.strategy_folder
    except ConfigurationError:
        return None
    return (file.parent / named) if named else None
