"""``python -m tests.screenshots.monitor``: renders pictures of the web monitor in Chromium, a session trading."""

from __future__ import annotations

import argparse
import shutil
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.unit.services.ops.world import TRADER, World

ARGUMENTS = ("--no-sandbox", "--headless", "--disable-gpu", "--disable-background-networking")
PICTURES = {"monitor_dark_1600x900": (1600, 900), "monitor_phone_390x844": (390, 844)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0, help="how long the session is watched before a picture")
    parser.add_argument("--folder", type=Path, default=Path("docs/images"))
    parser.add_argument("--whole", action="store_true", help="the whole page, also what is below the edge")
    arguments = parser.parse_args()
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    with tempfile.TemporaryDirectory() as temporary, World(Path(temporary)) as world, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(ARGUMENTS))
        for name, (width, height) in PICTURES.items():
            page = browser.new_page(viewport={"width": width, "height": height}, color_scheme="dark")
            page.goto(world.address)
            page.fill("#token", TRADER)
            page.click("#enter")
            page.wait_for_selector("#monitor:not([hidden])")
            page.mouse.move(width - 1, height - 1)
            page.wait_for_timeout(arguments.seconds * 1_000)
            picture = arguments.folder / f"{name}.png"
            page.screenshot(path=picture, full_page=arguments.whole)
            print(picture)
        browser.close()


if __name__ == "__main__":
    main()
