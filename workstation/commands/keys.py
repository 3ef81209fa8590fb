"""``workstation keys``: API keys of exchanges, kept outside of everything else that the workstation writes."""

from __future__ import annotations

import argparse
import getpass
import json
import sys
import warnings

from workstation.commands.places import settings
from workstation.core.credentials import Credentials
from workstation.core.errors import CredentialsError
from workstation.core.redaction import first_letters
from workstation.storage.secrets import add_key, check_name, key_names, remove_key
from workstation.venues.exchange.exchange_names import check_exchange


def keys(arguments: argparse.Namespace) -> int:
    if arguments.action == "list":
        return _list(arguments)
    check_name(arguments.name)
    if arguments.action == "add":
        return _add(arguments)
    if arguments.action == "remove":
        return _remove(arguments)
    # ccxt takes half a second to load, which the other actions need not wait for.
    from workstation.commands.key_test import test_key

    return test_key(arguments)


def _add(arguments: argparse.Namespace) -> int:
    exchange = _exchange(arguments)
    credentials = _ask() if sys.stdin.isatty() else _read()
    add_key(arguments.name, exchange, credentials)
    print(
        f"Kept key {arguments.name} for {exchange} ({first_letters(credentials)}…). "
        f"`workstation keys test {arguments.name}` tells what it may do."
    )
    return 0


def _list(arguments: argparse.Namespace) -> int:
    found, problem = key_names()
    if arguments.json:
        print(
            json.dumps([{"name": k.name, "exchange": k.exchange, "begins": k.begins, "place": k.place} for k in found])
        )
        return 0
    if found:
        print(f"{'Name':<20}{'Exchange':<16}{'Key':<8}Kept in")
    for key in found:
        print(f"{key.name:<20}{key.exchange or 'any':<16}{key.begins + '…':<8}{key.place}")
    if not found:
        print("There are no keys; `workstation keys add NAME` keeps one.")
    if problem:
        print(problem)
    return 0


def _remove(arguments: argparse.Namespace) -> int:
    name, exchange = arguments.name, _exchange(arguments)
    if not arguments.yes:
        if not sys.stdin.isatty():
            raise CredentialsError(f"Removing key {name} is asked for on a terminal; without one, add --yes.")
        if input(f"Remove key {name} for {exchange} from the keyring? [y/N] ").strip().lower() not in ("y", "yes"):
            print("Nothing was removed.")
            return 1
    remove_key(name, exchange)
    print(f"Removed key {name} for {exchange}. Delete it at the exchange too when nobody uses it any more.")
    return 0


def _exchange(arguments: argparse.Namespace) -> str:
    """``--exchange``, else the one of the configuration."""
    if arguments.exchange is None:
        return settings(arguments).settings.exchange.name
    exchange: str = arguments.exchange
    check_exchange(exchange)
    return exchange


def _ask() -> Credentials:
    with warnings.catch_warnings():
        # getpass would go on and show what is typed.
        warnings.simplefilter("error", getpass.GetPassWarning)
        try:
            return Credentials(
                getpass.getpass("Key (not shown): ").strip(),
                getpass.getpass("Secret (not shown): ").strip(),
                getpass.getpass("Password, only where the exchange gave one (not shown): ").strip(),
            )
        except getpass.GetPassWarning:
            raise CredentialsError(
                "This terminal cannot hide what is typed: pipe key and secret in, a line each."
            ) from None
        except EOFError:
            raise CredentialsError("The input ended before key and secret were given; nothing was kept.") from None


def _read() -> Credentials:
    lines = [line.strip() for line in sys.stdin.read().splitlines()]
    while lines and not lines[-1]:
        lines.pop()
    if len(lines) not in (2, 3):
        raise CredentialsError(
            f"Standard input has {len(lines)} lines; it must have the key, the secret and, where the exchange gave "
            "one, the password, a line each."
        )
    return Credentials(*lines)
