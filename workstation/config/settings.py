"""Every setting, typed and frozen. Names and nesting are those of ``config/strategy.yaml``.

Fractions and percentages are written for people there ("0.6" per cent) and are exact decimals here; the rules take
them as integers of 1e-8 through ``core.money.to_rate``.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from workstation.core.instrument import Instrument

Percent = Annotated[Decimal, Meta(description="per cent")]
BasisPoints = Annotated[Decimal, Meta(description="basis points")]
Seconds = Annotated[Decimal, Meta(description="seconds")]


class Account(Struct, frozen=True, kw_only=True):
    name: str
    currency: str
    """Everything is valued in this asset."""
    cash: Decimal
    """Paper balance at the first start."""
    leverage: int
    margin_mode: Literal["isolated", "cross"]
    position_mode: Literal["one_way"]


class Costs(Struct, frozen=True, kw_only=True):
    """What trading costs and how the simulated venue answers. A negative maker fee is a rebate."""

    taker_bps: BasisPoints
    maker_bps: BasisPoints
    fee_asset: str
    """Empty: the settlement asset."""
    slippage_bps: BasisPoints
    maximum_slippage_bps: BasisPoints
    latency_mean_ms: Decimal
    latency_p95_ms: Decimal
    partial_fills: bool
    smallest_slice_percent: Percent
    most_slices: int
    queue: Literal["conservative", "proportional"]
    """Whether cancels ahead of an own order at its price move it forward."""
    bar_volume_percent: Percent
    """The part of a bar's volume that orders may take."""
    funding: bool
    funding_rate_bps: BasisPoints
    """Assumed each 8 hours where the market data bring no rate."""
    liquidation: bool


class BuiltInMarket(Struct, frozen=True, kw_only=True):
    messages_per_second: Decimal
    """For each symbol."""
    depth: int
    """Levels a side."""
    volatility: Decimal
    """1 is as the real market; 2 is twice as wild."""
    crashes_per_day: Decimal
    history_days: int


class Market(Struct, frozen=True, kw_only=True):
    source: Literal["built_in", "exchange", "feed"]
    feed_source: Literal["built_in", "exchange"]
    """What the feed handler connects to when ``source`` is feed."""
    symbols: tuple[str, ...]
    built_in: BuiltInMarket

    @property
    def of_feed_handler(self) -> Literal["built_in", "exchange"]:
        """What ``workstation feed`` connects to."""
        return self.feed_source if self.source == "feed" else self.source


class Reconciliation(Struct, frozen=True, kw_only=True):
    """How often ours and the venue's are compared, besides at the start and after each reconnect."""

    orders_s: Seconds
    positions_s: Seconds
    tolerance: Decimal
    """Difference of a balance that rounding explains, in the asset."""


class Exchange(Struct, frozen=True, kw_only=True):
    """A real exchange, or the sandbox exchange that speaks its protocol."""

    name: str
    """ccxt's name."""
    market: Literal["spot", "linear"]
    address: str
    """Of a sandbox exchange; empty: the exchange's own."""
    testnet: bool
    key: str
    """The name under which the API key is kept; the key itself is never in the configuration."""
    withdrawal_permission: Literal["refuse", "I accept a key that may withdraw"]
    book_depth: int
    """Levels a side of the snapshots that books start from."""
    silent_feed_s: Seconds
    """A stream without a message for so long is closed and opened again."""
    dead_man_s: Seconds
    """The venue cancels our orders when the timer was not refreshed for so long; 0 is off."""
    dead_man_refresh_s: Seconds
    reconciliation: Reconciliation


class Live(Struct, frozen=True, kw_only=True):
    confirm_account: str
    """Headless, live trading starts only when this is the account's name."""
    disarm_after_hours: Decimal
    """0 means never."""


class Record(Struct, frozen=True, kw_only=True):
    """What is recorded of the market besides the session's own inputs."""

    symbols: tuple[str, ...]
    segment_megabytes: int


class StopGuard(Struct, frozen=True, kw_only=True):
    stops: int
    within_bars: int
    pause_bars: int


class DrawdownGuard(Struct, frozen=True, kw_only=True):
    percent: Percent
    within_bars: int
    pause_bars: int


class Protections(Struct, frozen=True, kw_only=True):
    bar: str
    """Timeframe in which the protections count."""
    stop_guard: StopGuard
    drawdown: DrawdownGuard
    cooldown_bars: int
    losses_in_a_row: int
    losses_pause_bars: int


class Crisis(Struct, frozen=True, kw_only=True):
    drawdown_percent: Percent
    losses_in_a_row: int
    atr_multiple: Decimal
    size_factor: Decimal
    confidence_threshold: int
    most_positions: int
    backtest_pause_hours: int
    """A person ends it live; a backtest ends it after this."""


class Lockout(Struct, frozen=True, kw_only=True):
    after_day_loss_hours: Decimal
    """0: no longer than the day whose loss limit was reached."""
    fixed: bool
    """Nobody lifts it early."""


class Risk(Struct, frozen=True, kw_only=True):
    """The gate's limits. Every one must be there: a missing limit stops the start."""

    risk_per_trade_percent: Percent
    order_value_percent: Percent
    order_quantity: dict[str, Decimal]
    """Most of each symbol in one order; ``default`` counts in the account's currency worth."""
    position_value_percent: Percent
    gross_exposure_percent: Percent
    open_positions: int
    open_orders: int
    orders_per_second: int
    orders_per_minute: int
    repeats: int
    """The same order this often within a minute stops its owner until a person lifts it."""
    duplicate_window_ms: int
    price_collar_percent: Percent
    stale_data_s: Seconds
    clock_drift_s: Seconds
    day_loss_percent: Percent
    drawdown_percent: Percent
    """Deeper than this the account is halted until a person resumes."""
    protective_stop: bool
    """Strategies' positions keep a stop at the venue."""
    hard_stop_percent: Percent
    flatten_on_kill: bool
    permitted: tuple[str, ...]
    """Symbols that may be traded; empty permits all that are configured."""
    lockout: Lockout
    protections: Protections
    crisis: Crisis
    backtest_pause_hours: int
    """How long what a person must lift (kill, halt, throttle) stays in a backtest."""


class StrategyEntry(Struct, frozen=True, kw_only=True):
    strategy: str
    """Name of a shipped strategy or of one in ``strategy_folder``."""
    symbol: str
    timeframe: str
    start: bool = False
    parameters: dict[str, Any] = {}


class Execution(Struct, frozen=True, kw_only=True):
    place: Literal["here", "service"]
    """Where orders go: to this engine's own venue, or to the execution service over NATS."""
    request_expiry_s: Seconds
    in_doubt_s: Seconds
    """No answer after this: the order is unknown."""
    in_flight_check_s: Seconds
    shadow: Literal["none", "marked", "all"]
    """Which orders the execution service also carries out on paper, beside its venue."""


class Storage(Struct, frozen=True, kw_only=True):
    record_inputs: bool
    keep_inputs_days: int
    segment_megabytes: int


class Subjects(Struct, frozen=True, kw_only=True):
    """Where each kind of message is published. ``market_*`` but the first get ``.<symbol>`` and more appended."""

    market_data: str
    market_trades: str
    market_book: str
    market_bars: str
    market_snapshot: str
    orders: str
    executions: str
    shadow_executions: str
    positions: str
    risk_management: str
    risk_state: str
    performance_metrics: str
    performance_reports: str
    replay_control: str
    config_reload: str
    events: str
    views: str
    commands: str
    health: str


class Messaging(Struct, frozen=True, kw_only=True):
    """NATS, over which engine, services and other programs speak."""

    use: Literal["none", "embedded", "servers"]
    servers: tuple[str, ...]
    port: int
    """Of the embedded server, on loopback; 0 lets the system choose."""
    user: str
    """Empty: the one that the environment names, if any. The password is never in the configuration."""
    tls_ca: str
    """File of the certificates to trust for ``tls://`` servers; empty: the system's."""
    largest_message_kilobytes: int
    keep_days: int
    """How long streams keep orders, executions and performance; 0 keeps all."""
    replicas: Literal[1, 3, 5]
    """On how many servers of the cluster each stream and bucket is kept."""
    subjects: Subjects


class Ops(Struct, frozen=True, kw_only=True):
    """The ops API and the web monitor."""

    host: str
    port: int
    """0 lets the system choose."""
    tls_certificate: str
    """File with the certificate and its chain; empty: plain HTTP."""
    tls_key: str
    plain_http: Literal["loopback only", "I accept that tokens travel unencrypted"]
    token_file: str
    """Where the environment has no tokens; empty: none."""
    requests_per_minute: int
    """For each token and address."""
    commands_per_minute: int
    failed_tries_per_minute: int
    """Requests without a valid token, for each address."""
    largest_body_kilobytes: int
    event_readers: int
    """Most websockets at a time."""
    stale_s: Seconds
    """An engine that has not answered for so long counts as silent."""
    control_idle_s: Seconds
    """Control that somebody took and did not use for so long is given up."""


class RiskService(Struct, frozen=True, kw_only=True):
    """How an engine follows the account's risk state."""

    when_lost: Literal["trade", "reduce"]
    """What an engine does that has not heard of the risk state for ``lost_s``."""
    lost_s: Seconds


class Notifications(Struct, frozen=True, kw_only=True):
    """What people are told of. Where to is no part of the configuration: addresses hold secrets."""

    fills: bool
    denials: bool
    stops: bool
    disconnects: bool
    kill: bool
    daily_summary: bool
    most_per_minute: int
    """Of each kind; what is above is counted, and told with the next."""


class Reporter(Struct, frozen=True, kw_only=True):
    """The reporter's summaries, reports and notifications."""

    summary_s: Seconds
    keep_reports_days: int
    """0 keeps all."""
    notifications: Notifications


class Backtest(Struct, frozen=True, kw_only=True):
    strategy: str
    timeframe: str
    cash: Decimal
    warm_up_bars: int
    kept_runs: int = 200
    """Runs of the window that stay on disk."""
    costs: Costs


class Chart(Struct, frozen=True, kw_only=True):
    symbol: str
    timeframe: str
    indicators: tuple[str, ...]


class OrderFlow(Struct, frozen=True, kw_only=True):
    footprint_imbalance_percent: int
    """From how much of the other side, diagonally, a side of a footprint stands out."""
    tape_burst_ms: int
    """Trades of one side that come no further apart are one line of the tape; 0 shows each."""


class Desktop(Struct, frozen=True, kw_only=True):
    theme: Literal["dark", "light"]
    palette: Literal["standard", "red_up", "colour_blind"]
    density: Literal["automatic", "normal", "compact"]
    font: Literal["inter", "system"]
    time_zone: str
    """UTC, local, or a name of the tz database."""
    number_format: Literal["1,234.5", "1.234,5", "1 234.5", "1 234,5", "1'234.5"]
    sounds: bool
    notifications: bool
    loop_lag_bound_ms: int
    """The window warns of a loop that is later than this, and proposes an engine in a process of its own."""
    one_click_minutes: int
    """How long one-click trading stays armed."""
    tape_threshold: Decimal
    """Trades worth more than this, in the account's currency, are marked in the tape."""
    journal_pictures: bool
    """Whether a picture of the chart is attached when a position closes that a chart on the screen shows."""
    order_flow: OrderFlow
    charts: tuple[Chart, ...]


class Settings(Struct, frozen=True, kw_only=True):
    """The whole configuration."""

    mode: Literal["paper", "live"]
    engine: Literal["in_process", "process"]
    """Where the desktop's engine runs: in the window's process, or in one of its own."""
    account: Account
    instruments: dict[str, Instrument]
    market: Market
    exchange: Exchange
    live: Live
    record: Record
    paper: Costs
    risk: Risk
    strategies: dict[str, StrategyEntry]
    strategy_folder: str
    execution: Execution
    storage: Storage
    messaging: Messaging
    ops: Ops
    risk_service: RiskService
    reporter: Reporter
    backtest: Backtest
    desktop: Desktop
