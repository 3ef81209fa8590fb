"""Secrets stay secret: what was made known here is taken out of log records, tracebacks and messages.

The log is guarded where records are made, so that every handler, also one that is added later, gets them clean.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import threading
import traceback
from types import TracebackType
from urllib.parse import quote, quote_plus

from workstation.core.credentials import Credentials

HIDDEN = "[hidden]"
SHORTEST = 4
"""Characters. What is shorter is refused as a secret, and would be found in every text by chance."""


def hide(credentials: Credentials) -> None:
    """From now on they are in no log record, in no traceback of an uncaught error, and in no text that was scrubbed."""
    if not _known.stand_ins:
        _guard_process()
    _known.add(credentials)


def scrub(text: str) -> str:
    """The text without any secret that is known."""
    return _known.scrub(text)


def first_letters(credentials: Credentials) -> str:
    """What may be shown of the key: its first four characters."""
    return credentials.key[:4]


class _Secrets:
    """What is known, with what stands in for it, in every spelling that it is written in."""

    def __init__(self) -> None:
        self.stand_ins: dict[str, str] = {}
        self._pattern: re.Pattern[str] | None = None

    def add(self, credentials: Credentials) -> None:
        # The secret of a key pair has several lines, and none of them may be shown.
        parts = {line: HIDDEN for line in credentials.secret.splitlines()}
        parts |= {credentials.secret: HIDDEN, credentials.password: HIDDEN}
        parts |= {credentials.key: f"{first_letters(credentials)}…"}
        for part, stand_in in parts.items():
            for spelling in (part, quote(part, safe=""), quote_plus(part), json.dumps(part)[1:-1], repr(part)[1:-1]):
                if len(spelling) >= SHORTEST:
                    self.stand_ins[spelling] = stand_in
        longest_first = sorted(self.stand_ins, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None

    def scrub(self, text: str) -> str:
        if self._pattern is None:
            return text
        return self._pattern.sub(lambda found: self.stand_ins[found.group()], text)


_known = _Secrets()


def _guard_process() -> None:
    make_record = logging.getLogRecordFactory()

    def make_clean_record(*arguments: object, **named: object) -> logging.LogRecord:
        record = make_record(*arguments, **named)
        _clean(record)
        return record

    logging.setLogRecordFactory(make_clean_record)
    # A hook of somebody else's logs what it is told; only those that print are replaced.
    if sys.excepthook is sys.__excepthook__:
        sys.excepthook = _print_clean
    if threading.excepthook is threading.__excepthook__:
        threading.excepthook = lambda failed: _print_clean(failed.exc_type, failed.exc_value, failed.exc_traceback)
    if sys.unraisablehook is sys.__unraisablehook__:
        sys.unraisablehook = lambda failed: _print_clean(failed.exc_type, failed.exc_value, failed.exc_traceback)


def _clean(record: logging.LogRecord) -> None:
    try:
        message = record.getMessage()
    except (TypeError, ValueError, KeyError):
        # logging prints the arguments of a message that it cannot format.
        message = f"{record.msg} {record.args!r}"
        record.msg, record.args = message, ()
    if (clean := scrub(message)) != message:
        record.msg, record.args = clean, ()
    if record.exc_info and record.exc_info[0] is not None:
        text = "".join(traceback.format_exception(*record.exc_info)).rstrip()
        if (clean := scrub(text)) != text:
            record.exc_info, record.exc_text = None, clean
    if record.stack_info:
        record.stack_info = scrub(record.stack_info)


def _print_clean(kind: type[BaseException], error: BaseException | None, frames: TracebackType | None) -> None:
    sys.stderr.write(scrub("".join(traceback.format_exception(kind, error, frames))))
