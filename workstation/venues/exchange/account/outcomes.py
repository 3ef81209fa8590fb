"""What a failed request means, by tables of each protocol's error codes.

An order that was not answered well was *rejected* (certainly not taken), *expired* (certainly not taken, because it
came too late), a *duplicate* (the exchange has it already), or its fate is *unknown*. Whatever is not in a table is
unknown: the engine then asks, and never sends again.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from ccxt.base import errors

from workstation.venues.exchange.codes import family_of
from workstation.venues.exchange.connection.errors import CallFailed


class Outcome(StrEnum):
    """Of an order or its change."""

    REJECTED = "rejected"
    EXPIRED = "expired"
    DUPLICATE = "duplicate"
    UNKNOWN = "unknown"


class CancelOutcome(StrEnum):
    """``GONE``: no such open order. ``REFUSED``: the order stays as it was."""

    GONE = "gone"
    REFUSED = "refused"
    UNKNOWN = "unknown"


class Found(StrEnum):
    """Of a question about an order; ``NO_NEWS`` proves nothing."""

    MISSING = "missing"
    NO_NEWS = "no news"


class Row:
    """What a code means. With ``text``, only where the message contains it; such rows stand before the plain one."""

    __slots__ = ("code", "order", "remedy", "text")

    def __init__(self, code: str, order: Outcome, remedy: str = "", text: str = "") -> None:
        self.code = code
        self.order = order
        self.remedy = remedy
        """What a person can do about it, where that is not plain from the exchange's text."""
        self.text = text


_R, _X, _U = Outcome.REJECTED, Outcome.EXPIRED, Outcome.UNKNOWN


def _rejected(codes: Iterable[int | str]) -> list[Row]:
    return [Row(str(code), _R) for code in codes]


_CLOCK = "The clocks differ: the offset is measured anew."
_HEDGE = "Switch the account to one-way position mode."
_PERMISSION = "Check the key's permissions and its list of IP addresses."

_BINANCE_COMMON = [
    # Execution status unknown, in Binance's own words.
    Row("-1000", _U),
    Row("-1001", _U),
    Row("-1006", _U),
    Row("-1007", _U),
    # Turned away at the door.
    *_rejected((-1002, -1003, -1008, -1010, -1013, -1014, -1015, -1016, -1020, -1022)),
    Row("-1021", _X, _CLOCK),
    # Request issues: nothing reached the matching engine.
    *_rejected(range(-1199, -1099)),
    Row("-2014", _R, _PERMISSION),
    Row("-2015", _R, _PERMISSION),
]
_BINANCE_SPOT = [
    *_BINANCE_COMMON,
    Row("-2010", Outcome.DUPLICATE, text="Duplicate order sent"),
    Row("-2010", _R),
]
_BINANCE_LINEAR = [
    *_BINANCE_COMMON,
    # "Service Unavailable" is a failure, but Binance gives this code to other things as well.
    Row("-1004", _U),
    Row("-2010", Outcome.DUPLICATE, text="Duplicate order sent"),
    *_rejected((-2010, -2018, -2019, -2020, -2021, -2022, -2023, -2024, -2025, -2026, -2027, -2028)),
    Row("-4061", _R, _HEDGE),
    Row("-4111", Outcome.DUPLICATE),
    Row("-4116", Outcome.DUPLICATE),
    *_rejected(code for code in range(-4299, -3999) if code not in (-4061, -4111, -4116)),
    *_rejected((-4400, -4401, -4402, -4403)),
    *_rejected((-5021, -5022, -5024, -5025, -5026, -5027)),
    Row("-5028", _X),
    *_rejected(range(-5043, -5036)),
]
_BYBIT = [
    Row("10000", _U),
    Row("10016", _U),
    Row("10019", _U),
    Row("10002", _X, _CLOCK),
    Row("-1021", _X, _CLOCK),
    *_rejected((10001, 10003, 10004, 10006, 10007, 10008, 10009, 10014, 10017, 10018, 10024, 10027, 10028, 10029)),
    Row("10005", _R, _PERMISSION),
    Row("10010", _R, _PERMISSION),
    Row("10429", _R),
    Row("110072", Outcome.DUPLICATE),
    Row("170141", Outcome.DUPLICATE),
    *_rejected(code for code in range(110001, 110100) if code not in (110072,)),
    *_rejected(
        (170005, 170010, 170011, 170031, 170033, 170034, 170036, 170037, 170105, 170115, 170116, 170117, 170121)
    ),
    *_rejected((170124, 170130, 170131, 170132, 170133, 170134, 170135, 170136, 170137, 170139, 170140, 170142)),
    *_rejected((170143, 170144, 170145, 170148, 170151, 170157, 170159, 170190, 170191, 170192)),
    *_rejected((170193, 170194, 170197, 170198, 170199, 170200, 170201, 170202, 170203, 170204)),
    *_rejected((170206, 170209, 170210, 170215, 170217, 170218, 170221, 170222, 170223, 170224, 170229, 170709)),
    Row("170001", _U),
    Row("170007", _U),
    Row("170032", _U),
    Row("170146", _U),
    Row("170147", _U),
]
_OKX = [
    # "Does not mean that the request was successful or failed, please check the request result."
    Row("50004", _U),
    Row("50013", _U),
    Row("50026", _U),
    Row("51149", _U),
    Row("50102", _X, _CLOCK),
    Row("50036", _X),
    *_rejected((50000, 50002, 50005, 50006, 50007, 50008, 50011, 50012, 50014, 50015, 50016, 50024, 50027, 50030)),
    *_rejected((50035, 50061, 50100, 50101, 50103, 50104, 50105, 50106, 50107, 50109, 50110, 50111, 50112, 50113)),
    *_rejected((50114, 50115, 50119, 50120)),
    Row("51016", Outcome.DUPLICATE),
    Row("51010", _R, "Use an account mode that allows this instrument."),
    *_rejected(code for code in range(51000, 51150) if code not in (51010, 51016, 51149)),
    *_rejected((51155, 51169, 51185, 51200, 51201, 51202, 51203, 51204, 51205, 51250, 51251, 51252, 51254, 51256)),
    *_rejected((51258, 51260, 51261, 51262, 51263, 51264, 51265, 51277, 51278, 51279, 51280, 51281, 51400, 51401)),
    *_rejected((51402, 51403, 51410, 51500, 51501, 51502, 51503, 51506, 51508, 51509, 51510, 51511, 51512, 51603)),
]
_KRAKEN = [
    Row("EGeneral:Internal error", _U),
    Row("EService:Timeout", _U),
    Row("EService:Unavailable", _U),
    Row("EService:Busy", _U),
    Row("EService:Deadline elapsed", _X),
    Row("EAPI:Invalid nonce", _X, _CLOCK),
    *_rejected(
        (
            "EAPI:Invalid key",
            "EAPI:Invalid signature",
            "EAPI:Rate limit exceeded",
            "EAPI:Bad request",
            "EAPI:Feature disabled",
            "EGeneral:Invalid arguments",
            "EGeneral:Permission denied",
            "EGeneral:Temporary lockout",
            "EGeneral:Too many requests",
            "EOrder:Cannot open position",
            "EOrder:Cannot open opposing position",
            "EOrder:Insufficient funds",
            "EOrder:Insufficient margin",
            "EOrder:Invalid order",
            "EOrder:Invalid price",
            "EOrder:Margin allowance exceeded",
            "EOrder:Margin level too low",
            "EOrder:Order minimum not met",
            "EOrder:Cost minimum not met",
            "EOrder:Orders limit exceeded",
            "EOrder:Positions limit exceeded",
            "EOrder:Post only order",
            "EOrder:Rate limit exceeded",
            "EOrder:Reduce only",
            "EOrder:Scheduled orders limit exceeded",
            "EOrder:Tick size check failed",
            "EOrder:Trading agreement required",
            "EOrder:Unknown order",
            "EQuery:Unknown asset pair",
            "EService:Market in cancel_only mode",
            "EService:Market in limit_only mode",
            "EService:Market in post_only mode",
            "EAccount:Invalid permissions",
        )
    ),
]

TABLES: dict[str, list[Row]] = {
    "binance spot": _BINANCE_SPOT,
    "binance linear": _BINANCE_LINEAR,
    "bybit": _BYBIT,
    "okx": _OKX,
    "kraken": _KRAKEN,
}
NO_SUCH_ORDER: dict[str, frozenset[str]] = {
    "binance": frozenset({"-2011", "-2013"}),
    "bybit": frozenset({"110001", "110008", "110010", "170142", "170139", "170213"}),
    "okx": frozenset({"51400", "51401", "51402", "51410", "51603"}),
    "kraken": frozenset({"EOrder:Unknown order"}),
}
"""Answers to a cancel or a question that say: there is no such order, or it is not open."""

CLOCK_CODES = frozenset({"-1021", "10002", "50102", "EAPI:Invalid nonce"})
"""Turned away for the time stamp alone."""
CERTAIN_CLASSES = (
    errors.InsufficientFunds,
    errors.InvalidOrder,
    errors.BadSymbol,
    errors.PermissionDenied,
    errors.AuthenticationError,
    errors.RateLimitExceeded,
    errors.InvalidNonce,
)
"""Of an exchange without a table: ccxt raises these only for an answer that says so."""


def _index(rows: list[Row]) -> dict[str, list[Row]]:
    indexed: dict[str, list[Row]] = {}
    for row in rows:
        indexed.setdefault(row.code, []).append(row)
    return indexed


_INDEX = {name: _index(rows) for name, rows in TABLES.items()}


class ErrorTable:
    """The judge of one exchange and market."""

    def __init__(self, name: str, market: str) -> None:
        self.family = family_of(name)
        table = f"{self.family} {market}" if self.family == "binance" else self.family
        self._rows = _INDEX.get(table, {})

    def row_of(self, failed: CallFailed) -> Row | None:
        """The row for the exchange's code, if its table has one."""
        for row in self._rows.get(failed.code, ()):
            if row.text in failed.text:
                return row
        return None

    def of_order(self, failed: CallFailed) -> Outcome:
        """Whether a new order or a change was taken."""
        if failed.call.status == 0:
            # Refused by ccxt itself or without a connection, it never left; otherwise only its answer is missing.
            return Outcome.UNKNOWN if failed.call.sent else Outcome.REJECTED
        if failed.call.status in (418, 429):
            return Outcome.REJECTED
        row = self.row_of(failed)
        if row is not None:
            return row.order
        if self.family or failed.call.status >= 500:
            return Outcome.UNKNOWN
        return Outcome.REJECTED if isinstance(failed.error, CERTAIN_CLASSES) else Outcome.UNKNOWN

    def of_cancel(self, failed: CallFailed) -> CancelOutcome:
        if self._says_missing(failed):
            return CancelOutcome.GONE
        return CancelOutcome.UNKNOWN if self.of_order(failed) is Outcome.UNKNOWN else CancelOutcome.REFUSED

    def of_question(self, failed: CallFailed) -> Found:
        return Found.MISSING if self._says_missing(failed) else Found.NO_NEWS

    def _says_missing(self, failed: CallFailed) -> bool:
        if failed.call.status == 0 or failed.call.status >= 500:
            return False
        if self.family:
            return failed.code in NO_SUCH_ORDER[self.family]
        return isinstance(failed.error, errors.OrderNotFound)

    def reason(self, failed: CallFailed) -> str:
        """The exchange's text with the remedy, for a person."""
        row = self.row_of(failed)
        text = failed.text.strip().rstrip(".")
        return f"{text}. {row.remedy}" if row is not None and row.remedy else text
