"""What one key alone cannot tell: settings that contradict each other."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from msgspec import structs

from workstation.config.settings import Costs, Messaging, Ops, Settings
from workstation.core.errors import ConfigurationError
from workstation.core.timeframe import TIMEFRAMES
from workstation.core.types import EXTERNAL, MANUAL, InstrumentKind

_SUBJECT = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")

Problem = tuple[str, str]
"""Key path and the sentence about it, which goes on from “config/strategy.yaml, line 12: ”."""


def problems(settings: Settings) -> Iterator[Problem]:
    """Every contradiction, in the order of the file."""
    yield from _instruments(settings)
    yield from _exchange(settings)
    yield from _costs(settings.paper, "paper")
    yield from _risk(settings)
    yield from _strategies(settings)
    yield from _messaging(settings.messaging)
    if settings.engine == "process" and settings.messaging.use == "servers":
        yield (
            "engine",
            "engine is process, which talks over a server of its own, but messaging.use is servers; set engine to "
            "in_process, or run `workstation --no-gui` and open the window with --attach.",
        )
    yield from _ops(settings.ops)
    yield from _costs(settings.backtest.costs, "backtest.costs")
    yield from _timeframe("backtest.timeframe", settings.backtest.timeframe)
    if not settings.backtest.strategy:
        yield "backtest.strategy", "backtest.strategy is empty; name a strategy."
    zone = settings.desktop.time_zone
    # The names of all zones are read from the disk.
    if zone not in ("UTC", "local") and zone not in available_timezones():
        yield "desktop.time_zone", f"desktop.time_zone is {zone}; write UTC, local, or a name as Europe/London."
    if not settings.desktop.charts:
        yield "desktop.charts", "desktop.charts is empty; list at least one chart."
    for index, chart in enumerate(settings.desktop.charts):
        yield from _symbol(settings, f"desktop.charts[{index}].symbol", chart.symbol)
        yield from _timeframe(f"desktop.charts[{index}].timeframe", chart.timeframe)


def _instruments(settings: Settings) -> Iterator[Problem]:
    leverage = settings.account.leverage
    for symbol, instrument in settings.instruments.items():
        path = f"instruments.{symbol}"
        try:
            instrument.check()
        except ConfigurationError as error:
            yield path, str(error)
        if instrument.base == instrument.quote:
            yield path, f"{path} has {instrument.base} as base and as quote; they must differ."
    if not settings.market.symbols:
        yield "market.symbols", "market.symbols is empty; list at least one symbol of instruments."
    for index, symbol in enumerate(settings.market.symbols):
        path = f"market.symbols[{index}]"
        if symbol not in settings.instruments:
            yield path, f"market.symbols names {symbol}, which is not under instruments; describe it there."
            continue
        if symbol in settings.market.symbols[:index]:
            yield path, f"market.symbols names {symbol} twice; keep one."
        instrument = settings.instruments[symbol]
        if instrument.is_derivative and leverage > instrument.maximum_leverage:
            yield (
                "account.leverage",
                f"account.leverage is {leverage}, but {symbol} allows at most {instrument.maximum_leverage}; "
                "lower it or drop the symbol.",
            )


def _exchange(settings: Settings) -> Iterator[Problem]:
    exchange = settings.exchange
    address = urlsplit(exchange.address)
    if exchange.address and (address.scheme not in ("http", "https") or not address.netloc or address.path):
        yield (
            "exchange.address",
            f"exchange.address is {exchange.address}; write it as http://127.0.0.1:8800, or leave it empty for the "
            "exchange itself.",
        )
    if exchange.address and exchange.testnet:
        yield (
            "exchange.testnet",
            "exchange.testnet is true although exchange.address names another place; set one of the two.",
        )
    if 0 < exchange.dead_man_s <= exchange.dead_man_refresh_s:
        yield (
            "exchange.dead_man_refresh_s",
            f"exchange.dead_man_refresh_s is {exchange.dead_man_refresh_s}, not below dead_man_s of "
            f"{exchange.dead_man_s}; the timer would run out before it is refreshed.",
        )
    if not exchange.key:
        yield "exchange.key", "exchange.key is empty; name a key as `workstation keys add NAME` keeps it."
    if settings.mode == "live" and settings.market.source != "exchange":
        yield "mode", "mode is live, but market.source is not exchange; live orders need the exchange's own prices."
    if settings.market.of_feed_handler == "exchange":
        kind = InstrumentKind.SPOT if exchange.market == "spot" else InstrumentKind.LINEAR
        for index, symbol in enumerate(settings.market.symbols):
            instrument = settings.instruments.get(symbol)
            if instrument is not None and instrument.kind is not kind:
                yield (
                    f"market.symbols[{index}]",
                    f"market.symbols names {symbol}, which is {instrument.kind} under instruments; exchange.market is "
                    f"{exchange.market}.",
                )
    for index, symbol in enumerate(settings.record.symbols):
        yield from _symbol(settings, f"record.symbols[{index}]", symbol)


def _costs(costs: Costs, path: str) -> Iterator[Problem]:
    if costs.latency_p95_ms < costs.latency_mean_ms:
        yield (
            f"{path}.latency_p95_ms",
            f"{path}.latency_p95_ms is {costs.latency_p95_ms}, below the mean of {costs.latency_mean_ms}; "
            "it must be at least the mean.",
        )
    if costs.maximum_slippage_bps < costs.slippage_bps:
        yield (
            f"{path}.maximum_slippage_bps",
            f"{path}.maximum_slippage_bps is {costs.maximum_slippage_bps}, below slippage_bps of "
            f"{costs.slippage_bps}; it must be at least that.",
        )
    if costs.taker_bps + costs.maker_bps < 0:
        yield (
            f"{path}.maker_bps",
            f"{path}.maker_bps pays back more than taker_bps of {costs.taker_bps} charges; no venue does; "
            f"it must be at least {-costs.taker_bps}.",
        )


def _risk(settings: Settings) -> Iterator[Problem]:
    risk = settings.risk
    if "default" not in risk.order_quantity:
        yield (
            "risk.order_quantity",
            "risk.order_quantity.default is missing; add it, or other symbols have no limit.",
        )
    for symbol in risk.order_quantity:
        if symbol != "default" and symbol not in settings.instruments:
            yield (
                f"risk.order_quantity.{symbol}",
                f"risk.order_quantity names {symbol}, which is not under instruments; describe or remove it.",
            )
    for index, symbol in enumerate(risk.permitted):
        if symbol not in settings.instruments:
            yield (
                f"risk.permitted[{index}]",
                f"risk.permitted names {symbol}, which is not under instruments; describe or remove it.",
            )
    if risk.orders_per_minute < risk.orders_per_second:
        yield (
            "risk.orders_per_minute",
            f"risk.orders_per_minute is {risk.orders_per_minute}, below orders_per_second of "
            f"{risk.orders_per_second}; it must be at least that.",
        )
    if risk.hard_stop_percent < risk.risk_per_trade_percent:
        yield (
            "risk.hard_stop_percent",
            f"risk.hard_stop_percent is {risk.hard_stop_percent}, below risk_per_trade_percent of "
            f"{risk.risk_per_trade_percent}; the hard stop must lie beyond the planned risk.",
        )
    if risk.crisis.drawdown_percent > risk.drawdown_percent:
        yield (
            "risk.crisis.drawdown_percent",
            f"risk.crisis.drawdown_percent is {risk.crisis.drawdown_percent}, but trading halts at "
            f"risk.drawdown_percent of {risk.drawdown_percent} already; it must be at most that.",
        )
    yield from _timeframe("risk.protections.bar", risk.protections.bar)


def _strategies(settings: Settings) -> Iterator[Problem]:
    for name, entry in settings.strategies.items():
        path = f"strategies.{name}"
        if name in (MANUAL, EXTERNAL) or not name.replace("-", "_").isidentifier():
            yield (
                path,
                f"{path} cannot be a strategy's name; use letters, digits, _ and -, "
                f"and neither {MANUAL} nor {EXTERNAL}.",
            )
        if not entry.strategy:
            yield f"{path}.strategy", f"{path}.strategy is empty; name a strategy."
        yield from _symbol(settings, f"{path}.symbol", entry.symbol)
        yield from _timeframe(f"{path}.timeframe", entry.timeframe)
        if settings.risk.permitted and entry.start and entry.symbol not in settings.risk.permitted:
            yield (
                f"{path}.symbol",
                f"{path} starts by itself on {entry.symbol}, which risk.permitted leaves out; "
                "add it there or set start to false.",
            )


def _messaging(messaging: Messaging) -> Iterator[Problem]:
    if messaging.use == "servers" and not messaging.servers:
        yield "messaging.servers", "messaging.servers is empty although messaging.use is servers; list an address."
    if messaging.use == "embedded" and messaging.replicas > 1:
        yield (
            "messaging.replicas",
            f"messaging.replicas is {messaging.replicas}, but the embedded server is one; set it to 1, or set "
            "messaging.use to servers.",
        )
    for index, server in enumerate(messaging.servers):
        address = urlsplit(server)
        path = f"messaging.servers[{index}]"
        if address.scheme not in ("nats", "tls") or not address.hostname or address.path.strip("/"):
            yield path, f"{path} is {server}; write it as nats://127.0.0.1:4222 or tls://host:4222."
        elif address.username or address.password:
            yield (
                path,
                f"{path} holds credentials; name the user under messaging.user and give the password in "
                "WORKSTATION_NATS_PASSWORD.",
            )
    seen: dict[str, str] = {}
    for name, subject in structs.asdict(messaging.subjects).items():
        path = f"messaging.subjects.{name}"
        if not _SUBJECT.fullmatch(subject):
            yield path, f"{path} is “{subject}”; use words of letters, digits, - and _ with dots between them."
        if subject in seen:
            yield path, f"{path} is {subject}, as messaging.subjects.{seen[subject]} is; each needs its own."
        seen[subject] = name


def _ops(ops: Ops) -> Iterator[Problem]:
    if bool(ops.tls_certificate) != bool(ops.tls_key):
        missing = "tls_key" if ops.tls_certificate else "tls_certificate"
        yield f"ops.{missing}", f"ops.{missing} is empty although the other file of the pair is named; name both."
    if not _is_loopback(ops.host) and not ops.tls_certificate and ops.plain_http == "loopback only":
        yield (
            "ops.host",
            f"ops.host is {ops.host or 'empty'}, which is no address of this machine's loopback, and there is no TLS: "
            "name ops.tls_certificate and ops.tls_key, or accept it in words under ops.plain_http.",
        )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _symbol(settings: Settings, path: str, symbol: str) -> Iterator[Problem]:
    if symbol not in settings.market.symbols:
        known = ", ".join(settings.market.symbols)
        yield path, f"{path} is {symbol}, which market.symbols does not list; it has {known}."


def _timeframe(path: str, timeframe: str) -> Iterator[Problem]:
    if timeframe not in TIMEFRAMES:
        yield path, f"{path} is {timeframe}, which is no timeframe; use one of {', '.join(TIMEFRAMES)}."


def first_problem(settings: Settings, where: Callable[[str], str]) -> None:
    """Raise ``ConfigurationError`` for the first contradiction; ``where`` is file and line of a key path."""
    for path, sentence in problems(settings):
        raise ConfigurationError(f"{where(path)}: {sentence}")
