"""Bringing an exchange back to where its state file proves that it stood."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workstation.core.errors import ConfigurationError
from workstation.sandbox.accounts import ApiKey
from workstation.sandbox.conditional import ConditionalOrder
from workstation.sandbox.exchange import Exchange
from workstation.sandbox.floor import StoredKey
from workstation.sandbox.futures_books import Income
from workstation.sandbox.listing import Funding, Market
from workstation.sandbox.order_lists import OrderList
from workstation.sandbox.orders import Execution, OrderRecord, position_of
from workstation.sandbox.state_file import StateFile, grouped


def restore(exchange: Exchange, file: StateFile) -> None:
    """Give a new exchange the accounts, keys, orders and balances of the file.

    Raises ``StorageError`` when it cannot be read, and ``ConfigurationError`` when a position or an open order is in a
    symbol that the exchange does not list.
    """
    ids = file.one("ids", dict[str, int])
    if ids is not None:
        exchange.floor.next_ids.update(ids)
    numbers = sorted((number, key[0]) for key, number in file.all("account", int))
    orders = grouped(file.all("order", OrderRecord), 2)
    executions = grouped(file.all("execution", Execution), 2)
    states = dict(file.all("desk", dict[str, Any]))
    conditional = grouped(file.all("algo", ConditionalOrder), 1)
    lists = grouped(file.all("list", OrderList), 1)
    income = grouped(file.all("income", Income), 1)
    _refuse_lost_symbols(exchange, orders, states, conditional)
    for (market, symbol), status in file.all("listing", str):
        listing = exchange.listings[Market(market)].get(symbol)
        if listing is not None:
            listing.status = status
    for _, name in numbers:
        account = exchange.account(name)
        for market in Market:
            key = (name, market.value)
            account.desk(market).restore(orders.get(key, []), executions.get(key, []), states.get(key, {}))
        account.spot.lists.restore(lists.get((name,), []))
        account.futures.books.income.extend(income.get((name,), []))
        account.futures.conditional.restore(conditional.get((name,), []))
    for _, stored in file.all("key", ApiKey):
        exchange.add_key(stored)
    for (symbol, _), paid in file.all("funding", tuple[int, int, int]):
        listing = exchange.listings[Market.FUTURES].get(symbol)
        if listing is not None:
            listing.fundings.append(Funding(*paid))
    for listing in exchange.listings[Market.FUTURES].values():
        # What was paid stands in for what the market made up of the same time.
        listing.fundings = sorted({paid.time_ns: paid for paid in listing.fundings}.values())


def _refuse_lost_symbols(
    exchange: Exchange,
    orders: Mapping[StoredKey, list[OrderRecord]],
    states: Mapping[StoredKey, dict[str, Any]],
    conditional: Mapping[StoredKey, list[ConditionalOrder]],
) -> None:
    used = {order.symbol for group in orders.values() for order in group if order.is_open}
    used |= {order.symbol for group in conditional.values() for order in group if order.is_open}
    for state in states.values():
        used |= {position_of(key)[0] for key, holding in state.get("holdings", {}).items() if holding["lots"]}
    lost = sorted(used - set(exchange.books))
    if lost:
        raise ConfigurationError(
            f"The state file holds positions or open orders in {', '.join(lost)}, which would not be offered: add "
            f"{'them' if len(lost) > 1 else 'it'} to --symbols, or choose another file with --state."
        )
