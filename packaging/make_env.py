"""Makes .env from .env.example: fills what stands empty in its first part, and keeps whatever .env has already.

It needs nothing but Python: ``python3 packaging/make_env.py``.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
YOURS = "# --- Yours to set"
DATA = ("nats", "sandbox", "feed", "execution", "strategies", "risk", "reporter")
"""Folders of data/, one for each container that keeps something. The ops API shares that of the execution service."""
OTHER_ID = 10_001
"""Runs the containers where root makes the file: they never run as root."""


def read_env(file: Path) -> dict[str, str]:
    """The variables of a file of lines ``NAME=value``; empty when there is no file."""
    if not file.exists():
        return {}
    lines = (line.strip() for line in file.read_text().splitlines())
    pairs = (line.partition("=") for line in lines if "=" in line and not line.startswith("#"))
    return {name.strip(): value.strip() for name, _, value in pairs}


def env_text(example: str, known: dict[str, str], user: int, group: int) -> str:
    """The text of .env: that of the example, with what is known and with new secrets."""
    lines, yours = [], False
    for line in example.splitlines():
        yours = yours or line.startswith(YOURS)
        name, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            made = {"WORKSTATION_UID": str(user), "WORKSTATION_GID": str(group)}
            # A letter first: the NATS server takes what begins like a number for one.
            fresh = "" if yours else made.get(name) or f"s{secrets.token_hex(24)}"
            line = f"{name}={known.get(name) or value or fresh}"
        lines.append(line)
    return "\n".join(lines) + "\n"


def make_env(folder: Path) -> Path:
    """Write .env, readable by its owner alone, and the folders of data/ for the containers."""
    file = folder / ".env"
    user, group = (os.getuid(), os.getgid()) if os.getuid() else (OTHER_ID, OTHER_ID)
    text = env_text((folder / ".env.example").read_text(), read_env(file), user, group)
    fresh = folder / ".env.new"
    fresh.unlink(missing_ok=True)
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as output:
        output.write(text)
    fresh.replace(file)
    told = read_env(file)
    for name in DATA:
        place = folder / "data" / name
        place.mkdir(parents=True, exist_ok=True)
        if os.getuid() == 0:
            os.chown(place, int(told["WORKSTATION_UID"]), int(told["WORKSTATION_GID"]))
    return file


if __name__ == "__main__":
    print(f"{make_env(ROOT)} holds passwords and tokens of this machine alone. `docker compose up -d` uses it.")
