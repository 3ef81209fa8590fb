"""An engine in a process of its own, a window attached to it from another, and commands between them."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import subprocess
from pathlib import Path

import pytest
from PySide6.QtGui import QImage

from tests.end_to_end.program import ROOT, command, environment
from tests.unit.services.bridged import CLOCK, market_buy
from tests.unit.waiting import until
from workstation.config.loader import load_settings
from workstation.core.messages import CommandReceived, Kill
from workstation.messaging.bodies import EngineAnswerBody
from workstation.messaging.link import NatsLink
from workstation.messaging.opening import FOLDER
from workstation.messaging.server import kept_address
from workstation.services.engine_client import EngineClient, View
from workstation.storage.disk_journal import JournalReader

pytestmark = pytest.mark.services

PROFILE = """
market:
  symbols: [BTCUSDT, ETHUSDT]
  built_in:
    history_days: 1
messaging:
  use: embedded
desktop:
  charts:
    - {symbol: BTCUSDT, timeframe: 1m, indicators: []}
"""


def configuration(folder: Path) -> Path:
    """The shipped file with a profile beside it."""
    (folder / "profiles").mkdir(parents=True)
    text = (ROOT / "config" / "strategy.yaml").read_text()
    (folder / "strategy.yaml").write_text(re.sub(r"(?ms)^strategies:\n.*?(?=^# )", "strategies: {}\n\n", text, count=1))
    (folder / "profiles" / "served.yaml").write_text(PROFILE)
    return folder / "strategy.yaml"


async def ask(data: Path, picture: list[str]) -> None:
    """Command the engine from here, and open the window beside."""
    await until(lambda: kept_address(data / FOLDER), 60)
    kept = kept_address(data / FOLDER)
    assert kept is not None
    link = NatsLink(kept.address, "test", "test-1", CLOCK.now_ns, 1 << 20)
    await link.open(30)
    subjects = load_settings(ROOT / "config" / "strategy.yaml").settings.messaging.subjects
    client = EngineClient(link, subjects, CLOCK.now_ns)

    async def answered(view: View) -> EngineAnswerBody | None:
        try:
            return await client.view(view)
        except Exception:
            return None

    async with asyncio.timeout(60):
        while await answered(View.SCREEN) is None:
            await asyncio.sleep(0.2)
    assert (await client.command(market_buy(), "carol")).ok
    window = await asyncio.create_subprocess_exec(
        *picture, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    _, errors = await asyncio.wait_for(window.communicate(), 90)
    assert window.returncode == 0, errors.decode()
    assert "Traceback" not in errors.decode()
    killed = await client.command(Kill(reason="seen from afar"), "carol")
    assert killed.ok, killed.text
    await link.close()


@pytest.mark.allow_log_warnings("NATS", "nats")
def test_a_window_in_another_process_shows_the_engine(tmp_path: Path) -> None:
    config, data, picture = configuration(tmp_path / "config"), tmp_path / "data", tmp_path / "window.png"
    common: list[str | Path] = ["--config", config, "--profile", "served", "--data", data]
    engine = subprocess.Popen(
        command("--no-gui", *common), env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        asyncio.run(ask(data, command("--attach", "--screenshot", picture, "--for", "4", *common)))
    finally:
        engine.send_signal(signal.SIGTERM)
        output, errors = engine.communicate(timeout=60)
    assert engine.returncode == 0, errors
    assert "The engine is on NATS: nats://127.0.0.1:" in output
    image = QImage(str(picture))
    assert image.width() == 1600 and image.pixelColor(4, 4).name() == "#2b6cc8"
    assert json.loads((data / "kill.json").read_bytes())["who"] == "carol"
    reader = JournalReader(data / "journal.sqlite3")
    try:
        asked = [record for record in reader.records(1) if isinstance(record, CommandReceived)]
    finally:
        reader.close()
    assert [(each.who, each.command) for each in asked[:2]] == [("carol", "PlaceOrder"), ("carol", "Kill")]


def test_without_an_engine_it_says_what_to_do(tmp_path: Path) -> None:
    config = configuration(tmp_path / "config")
    arguments: list[str | Path] = [
        "--config",
        config,
        "--profile",
        "served",
        "--data",
        tmp_path / "none",
        "--screenshot",
        tmp_path / "p",
    ]
    for extra, sentence in (
        ((), "start the engine with messaging.use embedded"),
        (("http://x",), "this is no server to attach to; write nats://host:4222"),
        (("nats://127.0.0.1:9",), "There is no NATS server at nats://127.0.0.1:9"),
    ):
        done = subprocess.run(
            command(*arguments, "--attach", *extra),
            env=environment(),
            check=False,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 5 and sentence in done.stderr, done.stderr
        assert "Traceback" not in done.stderr
    # A window waits for its engine, but not for another address.
    done = subprocess.run(
        command(*arguments[:-2], "--attach", "http://x"),
        env=environment() | {"QT_QPA_PLATFORM": "offscreen"},
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 5 and "http: this is no server to attach to" in done.stderr, done.stderr
    done = subprocess.run(
        command("--no-gui", "--attach", "nats://127.0.0.1:9"),
        env=environment(),
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2 and "--attach opens a window" in done.stderr
