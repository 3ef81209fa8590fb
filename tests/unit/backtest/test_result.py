"""A result as JSON, as a table, and as a page."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from tests.unit.backtest.runs import START, crossing_run, random_bars
from tests.unit.backtest.test_round_trips import BTC
from workstation.backtest import plot, wording
from workstation.backtest.report import report_html, write_report
from workstation.backtest.result import BacktestResult
from workstation.core.errors import StorageError
from workstation.core.money import to_money
from workstation.core.timeframe import DAY_NS, HOUR_NS, MINUTE_NS

BARS = random_bars(2_000)
RESULT = crossing_run(BARS)
FIGURES = """final_equity total_return buy_and_hold cagr sharpe sortino calmar max_drawdown max_drawdown_days fills
trade_count win_rate profit_factor expectancy_r exposure fees slippage order_hash trades"""


def never_trading(**changes) -> BacktestResult:
    return crossing_run(random_bars(20), **changes)


def test_json_holds_every_figure_and_money_as_decimal_strings() -> None:
    told = json.loads(json.dumps(RESULT.to_json(), allow_nan=False))
    assert [name for name in FIGURES.split() if name not in told] == []
    assert to_money(told["final_equity"]) == RESULT.figures.final_equity == RESULT.equity[-1]
    assert len(told["trades"]) == told["trade_count"] + told["open_trades"] == len(RESULT.trades)
    first, last = told["trades"][0], told["trades"][-1]
    assert first["entry_time"].startswith("2023-01-02T16:00:00.1") and first["side"] in ("long", "short")
    for name in ("quantity", "entry_price", "exit_price", "fees", "pnl"):
        assert isinstance(first[name], str) and Decimal(first[name]).is_finite()
    assert last["open"] and last["exit_time"] is None
    assert told["parameters"] == {"fast": 12, "slow": 26, "risk": "0.60"}
    assert (told["start"], told["limits"], told["seed"]) == ("2023-01-01T00:00:00Z", "on", 7)


def test_trades_account_for_the_final_equity_to_the_last_digit() -> None:
    told = RESULT.to_json()
    total = sum((Decimal(trade["pnl"]) for trade in told["trades"]), Decimal(told["cash"]))
    assert total == Decimal(told["final_equity"])


def test_a_run_without_trades_has_no_figures_but_a_report() -> None:
    result = never_trading()
    told = result.to_json()
    assert (told["trades"], told["win_rate"], told["sharpe"], told["final_equity"]) == (
        [],
        None,
        None,
        "10000.00000000",
    )
    assert "NaN" not in report_html(result, random_bars(20), BTC)
    assert re.search(r"^Sharpe +–", result.summary_text(60), re.MULTILINE)


def test_summary_is_aligned_and_keeps_its_width() -> None:
    for width in (10, 60, 80, 100):
        lines = RESULT.summary_text(width).splitlines()
        assert all(len(line) <= max(40, width) or line.startswith("Order hash") for line in lines)
    wide = [line for line in RESULT.summary_text(80).splitlines() if line.startswith(("Return", "Max drawdown"))]
    assert len({len(line) for line in wide}) == 1
    text = RESULT.summary_text(80)
    assert "−" in text and "-1" not in text.replace("2023-1", "").replace("-01-01", "")
    assert "Warning: The period begins" in text


def test_a_run_without_limits_says_so_everywhere() -> None:
    result = never_trading(limits="none")
    assert result.to_json()["limits"] == "none"
    assert "Run without loss limits and protections" in result.summary_text(100)
    assert "Run without loss limits and protections" in report_html(result, random_bars(20), BTC)


def test_assumptions_count_what_was_lifted_denied_and_missing() -> None:
    text = " ".join(sentence for _, sentence in wording.assumptions(RESULT.run))
    assert "lifted 3 times after the set pause: crisis 3" in text
    assert "denied 13 orders: STALE_DATA 11, PRICE_COLLAR 2" in text
    assert "1 gap (at 2023-01-09 13:00) with 1 missing bar" in text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (wording.signed_percent(-0.0331), "−3.3 %"),
        (wording.signed_percent(-0.0001), "0.0 %"),
        (wording.signed_percent(None), "–"),
        (wording.signed_money(to_money("1234.5")), "+1,234.50"),
        (wording.signed_money(-to_money("0.004")), "0.00"),
        (wording.money(to_money("12041.71")), "12,041.71"),
        (wording.signed_ratio(0.99, "R"), "+0.99 R"),
        (wording.days(0.5), "12 h"),
        (wording.days(292.4), "292 days"),
        (wording.duration(50.2), "2 d 2 h"),
        (wording.duration(1.5), "1 h 30 min"),
        (wording.plural(1, "gap"), "1 gap"),
    ],
)
def test_wording(text: str, expected: str) -> None:
    assert text == expected


class _Page(HTMLParser):
    """Text and attributes; every element that must be closed is."""

    void = ("meta", "line", "rect", "path")

    def __init__(self, page: str) -> None:
        super().__init__()
        self.text: list[str] = []
        self.addresses: list[str] = []
        self.open: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href", "xlink:href", "action")]
        if tag not in self.void:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.void:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data.strip())


def test_report_is_one_page_that_asks_for_nothing(tmp_path: Path) -> None:
    path = write_report(RESULT, BARS, BTC, tmp_path / "new" / "folder")
    page = path.read_text(encoding="utf-8")
    parsed = _Page(page)
    assert parsed.open == [] and parsed.addresses == []
    assert not re.search(r"https?://|//cdn|url\(|@import|fetch\(|XMLHttpRequest", page)
    assert "default-src 'none'" in page and "prefers-color-scheme: light" in page
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_report_shows_the_figures_of_the_summary() -> None:
    parsed = _Page(report_html(RESULT, BARS, BTC))
    for text in (
        "Sharpe",
        wording.ratio(RESULT.figures.sharpe),
        wording.money(RESULT.figures.final_equity),
        wording.signed_percent(RESULT.figures.total_return).replace(" %", "\u202f%"),
        wording.signed_percent(-RESULT.figures.max_drawdown).replace(" %", "\u202f%"),
        "ema_cross on BTCUSDT, 1h",
        "Monthly returns",
        f"Order hash {RESULT.order_hash}",
    ):
        assert text in parsed.text
    page = report_html(RESULT, BARS, BTC)
    data = json.loads(page.split('id="data">')[1].split("</script>")[0])
    assert len(data["trades"]) == len(RESULT.trades)
    assert data["trades"][0][8] == pytest.approx(RESULT.trades[0].net / 1e8, abs=1e-4)


def test_reasons_cannot_break_out_of_the_page() -> None:
    page = report_html(never_trading(warnings=("<script>alert(1)</script>",)), random_bars(20), BTC)
    assert "<script>alert" not in page and "&lt;script&gt;alert" in page
    page = report_html(RESULT, BARS, BTC)
    assert "EMA 12 <below>" not in page and "EMA 12 \\u003cbelow>" in page


def test_a_year_of_minutes_stays_small() -> None:
    bars = random_bars(525_600, MINUTE_NS, volatility=0.0004)
    result = crossing_run(bars, hold_bars=13, share=0.1)
    assert result.fills > 18_780
    assert len(report_html(result, bars, BTC).encode()) < 3_000_000


def test_a_report_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match=r"The report .* cannot be written: .*\.$"):
        write_report(RESULT, BARS, BTC, tmp_path / "file" / "below")


def test_thinned_paths_keep_every_extreme() -> None:
    rng = np.random.default_rng(3)
    xs = np.linspace(0, plot.PLOT, 50_000)
    ys = rng.normal(0, 1, 50_000)
    ys[31_234], ys[7] = 99.0, -99.0
    few_x, few_y = plot.thinned(xs, ys)
    assert len(few_x) <= 4 * (plot.PLOT + 1)
    assert (few_y.max(), few_y.min()) == (99.0, -99.0)
    assert (few_x[0], few_x[-1]) == (xs[0], xs[-1]) and np.all(np.diff(few_x) > 0)


@pytest.mark.parametrize("days", [0.1, 1, 3, 10, 30, 90, 365, 800, 4_000])
def test_time_marks_are_round_few_and_inside(days: float) -> None:
    end = START + int(days * DAY_NS)
    marks = plot.time_marks(START, end)
    assert 3 <= len(marks) <= 15
    assert all(START <= ts_ns <= end and ts_ns % (HOUR_NS // 4) == 0 for ts_ns, _ in marks)
    assert plot.time_marks(START, START + 365 * DAY_NS)[:2] == [(START, "2023"), (START + 31 * DAY_NS, "Feb")]


def test_nice_values_are_round() -> None:
    assert plot.nice_values(9_400, 27_900, 6) == [10_000, 15_000, 20_000, 25_000]
    assert plot.nice_values(-36.5, 0, 3) == pytest.approx([-20, 0])
