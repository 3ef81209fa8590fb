"""Who asks, and whether it is so: keys, signatures over the raw bytes, and the time a request is good for."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from urllib.parse import parse_qsl

from workstation.sandbox import errors
from workstation.sandbox.accounts import ApiKey
from workstation.sandbox.endpoint import Security
from workstation.sandbox.errors import ApiError
from workstation.sandbox.parameters import Parameters
from workstation.sandbox.wire import MILLISECOND_NS

DEFAULT_WINDOW_MS = 5_000
LONGEST_WINDOW_MS = 60_000
AHEAD_NS = 1_000 * MILLISECOND_NS
_MICROSECONDS_FROM = 10**15


def request_values(query: str, body: str) -> dict[str, str]:
    """Parameters of the query and of a form-encoded body; the query wins."""
    return {
        **dict(parse_qsl(body, keep_blank_values=True)),
        **dict(parse_qsl(query, keep_blank_values=True)),
    }


def signed_payload(query: str, body: str) -> str:
    """What a REST signature covers: the raw query and body, without the signature itself."""
    return _without_signature(query) + _without_signature(body)


def _without_signature(raw: str) -> str:
    return "&".join(part for part in raw.split("&") if not part.startswith("signature="))


def sorted_payload(values: Mapping[str, str]) -> str:
    """What a signature of the websocket API covers: all parameters but itself, in alphabetical order."""
    return "&".join(f"{name}={values[name]}" for name in sorted(values) if name != "signature")


def signature(secret: str, payload: str) -> str:
    return hmac.new(secret.encode(), payload.encode(), hashlib.sha256).hexdigest()


def known_key(keys: Mapping[str, ApiKey], key: str | None, address: str) -> ApiKey:
    """Raises ``ApiError`` for a key that there is not, or that does not work from there."""
    if not key:
        raise errors.bad_key_format()
    found = keys.get(key)
    if found is None or not found.works_from(address):
        raise errors.rejected_key()
    return found


def check_signed(key: ApiKey, security: Security, values: dict[str, str], payload: str, now_ns: int) -> None:
    """Raise ``ApiError`` unless the request is signed with the key's secret, in time, and permitted."""
    parameters = Parameters(values)
    given = parameters.text("signature")
    check_time(parameters, now_ns)
    if not hmac.compare_digest(given.lower().encode(), signature(key.secret, payload).encode()):
        raise errors.invalid_signature()
    if not key.may(security.value):
        raise errors.rejected_key()


def check_time(parameters: Parameters, now_ns: int) -> None:
    """Raise ``ApiError`` when the request is not of this moment: it is too old, or from the future."""
    stamp = parameters.whole("timestamp")
    stamp_ns = stamp * 1_000 if stamp >= _MICROSECONDS_FROM else stamp * MILLISECOND_NS
    window = parameters.decimal("recvWindow") if parameters.has("recvWindow") else DEFAULT_WINDOW_MS
    if window > LONGEST_WINDOW_MS:
        raise ApiError(-1131, "recvWindow must be less than 60000.")
    if stamp_ns >= now_ns + AHEAD_NS:
        raise errors.timestamp_ahead()
    if now_ns - stamp_ns > int(window * MILLISECOND_NS):
        raise errors.timestamp_behind()
