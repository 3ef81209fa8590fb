"""What went wrong with the exchange, in one sentence with the remedy."""

from __future__ import annotations

import ssl

import aiohttp
from ccxt.base import errors

from workstation.config.settings import Exchange
from workstation.venues.exchange.connection.errors import CallFailed

_WRONG_KEY = {"-2014", "-2008", "10003", "50111", "50119", "EAPI:Invalid key"}
_WRONG_SECRET = {"-1022", "10004", "50113", "EAPI:Invalid signature"}
_NOT_PERMITTED = {"-2015", "-1002", "10005", "10010", "50110", "50114", "50120", "EGeneral:Permission denied"}
_WRONG_TIME = {"-1021", "-5028", "10002", "50102", "50112", "EAPI:Invalid nonce"}
_WRONG_PASSPHRASE = {"50105"}


def sentence_for(failed: CallFailed, settings: Exchange) -> str:
    """One sentence for a person; it holds no secret."""
    name, code = settings.name, failed.code
    place = settings.address or f"{name}{' (test network)' if settings.testnet else ''}"
    again = f"enter it again with `workstation keys add {settings.key}`"
    error = failed.error
    if failed.call.status == 0:
        return _unreachable(failed, place)
    if code in _WRONG_SECRET:
        return (
            f"{place} does not accept the signature made with the key “{settings.key}”: its secret is wrong; {again}."
        )
    if code in _WRONG_PASSPHRASE:
        return f"{place} does not accept the passphrase of the key “{settings.key}”; {again}."
    if code in _WRONG_KEY:
        return (
            f"{place} does not know the key “{settings.key}”; {again}, and mind that "
            "test networks have keys of their own."
        )
    if code in _NOT_PERMITTED or isinstance(error, errors.PermissionDenied):
        return (
            f"{place} does not let the key “{settings.key}” do this: it is unknown, lacks the permission, or this "
            "computer's IP address is not on its list; check all three in the exchange's key settings."
        )
    if code in _WRONG_TIME or isinstance(error, errors.InvalidNonce):
        return (
            f"The computer's clock differs too much from {place}'s; set it by a time server and start again: on Linux "
            "`timedatectl set-ntp true`, on Windows “Sync now” in the time settings."
        )
    if isinstance(error, errors.AuthenticationError):
        return f"{place} does not accept the key “{settings.key}” ({failed}); {again}."
    if failed.call.status in (418, 429):
        return f"{place} refuses requests for a while because there were too many; wait some minutes and try again."
    if failed.call.status >= 500 or isinstance(error, errors.OnMaintenance):
        return f"{place} is out of order or under maintenance (HTTP {failed.call.status}); wait and try again."
    if isinstance(error, errors.BadSymbol):
        return f"{place} does not list a symbol that was asked for ({failed}); correct market.symbols."
    return f"{place} refused a request ({failed}); see its status page, and its list of errors for the code."


def _unreachable(failed: CallFailed, place: str) -> str:
    cause = failed.cause
    if issubclass(cause, ssl.SSLError | ssl.CertificateError | aiohttp.ClientSSLError):
        return (
            f"The connection to {place} is not secure (the certificate was not accepted); check the computer's date, "
            "and whether a proxy or a virus scanner intercepts connections."
        )
    if issubclass(cause, TimeoutError) or isinstance(failed.error, errors.RequestTimeout):
        return f"{place} did not answer in time; check the network connection and the exchange's status page."
    if isinstance(failed.error, errors.NetworkError):
        return f"{place} cannot be reached; check the network connection, the firewall, and exchange.address."
    return f"{place} could not be asked: {failed.text}"
