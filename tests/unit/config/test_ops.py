"""Where the ops API may listen."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.config.test_loader import load_changed, message

HOST = r"^  host: 127\.0\.0\.1$"


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", '"::1"', "localhost"])
def test_loopback_needs_no_more(tmp_path: Path, host: str) -> None:
    load_changed(tmp_path, HOST, f"  host: {host}")


@pytest.mark.parametrize("host", ["0.0.0.0", '"::"', "192.0.2.7", "trader.example", '""'])
def test_elsewhere_needs_tls_or_a_word(tmp_path: Path, host: str) -> None:
    text = message(tmp_path, HOST, f"  host: {host}")
    assert "there is no TLS" in text and "ops.plain_http" in text


def test_elsewhere_with_tls_or_in_words(tmp_path: Path) -> None:
    tls = "ops:\n  tls_certificate: cert.pem\n  tls_key: key.pem\n"
    word = "ops:\n  plain_http: I accept that tokens travel unencrypted\n"
    for number, profile in enumerate((tls, word)):
        folder = tmp_path / str(number)
        folder.mkdir()
        assert load_changed(folder, HOST, "  host: 0.0.0.0", profile).settings.ops.host == "0.0.0.0"


def test_half_a_pair_of_tls_files_is_refused(tmp_path: Path) -> None:
    text = message(tmp_path, r'^  tls_key: ""$', "  tls_key: key.pem")
    assert "ops.tls_certificate is empty" in text
