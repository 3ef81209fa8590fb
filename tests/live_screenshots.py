"""``python -m tests.live_screenshots``: renders pictures of live trading at a sandbox exchange of its own."""

from __future__ import annotations

import argparse
import asyncio
import os
import tempfile
from pathlib import Path

from PySide6.QtWidgets import QApplication

from tests.end_to_end.live_desktop import Person, live_configuration, run_with_window, running_desktop
from tests.end_to_end.sandbox_clients import ccxt_session
from tests.end_to_end.sandbox_server import Sandbox, running_sandbox
from widgets.arming_page import ArmingPage

SETTLE_S = 3.0
DEPOSIT = 500


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("docs/images"))
    parser.add_argument("--theme", choices=("dark", "light"), default="dark")
    arguments = parser.parse_args()
    os.environ |= {"WORKSTATION_KEY_PRACTICE": "practice-key", "WORKSTATION_SECRET_PRACTICE": "practice-secret"}
    os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.null.Keyring"
    application = QApplication([])

    async def scenario() -> None:
        with tempfile.TemporaryDirectory() as temporary:
            async with (
                running_sandbox(seed=3) as sandbox,
                running_desktop(
                    application, live_configuration(sandbox, arguments.theme), Path(temporary) / "data"
                ) as person,
            ):
                await _picture_all(person, sandbox, arguments.folder, arguments.theme)

    run_with_window(application, scenario)


async def _picture_all(person: Person, sandbox: Sandbox, folder: Path, theme: str) -> None:
    def save(name: str) -> None:
        path = folder / f"{name}_{theme}_1600x900.png"
        person.window.grab().save(str(path))
        print(path)

    page = await person.find(ArmingPage)
    person.type(page.name, "practice")
    await asyncio.sleep(0.2)
    save("arming")
    person.click(page.arm)
    await person.until(lambda: person.window.area is not None, "the panels")
    area, model = person.area, person.area.model
    markets = [model.engine.market(symbol) for symbol in model.engine.symbols]
    await person.until(lambda: all(market.best_bid for market in markets), "prices")
    async with ccxt_session(sandbox, markets=("linear",)) as other:
        await other.create_order("BTC/USDT:USDT", "market", "buy", 0.01)
        near = float(markets[1].instrument.price(markets[1].last_price)) * 0.95
        await other.create_order("ETH/USDT:USDT", "limit", "buy", 0.1, round(near, 2))
    await person.until(lambda: model.engine.positions() and model.working_orders(), "what others traded")
    await asyncio.sleep(SETTLE_S)
    save("live")
    area.show_panel("connections")
    await asyncio.sleep(0.5)
    save("connections")
    sandbox.deposit("USDT", DEPOSIT, "futures")
    area.show_panel("reconcile")
    person.click(area.reconciliation.compare)
    await person.until(lambda: model.differences, "the difference")
    await asyncio.sleep(0.5)
    save("reconciliation")


if __name__ == "__main__":
    main()
