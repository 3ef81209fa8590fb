"""``python -m tests.screenshots``: renders the pictures of the documents, from sessions that trade."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

IMAGES = Path("docs/images")
PARTS = ("workspaces", "live", "monitor")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=IMAGES)
    parser.add_argument("--only", choices=PARTS, nargs="+", default=PARTS)
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    environment = dict(os.environ, QT_QPA_PLATFORM="offscreen")
    for part in arguments.only:
        command = [sys.executable, "-m", f"tests.screenshots.{part}", "--folder", str(arguments.folder)]
        subprocess.run(command, check=True, env=environment)


if __name__ == "__main__":
    main()
