"""A client in another language, with nothing but the schemas and the subjects: it reads the market and trades."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.end_to_end.program import ROOT
from tests.end_to_end.split_paper import split_roles
from tests.end_to_end.split_services import Services, until
from tests.unit.messaging.nats_servers import running_server
from workstation.config.loader import load_settings
from workstation.core.messages import OrderFilled, OrderSubmitted
from workstation.messaging.link import PASSWORD_VARIABLE
from workstation.messaging.server import EmbeddedServer

CLIENT = Path(__file__).parent / "node_client"
SYMBOL = "BTCUSDT"

pytestmark = pytest.mark.allow_log_warnings


@pytest.fixture(scope="module")
def node() -> str:
    """Node.js with the packages of the lock file beside the client."""
    program, npm = shutil.which("node"), shutil.which("npm")
    if program is None or npm is None:
        pytest.skip("Node.js and npm are not here: install them (on Debian: apt install nodejs npm).")
    lock = CLIENT / "package-lock.json"
    stamp = CLIENT / "node_modules" / ".lock"
    if not stamp.exists() or stamp.read_text() != lock.read_text():
        done = subprocess.run(
            [npm, "ci", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund"],
            cwd=CLIENT,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        if done.returncode:
            pytest.skip(f"npm cannot install the client's packages: {done.stderr.strip()[-300:]}")
        stamp.write_text(lock.read_text())
    return program


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[EmbeddedServer]:
    async with running_server(tmp_path / "nats") as running:
        yield running


@pytest.fixture
def services(server: EmbeddedServer, tmp_path: Path) -> Iterator[Services]:
    running = Services(server.address, tmp_path, split_roles())
    try:
        running.start("feed")
        running.start("execution")
        yield running
    finally:
        running.end()


def run_client(node: str, server: EmbeddedServer, folder: Path) -> dict[str, Any]:
    settings = load_settings(ROOT / "config" / "strategy.yaml").settings
    task = {
        "servers": list(server.address.servers),
        "user": server.address.user,
        "schemas": str(ROOT / "resources" / "messages"),
        "subjects": msgspec.to_builtins(settings.messaging.subjects),
        "symbol": SYMBOL,
        "quantity": "0.001",
    }
    file = folder / "task.json"
    file.write_text(json.dumps(task))
    done = subprocess.run(
        [node, CLIENT / "client.mjs", file],
        env={**os.environ, PASSWORD_VARIABLE: server.address.password},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    seen: dict[str, Any] = json.loads(done.stdout)
    return seen


async def test_it_reads_the_market_and_trades(
    node: str, server: EmbeddedServer, services: Services, tmp_path: Path
) -> None:
    def said() -> str:
        return services.log("feed")[-2_000:] + services.log("execution")[-4_000:]

    # The client may have prices while the service, which judges its orders, has none yet.
    await until(lambda: f"Feed connected: {SYMBOL}" in services.log("execution"), 60, said)
    seen = run_client(node, server, tmp_path)
    assert services.stop("execution") == 0 and services.stop("feed") == 0, said()
    assert "Traceback" not in said()

    assert seen["bars_of_the_past"] == 5 and seen["deltas"] >= 40 and seen["gaps"] == 0
    assert seen["book_agrees"] is True
    assert {"market_answer", "book_delta", "trade", "market_data", "execution", "health", "position"} <= set(
        seen["counts"]
    )
    mine = {name: f"{seen['session']}-{name}" for name in ("buy", "rest", "late", "uneven", "huge", "never")}
    steps = seen["steps"]
    assert steps[mine["buy"]] == ["submitted", "accepted", "filled"]
    assert (seen["first_was_duplicate"], seen["again_was_duplicate"]) == (False, True)
    assert seen["under_another_id_was_duplicate"] is False, "the stream has it twice, the service takes it once"
    assert steps[mine["rest"]] == ["submitted", "accepted", "amended", "cancelled"]
    assert float(seen["amended"]["quantity"]) == 0.001, "what the change does not name stays"
    assert seen["amended"]["price"] == seen["wanted_price"] and seen["amended"]["amendment"] == 1
    assert seen["late"]["code"] == "EXPIRED" and steps[mine["late"]] == ["denied"]
    assert "not a multiple of its tick" in seen["uneven"]["error"] and seen["uneven"]["code"] == "MALFORMED"
    assert "out of any range" in seen["huge"]["error"]
    assert seen["closed"]["side"] == "sell" and float(seen["position"]["quantity"]) == 0
    assert seen["unknown"]["code"] == "NOT_FOUND"
    assert seen["health"]["refused"] == 2 and seen["stream_in_order"]

    filled = [record for record in services.records("execution", OrderFilled) if record.client_id == mine["buy"]]
    assert [record.fill_id for record in filled] == [seen["filled"]["execution_id"]]
    assert services.records("execution", OrderSubmitted)[0].owner == "node"
    submitted = [record.client_id for record in services.records("execution", OrderSubmitted)]
    assert submitted == [mine["buy"], mine["rest"], mine["never"]]
