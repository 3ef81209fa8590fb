"""What is known to be secret leaves no log record and no text."""

from __future__ import annotations

import io
import json
import logging
import sys
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workstation.core.credentials import Credentials
from workstation.core.redaction import hide, scrub

KEY, SECRET, PASSWORD = "AbCdKEYtoREDACT/+=0123", "s3cretTOredact/+='\"\\45", "passW0rd to redact"
PARTS = (KEY, SECRET, PASSWORD)
PEM = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ\nxyzzyPLUGHplover=\n-----END PRIVATE KEY-----\n"


@pytest.fixture
def log():
    hide(Credentials(*PARTS))
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    logger = logging.getLogger("tests.redaction")
    logger.setLevel(logging.DEBUG)
    logger.addHandler(handler)
    yield logger, stream
    logger.removeHandler(handler)


@pytest.mark.parametrize("part", PARTS)
def test_every_spelling_is_scrubbed(part: str):
    hide(Credentials(*PARTS))
    for spelling in (part, urlencode({"apiKey": part}), json.dumps({"key": part}), repr({"key": part}), repr(part)):
        assert part not in scrub(spelling) and spelling != scrub(spelling)
    assert scrub(f"apiKey={KEY}, said the exchange") == "apiKey=AbCd…, said the exchange"
    assert scrub(f"signed with {SECRET}") == "signed with [hidden]"


@given(st.text(max_size=30), st.text(max_size=30))
def test_a_secret_is_found_wherever_it_stands(before: str, after: str):
    hide(Credentials(*PARTS))
    assert SECRET not in scrub(before + SECRET + after)


def test_no_line_of_a_private_key_is_shown():
    hide(Credentials("KeyOfAPrivateKey", PEM))
    assert "xyzzy" not in scrub(f"{PEM!r}") + scrub(PEM) + scrub(PEM.splitlines()[2])


def test_what_is_too_short_to_be_one_spoils_no_text():
    hide(Credentials("a", "e"))
    assert scrub("a sentence is left as it was") == "a sentence is left as it was"


@pytest.mark.allow_log_warnings
def test_the_log_is_clean(log):
    logger, stream = log
    logger.debug("request %s", {"X-MBX-APIKEY": KEY, "secret": SECRET})
    logger.info("%s", Credentials(*PARTS))
    logger.warning(f"the password is {PASSWORD}")
    logger.warning("%d of a kind", SECRET)
    try:
        try:
            raise ValueError(f"no {SECRET}")
        except ValueError as error:
            raise RuntimeError(f"refused {KEY}") from error
    except RuntimeError:
        logger.exception("it failed with %s", PASSWORD, stack_info=True)
    written = stream.getvalue()
    assert "RuntimeError: refused AbCd…" in written and "ValueError: no [hidden]" in written
    assert not any(part in written for part in PARTS)


def test_a_record_without_secrets_is_left_alone(log):
    logger, stream = log
    logger.info("%s bars", 12)
    assert stream.getvalue() == "12 bars\n"


@pytest.mark.allow_log_warnings
def test_a_handler_that_is_added_later_gets_clean_records(log, caplog: pytest.LogCaptureFixture):
    logger, _ = log
    try:
        raise ValueError(SECRET)
    except ValueError:
        logger.error("failed", exc_info=True)
    assert SECRET not in caplog.text and "ValueError: [hidden]" in caplog.text


def test_uncaught_errors_are_printed_without_secrets(capsys: pytest.CaptureFixture[str], monkeypatch):
    from workstation.core import redaction

    hide(Credentials(*PARTS))
    redaction._print_clean(ValueError, ValueError(f"refused {SECRET}"), None)
    assert capsys.readouterr().err == "ValueError: refused [hidden]\n"
    assert sys.unraisablehook is not sys.__unraisablehook__
