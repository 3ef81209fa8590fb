"""Which events of an engine are news of the engine itself, and their words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from widgets.look.numbers import format_number, format_time, zone_words
from widgets.news.news_item import News, NewsKind
from workstation.core.messages import (
    AccountAdjusted,
    AccountDiffers,
    ArmingChanged,
    BookGap,
    CrisisChanged,
    KillSwitchChanged,
    LockoutChanged,
    LogLine,
    OrderAdopted,
    OrderDenied,
    OrderRejected,
    OrderUnknown,
    ParametersChanged,
    PositionLiquidated,
    ProtectionTriggered,
    StrategyChanged,
    TradingStateChanged,
)
from workstation.core.types import Severity, StrategyState
from workstation.core.views import SessionStart

INFO, WARNING, ERROR = Severity.INFO, Severity.WARNING, Severity.ERROR
LOG_KINDS = {
    "feed": NewsKind.FEED,
    "recorder": NewsKind.FEED,
    "arming": NewsKind.TRADING,
    "kill switch": NewsKind.TRADING,
    "reconciliation": NewsKind.ACCOUNT,
    "execution service": NewsKind.ACCOUNT,
    "engine": NewsKind.ENGINE,
}
"""Log lines of these parts are news whatever their severity; other lines are when they warn."""


def until_words(until_ns: int) -> str:
    return f"{format_time(until_ns)} {zone_words(until_ns)}"


def plural(count: int, word: str) -> str:
    return f"{format_number(count, 0)} {word}{'' if count == 1 else 's'}"


class NewsWords:
    """``strategies`` are the names of those that run, to tell their log lines from the engine's."""

    def __init__(self, strategies: Callable[[], Sequence[str]]) -> None:
        self._strategies = strategies
        self._by_type: dict[type, Callable[[Any], News | None]] = {
            SessionStart: session_start,
            LogLine: self._log_line,
            BookGap: book_gap,
            OrderDenied: denied,
            OrderUnknown: lambda event: News(
                NewsKind.ACCOUNT, WARNING, f"Order {event.client_id} is in doubt: {event.reason}", like="unknown"
            ),
            OrderRejected: lambda event: News(
                NewsKind.ACCOUNT,
                WARNING,
                f"The venue refused order {event.client_id}: {event.reason}",
                like=f"refused {event.reason}",
            ),
            TradingStateChanged: trading_state,
            KillSwitchChanged: kill_switch,
            ArmingChanged: arming,
            LockoutChanged: lockout,
            CrisisChanged: crisis,
            ProtectionTriggered: protection,
            StrategyChanged: strategy_changed,
            ParametersChanged: parameters,
            AccountDiffers: account_differs,
            AccountAdjusted: lambda event: News(
                NewsKind.ACCOUNT, WARNING, f"Our books were brought to the venue's by {event.who}: {event.reason}"
            ),
            OrderAdopted: lambda event: News(
                NewsKind.ACCOUNT,
                WARNING,
                f"An order of somebody else was found: {event.order.side.word} {event.order.symbol}",
                event.order.symbol,
                event.order.symbol,
            ),
            PositionLiquidated: lambda event: News(
                NewsKind.ACCOUNT, ERROR, "The venue liquidated the position", event.symbol, event.symbol
            ),
        }

    @property
    def types(self) -> list[type]:
        return list(self._by_type)

    def of(self, event: Any) -> News | None:
        """The news in an event; none where it tells of orders rather than of the engine."""
        words = self._by_type.get(type(event))
        return None if words is None else words(event)

    def _log_line(self, event: LogLine) -> News | None:
        kind = LOG_KINDS.get(event.source)
        if kind is None:
            if event.severity is INFO:
                return None
            is_strategy = event.source in self._strategies()
            kind = NewsKind.STRATEGY if is_strategy else NewsKind.ENGINE
        where = "" if kind in (NewsKind.ENGINE, NewsKind.FEED) and event.source in LOG_KINDS else event.source
        return News(kind, event.severity, event.text, where, like=event.text)


def session_start(event: SessionStart) -> News:
    began = f"Session {event.number} began"
    if not event.follows:
        return News(NewsKind.ENGINE, INFO, f"{began} with an empty journal")
    held = f"{plural(event.open_orders, 'open order')} and {plural(event.positions, 'position')}"
    if event.in_order:
        return News(NewsKind.ENGINE, INFO, f"{began} where session {event.follows} ended, with {held}")
    words = f"{began} after session {event.follows} was cut off; the journal brought back {held}"
    return News(NewsKind.ENGINE, WARNING, words)


def book_gap(event: BookGap) -> News:
    text = f"Gap in the book: {event.expected} was expected to follow, {event.got} came; it waits for a whole book"
    return News(NewsKind.BOOK, WARNING, text, event.symbol, event.symbol, "gap")


def denied(event: OrderDenied) -> News:
    facts = f" ({event.value}, limit {event.limit})" if event.value and event.limit else ""
    text = f"Denied {event.side.word} of {event.owner}: {event.text.rstrip('.')}{facts}"
    return News(NewsKind.LIMIT, WARNING, text, event.symbol, event.symbol, f"{event.owner} {event.code}")


def trading_state(event: TradingStateChanged) -> News:
    reason = f": {event.reason}" if event.reason else ""
    until = f", until {until_words(event.until_ns)}" if event.until_ns else ""
    severity = INFO if event.state == "ACTIVE" else ERROR if event.state == "HALTED" else WARNING
    words = {
        "ACTIVE": "Trading goes on",
        "REDUCING": "Only orders that reduce pass",
        "HALTED": "Trading is halted",
    }
    return News(NewsKind.TRADING, severity, f"{words[event.state]}{reason}{until}")


def kill_switch(event: KillSwitchChanged) -> News:
    if not event.engaged:
        return News(NewsKind.TRADING, INFO, f"The kill switch was released by {event.who}")
    asked = f"{plural(event.cancelled, 'entry order')} cancelled, {plural(event.kept_stops, 'stop')} kept"
    return News(NewsKind.TRADING, ERROR, f"Killed by {event.who}: {event.reason}; {asked}")


def arming(event: ArmingChanged) -> News:
    if not event.armed:
        return News(NewsKind.TRADING, WARNING, f"Live trading was disarmed by {event.who}")
    until = f" until {until_words(event.until_ns)}" if event.until_ns else ""
    return News(NewsKind.TRADING, INFO, f"Live trading was armed by {event.who}{until}")


def lockout(event: LockoutChanged) -> News:
    if not event.until_ns:
        return News(NewsKind.TRADING, INFO, f"The lock-out is over: {event.reason}")
    text = f"Locked out by {event.who} until {until_words(event.until_ns)}: {event.reason}"
    return News(NewsKind.TRADING, WARNING, text)


def crisis(event: CrisisChanged) -> News:
    whose = "Crisis mode of the account" if event.account else "Crisis mode"
    if not event.active:
        return News(NewsKind.TRADING, INFO, f"{whose} is over")
    return News(NewsKind.TRADING, WARNING, f"{whose}: {event.cause}")


def protection(event: ProtectionTriggered) -> News:
    name = event.protection
    text = f"{name[:1].upper()}{name[1:]} pauses {event.owner or 'every strategy'} until {until_words(event.until_ns)}"
    return News(NewsKind.LIMIT, WARNING, f"{text}: {event.detail}", event.owner)


def strategy_changed(event: StrategyChanged) -> News:
    detail = f": {event.detail}" if event.detail else ""
    severity = ERROR if event.state is StrategyState.FAILED else INFO
    return News(NewsKind.STRATEGY, severity, f"{event.state.capitalize()}{detail}", event.strategy)


def parameters(event: ParametersChanged) -> News:
    changed = ", ".join(f"{name} = {value}" for name, value in event.values.items())
    return News(NewsKind.SETTING, INFO, f"Parameters set by {event.who}: {changed}", event.strategy)


def account_differs(event: AccountDiffers) -> News:
    if not event.differences:
        return News(NewsKind.ACCOUNT, INFO, "The venue's account and ours agree again")
    first = event.differences[0]
    more = f", and {len(event.differences) - 1} more" if len(event.differences) > 1 else ""
    text = f"The account differs: {first.what}, ours {first.ours}, the venue's {first.theirs}{more}"
    return News(NewsKind.ACCOUNT, ERROR, text, "venue")
