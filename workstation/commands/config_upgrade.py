"""Bring a configuration file of an earlier version up to this one: add what it lacks, each setting told."""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

from workstation.commands.places import configuration_file, data_folder
from workstation.config.described import Setting
from workstation.config.loader import load_text
from workstation.config.upgrading import Upgraded, upgraded
from workstation.config.yaml_document import read_text
from workstation.core.errors import ConfigurationError
from workstation.services.ops.configuration_files import ConfigurationFiles
from workstation.storage.layout import DataFolder

WHO = "upgrade"
NOTE = "settings of this version that the file lacked, as shipped"
MOST_TOLD = 10


class Upgrade(Struct, frozen=True):
    """What would be written into a file so that this version starts with it."""

    file: Path
    profile: str
    folder: DataFolder
    change: Upgraded

    @property
    def words(self) -> str:
        """What is lacking, in lines for a person."""
        added = self.change.added
        lines = [_line(setting) for setting in added[:MOST_TOLD]]
        if len(added) > MOST_TOLD:
            lines.append(f"and {len(added) - MOST_TOLD} more")
        return f"The file is of an earlier version: it lacks {counted(added)}, shipped as\n" + "\n".join(lines)

    def write(self) -> None:
        """Write the file, whole or not at all; the one before is kept. Raises ``WorkstationError``."""
        files = ConfigurationFiles(self.file, self.profile, self.folder.configuration, time.time_ns)
        files.replace(self.change.text, WHO, NOTE)


def find_upgrade(arguments: argparse.Namespace) -> Upgrade | None:
    """For the file that the command line names; ``None`` where it lacks nothing, or has other mistakes too."""
    try:
        found = _upgrade(arguments)
    except ConfigurationError:
        return None
    return found if found.change.added else None


def config_upgrade(arguments: argparse.Namespace) -> int:
    """The exit status: 0, also when nothing is lacking. Raises ``WorkstationError``."""
    found = _upgrade(arguments)
    file, added = found.file, found.change.added
    if not added:
        print(f"{file} has every setting of this version.")
        return 0
    for setting in added:
        print(_line(setting))
    if arguments.list:
        print(f"{file} lacks {counted(added)}; nothing was written.")
        return 0
    found.write()
    print(f"{counted(added).capitalize()} added to {file}, as shipped. Look through them.")
    return 0


def _upgrade(arguments: argparse.Namespace) -> Upgrade:
    """Raises ``ConfigurationError`` where more is wrong than what is lacking."""
    file, profile = configuration_file(arguments), arguments.profile
    change = upgraded(read_text(file), str(file))
    load_text(change.text, file, profile)
    return Upgrade(file, profile or "", data_folder(arguments), change)


def counted(settings: Sequence[Setting]) -> str:
    return "1 setting" if len(settings) == 1 else f"{len(settings)} settings"


def _line(setting: Setting) -> str:
    return f"{setting.path}: {setting.text}"
