"""The reporter's books, figures and files against what a real paper session published."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.services.paper_executions import published
from tests.unit.services.risk.test_state import SETTINGS, START_NS, fill, metrics
from workstation.backtest.statistics import deepest_drawdown
from workstation.core.errors import StorageError
from workstation.core.money import from_money
from workstation.core.timeframe import DAY_NS
from workstation.messaging.envelope import Message
from workstation.messaging.stream_reader import Numbered
from workstation.services.execution_books import FILLS
from workstation.services.reporter.bookkeeper import Bookkeeper, day_of
from workstation.services.reporter.daily import due_days, remove_old, write_day
from workstation.services.reporter.database import BookingRow, ReporterDatabase, TradeRow
from workstation.services.reporter.figures import ALL, Selection, report, selections


def numbered(bodies: list[Any], first: int = 1, times_ns: list[int] | None = None) -> list[Numbered]:
    times = times_ns or [0] * len(bodies)
    return [Numbered(first + i, Message("x", "e", i, times[i], body)) for i, body in enumerate(bodies)]


@contextmanager
def a_bookkeeper(path: Path) -> Iterator[Bookkeeper]:
    database = ReporterDatabase(path)
    try:
        yield Bookkeeper(database, SETTINGS.instruments, "USDT")
    finally:
        database.close()


def take_session(keeper: Bookkeeper) -> None:
    told = published()
    keeper.take_executions(numbered(list(told.executions)), len(told.executions))
    samples = [sample for _, sample in told.metrics]
    keeper.take_metrics(numbered(samples, times_ns=[ts for ts, _ in told.metrics]), len(samples))


def rows() -> list[Any]:
    return [
        list(BookingRow.select().order_by(BookingRow.seq, BookingRow.part).tuples()),
        list(TradeRow.select().order_by(TradeRow.number).tuples()),
    ]


def test_totals_are_what_was_published_to_the_last_digit(tmp_path: Path) -> None:
    told = published()
    fills = [body for body in told.executions if body.status in FILLS]
    with a_bookkeeper(tmp_path / "r.sqlite3") as keeper:
        take_session(keeper)
        whole = report(Selection(ALL), "USDT")
        day = report(Selection(day_of(told.metrics[0][0])), "USDT")
        assert keeper.books.differing == keeper.books.refused == 0
        assert whole.fills == len(fills) > 50
        assert whole.fees == sum(body.fees for body in fills) == from_money(told.fees)
        assert whole.slippage == sum(body.slippage for body in fills)
        pnl = sum(body.realized_pnl - body.fees for body in fills) + from_money(told.funding)
        assert whole.total_pnl == day.total_pnl == pnl == from_money(told.realised - told.fees + told.funding)
        assert whole.maker_share == Decimal(sum(bool(b.maker) for b in fills) / len(fills)).quantize(Decimal("1e-6"))
        times, equity = (
            np.array(part, dtype=np.int64)
            for part in zip(*((ts, int(sample.equity.scaleb(8))) for ts, sample in told.metrics), strict=True)
        )
        depth = deepest_drawdown(times, equity, int(times[-1])).depth
        assert whole.max_drawdown == Decimal(depth).quantize(Decimal("1e-6")) > 0
        assert (whole.sharpe_ratio, whole.expectancy is None) == (None, whole.total_trades == 0)
        parts = [report(selected, "USDT") for selected in selections(ALL)]
        for name in ("strategy", "symbol"):
            own = [body for body in parts if getattr(body, name)]
            assert len(own) >= 3
            for figure in ("total_pnl", "fees", "slippage", "fills", "total_trades"):
                assert sum(getattr(body, figure) for body in own) == getattr(whole, figure), figure


def test_round_trips_and_what_they_earned_are_the_books_own(tmp_path: Path) -> None:
    with a_bookkeeper(tmp_path / "r.sqlite3") as keeper:
        take_session(keeper)
        trades = list(TradeRow.select())
        wins = sum(row.net > 0 for row in trades)
        whole = report(Selection(ALL), "USDT")
        assert len(trades) == whole.total_trades > 10
        assert whole.win_rate == Decimal(wins / len(trades)).quantize(Decimal("1e-6"))
        assert whole.expectancy == from_money(round(sum(row.net for row in trades) / len(trades)))
        still_open = [p for p in keeper.books.ledger.positions.values() if p.lots]
        held = {(p.owner, p.instrument.symbol) for p in still_open}
        for (owner, symbol), position in keeper.books.ledger.positions.items():
            if (owner, symbol) not in held:
                net = sum(row.net for row in trades if (row.owner, row.symbol) == (owner, symbol))
                assert net == position.realised - position.fees + position.funding or owner == "manual"
        assert set(keeper.trips._open) == held, "what was handed over goes on as the new owner's"


@cache
def booked_at_once(count: int) -> tuple[list[Any], Any]:
    """The rows and the books of so many executions of the session that come all together."""
    bodies = list(published().executions[:count])
    with TemporaryDirectory() as folder, a_bookkeeper(Path(folder) / "once.sqlite3") as keeper:
        keeper.take_executions(numbered(bodies), len(bodies))
        return rows(), keeper.books.snapshot()


@settings(max_examples=12)
@given(st.data())
def test_what_comes_again_is_booked_once_whatever_is_lost_in_between(data: st.DataObject) -> None:
    bodies = list(published().executions[:250])
    expected = booked_at_once(250)
    with TemporaryDirectory() as folder:
        reached, path = 0, Path(folder) / "often.sqlite3"
        while reached < len(bodies):
            with a_bookkeeper(path) as keeper:
                assert keeper.position("EXECUTIONS") == reached
                begin = data.draw(st.integers(0, reached))
                reached = data.draw(st.integers(reached + 1, len(bodies)))
                keeper.take_executions(numbered(bodies[begin:reached], begin + 1), reached)
        with a_bookkeeper(path) as keeper:
            unnumbered = [body for body in bodies if not body.execution_id]
            assert keeper.take_executions(numbered(bodies), reached) == unnumbered, "a stream that began anew"
            assert (rows(), keeper.books.snapshot()) == expected


def test_a_batch_that_fails_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with a_bookkeeper(tmp_path / "r.sqlite3") as keeper:
        keeper.take_executions(numbered([fill(1, "buy", "60000")]), 1)
        before = rows(), keeper.books.snapshot(), keeper.position("EXECUTIONS")
        monkeypatch.setattr(ReporterDatabase, "touch", lambda *_: (_ for _ in ()).throw(StorageError("full")))
        with pytest.raises(StorageError, match="full"):
            keeper.take_executions(numbered([fill(2, "sell", "61000", "10")], 2), 2)
        monkeypatch.undo()
        assert (rows(), keeper.books.snapshot(), keeper.position("EXECUTIONS")) == before
        keeper.take_executions(numbered([fill(2, "sell", "61000", "10")], 2), 2)
        assert report(Selection(ALL), "USDT").total_pnl == Decimal("9.8")


def test_sharpe_ratio_is_of_days_and_drawdown_is_carried_over_midnight(tmp_path: Path) -> None:
    with a_bookkeeper(tmp_path / "r.sqlite3") as keeper:
        equities = ("10000", "10100", "10302", "9271.8")
        times = [START_NS + DAY_NS * day for day in range(4)]
        keeper.take_metrics(numbered([metrics(equity) for equity in equities], times_ns=times), 4)
        whole = report(Selection(ALL), "USDT")
        returns = np.array([0.01, 0.02, -0.1])
        sharpe = float(np.mean(returns) / np.std(returns, ddof=1) * np.sqrt(365))
        assert whole.sharpe_ratio == pytest.approx(Decimal(sharpe), abs=Decimal("0.00001"))
        assert whole.max_drawdown == Decimal("0.1")
        assert report(Selection(day_of(times[3])), "USDT").max_drawdown == Decimal("0.1")
        assert report(Selection(day_of(times[1])), "USDT").max_drawdown == 0


def test_a_days_files_are_written_once_and_again_when_something_comes_late(tmp_path: Path) -> None:
    with a_bookkeeper(tmp_path / "r.sqlite3") as keeper:
        take_session(keeper)
        day = day_of(published().metrics[0][0])
        assert due_days(day) == [], "it is not over"
        assert due_days("2024-03-02") == [day]
        page, body = write_day(tmp_path / "reports", "paper-01", "USDT", day, ["Beware of <this>."])
        assert due_days("2024-03-02") == []
        text = page.read_text()
        assert (
            "Beware of &lt;this&gt;." in text and "<script" not in text and "http" not in text.replace("http-equiv", "")
        )
        for name in ("grid", "ema_cross", "BTCUSDT", f"{body.total_trades:,}"):
            assert name in text
        with (tmp_path / "reports" / f"daily_{day}_trades.csv").open() as file:
            trades = list(csv.DictReader(file))
        assert len(trades) == body.total_trades
        assert sum(Decimal(row["pnl"]) for row in trades) == from_money(sum(row.net for row in TradeRow.select()))
        with (tmp_path / "reports" / f"daily_{day}.csv").open() as file:
            whole = next(csv.DictReader(file))
        assert (whole["strategy"], Decimal(whole["total_pnl"])) == ("", body.total_pnl)
        assert not list((tmp_path / "reports").glob("*.part"))
        keeper.take_metrics(numbered([metrics("10000")], 99_999, [published().metrics[-1][0]]), 99_999)
        assert due_days("2024-03-02") == [day]
        remove_old(tmp_path / "reports", "2024-03-09", 8)
        assert page.exists()
        remove_old(tmp_path / "reports", "2024-03-10", 8)
        assert not list((tmp_path / "reports").iterdir())


def test_a_day_without_anything_has_a_page_that_says_so(tmp_path: Path) -> None:
    with a_bookkeeper(tmp_path / "r.sqlite3"):
        page, body = write_day(tmp_path, "paper-01", "USDT", "2024-05-05", [])
        assert body.total_trades == 0 and "None was closed on this day." in page.read_text()


def test_a_damaged_database_is_told_with_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "r.sqlite3").write_bytes(b"no database at all" * 400)
    with pytest.raises(StorageError, match="damaged: remove it, and it is made anew"):
        ReporterDatabase(tmp_path / "r.sqlite3")
