"""``python -m tests.screenshots.live``: renders pictures of live trading at a sandbox exchange of its own."""

from __future__ import annotations

import argparse
import asyncio
import os
import tempfile
from decimal import Decimal
from pathlib import Path

import msgspec
from PySide6.QtWidgets import QApplication

from tests.end_to_end.live_desktop import Person, live_configuration, run_with_window, running_desktop
from tests.end_to_end.sandbox_clients import ccxt_session
from tests.end_to_end.sandbox_server import Sandbox, running_sandbox
from widgets.window.arm_dialog import ArmDialog
from widgets.window.arming_page import ArmingPage
from workstation.config.loader import Loaded, settings_json

SETTLE_S = 3.0
DEPOSIT = 500
ARMED_HOURS = Decimal("0.006")


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
            async with (
                running_sandbox(seed=3) as sandbox,
                running_desktop(
                    application, live_for_seconds(sandbox, arguments.theme), Path(temporary) / "disarmed"
                ) as person,
            ):
                await _picture_disarmed(person, arguments.folder, arguments.theme)

    run_with_window(application, scenario)


def live_for_seconds(sandbox: Sandbox, theme: str) -> Loaded:
    """Armed for a few seconds only."""
    loaded = live_configuration(sandbox, theme)
    live = msgspec.structs.replace(loaded.settings.live, disarm_after_hours=ARMED_HOURS)
    settings = msgspec.structs.replace(loaded.settings, live=live)
    return msgspec.structs.replace(loaded, settings=settings, json=settings_json(settings))


async def _picture_disarmed(person: Person, folder: Path, theme: str) -> None:
    await person.arm()
    banner = person.window.banner

    def shown(label: str) -> bool:
        return label in {cell.label for cell in banner.shown_cells()}

    for name, reached in (("disarming", lambda: shown("Disarms in")), ("disarmed", lambda: shown("Disarmed"))):
        await person.until(reached, name)
        await asyncio.sleep(1)
        path = folder / f"{name}_{theme}_1600x900.png"
        person.window.grab().save(str(path))
        print(path)
    person.click(banner.arm)
    dialog = await person.find(ArmDialog)
    person.type(dialog.name, "practi")
    await asyncio.sleep(0.2)
    path = folder / f"arming_again_{theme}.png"
    dialog.grab().save(str(path))
    print(path)


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
    await person.until(lambda: model.engine.positions() and model.heard.working_orders(), "what others traded")
    await asyncio.sleep(SETTLE_S)
    save("live")
    area.show_panel("connections")
    await asyncio.sleep(0.5)
    save("connections")
    sandbox.deposit("USDT", DEPOSIT, "futures")
    area.show_panel("reconcile")
    person.click(area.reconcile.compare)
    await person.until(lambda: model.differences, "the difference")
    await asyncio.sleep(0.5)
    save("reconciliation")


if __name__ == "__main__":
    main()
