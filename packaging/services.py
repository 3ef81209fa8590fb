"""Runs every service as a process of this machine: ``python packaging/services.py``, or ``make services``.

It starts them one after the other, prints what they say behind their names, and stops them in the other order on
Ctrl-C, or when one of them ends by itself. Passwords and tokens come from .env, which it makes where there is none.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from make_env import ROOT, make_env, read_env

READY = "Ctrl-C stops"
"""What each command says when it is at work."""
START_S = 90.0
STOP_S = 30.0
LOOK_S = 0.2
STACK: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("sandbox", ("sandbox",)),
    ("feed", ("feed",)),
    ("execution", ("execution",)),
    ("strategies", ("--no-gui",)),
    ("risk", ("risk",)),
    ("reporter", ("reporter",)),
    ("ops", ("ops",)),
)
SHARED_DATA = {"ops": "execution"}
"""The ops API latches the kill switch in the folder of the engine that holds the account, also with NATS down."""
SECRETS = ("NATS_PASSWORD_", "WORKSTATION_OPS_TOKEN_", "WORKSTATION_KEY_", "WORKSTATION_SECRET_", "GRAFANA_")


class Failed(Exception):
    """What went wrong, as a sentence with the remedy."""


class Places(NamedTuple):
    config: Path
    profile: str
    data: Path
    nats_port: int
    sandbox_port: int


class Process:
    """A service: its output is printed line by line, and its end is noticed."""

    def __init__(self, name: str, command: Sequence[str], environment: dict[str, str], ready: str) -> None:
        self.name = name
        self.ready = threading.Event()
        self._process = subprocess.Popen(
            command,
            env=environment,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            # Ctrl-C at the terminal is for this script, which ends them in order.
            start_new_session=True,
        )
        if not ready:
            self.ready.set()
        self._printer = threading.Thread(target=self._print, args=(ready,), daemon=True)
        self._printer.start()

    @property
    def status(self) -> int | None:
        """``None`` while it runs."""
        return self._process.poll()

    def _print(self, ready: str) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            print(f"{self.name:<10} | {line.rstrip()}", flush=True)
            if ready and ready in line:
                self.ready.set()

    def stop(self) -> int:
        """In order, or after a while by force; the exit status."""
        if self.status is None:
            self._process.terminate()
        try:
            status = self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            print(f"{self.name:<10} | did not stop within {STOP_S:.0f} s and was killed", flush=True)
            self._process.kill()
            status = self._process.wait()
        self._printer.join(5)
        return status


class Stack:
    """All of them. ``run`` until the event is set; raises ``Failed``."""

    def __init__(self, places: Places, env: dict[str, str], stopped: threading.Event) -> None:
        self._places = places
        self._env = env
        self._stopped = stopped
        self._running: list[Process] = []

    def run(self) -> None:
        try:
            self._start_nats()
            for name, arguments in STACK:
                if self._stopped.is_set():
                    return
                self._start(name, self._command(name, arguments), self._environment(name), READY)
            print("All services run. Ctrl-C stops them.", flush=True)
            while not self._stopped.wait(LOOK_S):
                self._look()
        finally:
            self._stop()

    def _start_nats(self) -> None:
        places = self._places
        beside = shutil.which("nats-server", path=str(Path(sys.executable).parent))
        program = beside or shutil.which("nats-server")
        if program is None:
            raise Failed("There is no nats-server: run `make setup`, or install it from nats.io/download.")
        own = {name: value for name, value in self._env.items() if name.startswith("NATS_PASSWORD_")}
        environment = {**_plain_environment(), **own, "NATS_STORE_DIR": str(places.data / "nats")}
        configuration = places.config.parent / "nats.conf"
        command = (program, "-c", str(configuration), "-a", "127.0.0.1", "-p", str(places.nats_port))
        self._start("nats", command, environment, "Server is ready")

    def _command(self, name: str, arguments: tuple[str, ...]) -> tuple[str, ...]:
        places = self._places
        folder = places.data / SHARED_DATA.get(name, name)
        given: tuple[str, ...] = (
            "--config",
            str(places.config),
            "--profile",
            places.profile,
            "--data",
            str(folder),
            *arguments,
        )
        if name == "sandbox":
            folder.mkdir(parents=True, exist_ok=True)
            given += ("--port", str(places.sandbox_port), "--state", str(folder / "state.json"))
        return (sys.executable, "-m", "workstation", *given)

    def _environment(self, name: str) -> dict[str, str]:
        """A service is given its own secrets alone."""
        env, own = self._env, _plain_environment()
        if name != "sandbox":
            own |= {"WORKSTATION_NATS_USER": name, "WORKSTATION_NATS_PASSWORD": env[f"NATS_PASSWORD_{name.upper()}"]}
        wanted = {
            "ops": ("WORKSTATION_OPS_TOKEN_",),
            "execution": ("WORKSTATION_KEY_", "WORKSTATION_SECRET_"),
            "reporter": ("WORKSTATION_NOTIFY_",),
        }.get(name, ())
        own |= {key: value for key, value in env.items() if value and key.startswith(wanted)} if wanted else {}
        return own | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}

    def _start(self, name: str, command: Sequence[str], environment: dict[str, str], ready: str) -> None:
        process = Process(name, command, environment, ready)
        self._running.append(process)
        ends = time.monotonic() + START_S
        while not process.ready.wait(LOOK_S):
            self._look()
            if self._stopped.is_set():
                return
            if time.monotonic() > ends:
                raise Failed(f"{name} was not at work within {START_S:.0f} s: its lines above tell why.")

    def _look(self) -> None:
        for process in self._running:
            if process.status is not None:
                raise Failed(f"{process.name} ended with status {process.status}: its lines above tell why.")

    def _stop(self) -> None:
        for process in reversed(self._running):
            status = process.stop()
            print(f"{process.name:<10} | ended with status {status}", flush=True)


def _plain_environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(SECRETS)}


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="services", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--config", type=Path, default=ROOT / "config" / "strategy.yaml", metavar="FILE")
    parser.add_argument("--profile", default="services", metavar="NAME", help="default: services")
    parser.add_argument("--data", type=Path, default=ROOT / "data", metavar="DIR")
    parser.add_argument("--env", type=Path, metavar="FILE", help="default: .env, made where it is not there")
    parser.add_argument(
        "--nats-port", type=int, default=4222, metavar="N", help="as in messaging.servers; default: 4222"
    )
    parser.add_argument(
        "--sandbox-port", type=int, default=8800, metavar="N", help="as in exchange.address; default: 8800"
    )
    given = parser.parse_args()
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    env = read_env(given.env or make_env(ROOT))
    places = Places(given.config.resolve(), given.profile, given.data.resolve(), given.nats_port, given.sandbox_port)
    try:
        for port in (places.nats_port, places.sandbox_port):
            if not _is_free(port):
                raise Failed(f"Port {port} is taken: stop what listens there; are the services running already?")
        Stack(places, env, stopped).run()
    except Failed as error:
        print(f"services: {error}", file=sys.stderr)
        return 1
    print("All services have stopped in order.", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
