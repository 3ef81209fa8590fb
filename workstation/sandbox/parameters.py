"""Parameters of a request, read with Binance's own complaints."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

import orjson

from workstation.core.types import Side
from workstation.sandbox import errors
from workstation.sandbox.candles import INTERVALS
from workstation.sandbox.errors import ApiError
from workstation.sandbox.wire import MILLISECOND_NS

_NUMBER = re.compile(r"[0-9]{1,20}(\.[0-9]{1,20})?")
_NUMBER_TEXT = r"^([0-9]{1,20})(\.[0-9]{1,20})?$"
_CLIENT_ID = re.compile(r"[.A-Z:/a-z0-9_-]{1,36}")
_CLIENT_ID_TEXT = r"^[\.A-Z\:/a-z0-9_-]{1,36}$"


class Parameters:
    """Every reader raises ``ApiError`` for a value that is missing or malformed."""

    def __init__(self, values: Mapping[str, str], names: Mapping[str, str] | None = None) -> None:
        self._values = values
        self._names = names or {}

    def leg(self, names: Mapping[str, str], fixed: Mapping[str, str]) -> Parameters:
        """Parameters of one order of several: ``names`` says what each is called here, ``fixed`` is as given."""
        return Parameters({**self._values, **fixed}, names)

    def has(self, name: str) -> bool:
        name = self._names.get(name, name)
        return bool(self._values.get(name))

    def text(self, name: str, default: str | None = None) -> str:
        """A text; without a default it must be there."""
        name = self._names.get(name, name)
        if name in self._values and not self._values[name]:
            raise ApiError(-1105, f"Parameter '{name}' was empty.")
        value = self._values.get(name, default)
        if value is None:
            raise errors.missing(name)
        return value

    def one_of(self, name: str, allowed: tuple[str, ...], refusal: ApiError, default: str | None = None) -> str:
        value = self.text(name, default)
        if value not in allowed:
            raise refusal
        return value

    def whole(self, name: str, default: int | None = None, most: int | None = None) -> int:
        """A whole number of 0 or more; one above ``most`` counts as ``most``."""
        value = self.optional_whole(name)
        if value is None:
            if default is None:
                raise errors.missing(name)
            value = default
        return value if most is None else min(value, most)

    def optional_whole(self, name: str) -> int | None:
        name = self._names.get(name, name)
        if name not in self._values:
            return None
        text = self.text(name)
        if not text.isascii() or not text.isdigit() or len(text) > 20:
            raise errors.illegal(name, "^[0-9]{1,20}$")
        return int(text)

    def limit(self, default: int, most: int) -> int:
        """How many are wanted."""
        limit = self.whole("limit", default, most)
        if limit < 1:
            raise ApiError(-1130, "Data sent for parameter 'limit' is not valid.")
        return limit

    def decimal(self, name: str) -> Decimal:
        """A plain decimal number of 0 or more."""
        name = self._names.get(name, name)
        text = self.text(name)
        if not _NUMBER.fullmatch(text):
            raise errors.illegal(name, _NUMBER_TEXT)
        try:
            return Decimal(text)
        except InvalidOperation:
            raise errors.illegal(name, _NUMBER_TEXT) from None

    def flag(self, name: str, default: bool = False) -> bool:
        text = self.text(name, str(default)).lower()
        if text not in ("true", "false"):
            raise errors.illegal(name, "true, false")
        return text == "true"

    def time_ns(self, name: str) -> int | None:
        """A time in milliseconds, as nanoseconds; ``None`` when it is not there."""
        value = self.optional_whole(name)
        return None if value is None else value * MILLISECOND_NS

    def side(self) -> Side:
        sides = {"BUY": Side.BUY, "SELL": Side.SELL}
        return sides[self.one_of("side", tuple(sides), ApiError(-1117, "Invalid side."))]

    def interval_ns(self) -> int:
        name = self.text("interval")
        if name not in INTERVALS:
            raise errors.invalid_interval()
        return INTERVALS[name]

    def client_id(self, name: str) -> str:
        """A client's own id; empty when it is not there."""
        name = self._names.get(name, name)
        if name not in self._values:
            return ""
        text = self.text(name)
        if not _CLIENT_ID.fullmatch(text):
            raise errors.illegal(name, _CLIENT_ID_TEXT)
        return text

    def ids(self, name: str, client_name: str, refusal: ApiError | None = None) -> tuple[int | None, str]:
        """The exchange's id and the client's; one of them must be there."""
        own_id, client_id = self.optional_whole(name), self.client_id(client_name)
        if own_id is None and not client_id:
            raise refusal or errors.missing_both(name, client_name)
        return own_id, client_id

    def symbols(self, known: Mapping[str, object]) -> tuple[list[str], bool]:
        """Of ``symbol``, ``symbols`` (a JSON list) or neither (all); and whether a single one was meant."""
        if self.has("symbol"):
            if self.has("symbols"):
                raise errors.bad_combination()
            wanted, single = [self.text("symbol")], True
        elif self.has("symbols"):
            wanted, single = json_list("symbols", self.text("symbols")), False
        else:
            return list(known), False
        if any(symbol not in known for symbol in wanted):
            raise errors.invalid_symbol()
        return wanted, single


def json_list(name: str, text: str) -> list[str]:
    """A JSON list of texts. Raises ``ApiError``."""
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, list) or not found or not all(isinstance(item, str) for item in found):
        raise errors.illegal(name, '["A","B"]')
    return found
