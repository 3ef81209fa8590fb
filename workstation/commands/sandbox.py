"""``workstation sandbox``: a practice exchange on this machine, and the commands that steer a running one."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import signal
import sys
from http.client import HTTPConnection, HTTPException
from typing import TYPE_CHECKING, Any

from workstation.core.errors import ConfigurationError, WorkstationError
from workstation.core.instrument import canonical_symbol

if TYPE_CHECKING:
    from workstation.sandbox.server import SandboxServer

STOP_TIMEOUT_S = 10


def sandbox(arguments: argparse.Namespace) -> int:
    if arguments.action:
        return _steer(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    asyncio.run(_serve(arguments))
    return 0


# --- serving ---------------------------------------------------------------------------------------------------------


async def _serve(arguments: argparse.Namespace) -> None:
    # Steering a running exchange needs none of these, and starts so much sooner.
    from workstation.commands.places import settings
    from workstation.sandbox.opening import open_exchange
    from workstation.sandbox.server import SandboxServer

    configured = settings(arguments).settings
    symbols = [canonical_symbol(symbol) for symbol in arguments.symbols or configured.market.symbols]
    opened = open_exchange(
        configured,
        symbols,
        key=arguments.key,
        secret=arguments.secret,
        seed=arguments.seed,
        recording=arguments.recording,
        state=arguments.state,
    )
    try:
        server = SandboxServer(opened.exchange, arguments.seed, host=arguments.host)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, server.stopped.set)
        await server.start(arguments.port)
        print(_welcome(server, arguments.key, arguments.secret), flush=True)
        await server.stopped.wait()
        await asyncio.wait_for(server.stop(), STOP_TIMEOUT_S)
    finally:
        opened.close()
    if server.failure is not None:
        raise WorkstationError(f"The sandbox exchange has stopped: {server.failure}.")


def _welcome(server: SandboxServer, key: str, secret: str) -> str:
    symbols = list(server.exchange.books)
    address = server.address
    sockets = address.replace("http", "ws", 1)
    return f"""The sandbox exchange is at {address} with {", ".join(symbols)}, each on spot and on USD-M.

  Spot     REST {address}/api/v3, /sapi/v1    streams {sockets}/stream, /ws    websocket API {sockets}/ws-api/v3
  USD-M    REST {address}/fapi/v1, v2, v3     streams {sockets}/fut/ws         websocket API {sockets}/ws-fapi/v1
  Key      {key}    secret {secret}

Pointing ccxt at it:

  exchange = ccxt.pro.binance({{
      'apiKey': '{key}', 'secret': '{secret}',
      'options': {{'fetchMarkets': {{'types': ['spot', 'linear']}}, 'fetchCurrencies': False, 'fetchMargins': False}}}})
  urls = exchange.urls['api']
  urls['public'] = urls['private'] = '{address}/api/v3'
  urls['sapi'] = '{address}/sapi/v1'
  for version in ('', 'V2', 'V3'):
      urls['fapiPublic' + version] = urls['fapiPrivate' + version] = '{address}/fapi/' + (version.lower() or 'v1')
  urls['fapiData'] = '{address}/futures/data'
  urls['ws']['spot'] = urls['ws']['margin'] = '{sockets}/stream'
  urls['ws']['linear'] = urls['ws']['future'] = '{sockets}/fut/ws'
  urls['ws']['ws-api'] = {{'spot': '{sockets}/ws-api/v3', 'linear': '{sockets}/ws-fapi/v1'}}

`workstation sandbox deposit|add-key|chaos|close|delist|show --port {server.port}` steer it. Ctrl-C stops it."""


# --- steering --------------------------------------------------------------------------------------------------------


def _steer(arguments: argparse.Namespace) -> int:
    act = _ACTIONS[arguments.action]
    method, path, body = act(arguments)
    print(json.dumps(_ask(arguments.port, method, path, body), indent=2))
    return 0


def _ask(port: int, method: str, path: str, body: dict[str, Any] | None) -> Any:
    """Ask a running exchange. Raises ``WorkstationError`` when there is none, or it refuses."""
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        text = None if body is None else json.dumps(body)
        connection.request(method, path, text, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        told = json.loads(answer.read() or b"null")
    except (OSError, HTTPException, ValueError) as error:
        raise WorkstationError(
            f"No sandbox exchange answers on port {port} ({error}): start one with `workstation sandbox --port {port}`."
        ) from None
    finally:
        connection.close()
    if answer.status != 200:
        said = told.get("error") if isinstance(told, dict) else None
        raise ConfigurationError(str(said or f"The sandbox exchange answered {answer.status}."))
    return told


Asked = tuple[str, str, dict[str, Any] | None]


def _deposit(arguments: argparse.Namespace) -> Asked:
    body = {
        "key": arguments.key,
        "asset": arguments.asset.upper(),
        "amount": arguments.amount,
        "wallet": arguments.wallet,
    }
    return "POST", "/sandbox/deposit", body


def _add_key(arguments: argparse.Namespace) -> Asked:
    body = {
        "key": arguments.key,
        "secret": arguments.secret,
        "account": arguments.account,
        "permissions": arguments.permissions,
        "addresses": arguments.addresses,
    }
    return "POST", "/sandbox/keys", body


def _chaos(arguments: argparse.Namespace) -> Asked:
    if arguments.kind == "list":
        return "GET", "/sandbox/chaos", None
    if arguments.kind == "clear":
        return "DELETE", "/sandbox/chaos", None
    body = {
        "kind": arguments.kind,
        "probability": arguments.probability,
        "count": arguments.count,
        "duration_s": arguments.duration,
        "endpoint": arguments.endpoint,
        "connection": arguments.connection,
        "value": arguments.value,
    }
    return "POST", "/sandbox/chaos", body


def _close(arguments: argparse.Namespace) -> Asked:
    symbol = canonical_symbol(arguments.symbol)
    return "POST", "/sandbox/close", {"key": arguments.key, "symbol": symbol, "how": arguments.how}


def _listing(arguments: argparse.Namespace) -> Asked:
    body = {
        "symbol": canonical_symbol(arguments.symbol),
        "market": arguments.market,
        "trading": arguments.action == "relist",
    }
    return "POST", "/sandbox/listing", body


def _show(arguments: argparse.Namespace) -> Asked:
    path = f"/sandbox/record?key={arguments.key}" if arguments.key else "/sandbox"
    return "GET", path, None


_ACTIONS = {
    "deposit": _deposit,
    "add-key": _add_key,
    "chaos": _chaos,
    "close": _close,
    "delist": _listing,
    "relist": _listing,
    "show": _show,
}
