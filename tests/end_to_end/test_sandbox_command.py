"""``workstation sandbox`` as a process: what it keeps through ``kill -9``, how it is steered, what it says."""

from __future__ import annotations

import hashlib
import hmac
import json
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

ROOT = Path(__file__).resolve().parents[2]
KEY, SECRET = "practice-key", "practice-secret"


class Process:
    """A running exchange."""

    def __init__(self, *arguments: str) -> None:
        command = [sys.executable, "-m", "workstation", "sandbox", "--port", "0", *arguments]
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        assert self.process.stdout is not None
        self.said = self.process.stdout.readline()
        assert "The sandbox exchange is at http://127.0.0.1:" in self.said, self.said
        self.port = int(self.said.split("127.0.0.1:")[1].split()[0])

    def ask(self, method: str, path: str, **values: Any) -> Any:
        """A signed request; raises ``OSError`` or ``HTTPException`` when nobody answers."""
        query = urlencode({**values, "timestamp": time.time_ns() // 1_000_000})
        proof = hmac.new(SECRET.encode(), query.encode(), hashlib.sha256).hexdigest()
        connection = HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request(method, f"{path}?{query}&signature={proof}", headers={"X-MBX-APIKEY": KEY})
            return json.loads(connection.getresponse().read())
        finally:
            connection.close()

    def end(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        status = self.process.wait(20)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return status


@contextmanager
def exchange(*arguments: str) -> Iterator[Process]:
    running = Process(*arguments)
    try:
        yield running
    finally:
        if running.process.poll() is None:
            running.end(signal.SIGKILL)


def steer(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "workstation", "sandbox", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)


def test_what_was_acknowledged_survives_kill_9(tmp_path):
    """Also fills, balances, positions and ids; and what was not acknowledged is there wholly or not at all."""
    state = str(tmp_path / "state")
    terms = ("--symbols", "BTCUSDT", "--state", state)
    draws = random.Random(5)
    acknowledged: dict[int, dict[str, Any]] = {}
    for _ in range(3):
        with exchange(*terms) as running:
            kill_after = draws.randint(5, 25)
            for number in range(kill_after):
                side = draws.choice(("BUY", "SELL"))
                terms_of_order = {"symbol": "BTCUSDT", "side": side, "quantity": "0.001"}
                if draws.random() < 0.5:
                    terms_of_order["type"] = "MARKET"
                else:
                    terms_of_order |= {
                        "type": "LIMIT",
                        "timeInForce": "GTC",
                        "price": "30000" if side == "BUY" else "90000",
                    }
                if number == kill_after - 1:
                    # Dies while the last one is on its way.
                    running.process.send_signal(signal.SIGKILL)
                try:
                    told = running.ask("POST", "/api/v3/order", **terms_of_order)
                except (OSError, HTTPException):
                    break
                if "orderId" in told:
                    assert told["orderId"] not in acknowledged
                    acknowledged[told["orderId"]] = told
            running.end(signal.SIGKILL)
    with exchange(*terms) as running:
        orders = {order["orderId"]: order for order in running.ask("GET", "/api/v3/allOrders", symbol="BTCUSDT")}
        assert set(acknowledged) <= set(orders)
        trades = running.ask("GET", "/api/v3/myTrades", symbol="BTCUSDT", limit=1000)
        for order_id, told in acknowledged.items():
            assert orders[order_id]["clientOrderId"] == told["clientOrderId"]
            if told["status"] == "FILLED":
                assert orders[order_id]["executedQty"] == told["executedQty"]
                assert {fill["tradeId"] for fill in told["fills"]} == {
                    t["id"] for t in trades if t["orderId"] == order_id
                }
        record = json.loads(steer("show", "--port", str(running.port), "--key", KEY).stdout)["spot"]
        usdt = 10_000 * 10**8 + sum(
            (done["worth"] if done["side"] < 0 else -done["worth"])
            - (done["fee"] if done["fee_asset"] == "USDT" else 0)
            for done in record["executions"]
        )
        assert record["cash"]["USDT"] == usdt
        assert running.end(signal.SIGTERM) == 0


def test_order_lists_and_both_sides_of_a_hedge_survive_kill_9(tmp_path):
    terms = ("--symbols", "BTCUSDT", "--state", str(tmp_path / "state"))
    btc = {"symbol": "BTCUSDT"}
    with exchange(*terms) as running:
        steer("deposit", "--port", str(running.port), "--key", KEY, "--asset", "BTC", "--amount", "1")
        legs = {
            "aboveType": "LIMIT_MAKER",
            "abovePrice": "90000",
            "belowType": "STOP_LOSS",
            "belowTrailingDelta": "2000",
        }
        oco = running.ask("POST", "/api/v3/orderList/oco", **btc, side="SELL", quantity="0.1", **legs)
        pending = {"pendingType": "MARKET", "pendingSide": "SELL", "pendingQuantity": "0.01"}
        working = {
            "workingType": "LIMIT_MAKER",
            "workingSide": "BUY",
            "workingPrice": "30000",
            "workingQuantity": "0.01",
        }
        oto = running.ask("POST", "/api/v3/orderList/oto", **btc, **working, **pending)
        running.ask("POST", "/fapi/v1/positionSide/dual", dualSidePosition="true")
        for side, position_side in (("BUY", "LONG"), ("SELL", "SHORT")):
            market = {"type": "MARKET", "quantity": "0.05", "side": side, "positionSide": position_side}
            running.ask("POST", "/fapi/v1/order", **btc, **market)
        lists, orders = running.ask("GET", "/api/v3/openOrderList"), running.ask("GET", "/api/v3/openOrders", **btc)
        balances = running.ask("GET", "/api/v3/account")["balances"]
        running.end(signal.SIGKILL)
    with exchange(*terms) as running:
        assert running.ask("GET", "/api/v3/openOrderList") == lists and len(lists) == 2
        assert running.ask("GET", "/api/v3/account")["balances"] == balances
        again = running.ask("GET", "/api/v3/openOrders", **btc)
        assert [(o["orderId"], o["status"], o["orderListId"]) for o in again] == [
            (o["orderId"], o["status"], o["orderListId"]) for o in orders
        ]
        positions = running.ask("GET", "/fapi/v3/positionRisk", **btc)
        assert {p["positionSide"]: p["positionAmt"] for p in positions} == {"LONG": "0.05000", "SHORT": "-0.05000"}
        for each in (oco, oto):
            done = running.ask("DELETE", "/api/v3/orderList", **btc, orderListId=each["orderListId"])
            assert done["listOrderStatus"] == "ALL_DONE" and len(done["orderReports"]) == 2
        assert running.ask("GET", "/api/v3/openOrders", **btc) == []
        locked = {b["asset"]: b["locked"] for b in running.ask("GET", "/api/v3/account")["balances"]}
        assert set(locked.values()) == {"0.00000000"}


def test_steering_a_running_exchange(tmp_path):
    with exchange("--symbols", "BTCUSDT") as running:
        port = str(running.port)
        deposited = steer("deposit", "--port", port, "--key", KEY, "--asset", "BTC", "--amount", "0.5")
        assert json.loads(deposited.stdout)["balance"] == "0.50000000"
        steer("add-key", "--port", port, "--key", "reader", "--secret", "s", "--permissions", "read")
        assert json.loads(steer("show", "--port", port).stdout)["keys"] == [KEY, "reader"]
        steer("chaos", "--port", port, "server_error", "--count", "1", "--value", "500")
        assert json.loads(steer("chaos", "--port", port, "list").stdout)[0]["kind"] == "server_error"
        assert json.loads(steer("chaos", "--port", port, "clear").stdout) == {"cleared": 1}
        wrong = steer("deposit", "--port", port, "--key", "nobody", "--asset", "BTC", "--amount", "1")
        assert wrong.returncode == 2 and "There is no key 'nobody' here; there is practice-key, reader." in wrong.stderr


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--symbols", "NOPE"), "Symbol NOPE is not under `instruments`"),
        (("--state", "/no/such/folder/state"), "There is no folder /no/such/folder for the state file"),
        (("--recording", "/no/such/recording"), "There is no file /no/such/recording."),
        (("--recording", "pyproject.toml"), "is not a recording of the workstation"),
        (("--port", "99999"), "is not a port"),
        (("--key", "with space"), "must not hold spaces"),
        (("deposit", "--port", "1", "--key", "k", "--asset", "BTC", "--amount", "1"), "No sandbox exchange answers"),
    ],
)
def test_bad_input_is_one_sentence(arguments, sentence):
    said = steer(*arguments)
    assert said.returncode in (2, 3)
    assert sentence in said.stderr and "Traceback" not in said.stderr
    assert len(said.stderr.strip().splitlines()) == 1


def test_a_state_file_of_something_else(tmp_path):
    wrong = tmp_path / "state"
    wrong.write_text("this is not a database, and it is long enough to look like something" * 20)
    said = steer("--state", str(wrong))
    assert said.returncode == 3 and "is damaged" in said.stderr
