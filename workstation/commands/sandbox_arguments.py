"""The command line of ``workstation sandbox``."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from workstation.sandbox.accounts import PERMISSIONS
from workstation.sandbox.chaos import KINDS

if TYPE_CHECKING:
    from workstation.commands.arguments import Parser

DEFAULT_PORT = 8800
_SERVE = """\
Run an exchange on this machine that speaks Binance's spot and USD-M protocol, to practise on with any client. Prices
come from the built-in market, or from a recording. The practice key's account begins with 10,000 USDT on spot and
10,000 USDT on USD-M; keys that are added later begin with nothing."""
_ACTIONS = """\
With an action, the command talks to the exchange that is running on --port. Programs do the same over HTTP, with JSON:

  deposit         POST /sandbox/deposit    key, asset, amount, wallet (spot or futures)
  add-key         POST /sandbox/keys       key, secret, account, permissions, addresses
  chaos           POST /sandbox/chaos      kind, probability, count, duration_s, endpoint, connection, value
  chaos list      GET /sandbox/chaos       chaos clear: DELETE
  close           POST /sandbox/close      key, symbol, how (liquidation or adl)
  delist, relist  POST /sandbox/listing    symbol, market (spot or futures), trading
  show            GET /sandbox             what it offers; GET /sandbox/record?key=K: all of an account, exactly"""


def add_sandbox(
    commands: argparse._SubParsersAction[Parser], common: Callable[[argparse.ArgumentParser], None]
) -> None:
    """``common`` adds the options that every command has."""
    command = commands.add_parser(
        "sandbox",
        help="run a practice exchange, or steer one that runs",
        description=_SERVE,
        epilog=_ACTIONS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument(
        "--port", type=port, default=DEFAULT_PORT, metavar="N", help=f"default: {DEFAULT_PORT}; 0: any"
    )
    command.add_argument(
        "--host", default="127.0.0.1", metavar="ADDRESS", help="default: 127.0.0.1, this machine alone"
    )
    command.add_argument("--key", default="practice-key", metavar="K", help="practice key (default: practice-key)")
    command.add_argument("--secret", default="practice-secret", metavar="S", help="default: practice-secret")
    command.add_argument("--symbols", nargs="+", metavar="SYMBOL", help="default: market.symbols of the configuration")
    command.add_argument(
        "--recording", type=Path, metavar="FILE", help="serve a recording instead of the built-in market"
    )
    command.add_argument("--state", type=Path, metavar="FILE", help="keep keys, accounts and orders in this file")
    command.add_argument(
        "--seed", type=int, default=1, metavar="N", help="seed of the market and of chaos (default: 1)"
    )
    common(command)
    actions = command.add_subparsers(dest="action", metavar="ACTION")
    _deposit(_action(actions, "deposit", "give an account of a running exchange money"))
    _add_key(_action(actions, "add-key", "add a key to a running exchange"))
    _chaos(_action(actions, "chaos", "make things go wrong on a running exchange", chaos_help()))
    close = _action(actions, "close", "let a running exchange close a position by itself")
    close.add_argument("--key", required=True, metavar="K", help="whose position")
    close.add_argument("--symbol", required=True)
    close.add_argument("--how", choices=("liquidation", "adl"), default="liquidation")
    for name, text in (("delist", "stop the trading of a symbol"), ("relist", "take the trading of a symbol up again")):
        listing = _action(actions, name, f"{text} on a running exchange")
        listing.add_argument("--symbol", required=True)
        listing.add_argument("--market", choices=("spot", "futures"), help="default: both")
    show = _action(actions, "show", "show a running exchange, or with --key its own record of an account, as JSON")
    show.add_argument("--key", metavar="K", default="")


def _action(actions: argparse._SubParsersAction[Parser], name: str, text: str, epilog: str = "") -> Parser:
    action = actions.add_parser(
        name,
        help=text,
        description=text.capitalize() + ".",
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    # What stood before the action is kept where the action does not say.
    action.add_argument("--port", type=port, default=argparse.SUPPRESS, metavar="N", help=f"default: {DEFAULT_PORT}")
    return action


def _deposit(action: Parser) -> None:
    action.add_argument("--key", required=True, metavar="K", help="a key of the account")
    action.add_argument("--asset", required=True, help="as USDT")
    action.add_argument("--amount", required=True, help="a negative amount takes away")
    action.add_argument("--wallet", choices=("spot", "futures"), default="spot", help="default: spot")


def _add_key(action: Parser) -> None:
    action.add_argument("--key", required=True, metavar="K")
    action.add_argument("--secret", required=True, metavar="S")
    action.add_argument(
        "--account", default="", metavar="NAME", help="an account that exists (default: one of its own)"
    )
    action.add_argument(
        "--permissions",
        nargs="*",
        choices=PERMISSIONS,
        default=["read", "spot", "futures"],
        help="default: all but withdraw",
    )
    action.add_argument("--addresses", nargs="*", default=[], metavar="IP", help="work from these alone (default: any)")


def _chaos(action: Parser) -> None:
    action.add_argument("kind", metavar="KIND", help="a switch from the list below; list, or clear")
    action.add_argument("--probability", type=float, default=1.0, metavar="P", help="of each strike (default: 1)")
    action.add_argument("--count", type=int, metavar="N", help="strikes, after which it is off (default: no end)")
    action.add_argument("--duration", type=float, metavar="SECONDS", help="after which it is off (default: no end)")
    action.add_argument(
        "--endpoint", default="", metavar="NAME", help="as “POST /api/v3/order”, order.place, btcusdt@depth"
    )
    action.add_argument("--connection", default="", metavar="WHICH", help="market, user, api, or a number of `show`")
    action.add_argument("--value", type=float, metavar="X", help="see the list below")


def chaos_help() -> str:
    """Every switch with what it does."""
    lines = [f"  {kind:<16} {text}" for kind, text in KINDS.items()]
    return "\n".join(["switches, and what --value means after the colon:", *lines])


def port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) > 65_535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port; write a whole number from 0 to 65535")
    return int(text)
