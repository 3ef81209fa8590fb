"""What a run logged: the strategy's own lines, and what the engine did with its orders."""

from __future__ import annotations

from collections.abc import Iterable

from workstation.core.messages import (
    LogLine,
    OrderDenied,
    OrderRejected,
    Output,
    ProtectionTriggered,
    SignalEmitted,
    StrategyChanged,
)
from workstation.core.timeframe import utc_text
from workstation.core.types import Severity, StrategyState

MOST_LINES = 20_000


def run_log(outputs: Iterable[Output]) -> tuple[LogLine, ...]:
    """Oldest first; of too many the newest, after a line that says how many were left out."""
    lines = [line for line in map(_line, outputs) if line is not None]
    excess = len(lines) - MOST_LINES
    if excess <= 0:
        return tuple(lines)
    kept = lines[excess:]
    text = f"{excess:,} earlier lines are left out: the newest {MOST_LINES:,} are kept."
    return LogLine(ts_ns=kept[0].ts_ns, severity=Severity.WARNING, source="log", text=text), *kept


def _line(output: Output) -> LogLine | None:
    ts_ns, info, warning = output.ts_ns, Severity.INFO, Severity.WARNING
    match output:
        case LogLine():
            return output
        case OrderDenied():
            facts = f" {output.value}; limit {output.limit}." if output.value and output.limit else ""
            text = f"Denied {output.code}, {output.symbol} {output.side.word}: {output.text}{facts}"
            return LogLine(ts_ns=ts_ns, severity=warning, source="risk", text=text)
        case OrderRejected():
            text = f"Rejected {output.client_id}: {output.reason}"
            return LogLine(ts_ns=ts_ns, severity=warning, source="venue", text=text)
        case ProtectionTriggered():
            text = f"{output.protection} pauses entries until {utc_text(output.until_ns)[:16]} UTC: {output.detail}"
            return LogLine(ts_ns=ts_ns, severity=warning, source="risk", text=text)
        case StrategyChanged():
            severity = Severity.ERROR if output.state is StrategyState.FAILED else info
            text = f"{output.state.capitalize()}{': ' + output.detail if output.detail else ''}"
            return LogLine(ts_ns=ts_ns, severity=severity, source=output.strategy, text=text)
        case SignalEmitted():
            text = f"{output.symbol} {output.side.word}, confidence {output.confidence:.0f}. {output.text}".strip()
            return LogLine(ts_ns=ts_ns, severity=info, source=output.strategy, text=text)
    return None
