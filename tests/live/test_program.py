"""The program itself, live at a sandbox exchange: killed for good at random moments, and what it wrote is searched."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path
from random import Random
from typing import Any

from tests.end_to_end.program import Running, environment, open_orders, wait_until
from tests.end_to_end.sandbox_server import running_sandbox
from tests.end_to_end.test_keys import Written
from tests.live.checks import check_everything
from tests.live.profile import loaded_profile, write_profile
from tests.live.world import LiveWorld
from workstation.core.messages import KillSwitchChanged, Output

KEY, SECRET = "PlAnTeDkey0123456789", "pL4nTeDsEcReT9876543210"
STRATEGIES: dict[str, Any] = {
    f"reckless_{symbol}": {
        "strategy": "live_reckless",
        "symbol": f"{symbol.upper()}USDT",
        "timeframe": "1m",
        "start": True,
        "parameters": {"draw": number, "interval_ms": 300},
    }
    for number, symbol in enumerate(("btc", "eth"))
}
RISK = {"flatten_on_kill": True, "repeats": 10_000, "orders_per_second": 50, "orders_per_minute": 3_000}


async def test_lesson_28_kill_9_at_any_moment_loses_nothing_and_a_planted_secret_is_in_nothing_written(tmp_path: Path):
    draw, data = Random(5), tmp_path / "data"
    written = Written(data)
    async with running_sandbox(seed=5, key=KEY, secret=SECRET) as sandbox:
        options = write_profile(tmp_path, sandbox.address, changes={"strategies": STRATEGIES, "risk": RISK})
        keys = environment(WORKSTATION_KEY_PRACTICE=KEY, WORKSTATION_SECRET_PRACTICE=SECRET)
        world = LiveWorld(sandbox, data, loaded_profile(tmp_path), 5)
        for number in range(2):
            session = await asyncio.to_thread(Running, *options, "--data", data, env=keys)
            await asyncio.to_thread(session.wait_for, "agree with the venue")
            sandbox.chaos.set("drop_reply", probability=0.1)
            sandbox.chaos.set("server_error", probability=0.05)
            sandbox.chaos.set("disconnect", probability=0.01)
            await asyncio.sleep(draw.uniform(1.5, 3))
            sandbox.chaos.clear()
            if number < 1:
                session.process.kill()
            else:
                session.process.send_signal(signal.SIGUSR1)
                await asyncio.to_thread(_until_flat, data)
                session.process.send_signal(signal.SIGTERM)
            status = await asyncio.to_thread(session.end)
            written.texts[f"session {number}"] = session.output.encode()
        assert status == 0 and "Stopped in order" in session.output, session.output
        met = check_everything(world)
        assert met["sessions"] == 2 and met["OrderSubmitted"] > 5
    proved = await written.run("verify", "verify", *options, "--data", data)
    assert proved.returncode == 0 and "Proved: 2 sessions" in proved.stdout, proved.stdout + proved.stderr
    assert "Traceback" not in "".join(text.decode() for text in written.texts.values())
    assert not written.holding(KEY, SECRET)


def _until_flat(data: Path) -> None:
    """Wait for the kill switch, and for the end of every order."""

    def is_flat(records: list[Output]) -> bool:
        return any(isinstance(record, KillSwitchChanged) for record in records) and not open_orders(records)

    wait_until(data, is_flat, 40)
