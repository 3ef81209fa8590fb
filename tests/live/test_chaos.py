"""The whole workstation trades live while everything goes wrong; at the end everything agrees. See ``chaos_run``."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.live.chaos_run import MUST_STRIKE, run, run_each_alone

pytestmark = pytest.mark.allow_log_warnings


@pytest.mark.parametrize("market", ["spot", "linear"])
@pytest.mark.parametrize("seed", [1])
async def test_lesson_1_and_4_books_and_exchange_agree_after_kills_and_chaos(tmp_path: Path, market: str, seed: int):
    met = await run(tmp_path, market, seed)
    assert met["OrderSubmitted"] > 10 and met["OrderFilled"] > 3 and met["kills"] == 2


@pytest.mark.parametrize("market", ["spot", "linear"])
async def test_every_switch_alone_leaves_books_that_agree(tmp_path: Path, market: str):
    met = await run_each_alone(tmp_path, market, 1)
    assert met["OrderSubmitted"] > 30 and met["OrderFilled"] > 5
    for kind in MUST_STRIKE:
        assert met[f"struck {kind}"], f"{kind} never struck"
