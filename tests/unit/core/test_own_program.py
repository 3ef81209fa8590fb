"""The program starts itself again, from a checkout and as the built application."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from workstation import __version__
from workstation.core.own_program import own_command, own_environment, stop_signals
from workstation.core.resources import bundle_folder


def test_in_a_checkout_it_runs_wherever_it_is_started(tmp_path: Path) -> None:
    done = subprocess.run(
        own_command("--version"), cwd=tmp_path, env=own_environment(), capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, f"workstation {__version__}\n"), done.stderr


def test_the_built_application_has_no_python_beside_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setenv("PYTHONPATH", "mine")
    assert own_command("kill", "--flatten") == [sys.executable, "kill", "--flatten"]
    assert own_environment() == dict(os.environ)


def test_what_was_on_the_path_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "mine")
    assert own_environment()["PYTHONPATH"] == os.pathsep.join((str(bundle_folder()), "mine"))
    monkeypatch.delenv("PYTHONPATH")
    assert own_environment()["PYTHONPATH"] == str(bundle_folder())


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="there are no terminals that hang up")
def test_a_closed_terminal_stops_it_unless_it_was_started_to_outlive_that() -> None:
    before = signal.getsignal(signal.SIGHUP)
    try:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
        assert stop_signals() == (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        assert stop_signals() == (signal.SIGINT, signal.SIGTERM)
    finally:
        signal.signal(signal.SIGHUP, before)
