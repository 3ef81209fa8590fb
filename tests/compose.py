"""Drives the containers of docker-compose.yml: ``python -m tests.compose``, or ``make compose-test``.

It builds the image, brings everything up in a folder of its own with free ports, sees it trade, asks, kills, restarts
the execution service, and takes it down. It needs a Docker engine; what went wrong is told with the containers' logs.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.end_to_end.program import ROOT
from tests.end_to_end.stack import SERVICES, OpsClient, check_stack, count_trades, until
from tests.unit.messaging.nats_servers import free_port

IMAGE = "trading-workstation:latest"
CONTAINERS = ("nats", "sandbox", *SERVICES)
PATIENCE_S = 240.0


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.compose", description=__doc__)
    parser.add_argument("--no-build", action="store_true", help=f"use the image {IMAGE} that is there")
    parser.add_argument("--keep", action="store_true", help="leave it running when a check fails")
    given = parser.parse_args(arguments)
    if not given.no_build:
        subprocess.run(["docker", "build", "-f", "packaging/Dockerfile", "-t", IMAGE, "."], cwd=ROOT, check=True)
    with tempfile.TemporaryDirectory(prefix="workstation-") as folder:
        stack = ComposeStack(Path(folder))
        try:
            check(stack)
        except AssertionError as error:
            print(f"compose-test: {error}", file=sys.stderr)
            with contextlib.suppress(AssertionError):
                print(stack.compose("logs", "--tail", "60"), file=sys.stderr)
            if given.keep:
                input(f"It runs on in {folder}; Enter takes it down. ")
            return 1
        finally:
            with contextlib.suppress(AssertionError):
                stack.compose("down", "--volumes")
    print("compose-test: the containers trade, answer, obey and stop in order.")
    return 0


class ComposeStack:
    """The containers, of a copy of the configuration."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("docker-compose.yml", ".env.example"):
            shutil.copy(ROOT / name, folder)
        for name in ("config", "packaging"):
            shutil.copytree(ROOT / name, folder / name)
        folder.chmod(0o755)
        subprocess.run([sys.executable, "packaging/make_env.py"], cwd=folder, check=True)
        self._ports = {name: str(free_port()) for name in ("NATS_PORT", "OPS_PORT", "SANDBOX_PORT")}
        found = subprocess.run(["docker", "compose", "version"], capture_output=True, check=False)
        self._program = ["docker", "compose"] if found.returncode == 0 else ["docker-compose"]
        lines = (folder / ".env").read_text().splitlines()
        self.env = dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))

    def compose(self, *arguments: str) -> str:
        done = subprocess.run(
            [*self._program, *arguments],
            cwd=self.folder,
            env={**os.environ, **self._ports},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{' '.join(arguments)}: {done.stdout[-3_000:]}"
        return done.stdout

    def inspect(self, service: str) -> Any:
        """Of a container that runs or has ended."""
        identity = self.compose("ps", "-a", "-q", service).split()[-1]
        told = subprocess.run(["docker", "inspect", identity], capture_output=True, text=True, check=True).stdout
        return json.loads(told)[0]

    def execute(self, service: str, *command: str) -> subprocess.CompletedProcess[str]:
        identity = self.compose("ps", "-q", service).split()[-1]
        return subprocess.run(["docker", "exec", identity, *command], capture_output=True, text=True, check=False)

    def is_healthy(self) -> bool:
        return all(self.inspect(name)["State"]["Health"]["Status"] == "healthy" for name in CONTAINERS)

    def client(self) -> OpsClient:
        roles = ("viewer", "trader", "admin")
        tokens = {role: self.env[f"WORKSTATION_OPS_TOKEN_{role.upper()}"] for role in roles}
        return OpsClient(f"http://127.0.0.1:{self._ports['OPS_PORT']}", tokens)


def check(stack: ComposeStack) -> None:
    """Raises ``AssertionError``."""
    begun = time.monotonic()
    stack.compose("up", "-d", "--no-build")
    check_stack(stack.client(), stack.is_healthy, PATIENCE_S)
    print(f"It trades and every container is healthy after {time.monotonic() - begun:.0f} s.", flush=True)
    _check_confined(stack)
    stack.compose("restart", "execution")
    ops = stack.client()
    before = count_trades(ops)
    until(lambda: count_trades(ops) > before, PATIENCE_S, "it trades after a restart")
    until(stack.is_healthy, PATIENCE_S, "every container is healthy after the restart of one")
    print("It trades again after a restart of the execution service.", flush=True)
    logs = stack.compose("logs")
    assert "Violation" not in logs and "Traceback" not in logs, "the logs hold a refusal or a failure"
    stack.compose("stop")
    for name in SERVICES:
        state = stack.inspect(name)["State"]
        assert state["ExitCode"] == 0, f"{name} ended with status {state['ExitCode']}"


def _check_confined(stack: ComposeStack) -> None:
    for name in SERVICES:
        told = stack.inspect(name)
        assert told["HostConfig"]["ReadonlyRootfs"] and told["HostConfig"]["CapDrop"] == ["ALL"], name
        assert stack.execute(name, "id", "-u").stdout.strip() not in ("", "0"), name
        assert stack.execute(name, "sh", "-c", "echo x > /opt/workstation/x").returncode != 0, name
        published = [port for ports in told["NetworkSettings"]["Ports"].values() for port in ports or ()]
        assert all(port["HostIp"] == "127.0.0.1" for port in published), name
        passwords = [line for line in told["Config"]["Env"] if "PASSWORD" in line]
        assert len(passwords) == 1, f"{name} is given passwords of others"


if __name__ == "__main__":
    sys.exit(main())
