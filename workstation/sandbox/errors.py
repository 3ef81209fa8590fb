"""What the exchange answers when it refuses: Binance's codes and texts, which clients look at to the letter."""

from __future__ import annotations

from typing import Any


class ApiError(Exception):
    """A refusal: ``status`` is HTTP's, ``code`` and ``message`` Binance's; ``retry_after_s`` becomes a header."""

    def __init__(
        self,
        code: int,
        message: str,
        status: int = 400,
        *,
        retry_after_s: int | None = None,
        data: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
        self.retry_after_s = retry_after_s
        self.data = data

    def body(self) -> dict[str, Any]:
        """As it is written into an answer."""
        body: dict[str, Any] = {"code": self.code, "msg": self.message}
        if self.data is not None:
            body["data"] = self.data
        return body


def unknown_path() -> ApiError:
    return ApiError(-5000, "Path does not exist or its method is not allowed.", 404)


def missing(name: str) -> ApiError:
    return ApiError(-1102, f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed.")


def missing_both(name: str, client_name: str) -> ApiError:
    return ApiError(-1102, f"Param '{client_name}' or '{name}' must be sent, but both were empty/null!")


def illegal(name: str, legal: str) -> ApiError:
    return ApiError(-1100, f"Illegal characters found in parameter '{name}'; legal range is '{legal}'.")


def not_required(name: str) -> ApiError:
    return ApiError(-1106, f"Parameter '{name}' sent when not required.")


def too_precise(name: str) -> ApiError:
    return ApiError(-1111, f"Parameter '{name}' has too much precision.")


def bad_combination() -> ApiError:
    return ApiError(-1128, "Combination of optional parameters invalid.")


def invalid_interval() -> ApiError:
    return ApiError(-1120, "Invalid interval.")


def invalid_symbol() -> ApiError:
    return ApiError(-1121, "Invalid symbol.")


def timestamp_behind() -> ApiError:
    return ApiError(-1021, "Timestamp for this request is outside of the recvWindow.")


def timestamp_ahead() -> ApiError:
    return ApiError(-1021, "Timestamp for this request was 1000ms ahead of the server's time.")


def invalid_signature() -> ApiError:
    return ApiError(-1022, "Signature for this request is not valid.")


def bad_key_format() -> ApiError:
    return ApiError(-2014, "API-key format invalid.", 401)


def rejected_key() -> ApiError:
    return ApiError(-2015, "Invalid API-key, IP, or permissions for action.", 401)


def filter_failure(name: str) -> ApiError:
    return ApiError(-1013, f"Filter failure: {name}")


def rejected_order(text: str) -> ApiError:
    return ApiError(-2010, text)


def insufficient_balance() -> ApiError:
    return rejected_order("Account has insufficient balance for requested action.")


def insufficient_margin() -> ApiError:
    return ApiError(-2019, "Margin is insufficient.")


def unknown_order() -> ApiError:
    return ApiError(-2011, "Unknown order sent.")


def unknown_order_list() -> ApiError:
    return ApiError(-2011, "Unknown order list sent.")


def no_such_order() -> ApiError:
    return ApiError(-2013, "Order does not exist.")


def outcome_unknown() -> ApiError:
    return ApiError(
        -1007, "Timeout waiting for response from backend server. Send status unknown; execution status unknown.", 504
    )


def overloaded() -> ApiError:
    return ApiError(
        -1008, "Server is currently overloaded with other requests. Please try again in a few minutes.", 503
    )


def in_maintenance() -> ApiError:
    return ApiError(-1016, "This service is no longer available.", 503)
