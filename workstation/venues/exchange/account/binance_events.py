"""What Binance's user streams tell, as reports: each execution, and each turn of an order's life."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from workstation.core.messages import (
    OrderAccepted,
    OrderAmended,
    OrderCancelled,
    OrderExpired,
    OrderRejected,
    OrderTriggered,
    VenueReport,
)
from workstation.venues.exchange.account import binance_parsing as parsing
from workstation.venues.exchange.account.binance_dialect import BinanceDialect
from workstation.venues.exchange.account.known_orders import KnownOrder, KnownOrders
from workstation.venues.exchange.account.order_terms import CONDITIONAL_TYPES, in_algo_service
from workstation.venues.exchange.instruments import Instruments

_ENDED = ("CANCELED", "REPLACED", "EXPIRED", "EXPIRED_IN_MATCH", "REJECTED", "FILLED")


class BinanceEvents:
    """``reports_of`` takes one event of a user stream; events must be given in the order in which they came."""

    def __init__(
        self, dialect: BinanceDialect, instruments: Instruments, orders: KnownOrders, now_ns: Callable[[], int]
    ) -> None:
        self._dialect = dialect
        self._instruments = instruments
        self._orders = orders
        self._now_ns = now_ns
        self._handlers: dict[str, Callable[[dict[str, Any]], Awaitable[list[VenueReport]]]] = {
            "executionReport": self._spot_order,
            "ORDER_TRADE_UPDATE": self._linear_order,
            "ALGO_UPDATE": self._algo_order,
            "ACCOUNT_UPDATE": self._account,
        }

    async def reports_of(self, event: dict[str, Any]) -> list[VenueReport]:
        """Reports in order. Raises what the dialect raises when it has to ask whose an order is."""
        handler = self._handlers.get(event.get("e", ""))
        return await handler(event) if handler is not None else []

    async def _spot_order(self, event: dict[str, Any]) -> list[VenueReport]:
        # A cancel has an id of its own in c, and the order's in C.
        return await self._order(event, event.get("C") or event["c"])

    async def _linear_order(self, event: dict[str, Any]) -> list[VenueReport]:
        return await self._order(event["o"], event["o"]["c"])

    async def _order(self, told: dict[str, Any], told_id: str) -> list[VenueReport]:
        symbol, venue_id = told["s"], str(told["i"])
        if not self._instruments.knows(symbol):
            return []
        now_ns = self._now_ns()
        client_id = told_id
        if not told_id.startswith(parsing.LIQUIDATIONS):
            client_id = await self._dialect.client_id_of(symbol, venue_id, told_id)
        known = self._orders.get(client_id)
        if known is not None:
            known.heard = True
        what, reports = told["x"], list[VenueReport]()
        if what == "TRADE" or (what == "CALCULATED" and told.get("t")):
            reports.append(
                parsing.execution_report(
                    ts_ns=now_ns,
                    client_id=client_id,
                    trade_id=told["t"],
                    side=parsing.side_of(told["S"]),
                    price=told["L"],
                    quantity=told["l"],
                    fee=told.get("n"),
                    fee_asset=told.get("N"),
                    maker=bool(told["m"]),
                    instrument=self._instruments.of(symbol),
                )
            )
        if known is None:
            return reports
        if what == "NEW":
            reports.append(self._accepted_or_triggered(known, told, venue_id))
        elif what == "AMENDMENT":
            instrument = self._instruments.of(symbol)
            reports.append(
                OrderAmended(
                    ts_ns=now_ns,
                    client_id=client_id,
                    price=instrument.ticks(told["p"]),
                    stop_price=instrument.ticks(told.get("sp") or "0"),
                    lots=instrument.lots(told["q"]),
                )
            )
        elif told["X"] in _ENDED and told["X"] != "FILLED":
            reports.append(self._end(known, told))
        return reports

    def _accepted_or_triggered(self, known: KnownOrder, told: dict[str, Any], venue_id: str) -> VenueReport:
        if known.conditional or (known.accepted and known.type in CONDITIONAL_TYPES and told.get("w") is True):
            return OrderTriggered(ts_ns=self._now_ns(), client_id=known.client_id)
        return OrderAccepted(ts_ns=self._now_ns(), client_id=known.client_id, venue_id=venue_id)

    def _end(self, known: KnownOrder, told: dict[str, Any]) -> VenueReport:
        now_ns, client_id = self._now_ns(), known.client_id
        if told["X"] == "REJECTED":
            reason = str(told.get("r") or "refused by the exchange")
            return OrderRejected(ts_ns=now_ns, client_id=client_id, code=reason, reason=reason)
        if told["X"] in ("CANCELED", "REPLACED"):
            return OrderCancelled(ts_ns=now_ns, client_id=client_id, reason="cancelled at the exchange")
        return OrderExpired(ts_ns=now_ns, client_id=client_id, reason="ended by the exchange")

    async def _algo_order(self, event: dict[str, Any]) -> list[VenueReport]:
        told = event["o"]
        if not self._instruments.knows(told["s"]):
            return []
        client_id, status, now_ns = told["caid"], told["X"], self._now_ns()
        venue_id = f"{parsing.ALGO}{told['aid']}"
        known = self._orders.add(KnownOrder(client_id, told["s"], conditional=True, venue_id=venue_id))
        known.conditional = known.conditional or in_algo_service(known.type, "linear")
        known.heard = True
        actual_id = str(told.get("ai") or "")
        if actual_id not in ("", "0"):
            self._orders.became(known, actual_id)
        if status == "NEW":
            return [OrderAccepted(ts_ns=now_ns, client_id=client_id, venue_id=venue_id)]
        if status in ("TRIGGERING", "TRIGGERED"):
            return [OrderTriggered(ts_ns=now_ns, client_id=client_id)]
        if status == "CANCELED":
            return [OrderCancelled(ts_ns=now_ns, client_id=client_id, reason="cancelled at the exchange")]
        if status == "EXPIRED":
            return [OrderExpired(ts_ns=now_ns, client_id=client_id, reason="ended by the exchange")]
        if status == "REJECTED":
            reason = str(told.get("rm") or "refused when it triggered")
            return [OrderRejected(ts_ns=now_ns, client_id=client_id, code="TRIGGER", reason=reason)]
        return []

    async def _account(self, event: dict[str, Any]) -> list[VenueReport]:
        """Funding has no id here: ask for the payments, which have."""
        if event["a"].get("m") != "FUNDING_FEE":
            return []
        since_ns = (int(event["T"]) - 60_000) * parsing.MILLISECOND_NS
        return list(await self._dialect.funding_since(since_ns))
