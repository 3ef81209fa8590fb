"""Credentials cannot be shown, pickled or encoded by accident."""

from __future__ import annotations

import copy
import dataclasses
import json
import pickle
import traceback

import msgspec
import orjson
import pytest

from workstation.core.credentials import Credentials

KEY, SECRET, PASSWORD = "AbCdKEYofALLkeys0123", "s3cretOFallSECRETS45", "passW0rdOFall"
CREDENTIALS = Credentials(KEY, SECRET, PASSWORD)


def shows_nothing(text: str) -> bool:
    return not any(part in text for part in (KEY, SECRET, PASSWORD))


def test_no_text_of_it_shows_anything():
    for text in (repr(CREDENTIALS), str(CREDENTIALS), f"{CREDENTIALS}", f"{[CREDENTIALS]}"):
        assert shows_nothing(text)
    with pytest.raises(AttributeError) as caught:
        CREDENTIALS.secret = "other"
    assert shows_nothing("".join(traceback.format_exception(caught.value)))


@pytest.mark.parametrize(
    "encode",
    [
        pickle.dumps,
        copy.copy,
        copy.deepcopy,
        json.dumps,
        orjson.dumps,
        msgspec.json.encode,
        msgspec.msgpack.encode,
        msgspec.to_builtins,
        dataclasses.asdict,
        vars,
    ],
)
def test_nothing_takes_it_for_data(encode):
    with pytest.raises(TypeError) as caught:
        encode(CREDENTIALS)
    assert shows_nothing(str(caught.value))


def test_equal_parts_are_equal():
    assert Credentials(KEY, SECRET, PASSWORD) == CREDENTIALS != Credentials(KEY, SECRET)
    assert len({CREDENTIALS, Credentials(KEY, SECRET, PASSWORD)}) == 1
