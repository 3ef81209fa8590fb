"""The control endpoints of a running sandbox exchange, below /sandbox: what no real exchange lets you do.

They answer this machine alone, and changes must be JSON, so that no web page can make them.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec
import orjson
from aiohttp import web

from workstation.core.errors import ConfigurationError, WorkstationError
from workstation.core.money import from_money, to_money
from workstation.sandbox.accounts import DEFAULT_PERMISSIONS, ApiKey
from workstation.sandbox.chaos import KINDS, Switch
from workstation.sandbox.errors import ApiError
from workstation.sandbox.exchange import Account
from workstation.sandbox.listing import Market

if TYPE_CHECKING:
    from workstation.sandbox.server import SandboxServer

LOOPBACK = ("127.0.0.1", "::1")
MOST_STEP_MS = 24 * 3_600_000


class KeyRequest(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    key: str
    secret: str
    account: str = ""
    """Empty: an account of its own, of the key's name."""
    permissions: frozenset[str] = DEFAULT_PERMISSIONS
    addresses: tuple[str, ...] = ()


class DepositRequest(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A negative amount takes away."""

    key: str
    asset: str
    amount: Decimal
    wallet: Market = Market.SPOT


class CloseRequest(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """``how``: liquidation or adl."""

    key: str
    symbol: str
    how: str = "liquidation"


class ListingRequest(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    symbol: str
    market: Market | None = None
    trading: bool = False


class StepRequest(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    milliseconds: int


class Control:
    def __init__(self, server: SandboxServer) -> None:
        self._server = server
        self._exchange = server.exchange
        self._posts: dict[str, tuple[type[Any], Callable[[Any], Any]]] = {
            "/sandbox/keys": (KeyRequest, self.add_key),
            "/sandbox/deposit": (DepositRequest, self.deposit),
            "/sandbox/chaos": (Switch, self.add_chaos),
            "/sandbox/close": (CloseRequest, self.close_position),
            "/sandbox/listing": (ListingRequest, self.set_listing),
            "/sandbox/step": (StepRequest, self.step),
        }
        self._gets: dict[str, Callable[[web.Request], Any]] = {
            "/sandbox": lambda request: self.state(),
            "/sandbox/keys": lambda request: self.keys(),
            "/sandbox/chaos": lambda request: self.chaos(),
            "/sandbox/record": lambda request: self.record(request.query.get("key", "")),
        }

    async def serve(self, request: web.Request, path: str) -> web.Response:
        """Answer one request of the control endpoints."""
        if request.remote not in LOOPBACK:
            return _answer(403, {"error": "The control endpoints answer this machine alone."})
        try:
            if request.method == "GET" and path in self._gets:
                return _answer(200, self._gets[path](request))
            if request.method == "DELETE" and path == "/sandbox/chaos":
                return _answer(200, {"cleared": self._server.chaos.clear(request.query.get("kind", ""))})
            if request.method == "POST" and path in self._posts:
                if request.content_type != "application/json":
                    return _answer(415, {"error": "Send the change as application/json."})
                shape, act = self._posts[path]
                asked = msgspec.json.decode(await request.read(), type=shape)
                self._server.catch_up()
                return _answer(200, act(asked))
        except ApiError as refusal:
            return _answer(400, {"error": refusal.message})
        except (WorkstationError, msgspec.MsgspecError) as error:
            return _answer(400, {"error": str(error)})
        known = ", ".join(sorted({*self._gets, *self._posts}))
        return _answer(404, {"error": f"There is no {request.method} {path}; there are {known}."})

    # --- what it can do ----------------------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        """What the exchange offers and where its time stands."""
        return {
            "address": self._server.address,
            "symbols": {market.value: list(listings) for market, listings in self._exchange.listings.items()},
            "clock_ns": self._exchange.clock.time_ns,
            "paced": self._server.paced,
            "keys": list(self._exchange.keys),
            "connections": [{"number": c.number, "kind": c.kind} for c in self._server.connections()],
        }

    def keys(self) -> list[dict[str, Any]]:
        """All keys, without their secrets."""
        return [
            {
                "key": key.key,
                "account": key.account,
                "permissions": sorted(key.permissions),
                "addresses": list(key.addresses),
            }
            for key in self._exchange.keys.values()
        ]

    def add_key(self, asked: KeyRequest) -> dict[str, Any]:
        key = ApiKey(
            key=asked.key,
            secret=asked.secret,
            account=asked.account or asked.key,
            permissions=asked.permissions,
            addresses=asked.addresses,
            created_ns=self._exchange.clock.time_ns,
        )
        with self._exchange.turn():
            self._exchange.add_key(key)
        return {"key": key.key, "account": key.account, "permissions": sorted(key.permissions)}

    def deposit(self, asked: DepositRequest) -> dict[str, Any]:
        account = self._account(asked.key)
        money = to_money(asked.amount)
        if not money or from_money(money) != asked.amount:
            raise ConfigurationError(f"The amount {asked.amount} must be other than 0 and have at most 8 decimals.")
        known = {a for x in self._exchange.listings[Market.SPOT].values() for a in (x.base, x.quote)}
        if asked.asset not in known:
            raise ConfigurationError(f"There is no asset {asked.asset} here; there are {', '.join(sorted(known))}.")
        if asked.wallet is Market.FUTURES and asked.asset != "USDT":
            raise ConfigurationError("The futures wallet takes USDT alone.")
        with self._exchange.turn():
            desk = account.spot if asked.wallet is Market.SPOT else account.futures
            desk.credit(asked.asset, money)
        total = account.spot.total(asked.asset) if asked.wallet is Market.SPOT else account.futures.wallet(asked.asset)
        return {"wallet": asked.wallet.value, "asset": asked.asset, "balance": str(from_money(total))}

    def add_chaos(self, asked: Switch) -> list[dict[str, Any]]:
        self._server.chaos.add(asked)
        return self.chaos()

    def chaos(self) -> list[dict[str, Any]]:
        """The switches that are on, each with what its kind does."""
        return [{**msgspec.to_builtins(s), "does": KINDS[s.kind]} for s in self._server.chaos.active()]

    def close_position(self, asked: CloseRequest) -> dict[str, Any]:
        if asked.how not in ("liquidation", "adl"):
            raise ConfigurationError(f"A position is closed by liquidation or adl, not by {asked.how!r}.")
        account = self._account(asked.key)
        listing = self._exchange.listing(Market.FUTURES, asked.symbol)
        with self._exchange.turn():
            desk = account.futures
            closed = [key for key in desk.keys(listing.symbol) if desk.close_position(key, asked.how)]
        if not closed:
            raise ConfigurationError(f"There is no position in {asked.symbol} to close.")
        return {"symbol": asked.symbol, "closed": asked.how}

    def set_listing(self, asked: ListingRequest) -> dict[str, Any]:
        """Stop the trading of a symbol, or take it up again."""
        markets = [asked.market] if asked.market else list(Market)
        with self._exchange.turn():
            for market in markets:
                self._exchange.set_trading(self._exchange.listing(market, asked.symbol), asked.trading)
        return {"symbol": asked.symbol, "markets": [market.value for market in markets], "trading": asked.trading}

    def step(self, asked: StepRequest) -> dict[str, Any]:
        if self._server.paced:
            raise ConfigurationError("This exchange goes by the wall clock; it cannot be stepped.")
        if not 0 < asked.milliseconds <= MOST_STEP_MS:
            raise ConfigurationError(f"A step is 1 to {MOST_STEP_MS} milliseconds long.")
        self._server.step(asked.milliseconds * 1_000_000)
        return {"clock_ns": self._exchange.clock.time_ns}

    def record(self, key: str) -> dict[str, Any]:
        """The exchange's own record of an account: everything, exactly, in ticks, lots and 1e-8."""
        account = self._account(key)
        record = {
            market.value: {
                **account.desk(market).account_state(),
                "orders": msgspec.to_builtins(list(account.desk(market).orders.values())),
                "executions": msgspec.to_builtins(account.desk(market).executions),
            }
            for market in Market
        }
        futures = account.futures
        record[Market.FUTURES.value]["conditional"] = msgspec.to_builtins(list(futures.conditional.orders.values()))
        record[Market.FUTURES.value]["income"] = msgspec.to_builtins(futures.books.income)
        return record

    def _account(self, key: str) -> Account:
        found = self._exchange.keys.get(key)
        if found is None:
            known = ", ".join(self._exchange.keys) or "none"
            raise ConfigurationError(f"There is no key {key!r} here; there is {known}.")
        return self._exchange.account(found.account)


def _answer(status: int, body: Any) -> web.Response:
    return web.Response(status=status, body=orjson.dumps(body), content_type="application/json")
