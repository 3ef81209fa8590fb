"""Work in a thread of its own."""

from __future__ import annotations

import threading

import pytest

from workstation.core.errors import CredentialsError
from workstation.storage.background import in_background


def test_the_result_comes_from_another_thread() -> None:
    future = in_background(threading.get_ident)
    assert future.result(5) != threading.get_ident()


def test_what_it_raises_is_kept() -> None:
    def fail() -> None:
        raise CredentialsError("The keyring is locked.")

    future = in_background(fail)
    with pytest.raises(CredentialsError, match="locked"):
        future.result(5)
