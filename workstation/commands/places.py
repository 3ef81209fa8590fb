"""Where the configuration and the data folder are when the command line does not say."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from platformdirs import user_config_path, user_data_path

from workstation.config.loader import Loaded, load_settings
from workstation.core.errors import ConfigurationError
from workstation.core.own_program import is_frozen
from workstation.core.resources import bundle_folder
from workstation.storage.layout import DataFolder

FOLDER = "trading-workstation"
"""Of the installed application, below the platform's folders for configuration and for data."""


def configuration_file(arguments: argparse.Namespace) -> Path:
    """``--config``; else the user's own where the application is installed; else ``config/strategy.yaml`` here, or the
    one that came with the program."""
    if arguments.config is not None:
        given: Path = arguments.config
        return given
    if is_frozen():
        return installed_configuration()
    here = Path("config/strategy.yaml")
    return here if here.is_file() else bundle_folder() / "config" / "strategy.yaml"


def settings(arguments: argparse.Namespace) -> Loaded:
    """Raises ``ConfigurationError``. The first start of an installed application writes the configuration."""
    file = configuration_file(arguments)
    own = arguments.config is None and is_frozen()
    if own:
        write_shipped_configuration(file.parent)
    if not file.is_file():
        raise ConfigurationError(f"There is no configuration file {file}: give one with --config FILE.")
    try:
        return load_settings(file, arguments.profile)
    except ConfigurationError as error:
        if not own:
            raise
        shipped = bundle_folder() / "config" / "strategy.yaml"
        raise ConfigurationError(f"{error} The configuration that this version came with is {shipped}.") from None


def data_folder(arguments: argparse.Namespace) -> DataFolder:
    """``--data``; else ``WORKSTATION_DATA``; else the platform's folder where the application is installed and has its
    own configuration; else ``data`` beside the configuration file or its ``config`` folder."""
    if arguments.data is not None:
        return DataFolder(arguments.data)
    named = os.environ.get("WORKSTATION_DATA")
    if named:
        return DataFolder(Path(named))
    if arguments.config is None and is_frozen():
        return DataFolder(installed_data())
    home = configuration_file(arguments).resolve().parent
    return DataFolder((home.parent if home.name == "config" else home) / "data")


def installed_configuration() -> Path:
    """The user's own ``strategy.yaml``: below ``~/.config``, ``%APPDATA%`` or ``~/Library/Application Support``."""
    return user_config_path(FOLDER, appauthor=False, roaming=True) / "config" / "strategy.yaml"


def installed_data() -> Path:
    """The user's data: below ``~/.local/share``, ``%LOCALAPPDATA%`` or ``~/Library/Application Support``."""
    return user_data_path(FOLDER, appauthor=False) / "data"


def places_text() -> str:
    """Where an installed application keeps what is the user's; empty in a checkout, which keeps it beside itself."""
    if not is_frozen():
        return ""
    return f"Configuration: {installed_configuration()}. Data: {installed_data()}."


def write_shipped_configuration(folder: Path) -> None:
    """Give the user the shipped configuration and profiles to edit; a file that is there is never written again.

    Raises ``ConfigurationError`` when the folder cannot be written to.
    """
    shipped = bundle_folder() / "config"
    try:
        for source in (*sorted(shipped.glob("profiles/*.yaml")), shipped / "strategy.yaml"):
            target = folder / source.relative_to(shipped)
            if target.exists():
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            # Whole or not at all, and in the place of nobody else's.
            fresh = target.with_name(f".{target.name}.{os.getpid()}")
            fresh.write_bytes(source.read_bytes())
            if not target.exists():
                fresh.replace(target)
            fresh.unlink(missing_ok=True)
    except OSError as error:
        raise ConfigurationError(
            f"The configuration cannot be written to {folder} ({error.strerror}): make room or change its permissions, "
            "or give another one with --config FILE."
        ) from None
