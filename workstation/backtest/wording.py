"""How figures are written for people: minus is U+2212, a missing value an en dash, thousands with commas."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from workstation.core.money import from_money
from workstation.core.timeframe import utc_text
from workstation.core.types import InstrumentKind

if TYPE_CHECKING:
    from workstation.backtest.result import Run

MISSING = "–"


def signed_percent(fraction: float | None, decimals: int = 1) -> str:
    """``+20.4 %``."""
    return MISSING if fraction is None else _signed(fraction * 100, decimals) + " %"


def percent(fraction: float | None, decimals: int = 1) -> str:
    return MISSING if fraction is None else f"{fraction * 100:,.{decimals}f} %".replace("-", "−")


def ratio(value: float | None, decimals: int = 2) -> str:
    return MISSING if value is None else f"{value:,.{decimals}f}".replace("-", "−")


def signed_ratio(value: float | None, unit: str, decimals: int = 2) -> str:
    return MISSING if value is None else f"{_signed(value, decimals)} {unit}"


def money(amount: int | float | None, decimals: int = 2) -> str:
    """1e-8 of a currency as ``12,041.71``."""
    return MISSING if amount is None else f"{from_money(round(amount)):,.{decimals}f}".replace("-", "−")


def signed_money(amount: int | float | None, decimals: int = 2) -> str:
    """``+411.09``; what rounds to zero carries no sign."""
    return MISSING if amount is None else _signed(float(from_money(round(amount))), decimals)


def days(count: float) -> str:
    """A length of time in days, under two days in hours."""
    if count < 2:
        return f"{count * 24:.0f} h"
    return f"{count:,.1f} days" if count < 10 else f"{count:,.0f} days"


def duration(hours: float | None) -> str:
    if hours is None:
        return MISSING
    length = timedelta(hours=hours)
    minutes = length.seconds // 60
    if length.days:
        return f"{length.days} d {minutes // 60} h"
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min"


def plural(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def period(run: Run) -> str:
    return f"{utc_text(run.start_ns)[:16]} to {utc_text(run.end_ns)[:16]} UTC, end excluded"


def _signed(value: float, decimals: int) -> str:
    text = f"{abs(value):,.{decimals}f}"
    if float(text.replace(",", "")) == 0:
        return text
    return ("−" if value < 0 else "+") + text


def parameters(run: Run) -> str:
    texts = {
        name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in run.parameters.items()
    }
    return ", ".join(f"{name} {text}" for name, text in texts.items()).replace("-", "−")


def assumptions(run: Run) -> list[tuple[str, str]]:
    """What the figures rest on: a subject and a sentence each."""
    costs = run.costs
    spot = run.kind is InstrumentKind.SPOT
    lines = [
        (
            "Fees",
            f"Taker {costs.taker_bps:f} bps, maker {costs.maker_bps:f} bps of the worth of a fill.".replace("-", "−"),
        ),
        ("Fills", _fills_on_book(run) if run.matching == "book" else _fills_on_bars(run)),
        ("Latency", _latency(run)),
        ("Funding", "None: it is spot." if spot else _funding(run)),
        ("Margin", "None: spot is paid in full." if spot else _margin(run)),
        ("Limits", _limits(run)),
        ("Data", _data(run)),
        ("Warm-up", _warm_up(run)),
        ("Seed", f"{run.seed}; the same inputs and seed give the same orders."),
    ]
    if run.market:
        lines.insert(6, ("Market", run.market))
    if run.denied:
        listing = ", ".join(f"{code} {count:,}" for code, count in sorted(run.denied.items(), key=lambda d: -d[1]))
        lines.insert(6, ("Denied", f"The risk gate denied {plural(sum(run.denied.values()), 'order')}: {listing}."))
    return lines


def _fills_on_bars(run: Run) -> str:
    costs = run.costs
    return (
        f"At the next bar's open or worse, by {costs.slippage_bps:f} bps of slippage (at most "
        f"{costs.maximum_slippage_bps:f}); within a bar the worse path comes first; orders take at most "
        f"{costs.bar_volume_percent:f} % of a bar's volume."
    )


def _fills_on_book(run: Run) -> str:
    costs = run.costs
    queue = "never move it forward" if costs.queue == "conservative" else "move it forward by their share"
    return (
        f"On the recorded book: market orders take what it shows, {costs.slippage_bps:f} bps worse (at most "
        f"{costs.maximum_slippage_bps:f}); a resting order waits behind what was shown at its price, is filled by the "
        f"trades that reach it, and cancels ahead {queue}. The recorded market does not react to any of them."
    )


def _margin(run: Run) -> str:
    return "A position without margin is liquidated." if run.costs.liquidation else "Positions are never liquidated."


def _warm_up(run: Run) -> str:
    if run.matching == "book" and not run.warm_up_bars:
        return "None: there are no candles from just before the recording, so the strategy began cold."
    return f"{plural(run.warm_up_bars, 'bar')} before the first that may trade."


def _latency(run: Run) -> str:
    mean, high = run.costs.latency_mean_ms, run.costs.latency_p95_ms
    if mean == 0:
        return "None: orders act at once."
    spread = "constant" if high == mean else f"{high:f} ms for the slowest 5 %"
    return f"{mean:f} ms from an order to its answer, {spread}."


def _funding(run: Run) -> str:
    if not run.costs.funding:
        return "Not charged."
    rate = f"{run.costs.funding_rate_bps:f}".replace("-", "−")
    return f"Every 8 hours, {rate} bps where the data bring no rate; longs pay a positive rate."


def warnings(run: Run) -> tuple[str, ...]:
    """What a reader of the figures must know first."""
    if run.limits == "none":
        return ("Run without loss limits and protections (limits none).", *run.warnings)
    return run.warnings


def _limits(run: Run) -> str:
    if run.limits == "none":
        return "Run without loss limits and protections: live trading would have stopped where this run went on."
    lifted = sum(run.lifted.values())
    if not lifted:
        return "On, as in live trading; nothing had to be lifted."
    listing = ", ".join(f"{what} {count:,}" for what, count in sorted(run.lifted.items()))
    return f"On. What a person must lift live was lifted {plural(lifted, 'time')} after the set pause: {listing}."


def _data(run: Run) -> str:
    text = f"{run.data}, {plural(run.bars, 'bar')}"
    if run.matching == "book":
        return f"{text} of {run.timeframe}."
    if not run.gaps:
        return f"{text}, without a gap."
    missing = sum(gap.bars for gap in run.gaps)
    first = utc_text(run.gaps[0].start_ns)[:16]
    where = f"at {first}" if len(run.gaps) == 1 else f"the first at {first}"
    return f"{text}; {plural(len(run.gaps), 'gap')} ({where}) with {plural(missing, 'missing bar')}."
