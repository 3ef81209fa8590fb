"""The exchange's own error code in the body of an answer: ccxt's classes are too coarse to decide on."""

from __future__ import annotations

from typing import Any

import orjson

FAMILIES = {
    "binance": "binance",
    "binanceusdm": "binance",
    "bybit": "bybit",
    "okx": "okx",
    "okxus": "okx",
    "myokx": "okx",
    "kraken": "kraken",
}
"""Exchanges by ccxt's name that speak a protocol whose errors we know."""


def family_of(name: str) -> str:
    """The protocol that an exchange speaks; "" for one whose errors are judged by ccxt's classes."""
    return FAMILIES.get(name, "")


def code_of(name: str, body: str | None) -> tuple[str, str]:
    """Code and text of an error; empty where there are none."""
    if not body:
        return "", ""
    try:
        answer = orjson.loads(body)
    except orjson.JSONDecodeError:
        return "", ""
    read = _READERS.get(family_of(name))
    if read is None or not isinstance(answer, dict):
        return "", ""
    return read(answer)


def _binance(answer: dict[str, Any]) -> tuple[str, str]:
    return str(answer.get("code", "")), str(answer.get("msg", ""))


def _bybit(answer: dict[str, Any]) -> tuple[str, str]:
    return str(answer.get("retCode", "")), str(answer.get("retMsg", ""))


def _okx(answer: dict[str, Any]) -> tuple[str, str]:
    """The error of a single order stands in its row; the code above it says only that a row failed."""
    rows = answer.get("data")
    if isinstance(rows, list) and rows and isinstance(rows[0], dict) and rows[0].get("sCode", "0") != "0":
        return str(rows[0]["sCode"]), str(rows[0].get("sMsg", ""))
    return str(answer.get("code", "")), str(answer.get("msg", ""))


def _kraken(answer: dict[str, Any]) -> tuple[str, str]:
    """Kraken's code is a text such as ``EOrder:Insufficient funds``; a third part tells details."""
    found = answer.get("error")
    first = str(found[0]) if isinstance(found, list) and found else ""
    return ":".join(first.split(":")[:2]), first.partition(":")[2]


_READERS = {"binance": _binance, "bybit": _bybit, "okx": _okx, "kraken": _kraken}
