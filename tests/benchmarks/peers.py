"""``python -m tests.benchmarks.peers``: our chart beside those of other projects in the same run, as ratios.

Each peer has an environment of its own with pinned versions, made by uv under the user's cache folder.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from tests.benchmarks.charts import COUNTS, measured
from tests.benchmarks.figure import Figure, print_table, write_json

QT = ("PySide6-Essentials==6.11.2", "pyqtgraph==0.14.0", "numpy==2.4.6")


class Peer(NamedTuple):
    """``folder`` is that of its environment, ``module`` the program that measures it."""

    name: str
    folder: str
    module: str
    packages: tuple[str, ...]
    targets: dict[str, float]
    """How many times faster ours is meant to be at a million candles, by what is measured."""


PEERS = (
    Peer("finplot 1.9.7", "finplot", "finplot_chart", ("finplot==1.9.7", *QT), {"pan": 10.0, "zoom": 10.0}),
    Peer("VeighNa 4.5", "vnpy", "vnpy_chart", ("vnpy==4.5.0",), {"pan": 5.0, "zoom": 5.0}),
    Peer("pyqtgraph's example", "pyqtgraph", "pyqtgraph_example", QT, {}),
)
MEASURED = {"first": "first paint", "pan_p50": "pan", "zoom_p50": "zoom", "tick_p50": "last bar"}


def cache_folder() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "trading-workstation" / "peers"


def environment_of(peer: Peer) -> str:
    """The Python of the peer's environment, made and filled when it is not there. Raises ``SystemExit``."""
    folder = cache_folder() / peer.folder
    python, stamp, wanted = folder / "bin" / "python", folder / "installed", "\n".join(peer.packages)
    if stamp.exists() and stamp.read_text() == wanted:
        return str(python)
    uv = shutil.which("uv") or shutil.which("uv", path=str(Path(sys.executable).parent))
    if uv is None:
        raise SystemExit("The peers need uv to make their environments; install it with pip install uv.")
    print(f"Installing {', '.join(peer.packages)} into {folder}")
    variables = dict(os.environ)
    # uv does not read pip's settings: it is handed the index and certificates that the user gave pip.
    for ours, theirs in (("PIP_INDEX_URL", "UV_DEFAULT_INDEX"), ("PIP_CERT", "SSL_CERT_FILE")):
        if ours in variables:
            variables.setdefault(theirs, variables[ours])
    for command in (
        [uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(folder)],
        [uv, "pip", "install", "--quiet", "--python", str(python), *peer.packages],
    ):
        if subprocess.run(command, env=variables, check=False).returncode:
            raise SystemExit(f"The environment of {peer.name} could not be made; what uv said stands above.")
    stamp.write_text(wanted)
    return str(python)


def peer_figures(counts: tuple[int, ...]) -> list[Figure]:
    pythons = [environment_of(peer) for peer in PEERS]
    figures = []
    for count in counts:
        ours = measured(sys.executable, "tests.benchmarks.charts", count)
        # Their zooms go no farther.
        ours["zoom_p50"] = ours["zoom_near_p50"]
        figures += [
            Figure(f"our chart of {count:,} candles, {words}", ours[key], "ms") for key, words in MEASURED.items()
        ]
        for peer, python in zip(PEERS, pythons, strict=True):
            theirs = measured(python, f"tests.benchmarks.peer_charts.{peer.module}", count)
            for key, words in MEASURED.items():
                ratio = theirs[key] / ours[key]
                target = peer.targets.get(words) if count == max(COUNTS) else None
                name = f"{peer.name}, {count:,} candles, {words}: theirs / ours"
                figures.append(Figure(name, ratio, "x", target, peer=f"{theirs[key]:,.1f} ms"))
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bars", type=int, nargs="+", default=COUNTS, help="how many candles, each a run of all")
    figures = peer_figures(tuple(parser.parse_args().bars))
    print_table(figures)
    write_json(figures, Path("bench-peers.json"))
    print("Written to bench-peers.json.")


if __name__ == "__main__":
    main()
