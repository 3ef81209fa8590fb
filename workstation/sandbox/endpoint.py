"""What an endpoint is, whichever way a request for it comes in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, NamedTuple

from workstation.sandbox.accounts import ApiKey
from workstation.sandbox.exchange import Account, Exchange
from workstation.sandbox.listing import Listing, Market
from workstation.sandbox.parameters import Parameters
from workstation.sandbox.weights import Weights


class Security(Enum):
    """What a request must prove, and which permission its key needs."""

    NONE = ""
    KEY = "key"
    READ = "read"
    TRADE_SPOT = "spot"
    TRADE_FUTURES = "futures"
    WITHDRAW = "withdraw"

    @property
    def signed(self) -> bool:
        return self not in (Security.NONE, Security.KEY)


class Call:
    """A request that has been let in. ``key`` and ``account`` exist where the endpoint asks for them."""

    def __init__(
        self,
        exchange: Exchange,
        values: dict[str, str],
        key: ApiKey | None,
        now_ns: int,
        limits: Mapping[Market, Weights],
    ) -> None:
        self.exchange = exchange
        self.values = values
        self.parameters = Parameters(values)
        self._key = key
        self._limits = limits
        self.now_ns = now_ns
        """The server's clock, which the market's may trail."""

    @property
    def key(self) -> ApiKey:
        assert self._key is not None
        return self._key

    @property
    def account(self) -> Account:
        return self.exchange.account(self.key.account)

    def with_values(self, values: dict[str, str]) -> Call:
        """The same request with other parameters."""
        return Call(self.exchange, values, self._key, self.now_ns, self._limits)

    def order_limits(self, market: Market) -> list[dict[str, Any]]:
        """The account's limits of orders and their use."""
        return [counter.told(self.key.account, self.now_ns) for counter in self._limits[market].orders]

    def listing(self, market: Market) -> Listing:
        """The listing of the parameter ``symbol``. Raises ``ApiError``."""
        return self.exchange.listing(market, self.parameters.text("symbol"))

    def each(self, market: Market, shape: Callable[[Listing], Any]) -> Any:
        """What ``shape`` makes of the one symbol asked for, else the list for several or all. Raises ``ApiError``."""
        listings = self.exchange.listings[market]
        wanted, single = self.parameters.symbols(listings)
        shown = [shape(listings[symbol]) for symbol in wanted]
        return shown[0] if single else shown


Handler = Callable[[Call], Any]
Weight = int | Callable[[Parameters], int]


class Endpoint(NamedTuple):
    method: str
    path: str
    security: Security
    weight: Weight
    handler: Handler
    orders: int = 0
    """How much it counts against the limits of orders."""

    def weight_of(self, parameters: Parameters) -> int:
        return self.weight if isinstance(self.weight, int) else self.weight(parameters)
