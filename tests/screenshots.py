"""``python -m tests.screenshots``: renders the pictures of the documents, offscreen, from a session that trades."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

IMAGES = Path("docs/images")
SIZES = ("1600x900", "1280x720")
THEMES = ("dark", "light")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=25.0, help="how long each session trades before its picture")
    parser.add_argument("--folder", type=Path, default=IMAGES)
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        for theme in THEMES:
            configuration = _configuration(Path(temporary) / theme, theme)
            for size in SIZES:
                picture = arguments.folder / f"trading_{theme}_{size}.png"
                _render(configuration, Path(temporary) / f"data-{theme}-{size}", picture, size, arguments.seconds)
                print(picture)
        spaces = [sys.executable, "-m", "tests.workspace_screenshots", "--config", str(configuration)]
        subprocess.run([*spaces, "--folder", str(arguments.folder)], check=True)
        subprocess.run(
            [sys.executable, "-m", "tests.monitor_screenshots", "--folder", str(arguments.folder)], check=True
        )
        live = [sys.executable, "-m", "tests.live_screenshots", "--folder", str(arguments.folder)]
        subprocess.run(live, check=True, env=dict(os.environ, QT_QPA_PLATFORM="offscreen"))


def _configuration(folder: Path, theme: str) -> Path:
    """The shipped configuration in this theme, with the simple strategies running."""
    folder.mkdir()
    settings = yaml.safe_load(Path("config/strategy.yaml").read_text())
    settings["desktop"]["theme"] = theme
    for name in ("market_maker", "grid", "ema_cross"):
        settings["strategies"][name]["start"] = True
    file = folder / "strategy.yaml"
    file.write_text(yaml.safe_dump(settings, sort_keys=False))
    return file


def _render(configuration: Path, data: Path, picture: Path, size: str, seconds: float) -> None:
    command = [sys.executable, "-m", "workstation", "--config", str(configuration), "--data", str(data)]
    command += ["--screenshot", str(picture), "--size", size, "--for", str(seconds), "--seed", "7"]
    subprocess.run(command, check=True, env=dict(os.environ, QT_QPA_PLATFORM="offscreen"))


if __name__ == "__main__":
    main()
