"""What a number in the configuration may be. Every numeric setting has its line here; a test holds that."""

from __future__ import annotations

from decimal import Decimal

from msgspec import Struct

from workstation.config import settings as s
from workstation.core.instrument import Instrument


class Range(Struct, frozen=True):
    """From ``lowest`` to ``highest``; ``above`` leaves ``lowest`` itself out."""

    lowest: Decimal
    highest: Decimal
    above: bool = False

    def holds(self, number: Decimal | int) -> bool:
        return (number > self.lowest if self.above else number >= self.lowest) and number <= self.highest

    def text(self) -> str:
        first = f"above {self.lowest:f}" if self.above else f"from {self.lowest:f}"
        return f"{first} to {self.highest:,f}"


def _from(lowest: str | int, highest: str | int) -> Range:
    return Range(Decimal(lowest), Decimal(highest))


def _above(lowest: str | int, highest: str | int) -> Range:
    return Range(Decimal(lowest), Decimal(highest), above=True)


_STEP = _above(0, 1_000_000)
_PERCENT = _above(0, 100)
_PAUSE = _from(0, 10_000)
_CASH = _above(0, 1_000_000_000)

RANGES: dict[type[Struct], dict[str, Range]] = {
    s.Account: {"cash": _CASH, "leverage": _from(1, 125)},
    Instrument: {
        "tick": _STEP,
        "lot": _STEP,
        "minimum_notional": _from(0, 1_000_000),
        "contract_size": _STEP,
        "maximum_quantity": _above(0, 1_000_000_000_000),
        "maximum_leverage": _from(1, 200),
        "maintenance_margin": _from(0, "0.5"),
    },
    s.Costs: {
        "taker_bps": _from(-10, 1_000),
        "maker_bps": _from(-100, 1_000),
        "slippage_bps": _from(0, 1_000),
        "maximum_slippage_bps": _from(0, 10_000),
        "latency_mean_ms": _from(0, 60_000),
        "latency_p95_ms": _from(0, 60_000),
        "smallest_slice_percent": _PERCENT,
        "most_slices": _from(1, 100),
        "bar_volume_percent": _PERCENT,
        "funding_rate_bps": _from(-100, 100),
    },
    s.BuiltInMarket: {
        "messages_per_second": _above(0, 20_000),
        "depth": _from(5, 500),
        "volatility": _above(0, 20),
        "crashes_per_day": _from(0, 1_000),
        "history_days": _from(0, 1_500),
    },
    s.Exchange: {
        "book_depth": _from(5, 5_000),
        "silent_feed_s": _above(0, 600),
        "dead_man_s": _from(0, 3_600),
        "dead_man_refresh_s": _above(0, 3_600),
    },
    s.Reconciliation: {
        "orders_s": _above(0, 3_600),
        "positions_s": _above(0, 3_600),
        "tolerance": _from(0, 1_000),
    },
    s.Live: {"disarm_after_hours": _from(0, 8_760)},
    s.Record: {"segment_megabytes": _from(1, 1_024)},
    s.StopGuard: {"stops": _from(1, 1_000), "within_bars": _from(1, 10_000), "pause_bars": _PAUSE},
    s.DrawdownGuard: {"percent": _PERCENT, "within_bars": _from(1, 10_000), "pause_bars": _PAUSE},
    s.Protections: {
        "cooldown_bars": _PAUSE,
        "losses_in_a_row": _from(1, 1_000),
        "losses_pause_bars": _PAUSE,
    },
    s.Crisis: {
        "drawdown_percent": _PERCENT,
        "losses_in_a_row": _from(1, 1_000),
        "atr_multiple": _above(1, 100),
        "size_factor": _above(0, 1),
        "confidence_threshold": _from(0, 100),
        "most_positions": _from(0, 100),
        "backtest_pause_hours": _from(0, 10_000),
    },
    s.Lockout: {"after_day_loss_hours": _from(0, 720)},
    s.Risk: {
        "risk_per_trade_percent": _PERCENT,
        "order_value_percent": _above(0, 12_500),
        "order_quantity": _above(0, 1_000_000_000_000),
        "position_value_percent": _above(0, 12_500),
        "gross_exposure_percent": _above(0, 12_500),
        "open_positions": _from(1, 1_000),
        "open_orders": _from(1, 10_000),
        "orders_per_second": _from(1, 1_000),
        "orders_per_minute": _from(1, 60_000),
        "repeats": _from(1, 10_000),
        "duplicate_window_ms": _from(0, 60_000),
        "price_collar_percent": _PERCENT,
        "stale_data_s": _above(0, 3_600),
        "clock_drift_s": _above(0, 60),
        "day_loss_percent": _PERCENT,
        "drawdown_percent": _PERCENT,
        "hard_stop_percent": _PERCENT,
        "backtest_pause_hours": _from(0, 10_000),
    },
    s.Execution: {
        "request_expiry_s": _above(0, 60),
        "in_doubt_s": _above(0, 300),
        "in_flight_check_s": _above(0, 300),
    },
    s.Storage: {"keep_inputs_days": _from(0, 3_650), "segment_megabytes": _from(1, 1_024)},
    s.Messaging: {
        "port": _from(0, 65_535),
        "largest_message_kilobytes": _from(16, 8_192),
        "keep_days": _from(0, 3_650),
    },
    s.Ops: {
        "port": _from(0, 65_535),
        "requests_per_minute": _from(10, 100_000),
        "commands_per_minute": _from(1, 10_000),
        "failed_tries_per_minute": _from(1, 1_000),
        "largest_body_kilobytes": _from(16, 4_096),
        "event_readers": _from(1, 1_000),
        "stale_s": _from(1, 600),
        "control_idle_s": _from(10, 86_400),
    },
    s.RiskService: {"lost_s": _from(2, 3_600)},
    s.Reporter: {"summary_s": _from(1, 3_600), "keep_reports_days": _from(0, 36_500)},
    s.Notifications: {"most_per_minute": _from(1, 1_000)},
    s.Backtest: {"cash": _CASH, "warm_up_bars": _from(0, 100_000), "kept_runs": _from(1, 10_000)},
    s.OrderFlow: {
        "footprint_imbalance_percent": _from(101, 10_000),
        "tape_burst_ms": _from(0, 10_000),
    },
    s.Desktop: {
        "loop_lag_bound_ms": _from(10, 10_000),
        "one_click_minutes": _from(1, 60),
        "tape_threshold": _from(0, 1_000_000_000),
    },
}
