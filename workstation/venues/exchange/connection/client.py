"""The connection to one exchange and one of its markets, through ccxt."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable, Mapping
from decimal import Decimal
from typing import Any, Protocol

import ccxt.pro
from ccxt.base import errors

from workstation.config.settings import Exchange
from workstation.core.credentials import Credentials
from workstation.core.errors import ConfigurationError
from workstation.core.instrument import canonical_symbol
from workstation.venues.exchange.codes import code_of, family_of
from workstation.venues.exchange.connection.addresses import at_address
from workstation.venues.exchange.connection.budget import Budget, Limits
from workstation.venues.exchange.connection.call import Call, Priority, calling
from workstation.venues.exchange.connection.errors import CallFailed, ExchangeError
from workstation.venues.exchange.connection.latency import RequestLatency
from workstation.venues.exchange.connection.measured import measured_class
from workstation.venues.exchange.connection.sentences import sentence_for
from workstation.venues.exchange.connection.venue_clock import ClockReading, VenueClock

TIMEOUT_MS = 10_000
CACHED_MESSAGES = 100_000
"""ccxt drops what it keeps beyond this many trades or orders, silently."""
_NATIVE_NAMES = ("binance", "bybit")
"""Exchanges that write a symbol as base and quote, as we do; of others ccxt's name is taken."""
_LINEAR_KINDS = {"okx": "swap", "okxus": "swap", "myokx": "swap"}
"""What some exchanges call the markets that hold linear perpetuals."""


class Clock(Protocol):
    """Where a client takes its time from, UTC ns."""

    def now_ns(self) -> int: ...


class ExchangeClient:
    """``ccxt`` is the ccxt.pro object; its decimals are ``Decimal``, its requests leave within the limits.

    Without credentials only market data can be asked for. Raises ``ConfigurationError`` for an exchange or a market
    that ccxt does not know.
    """

    def __init__(self, settings: Exchange, credentials: Credentials | None, clock: Clock) -> None:
        self.settings = settings
        self.clock = clock
        self.has_credentials = credentials is not None
        self.venue_clock = VenueClock(clock.now_ns)
        self.budget = Budget(clock.now_ns, self.venue_clock.now_ns)
        self.ccxt: Any = _ccxt_exchange(settings, credentials)
        self.latency = RequestLatency(clock.now_ns)
        self.ccxt.budget = self.budget
        self.ccxt.latency = self.latency
        self.ccxt.venue_clock = self.venue_clock
        self.ccxt.credentials = credentials
        self._clock_doubted = False
        self._symbols: dict[str, str] = {}
        self._unified: dict[str, str] = {}

    @property
    def name(self) -> str:
        return self.settings.name

    @property
    def limits(self) -> Limits:
        return self.budget.limits()

    async def open(self) -> None:
        """Load the markets of the chosen kind and measure the clock. Raises ``ExchangeError``."""
        try:
            await self.ask(self.ccxt.load_markets)
            await self.measure_clock()
        except CallFailed as failed:
            raise ExchangeError(sentence_for(failed, self.settings)) from None
        self.learn_symbols()

    def learn_symbols(self) -> None:
        """Take our names of the symbols from the markets that are loaded."""
        wanted = "spot" if self.settings.market == "spot" else "linear"
        for unified, market in self.ccxt.markets.items():
            if market[wanted] and (wanted == "spot" or market["swap"]):
                symbol = market["id"] if self.name.startswith(_NATIVE_NAMES) else canonical_symbol(unified)
                self._symbols[unified] = symbol
                self._unified[symbol] = unified

    async def close(self) -> None:
        """Close every connection; the client cannot be used again."""
        await self.ccxt.close()

    def unified(self, symbol: str) -> str:
        """ccxt's name of a symbol (BTC/USDT:USDT of BTCUSDT). Raises ``ConfigurationError`` for one not listed."""
        found = self._unified.get(symbol)
        if found is None:
            raise ConfigurationError(
                f"{symbol} is not listed among the {self.settings.market} markets of {self.name}; correct "
                "market.symbols, or choose another exchange.market."
            )
        return found

    def symbol(self, unified: str) -> str:
        """Our name of what ccxt calls so; of an unlisted market the name without its marks."""
        return self._symbols.get(unified) or canonical_symbol(unified)

    def lists(self, symbol: str) -> bool:
        """Whether the exchange trades it in this market."""
        return symbol in self._unified

    @property
    def listed(self) -> Mapping[str, str]:
        """ccxt's name of every symbol that the exchange trades in this market."""
        return self._unified

    async def ask(
        self,
        method: Callable[..., Awaitable[Any]],
        *arguments: Any,
        priority: Priority = Priority.QUERY,
        expires_ns: int = 0,
        **named: Any,
    ) -> Any:
        """Call a method of ccxt; every request of ours goes through here.

        Raises ``CallFailed`` for whatever is not a good answer, and ``RequestExpired`` when nothing was sent.
        """
        if self._clock_doubted and method != self.ccxt.fetch_time:
            # A cancel or a question that was turned away for its time stamp would be turned away again.
            self._clock_doubted = False
            with contextlib.suppress(CallFailed):
                await self.measure_clock()
        call = Call(priority, expires_ns)
        with calling(call):
            try:
                return await method(*arguments, **named)
            except errors.BaseError as error:
                self._clock_doubted = self._clock_doubted or isinstance(error, errors.InvalidNonce)
                code, text = code_of(self.name, call.body if call.status else None)
                raise CallFailed(call, error, code, self.ccxt.scrub(text) or str(error)) from None

    async def measure_clock(self) -> ClockReading:
        """Measure how far the exchange's clock is from ours; an exchange that tells no time has none measured."""
        if not self.ccxt.has.get("fetchTime"):
            return self.venue_clock.reading
        return await self.venue_clock.measure(self._ask_time_ms)

    async def _ask_time_ms(self) -> int:
        told = await self.ask(self.ccxt.fetch_time, priority=Priority.CANCEL)
        return int(told)


def _ccxt_exchange(settings: Exchange, credentials: Credentials | None) -> Any:
    name, market = settings.name, settings.market
    if name not in ccxt.pro.exchanges:
        raise ConfigurationError(
            f"exchange.name is {name}, which is no exchange that ccxt can stream from; use ccxt's name of it, such as "
            "binance, bybit, okx or kraken."
        )
    config: dict[str, Any] = {
        "timeout": TIMEOUT_MS,
        "verbose": False,
        "enableRateLimit": True,
        "number": Decimal,
        "options": {
            "adjustForTimeDifference": False,
            "defaultType": "spot" if market == "spot" else "swap",
            "fetchCurrencies": False,
            "fetchMargins": False,
            "tradesLimit": CACHED_MESSAGES,
            "ordersLimit": CACHED_MESSAGES,
        },
    }
    kind = "spot" if market == "spot" else _LINEAR_KINDS.get(name, "linear")
    config["options"]["fetchMarkets"] = {"types": [kind]}
    if family_of(name) == "okx":
        # ccxt's own choice sends single orders as a batch, which takes no expiry.
        config["options"]["createOrder"] = "privatePostTradeOrder"
    if market == "linear":
        config["options"]["defaultSubType"] = "linear"
    if name.startswith("binance"):
        config["options"]["warnOnFetchOpenOrdersWithoutSymbol"] = False
    if credentials is not None:
        config |= {"apiKey": credentials.key, "secret": credentials.secret}
        if credentials.password:
            config["password"] = credentials.password
    exchange = measured_class(name)(config)
    exchange.has["fetchCurrencies"] = False
    if settings.address:
        if not name.startswith("binance"):
            raise ConfigurationError(
                f"exchange.address is {settings.address}, but a sandbox exchange speaks Binance's protocol and "
                f"exchange.name is {name}; set it to binance, or leave exchange.address empty."
            )
        exchange.urls["api"] = at_address(exchange.urls["api"], settings.address)
    elif settings.testnet:
        _use_test_network(exchange, settings)
    return exchange


def _use_test_network(exchange: Any, settings: Exchange) -> None:
    if not exchange.urls.get("test"):
        raise ConfigurationError(
            f"exchange.testnet is true, but {settings.name} has no test network; set it to false and practise on the "
            "sandbox exchange: `workstation sandbox`."
        )
    if settings.name.startswith("binance") and settings.market == "linear":
        # Binance closed its old test network for perpetuals; what it calls demo trading took its place.
        exchange.enable_demo_trading(True)
    else:
        exchange.set_sandbox_mode(True)
