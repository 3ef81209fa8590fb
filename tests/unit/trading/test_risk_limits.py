from __future__ import annotations

from decimal import Decimal

from tests.unit.trading.bench import INSTRUMENTS, UNIT
from workstation.config.loader import load_settings
from workstation.core.resources import bundle_folder
from workstation.core.timeframe import HOUR_NS, SECOND_NS
from workstation.trading.risk_limits import RiskLimits, risk_limits


def shipped() -> RiskLimits:
    settings = load_settings(bundle_folder() / "config" / "strategy.yaml").settings
    return risk_limits(settings.risk, settings.instruments)


def test_the_shipped_limits_are_those_that_users_expect() -> None:
    limits = shipped()
    assert (limits.risk_per_trade, limits.order_value) == (600_000, 30_000_000)
    assert (limits.day_loss, limits.collar) == (3_000_000, 2_000_000)
    assert (limits.open_positions, limits.open_orders, limits.repeats) == (3, 50, 10)
    assert (limits.orders_per_second, limits.orders_per_minute) == (5, 100)
    assert (limits.stale_ns, limits.drift_ns) == (5 * SECOND_NS, SECOND_NS)
    assert (limits.stop_guard_stops, limits.stop_guard_window_ns) == (4, 24 * HOUR_NS)
    assert (limits.stop_guard_pause_ns, limits.drawdown_guard_pause_ns) == (4 * HOUR_NS, 12 * HOUR_NS)
    assert (limits.losses_in_a_row, limits.losses_pause_ns) == (5, 24 * HOUR_NS)
    assert limits.crisis_size_factor == Decimal("0.5")
    assert limits.loss_limits


def test_a_symbol_s_own_quantity_is_in_its_lots_and_the_default_in_money() -> None:
    limits = shipped()
    assert limits.order_lots["BTCUSDT"] == 100_000
    assert set(limits.order_lots) == {"BTCUSDT", "ETHUSDT"}
    assert limits.order_worth == 25_000 * UNIT


def test_an_empty_list_permits_what_is_configured() -> None:
    settings = load_settings(bundle_folder() / "config" / "strategy.yaml").settings
    assert risk_limits(settings.risk, INSTRUMENTS).permitted == frozenset(INSTRUMENTS)
    assert not risk_limits(settings.risk, INSTRUMENTS, loss_limits=False).loss_limits
