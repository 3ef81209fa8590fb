"""The web monitor in a real Chromium: what it shows is what the API tells, and its buttons act."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect, sync_playwright

from tests.unit.services.ops.test_commands import until
from tests.unit.services.ops.world import ADMIN, TEXT, TRADER, VIEWER, World
from workstation.config.loader import hash_of

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS = ("--no-sandbox", "--headless", "--disable-gpu", "--disable-background-networking")
DESKTOP, PHONE = (1600, 900), (390, 844)
WAIT_MS = 20_000

pytestmark = [
    pytest.mark.skipif(
        CHROMIUM is None, reason="there is no chromium on PATH (on Debian: apt install chromium), so no page was driven"
    ),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    yield from opened(browser, DESKTOP)


@pytest.fixture
def phone(browser: Browser) -> Iterator[Page]:
    yield from opened(browser, PHONE)


def opened(browser: Browser, size: tuple[int, int]) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": size[0], "height": size[1]}, color_scheme="dark")
    page = context.new_page()
    page.set_default_timeout(WAIT_MS)
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda line: wrong.append(line.text) if "Content Security Policy" in line.text else None)
    yield page
    page.unroute_all(behavior="ignoreErrors")
    context.close()
    assert not wrong, wrong


def log_in(page: Page, world: World, token: str = TRADER) -> None:
    page.goto(world.address)
    page.fill("#token", token)
    page.click("#enter")
    page.wait_for_selector("#monitor:not([hidden])")
    expect(page.locator("#mode")).to_have_text("PAPER")


def told(page: Page, name: str) -> str:
    return str(page.locator(f'[data-value="{name}"]').first.inner_text())


def as_number(text: str) -> Decimal:
    return Decimal(re.sub(r"[^0-9.\-]", "", text.replace("\u2212", "-")))


def test_the_page_shows_what_the_api_tells(page: Page, world: World) -> None:
    log_in(page, world)
    expect(page.locator("#orders tr")).not_to_have_count(1)
    world.engine.halted = True
    try:
        page.wait_for_timeout(2_500)
        account: dict[str, Any] = world.get("/api/v1/account").json
        assert as_number(told(page, "equity")) == round(Decimal(account["equity"]), 2)
        assert as_number(told(page, "open")) == round(Decimal(account["unrealised"]), 2)
        assert told(page, "account") == account["name"] and told(page, "trading") == "ACTIVE"
        orders = world.get("/api/v1/orders").json
        assert told(page, "orders-count") == str(len(orders))
        rows = page.locator("#orders tr").all_inner_texts()[1:]
        for row, order in zip(rows, reversed(orders), strict=True):
            cells = row.split("\t")
            assert cells[1] == order["symbol"] and as_number(cells[4]) == Decimal(order["quantity"])
            assert as_number(cells[5]) == Decimal(order["price"] or order["stop_price"])
        positions = world.get("/api/v1/positions").json
        assert told(page, "positions-count") == str(len(positions))
        shown = [row.split("\t") for row in page.locator("#positions tr").all_inner_texts()[1:]]
        for cells, position in zip(shown, positions, strict=False):
            assert cells[0] == position["symbol"] and as_number(cells[2]) == Decimal(position["quantity"])
            assert as_number(cells[5]) == round(Decimal(position["unrealised"]), 2)
            assert cells[6] == "–" or as_number(cells[6]) == round(Decimal(position["r_multiple"]), 2)
            assert cells[7] == "–" or as_number(cells[7]) == Decimal(position["liquidation"])
        assert page.locator("#orders th").first.inner_text() == page.locator("#fills th").first.inner_text() == "UTC"
        limits = {limit["name"] for limit in world.get("/api/v1/risk").json["limits"]}
        assert set(page.locator(".limit > span").all_inner_texts()) == limits
        fills = world.get("/api/v1/trades?limit=500").json
        page.wait_for_timeout(5_000)
        newest = page.locator("#fills tr").nth(1).inner_text().split("\t")
        assert as_number(newest[5]) == Decimal(fills[-1]["price"])
        assert page.locator("#chart canvas").count() > 3 and page.locator("#equity canvas").count() > 3
    finally:
        world.engine.halted = False


def test_a_wrong_token_is_told_and_a_right_one_is_kept_for_the_tab_alone(page: Page, world: World) -> None:
    page.goto(world.address)
    page.fill("#token", "wrong-token-wrong-token-wrong")
    page.click("#enter")
    expect(page.locator("#login-error")).to_contain_text("A valid token is needed")
    log_in(page, world, VIEWER)
    assert page.evaluate("Object.values(sessionStorage)") == [VIEWER]
    assert VIEWER not in page.evaluate("JSON.stringify(localStorage) + document.cookie + location.href")
    assert page.locator("#panic").is_hidden() and page.locator("#take").is_hidden(), "a viewer has no buttons"
    page.reload()
    page.wait_for_selector("#monitor:not([hidden])")
    page.click("#leave")
    page.wait_for_selector("#login:not([hidden])")
    assert page.evaluate("sessionStorage.length") == 0


def test_kill_asks_once_and_kills(page: Page, world: World) -> None:
    log_in(page, world)
    page.click("#kill")
    page.click("#confirm-no")
    assert world.get("/api/v1/risk").json["killed"] is False, "back is back"
    page.click("#kill")
    page.click("#confirm-yes")
    expect(page.locator("#notice")).to_contain_text("Killed.")
    expect(page.locator("#kill")).to_have_text("KILLED")
    assert world.get("/api/v1/risk").json["killed"] is True
    world.post("/api/v1/resume", {}, ADMIN)
    expect(page.locator("#kill")).to_have_text("KILL")


def test_control_is_shown_taken_and_given_up(page: Page, world: World) -> None:
    log_in(page, world)
    who = page.locator('[data-value="control"]')
    expect(who).to_have_text("nobody")
    page.click("#take")
    expect(page.locator("#confirm-text")).to_contain_text("Nobody has control now.")
    page.click("#confirm-no")
    assert world.get("/api/v1/control").json["holder"] == "", "back is back"
    page.click("#take")
    page.click("#confirm-yes")
    expect(page.locator("#notice")).to_contain_text("ops trader at 127.0.0.1 has control")
    expect(who).to_have_text("you")
    assert world.get("/api/v1/control", TRADER).json["yours"] is True
    world.post("/api/v1/control/take", token=ADMIN)
    expect(who).to_have_text("ops admin at 127.0.0.1")
    for button in ("#pause", "#flatten"):
        expect(page.locator(button)).to_be_disabled()
        expect(page.locator(button)).to_have_attribute("title", re.compile("ops admin at 127.0.0.1 has control"))
    expect(page.locator("#kill")).to_be_enabled()
    page.click("#take")
    expect(page.locator("#confirm-text")).to_contain_text("ops admin at 127.0.0.1 has control now and loses it.")
    page.click("#confirm-yes")
    expect(who).to_have_text("you")
    expect(page.locator("#pause")).to_be_enabled()
    expect(page.locator("#take")).to_have_text("Give up")
    page.click("#take")
    expect(who).to_have_text("nobody")
    until(lambda: world.get("/api/v1/control").json["holder"] == "")


def test_a_refusal_to_take_control_is_told(page: Page, world: World) -> None:
    log_in(page, world)
    problem = {"type": "about:blank", "title": "Service Unavailable", "status": 503, "detail": "The lease is away."}
    page.route("**/api/v1/control/take", lambda route: route.fulfill(status=503, json=problem))
    page.click("#take")
    page.click("#confirm-yes")
    expect(page.locator("#notice")).to_have_text("Take control: The lease is away.")
    expect(page.locator("#notice")).to_have_class("bad")


def test_services_are_shown_with_their_configuration(page: Page, world: World) -> None:
    log_in(page, world)
    services = page.locator("#services .service")
    expect(services).to_have_count(2)
    expect(services.first).to_contain_text("paper on")
    expect(services.first.locator("small")).to_have_text(hash_of(TEXT)[:8])
    text = TEXT.replace("open_positions: 3", "open_positions: 4", 1)
    world.file.write_text(text)
    try:
        waits = page.locator('[data-value="configuration"]')
        expect(waits).to_have_text("Newer configuration waits: engine, ops", timeout=WAIT_MS)
    finally:
        world.file.write_text(TEXT)
    expect(waits).to_have_text("", timeout=WAIT_MS)


# The engine tells a stop that crossed the closing of its position.
@pytest.mark.allow_log_warnings("protective stop")
def test_pause_and_flatten_act(page: Page, world: World) -> None:
    log_in(page, world)
    page.click("#pause")
    page.click("#confirm-yes")
    expect(page.locator("#strategies")).not_to_contain_text("running")
    assert {s["state"] for s in world.get("/api/v1/strategies").json} == {"paused"}
    page.click("#flatten")
    page.click("#confirm-yes")
    expect(page.locator("#positions")).to_contain_text("No open positions.")
    assert world.get("/api/v1/positions").json == []
    for name in ("ema_cross", "grid", "market_maker", "other_cross"):
        world.post(f"/api/v1/strategies/{name}/start")


def test_it_greys_when_the_service_is_gone_and_comes_back(page: Page, world: World) -> None:
    log_in(page, world)
    expect(page.locator("body")).not_to_have_class(re.compile("stale"))
    world.call(world.stop_ops())
    expect(page.locator("body")).to_have_class(re.compile("stale"), timeout=WAIT_MS)
    page.wait_for_timeout(1_000)
    assert re.search(r"[0-9]+ s old", told(page, "age")) and "next try" in told(page, "connection")
    world.call(world.start_ops())
    expect(page.locator("body")).not_to_have_class(re.compile("stale"), timeout=WAIT_MS)
    expect(page.locator('[data-value="connection"]')).to_contain_text("NATS connected", timeout=WAIT_MS)


def test_a_silent_engine_greys_the_page(page: Page, world: World) -> None:
    log_in(page, world)
    world.call(world.engine.fall_silent())
    expect(page.locator("body")).to_have_class(re.compile("stale"), timeout=WAIT_MS)
    assert page.locator("#kill").is_enabled(), "the kill switch stays in reach"
    world.call(world.engine.speak())
    expect(page.locator("body")).not_to_have_class(re.compile("stale"), timeout=WAIT_MS)


def test_prices_that_are_old_are_told_while_the_engine_speaks(page: Page, world: World) -> None:
    def without_feed(route: Route) -> None:
        told = route.fetch().json()
        told["health"]["feed_age_ms"] = 12_300
        route.fulfill(json=told)

    page.route("**/api/v1/overview", without_feed)
    log_in(page, world)
    expect(page.locator('[data-value="age"]')).to_have_text(re.compile("^prices 1[2-9] s old$"))
    expect(page.locator("body")).to_have_class("prices-old")
    page.unroute_all(behavior="wait")
    expect(page.locator('[data-value="age"]')).to_have_text(re.compile("^[0-3] s old$"))
    expect(page.locator("body")).not_to_have_class("prices-old")


def test_what_cannot_be_read_is_told_as_long_as_it_cannot(page: Page, world: World) -> None:
    log_in(page, world)
    problem = {"type": "about:blank", "title": "Gateway Timeout", "status": 504, "detail": "The history is away."}
    page.route("**/api/v1/trades*", lambda route: route.fulfill(status=504, json=problem))
    words = page.locator('[data-value="connection"]')
    expect(words).to_have_text("The history is away.", timeout=WAIT_MS)
    expect(page.locator("body")).to_have_class("past-old")
    page.wait_for_timeout(2_500)
    expect(words).to_have_text("The history is away.")
    page.unroute_all(behavior="wait")
    expect(page.locator("body")).not_to_have_class("past-old", timeout=WAIT_MS)
    expect(words).to_contain_text("NATS connected")


def test_another_choice_of_symbols_is_offered_and_the_chosen_one_kept(page: Page, world: World) -> None:
    log_in(page, world)
    symbols = page.locator("#symbol option")
    own = world.get("/api/v1/session").json["symbols"]
    expect(symbols).to_have_text(own)
    page.select_option("#symbol", own[1])

    def renamed(route: Route) -> None:
        told = route.fetch().json()
        told["session"]["instruments"]["OTHER"] = told["session"]["instruments"].pop(own[0])
        route.fulfill(json=told)

    page.route("**/api/v1/overview", renamed)
    expect(symbols).to_have_text([*own[1:], "OTHER"])
    assert page.locator("#symbol").input_value() == own[1]


def test_a_phone_shows_it_all_without_scrolling_sideways(phone: Page, world: World, tmp_path: Path) -> None:
    log_in(phone, world)
    expect(phone.locator("#orders tr")).not_to_have_count(1)
    expect(phone.locator("#fills tr")).not_to_have_count(0)
    assert phone.evaluate("document.documentElement.scrollWidth") == PHONE[0]
    for button in ("#pause", "#flatten", "#kill"):
        box = phone.locator(button).bounding_box()
        assert box is not None and box["height"] >= 44 and box["x"] + box["width"] <= PHONE[0]
        assert box["y"] + box["height"] <= PHONE[1], "in reach of the thumb without scrolling"
    line = {"time": "2026-01-01T08:44:45.346000000Z", "severity": "INFO", "source": "desk", "text": "Cancel sent."}
    phone.route("**/api/v1/logs*", lambda route: route.fulfill(json=[line]))
    when, level = phone.locator("#log .line time").first, phone.locator("#log .line span").first
    expect(when).to_have_text("08:44:45.346", timeout=WAIT_MS)
    for cell in (when, level):
        assert cell.evaluate("cell => cell.scrollWidth <= cell.clientWidth"), "not over its neighbour"
    for panel in ("chart", "equity", "risk", "positions", "orders", "strategies", "fills", "services", "log"):
        box = phone.locator(f"#{panel}-panel").bounding_box()
        assert box is not None and box["height"] > 40 and box["width"] == PHONE[0], panel
    phone.click("#theme")
    expect(phone.locator("#theme")).to_have_text("Dark")
    assert phone.evaluate("getComputedStyle(document.documentElement).colorScheme") == "light"


def test_nothing_is_loaded_from_elsewhere(page: Page, world: World) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    log_in(page, world)
    page.wait_for_timeout(2_000)
    assert len(asked) > 15
    assert all(url.startswith((world.address, world.address.replace("http", "ws"))) for url in asked)


def test_no_file_but_the_pages_own_is_served(world: World) -> None:
    for path in ("../strategy.yaml", "..%2f..%2fconfig%2fstrategy.yaml", ".hidden", "none.js", "vendor", "", "a//b"):
        assert world.get(f"/monitor/{path}", "").status == 404, path
    script = world.get("/monitor/main.js", "")
    assert script.status == 200 and script.headers["Content-Type"].startswith("text/javascript")
    assert world.get("/monitor/vendor/lightweight-charts/LICENSE.txt", "").status == 200
    assert world.get("/", "").headers["Content-Type"].startswith("text/html")
