"""Loading the configuration: ``config/strategy.yaml``, a profile laid over it, checked, typed and frozen.

No default lives in code: a missing key is an error that names it, so a missing risk limit stops the start.
A profile is a file of ``profiles/`` beside the main file and holds only the keys that it changes. Several, with commas
between their names, are laid one over the other in their order.
"""

from __future__ import annotations

import re
from decimal import Decimal
from hashlib import sha256
from pathlib import Path

import msgspec
from msgspec import Struct

from workstation.config.cross_checks import first_problem
from workstation.config.settings import Settings
from workstation.config.typed_reader import TypedReader
from workstation.config.yaml_document import overlay, parse_document, read_document, read_text
from workstation.core.errors import ConfigurationError


class Loaded(Struct, frozen=True):
    """The settings and where each came from."""

    settings: Settings
    json: str
    """Canonical, see ``settings_json``."""
    lines: dict[str, str]
    """``config/strategy.yaml, line 12`` by key path; list items are ``market.symbols[0]``."""
    file: Path
    profile: str
    """Empty when there is none."""
    hash: str = ""
    """Of the text of the main file, see ``hash_of``; empty when it is not known."""

    def place(self, path: str) -> str:
        """File and line of a key path, or of the nearest key above it."""
        while path and path not in self.lines:
            path = path.rpartition("[")[0] if path.endswith("]") else path.rpartition(".")[0]
        return self.lines[path] if path else str(self.file)


def load_settings(file: Path, profile: str | None = None) -> Loaded:
    """Read, overlay and check. Raises ``ConfigurationError``: one sentence that names file, line and key."""
    return load_text(read_text(file), file, profile)


def load_text(text: str, file: Path, profile: str | None = None) -> Loaded:
    """A text as if it stood in ``file``. Raises ``ConfigurationError``."""
    document = parse_document(text, str(file))
    for name in profile.split(",") if profile else ():
        document = overlay(document, read_document(_profile_file(file, name)))
    reader = TypedReader()
    settings = reader.read_settings(document)
    loaded = Loaded(settings, settings_json(settings), reader.lines, file, profile or "", hash_of(text))
    first_problem(settings, loaded.place)
    return loaded


def hash_of(text: str) -> str:
    """SHA-256 of a configuration file's text, by which processes tell which one they run with."""
    return sha256(text.encode()).hexdigest()


def profile_names(file: Path) -> list[str]:
    """The profiles beside a configuration file."""
    return sorted(path.stem for path in (file.parent / "profiles").glob("*.yaml"))


def _profile_file(file: Path, profile: str) -> Path:
    path = file.parent / "profiles" / f"{profile}.yaml"
    if not re.fullmatch(r"[A-Za-z0-9_-]+", profile) or not path.is_file():
        known = ", ".join(profile_names(file)) or "none"
        raise ConfigurationError(f"There is no profile {profile} in {path.parent}; there is {known}.")
    return path


def settings_json(settings: Settings) -> str:
    """The settings as one canonical JSON text: keys sorted, decimals as numbers, digits as written."""
    return _ENCODER.encode(settings).decode()


def settings_from_json(text: str | bytes) -> Settings:
    """The inverse of ``settings_json``. Raises ``ConfigurationError`` when the text is of another version."""
    try:
        return _DECODER.decode(text)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"Recorded settings do not fit this version of the program: {error}.") from None


_ENCODER = msgspec.json.Encoder(decimal_format="number", order="sorted")
_DECODER = msgspec.json.Decoder(Settings, float_hook=Decimal)
