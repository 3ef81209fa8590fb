"""``workstation ops`` as a process: it starts with tokens only, listens where it may, and ends in order."""

from __future__ import annotations

import re
import signal
import subprocess
import urllib.request
from pathlib import Path

import pytest

from tests.end_to_end.program import ROOT, TIMEOUT_S, command, configuration, environment, is_one_sentence, run

pytestmark = pytest.mark.services

TOKEN = "a-token-of-the-viewer-of-this-test"
VARIABLE = "WORKSTATION_OPS_TOKEN_VIEWER"


def settings(folder: Path, **changes: str) -> Path:
    def edit(text: str) -> str:
        text = text.replace("\n  use: none\n", "\n  use: embedded\n").replace("  port: 8700", "  port: 0")
        for old, new in changes.items():
            text = re.sub(rf"^  {old}: .*$", f"  {old}: {new}", text, count=1, flags=re.MULTILINE)
        return text

    return configuration(folder, edit=edit)


def test_it_serves_until_it_is_told_to_stop(tmp_path: Path) -> None:
    file = settings(tmp_path)
    process = subprocess.Popen(
        command("ops", "--config", file, "--data", tmp_path / "data"),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=ROOT,
        env=environment(**{VARIABLE: TOKEN}),
    )
    assert process.stdout is not None
    try:
        line = next(line for line in process.stdout if "are at http://" in line)
        found = re.search(r"http://127\.0\.0\.1:\d+/", line)
        assert found is not None, line
        with urllib.request.urlopen(f"{found[0]}health") as answer:
            assert answer.status == 200
        process.send_signal(signal.SIGTERM)
        rest = process.communicate(timeout=TIMEOUT_S)[0]
        assert process.returncode == 0 and "The ops service stopped in order." in rest
        assert TOKEN not in line + rest and "Traceback" not in rest
    finally:
        process.kill()
        process.communicate()


def test_without_a_token_or_with_a_short_one_it_does_not_start(tmp_path: Path) -> None:
    file = settings(tmp_path)
    arguments = ("ops", "--config", file, "--data", tmp_path / "data")
    for tokens, part in (({}, "has no token"), ({VARIABLE: "short"}, "24 to 512 characters")):
        done = run(*arguments, env=environment(**tokens))
        assert is_one_sentence(done) and part in done.stderr and "short" not in done.stderr


def test_it_does_not_listen_elsewhere_without_tls_or_a_word(tmp_path: Path) -> None:
    for number, host in enumerate(("0.0.0.0", "192.0.2.1", '"::"', '""')):
        file = settings(tmp_path / str(number), host=host)
        done = run("ops", "--config", file, "--data", tmp_path / "data", env=environment(**{VARIABLE: TOKEN}))
        assert is_one_sentence(done) and "ops.plain_http" in done.stderr and "ops.host" in done.stderr


def test_tls_files_that_are_none_are_told(tmp_path: Path) -> None:
    half = settings(tmp_path / "half", tls_certificate="cert.pem")
    arguments = ("--data", tmp_path / "data")
    done = run("ops", "--config", half, *arguments, env=environment(**{VARIABLE: TOKEN}))
    assert is_one_sentence(done) and "ops.tls_key is empty" in done.stderr
    whole = settings(tmp_path / "whole", tls_certificate="cert.pem", tls_key="key.pem")
    done = run("ops", "--config", whole, *arguments, env=environment(**{VARIABLE: TOKEN}))
    assert is_one_sentence(done) and "cannot be used" in done.stderr
