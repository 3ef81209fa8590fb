"""The command line: options and sub-commands, and what they mean."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import NoReturn

from workstation import __version__
from workstation.commands.places import places_text
from workstation.commands.sandbox_arguments import add_sandbox
from workstation.core.timeframe import TIMEFRAMES, parse_utc, utc_text


class Parser(argparse.ArgumentParser):
    """Says what was wrong in one sentence, and where the options are told."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"workstation: {message}; `{self.prog} --help` tells the options.\n")

    def parse_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: argparse.Namespace | None = None
    ) -> argparse.Namespace:
        """Repeats what it does not know, but never what may be a secret."""
        parsed, unknown = self.parse_known_args(args, namespace)
        if unknown and parsed.command == "keys":
            self.error(
                "keys takes neither key nor secret as an argument, where others could read them; it asks for them, or "
                "reads them from standard input"
            )
        if unknown:
            self.error(f"unrecognized arguments: {' '.join(unknown)}")
        return parsed


def parser() -> argparse.ArgumentParser:
    top = Parser(
        prog="workstation",
        description="The trading workstation. Without a sub-command it opens the desktop, or runs headless.",
        epilog=places_text(),
    )
    top.add_argument("--version", action="version", version=f"workstation {__version__}")
    _common(top, subcommand=False)
    top.add_argument("--no-gui", action="store_true", help="run headless: the same engine without a window")
    # What a window starts its engine with; without a help text it is not listed.
    top.add_argument("--for-window", action="store_true", help=argparse.SUPPRESS)
    top.add_argument(
        "--attach",
        nargs="?",
        const="",
        metavar="NATS",
        help="open the window on an engine that runs elsewhere, as nats://host:4222; without an address on the one "
        "of the data folder",
    )
    top.add_argument("--screenshot", type=Path, metavar="FILE", help="render the window offscreen, save a PNG, exit")
    top.add_argument("--size", type=size, metavar="WxH", help="size of the window, as 1600x900")
    top.add_argument("--for", dest="seconds", type=seconds, metavar="SECONDS", help="stop in order after so long")
    top.add_argument("--seed", type=int, metavar="N", help="seed of the built-in market and of latencies")
    commands = top.add_subparsers(dest="command", metavar="COMMAND")
    _backtest(commands)
    # The program's own children; without a help text they are not listed.
    commands.add_parser("backtest-job").add_argument("folder", type=Path)
    commands.add_parser("qt-check")
    _data(commands)
    _keys(commands)
    for name, text in (
        ("kill", "latch the kill switch: no new order, entries cancelled"),
        ("resume", "release the kill switch; arm live trading again"),
    ):
        command = commands.add_parser(name, help=text, description=text.capitalize() + ".")
        command.add_argument("--reason", default="", help="why; it is journalled")
        if name == "kill":
            command.add_argument("--flatten", action="store_true", help="also close every position at the market")
        _common(command)
    reconcile = commands.add_parser(
        "reconcile",
        help="show where a live session's books and its exchange's account differ, and accept the exchange's",
        description="Show where the books of a running live session and its exchange's account differ. The exit status "
        "is 0 when they agree and 1 while they differ.",
    )
    reconcile.add_argument("--accept", action="store_true", help="take over the exchange's account as it is proposed")
    reconcile.add_argument("--reason", default="", help="why; it is journalled")
    _common(reconcile)
    verify = commands.add_parser("verify", help="prove the journal by running its inputs again")
    _common(verify)
    strategies = commands.add_parser("strategies", help="list the strategies and their parameters")
    strategies.add_argument("name", nargs="?", help="show this one's parameters")
    strategies.add_argument("--json", action="store_true", help="print JSON")
    _common(strategies)
    add_sandbox(commands, _common)
    _services(commands)
    upgrade = commands.add_parser(
        "config-upgrade",
        help="add the settings of this version that the configuration lacks",
        description="Add the settings of this version that the configuration lacks, with the values and comments that "
        "they are shipped with. Each is told; what stands in the file stays as it is, and the file before is kept.",
    )
    upgrade.add_argument("--list", action="store_true", help="tell them and write nothing")
    _common(upgrade)
    doctor = commands.add_parser("doctor", help="tell what works on this machine, line by line")
    _common(doctor)
    return top


def _services(commands: argparse._SubParsersAction[Parser]) -> None:
    for name, text in (
        ("feed", "connect to the market once and publish it over NATS for engines and services"),
        ("execution", "hold the account: take orders over NATS, send them to the venue, tell what became of them"),
        (
            "ops",
            "serve the ops API and the web monitor: watch and command an engine from a browser or a program",
        ),
        ("risk", "keep the account's risk state across its engines: limits, crisis mode, the kill latch for all"),
        ("reporter", "report performance by strategy, symbol and day, and notify people"),
    ):
        command = commands.add_parser(name, help=text, description=text.capitalize() + ".")
        command.add_argument(
            "--for", dest="seconds", type=seconds, metavar="SECONDS", help="stop in order after so long"
        )
        if name in ("feed", "execution"):
            command.add_argument("--seed", type=int, metavar="N", help="seed of the built-in market and of latencies")
        if name == "reporter":
            command.add_argument(
                "--once", type=day, metavar="DAY", help="write the report of a UTC day, 2024-03-01, and end"
            )
        _common(command)
    health = commands.add_parser(
        "health",
        help="tell how the services are",
        description="Tell how the services are, as each of them says over NATS. The exit status is 0 when those that "
        "are named, or all that are heard, are running.",
    )
    health.add_argument("names", nargs="*", metavar="NAME", help="feed, execution, strategies, engine, risk, ...")
    _common(health)
    server = commands.add_parser(
        "nats-config",
        help="print the configuration of a nats-server with a user for each role",
        description="Print the configuration of a nats-server with a user and its permissions for each role, from the "
        "subjects and the account of the settings. It holds no secret: the server takes passwords from its "
        "environment, NATS_PASSWORD_FEED and so on, and the folder of its streams from NATS_STORE_DIR.",
    )
    server.add_argument(
        "--tls", nargs=2, metavar=("CERTIFICATE", "KEY"), help="files of the server's certificate and its key"
    )
    _common(server)


def _common(command: argparse.ArgumentParser, subcommand: bool = True) -> None:
    # A sub-command's own value wins; what stood before the sub-command is kept otherwise.
    default = argparse.SUPPRESS if subcommand else None
    command.add_argument("--config", type=Path, metavar="FILE", default=default, help="configuration file")
    command.add_argument(
        "--profile",
        metavar="NAME",
        default=default,
        help="profile beside the configuration file; or several, NAME,NAME",
    )
    command.add_argument("--data", type=Path, metavar="DIR", default=default, help="data folder")


def _backtest(commands: argparse._SubParsersAction[Parser]) -> None:
    command = commands.add_parser(
        "backtest",
        help="run a strategy over candles or recordings",
        description="Run a strategy over candles, from --start to --end in UTC, or over recorded books and trades.",
    )
    command.add_argument("--symbol", help="BTCUSDT or BTC/USDT (default: the recording's, else BTCUSDT)")
    command.add_argument("--start", type=moment, metavar="DATE", help="first bar, 2023-01-01")
    command.add_argument("--end", type=moment, metavar="DATE", help="end, excluded")
    command.add_argument(
        "--recording",
        dest="recordings",
        action="append",
        default=[],
        type=Path,
        metavar="FILE",
        help="run over this recording, whole, instead of candles; may be repeated",
    )
    command.add_argument(
        "--candles",
        metavar="NAME",
        help="candles as `data list` names them (default: those downloaded of the symbol's market, else the symbol's)",
    )
    command.add_argument("--strategy", help="strategy (default: backtest.strategy of the configuration)")
    command.add_argument("--timeframe", choices=list(TIMEFRAMES), help="bars (default: backtest.timeframe)")
    command.add_argument(
        "--set",
        dest="parameters",
        action="append",
        default=[],
        type=assignment,
        metavar="NAME=VALUE",
        help="set a parameter of the strategy; may be repeated",
    )
    command.add_argument("--cash", type=positive, help="cash at the start")
    command.add_argument("--fee-bps", type=decimal, help="fee of every fill, basis points")
    command.add_argument("--slippage-bps", type=not_negative, help="slippage of market orders, basis points")
    command.add_argument(
        "--limits", choices=("on", "none"), default="on", help="none runs without loss limits and protections"
    )
    command.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    command.add_argument("--report", type=Path, metavar="DIR", help="folder of the HTML report")
    command.add_argument("--seed", type=int, default=1, help="seed of latencies")
    _common(command)


def _data(commands: argparse._SubParsersAction[Parser]) -> None:
    command = commands.add_parser("data", help="import, download, list and export market data")
    actions = command.add_subparsers(dest="action", metavar="ACTION", required=True)
    take = actions.add_parser(
        "import",
        help="import candles (CSV, CSV.GZ, Parquet) or recorded streams of Binance spot",
        description="Import candles (CSV, CSV.GZ, Parquet) or recorded streams of Binance spot, whose files are read "
        "as one in the order given.",
    )
    take.add_argument("files", type=Path, nargs="+", metavar="FILE")
    take.add_argument("--symbol", help="symbol (default: from the file's name, or from the streams)")
    take.add_argument("--timeframe", choices=list(TIMEFRAMES), help="interval of candles (default: found in the file)")
    _common(take)
    download = actions.add_parser(
        "download",
        help="download candles from the exchange of the configuration",
        description="Download candles from the exchange of the configuration. Only what is missing is fetched, so an "
        "interrupted download goes on where it stopped. Times are UTC.",
    )
    download.add_argument("--symbol", required=True, help="BTCUSDT or BTC/USDT")
    download.add_argument("--timeframe", choices=list(TIMEFRAMES), required=True)
    download.add_argument("--start", type=moment, required=True, metavar="DATE", help="first candle, 2023-01-01")
    download.add_argument("--end", type=moment, metavar="DATE", help="end, excluded (default: now)")
    download.add_argument("--market", choices=("spot", "linear"), help="default: exchange.market of the configuration")
    _common(download)
    listing = actions.add_parser("list", help="list the candles and recordings there are")
    listing.add_argument("--json", action="store_true", help="print JSON")
    _common(listing)
    give = actions.add_parser("export", help="write candles to a CSV, CSV.GZ or Parquet file")
    give.add_argument("file", type=Path, metavar="FILE")
    give.add_argument("--symbol", required=True)
    give.add_argument("--timeframe", choices=list(TIMEFRAMES), required=True)
    give.add_argument("--start", type=moment, metavar="DATE")
    give.add_argument("--end", type=moment, metavar="DATE", help="excluded")
    _common(give)


def _keys(commands: argparse._SubParsersAction[Parser]) -> None:
    command = commands.add_parser(
        "keys",
        help="keep, list, remove and test API keys",
        description="API keys, kept in the system's keyring. For machines without one: WORKSTATION_KEY_<NAME> and "
        "WORKSTATION_SECRET_<NAME> in the environment, or a file of mode 600 named in WORKSTATION_KEYS_FILE.",
    )
    actions = command.add_subparsers(dest="action", metavar="ACTION", required=True)
    for action, text in (
        ("add", "keep a key: it is asked for, or read from standard input, a line each for key and secret"),
        ("remove", "remove a key from the keyring"),
        ("test", "connect with a key and tell what it may do"),
    ):
        each = actions.add_parser(action, help=text, description=text.capitalize() + ".")
        each.add_argument("name", metavar="NAME", help="as exchange.key of the configuration names it")
        if action != "test":
            each.add_argument(
                "--exchange", metavar="NAME", help="ccxt's name (default: exchange.name of the configuration)"
            )
        if action == "remove":
            each.add_argument("--yes", action="store_true", help="do not ask")
        _common(each)
    listing = actions.add_parser("list", help="list the keys: name, exchange, first letters, where they are kept")
    listing.add_argument("--json", action="store_true", help="print JSON")
    _common(listing)


def moment(text: str) -> int:
    try:
        return parse_utc(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a date; write 2023-01-01 or 2023-01-01T12:00") from None


def day(text: str) -> str:
    """A UTC day as ``2024-03-01``."""
    try:
        return utc_text(parse_utc(date.fromisoformat(text).isoformat()))[:10]
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a day; write 2024-03-01") from None


def decimal(text: str) -> Decimal:
    try:
        amount = Decimal(text)
    except InvalidOperation:
        amount = Decimal("nan")
    if not amount.is_finite():
        raise argparse.ArgumentTypeError(f"{text!r} is not a number")
    return amount


def positive(text: str) -> Decimal:
    amount = decimal(text)
    if amount <= 0:
        raise argparse.ArgumentTypeError(f"{text} must be above 0")
    return amount


def not_negative(text: str) -> Decimal:
    amount = decimal(text)
    if amount < 0:
        raise argparse.ArgumentTypeError(f"{text} must be 0 or more")
    return amount


def seconds(text: str) -> float:
    return float(positive(text))


def size(text: str) -> tuple[int, int]:
    width, _, height = text.lower().partition("x")
    if not (width.isdigit() and height.isdigit() and 640 <= int(width) <= 7680 and 480 <= int(height) <= 4320):
        raise argparse.ArgumentTypeError(f"{text!r} is not a size; write 1600x900")
    return int(width), int(height)


def assignment(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise argparse.ArgumentTypeError(f"{text!r} is not an assignment; write name=value")
    return name.strip(), value.strip()
