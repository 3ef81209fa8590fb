"""``make services``: every service as a process, on a nats-server with a user for each role."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.end_to_end.program import ROOT, configuration, environment, run
from tests.end_to_end.stack import SERVICES, OpsClient, check_stack, until
from tests.unit.messaging.nats_servers import free_port

pytestmark = pytest.mark.services

PROFILE = """
market:
  built_in:
    volatility: 8
exchange:
  address: http://127.0.0.1:{sandbox}
messaging:
  servers: ["nats://127.0.0.1:{nats}"]
ops:
  port: {ops}
risk:
  protections:
    cooldown_bars: 0
strategies:
  market_maker:
    parameters:
      requote_bps: 1
      least_life_s: 0.5
"""
PATIENCE_S = 120.0


class Started:
    """``packaging/services.py`` with ports and folders of its own."""

    def __init__(self, folder: Path) -> None:
        self.nats, self.sandbox, self.ops = free_port(), free_port(), free_port()
        self.config = configuration(folder, PROFILE.format(nats=self.nats, sandbox=self.sandbox, ops=self.ops))
        shutil.copy(ROOT / "config" / "profiles" / "services.yaml", self.config.parent / "profiles")
        shutil.copy(ROOT / "config" / "nats.conf", self.config.parent)
        self.env = _env(folder)
        self.data = folder / "data"
        self._log = folder / "log"
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [
                    *(sys.executable, str(ROOT / "packaging" / "services.py"), "--config", str(self.config)),
                    *("--profile", "services,test", "--data", str(self.data), "--env", str(folder / "env")),
                    *("--nats-port", str(self.nats), "--sandbox-port", str(self.sandbox)),
                ],
                cwd=folder,
                env=environment(),
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    @property
    def log(self) -> str:
        return self._log.read_text()

    def client(self) -> OpsClient:
        roles = ("viewer", "trader", "admin")
        tokens = {role: self.env[f"WORKSTATION_OPS_TOKEN_{role.upper()}"] for role in roles}
        return OpsClient(f"http://127.0.0.1:{self.ops}", tokens)

    def health(self, *names: str) -> subprocess.CompletedProcess[str]:
        own = {"WORKSTATION_NATS_USER": "viewer", "WORKSTATION_NATS_PASSWORD": self.env["NATS_PASSWORD_VIEWER"]}
        options = ("--config", self.config, "--profile", "services,test", "--data", self.data / "viewer")
        return run(*options, "health", *names, env=environment(**own))

    def process_ids(self, name: str) -> list[int]:
        """Of the service's processes, by the folder that it was started with."""
        folder = str(self.data / name)
        found = psutil.process_iter(["cmdline"])
        return [process.pid for process in found if folder in (process.info["cmdline"] or ())]


def _env(folder: Path) -> dict[str, str]:
    """A file as ``make env`` makes it."""
    script = "import sys, make_env as m; print(m.env_text(open('.env.example').read(), {}, 1, 1), end='')"
    made = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env=environment(PYTHONPATH=str(ROOT / "packaging")),
        capture_output=True,
        text=True,
        check=True,
    )
    (folder / "env").write_text(made.stdout)
    return dict(re.findall(r"^(\w+)=(.*)$", made.stdout, re.MULTILINE))


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Started]:
    running = Started(tmp_path)
    try:
        yield running
    finally:
        if running.process.poll() is None:
            running.process.send_signal(signal.SIGINT)
            running.process.wait(120)


def test_the_services_trade_answer_and_stop_in_order(started: Started) -> None:
    try:
        until(lambda: "All services run." in started.log or _ended(started), PATIENCE_S, "all services run")
        check_stack(started.client(), lambda: started.health(*SERVICES).returncode == 0, PATIENCE_S)
        everyone = started.health()
        assert everyone.returncode == 0 and len(everyone.stdout.splitlines()) == len(SERVICES)
        nobody = started.health("feed", "elsewhere")
        assert nobody.returncode == 1 and "elsewhere    silent" in nobody.stdout
        started.process.send_signal(signal.SIGINT)
        assert started.process.wait(120) == 0
    except AssertionError:
        print(started.log[-20_000:])
        raise
    log = started.log
    assert "Violation" not in log and "may not" not in log, [line for line in log.splitlines() if "iolation" in line]
    assert "Traceback" not in log
    for name in ("nats", "sandbox", *SERVICES):
        assert re.search(rf"^{name} +\| ended with status 0$", log, re.MULTILINE), name
    ends = re.findall(r"^(\w+) +\| ended with", log, re.MULTILINE)
    assert ends[0] == "ops" and ends[-1] == "nats"
    secrets = {value for name, value in started.env.items() if name.startswith(("NATS_PASSWORD_", "WORKSTATION_OPS_"))}
    assert len(secrets) == 12 and not any(secret in log for secret in secrets)


def test_a_service_that_ends_by_itself_ends_all_of_them_in_one_sentence(started: Started) -> None:
    until(lambda: "risk       | The risk service keeps" in started.log or _ended(started), PATIENCE_S, "risk runs")
    (risk,) = started.process_ids("risk")
    os.kill(risk, signal.SIGKILL)
    assert started.process.wait(120) == 1
    assert "services: risk ended with status -9: its lines above tell why." in started.log
    for name in ("sandbox", *SERVICES):
        assert not started.process_ids(name)


def _ended(started: Started) -> bool:
    assert started.process.poll() is None, started.log[-20_000:]
    return False
