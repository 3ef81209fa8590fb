"""The guards of tests/conftest.py: a suite without them would pass over warnings and reach the network."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

CONFTEST = Path(__file__).parents[1] / "conftest.py"


@pytest.fixture
def suite(pytester: pytest.Pytester) -> pytest.Pytester:
    pytester.makeconftest(CONFTEST.read_text(encoding="utf-8"))
    pytester.makeini("[pytest]\nmarkers = allow_log_warnings\naddopts = --strict-markers\n")
    return pytester


def test_a_warning_in_the_log_fails_the_test(suite: pytest.Pytester) -> None:
    suite.makepyfile(
        """
        import logging, pytest

        def test_unexpected():
            logging.getLogger("engine").warning("the feed is stale")

        @pytest.mark.allow_log_warnings("disk")
        def test_another_expected():
            logging.getLogger("engine").error("the feed is stale")

        @pytest.mark.allow_log_warnings("stale")
        def test_expected():
            logging.getLogger("engine").error("the feed is stale")

        @pytest.mark.allow_log_warnings
        def test_any_expected():
            logging.getLogger("engine").critical("the disk is full")

        def test_information():
            logging.getLogger("engine").info("started")
        """
    )
    result = suite.runpytest_subprocess("-p", "no:cacheprovider")
    result.assert_outcomes(passed=3, failed=2)
    result.stdout.fnmatch_lines(["*WARNING engine: the feed is stale*"])


def test_a_late_warning_fails_the_teardown(suite: pytest.Pytester) -> None:
    suite.makepyfile(
        """
        import logging, pytest

        @pytest.fixture
        def engine():
            yield
            logging.getLogger("engine").warning("a task was left")

        def test_engine(engine):
            pass
        """
    )
    suite.runpytest_subprocess("-p", "no:cacheprovider").assert_outcomes(passed=1, errors=1)


def test_only_loopback_is_reached(suite: pytest.Pytester) -> None:
    suite.makepyfile(
        """
        import socket, pytest

        def test_remote_refusal_is_noticed_although_handled():
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(("192.0.2.1", 80), 1)

        def test_loopback():
            with socket.create_server(("127.0.0.1", 0)) as server:
                socket.create_connection(server.getsockname(), 1).close()
        """
    )
    suite.runpytest_subprocess("-p", "no:cacheprovider").assert_outcomes(passed=1, failed=1)
