"""What travels in an envelope: one class a message, decimals as strings, times as RFC 3339 in UTC.

The names are the wire's own and part of its contract: a client in any language reads them with a JSON parser alone.
Prices are in the quote asset, quantities in the base asset (inverse: in contracts), money in the asset that the field
or its neighbour names. ``None`` says that there is nothing to tell. Unknown fields are ignored.
"""

from __future__ import annotations

from workstation.messaging.bodies.account import LimitBody, MetricsBody, ReportBody, RiskCommandBody, RiskStateBody
from workstation.messaging.bodies.fields import Body, Moment, SideWord
from workstation.messaging.bodies.market import (
    BarBody,
    BarRow,
    BookDeltaBody,
    BookSnapshotBody,
    FeedBody,
    FundingBody,
    MarkBody,
    MarketAnswerBody,
    MarketBody,
    MarketData,
    MarketRequestBody,
    OpenInterestBody,
    TradeBody,
)
from workstation.messaging.bodies.orders import (
    AmendBody,
    CancelBody,
    ExecutionBody,
    KillBody,
    OrderBody,
    PositionBody,
    QueryBody,
)
from workstation.messaging.bodies.services import (
    AnswerBody,
    ConfigReloadBody,
    EngineAnswerBody,
    EngineEventBody,
    EngineRequestBody,
    ReplayCommandBody,
    ServiceHealthBody,
)

TYPES: dict[str, type[Body]] = {
    "market_data": MarketData,
    "trade": TradeBody,
    "book_snapshot": BookSnapshotBody,
    "book_delta": BookDeltaBody,
    "bar": BarBody,
    "mark": MarkBody,
    "funding": FundingBody,
    "open_interest": OpenInterestBody,
    "feed": FeedBody,
    "market_request": MarketRequestBody,
    "market_answer": MarketAnswerBody,
    "order": OrderBody,
    "cancel": CancelBody,
    "amend": AmendBody,
    "query": QueryBody,
    "kill": KillBody,
    "execution": ExecutionBody,
    "position": PositionBody,
    "risk_command": RiskCommandBody,
    "risk_state": RiskStateBody,
    "metrics": MetricsBody,
    "report": ReportBody,
    "replay_command": ReplayCommandBody,
    "config_reload": ConfigReloadBody,
    "health": ServiceHealthBody,
    "engine_request": EngineRequestBody,
    "engine_answer": EngineAnswerBody,
    "engine_event": EngineEventBody,
    "answer": AnswerBody,
}
"""Every message by the ``type`` of its envelope."""

__all__ = [
    "TYPES",
    "AmendBody",
    "AnswerBody",
    "BarBody",
    "BarRow",
    "Body",
    "BookDeltaBody",
    "BookSnapshotBody",
    "CancelBody",
    "ConfigReloadBody",
    "EngineAnswerBody",
    "EngineEventBody",
    "EngineRequestBody",
    "ExecutionBody",
    "FeedBody",
    "FundingBody",
    "KillBody",
    "LimitBody",
    "MarkBody",
    "MarketAnswerBody",
    "MarketBody",
    "MarketData",
    "MarketRequestBody",
    "MetricsBody",
    "Moment",
    "OpenInterestBody",
    "OrderBody",
    "PositionBody",
    "QueryBody",
    "ReplayCommandBody",
    "ReportBody",
    "RiskCommandBody",
    "RiskStateBody",
    "ServiceHealthBody",
    "SideWord",
    "TradeBody",
]
