"""Whether each execution at an exchange that plays a recording was one that the recorded market gave."""

from __future__ import annotations

from collections.abc import Iterable

from workstation.core.messages import BookDelta, BookSnapshot, MarketInput, Trade
from workstation.core.types import Side
from workstation.market.order_book import OrderBook
from workstation.sandbox.orders import Execution
from workstation.sandbox.recording import RecordingSource


def assert_recorded(executions: Iterable[Execution], source: RecordingSource) -> None:
    """A taker found at least its lots at exactly its price in the recorded book of its time. A maker's limit was
    crossed by that book then, or reached by a trade of that very moment."""
    by_time: dict[int, list[Execution]] = {}
    for execution in executions:
        by_time.setdefault(execution.ts_ns, []).append(execution)
    book = OrderBook(source.symbols[0])
    for ts_ns in sorted(by_time):
        for event in source.next_events(ts_ns - 1):
            _apply(book, event)
        unproved = [execution for execution in by_time[ts_ns] if not _given(execution, book)]
        for event in source.next_events(ts_ns):
            _apply(book, event)
            unproved = [e for e in unproved if not _given(e, book) and not _reached(e, event)]
        around = f"bids {book.top_bids(5)}, asks {book.top_asks(5)}"
        assert not unproved, f"the recording gave no such execution: {unproved}; {around}"


def _apply(book: OrderBook, event: MarketInput) -> None:
    if isinstance(event, BookSnapshot):
        book.apply_snapshot(event)
    elif isinstance(event, BookDelta):
        assert book.apply_delta(event)


def _given(execution: Execution, book: OrderBook) -> bool:
    """Whether the book as it stands holds what was executed."""
    buys = execution.side is Side.BUY
    if not execution.maker:
        return (book.asks if buys else book.bids).get(execution.price, 0) >= execution.lots
    best = book.best_ask if buys else book.best_bid
    return best > 0 and (best - execution.price) * execution.side <= 0


def _reached(execution: Execution, event: MarketInput) -> bool:
    """Whether a trade came to a maker's limit from the other side, or went beyond it."""
    if not execution.maker or not isinstance(event, Trade):
        return False
    beyond = (execution.price - event.price) * execution.side
    return beyond > 0 or (beyond == 0 and event.side is not execution.side)
