"""What can become of a request besides an answer."""

from __future__ import annotations

from workstation.core.errors import WorkstationError
from workstation.venues.exchange.connection.call import Call


class ExchangeError(WorkstationError):
    """The exchange refuses us, or cannot be reached; the message says what to do."""

    exit_code = 5


class RequestExpired(Exception):
    """The request was not sent: the time in which the exchange might take it was over."""


class CallFailed(Exception):
    """A request without a good answer. ``error`` is ccxt's; the text is free of keys and signatures."""

    def __init__(self, call: Call, error: Exception, code: str, text: str) -> None:
        super().__init__(f"{code} {text}".strip())
        self.call = call
        self.error = error
        self.code = code
        """The exchange's own code, "" where it gave none."""
        self.text = text

    @property
    def cause(self) -> type[BaseException]:
        """What broke the connection, where one broke."""
        return self.call.cause


class LaggingAnswer(Exception):
    """The exchange's answers do not agree with each other yet, such as more filled than listed as trades: no news."""
