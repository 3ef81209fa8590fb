"""Where the configuration and the data folder are when the command line does not say."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from workstation.config.loader import Loaded, load_settings
from workstation.core.errors import ConfigurationError
from workstation.storage.layout import DataFolder

CHECKOUT = Path(__file__).resolve().parents[2]


def configuration_file(arguments: argparse.Namespace) -> Path:
    """``--config``, else ``config/strategy.yaml`` here, else the one that came with the program."""
    if arguments.config is not None:
        given: Path = arguments.config
        return given
    here = Path("config/strategy.yaml")
    return here if here.is_file() else CHECKOUT / "config" / "strategy.yaml"


def settings(arguments: argparse.Namespace) -> Loaded:
    """Raises ``ConfigurationError``."""
    file = configuration_file(arguments)
    if not file.is_file():
        raise ConfigurationError(f"There is no configuration file {file}: give one with --config FILE.")
    return load_settings(file, arguments.profile)


def data_folder(arguments: argparse.Namespace) -> DataFolder:
    """``--data``, else ``WORKSTATION_DATA``, else ``data`` beside the configuration file or its ``config`` folder."""
    if arguments.data is not None:
        return DataFolder(arguments.data)
    named = os.environ.get("WORKSTATION_DATA")
    if named:
        return DataFolder(Path(named))
    home = configuration_file(arguments).resolve().parent
    return DataFolder((home.parent if home.name == "config" else home) / "data")
