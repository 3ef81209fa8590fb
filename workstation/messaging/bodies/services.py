"""Services and engines: how they are, what they are asked and told."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal

from msgspec import Meta

from workstation.messaging.bodies.fields import Body, Moment, Text, Word


class ReplayCommandBody(Body, frozen=True, kw_only=True):
    """Moves a replay."""

    id: Word
    command: Literal["play", "pause", "seek", "speed", "step"]
    deadline: Moment
    to: Moment | None = None
    speed: Decimal | None = None


class ConfigReloadBody(Body, frozen=True, kw_only=True):
    """The configuration's file was changed: processes whose hash is another one run with an older configuration."""

    hash: Word
    """SHA-256 of the text of the new file."""
    who: Word
    before: Text = ""
    """Of the file that it replaces."""
    profile: Text = ""
    """The profile with which ``changes`` were found."""
    changes: tuple[Word, ...] = ()
    """Settings that are not as before, by their path."""


class ServiceHealthBody(Body, frozen=True, kw_only=True):
    """How a service is."""

    service: Word
    state: Literal["starting", "running", "degraded", "stopping"]
    detail: Text
    version: Word
    started: Moment
    messages: int
    refused: int
    """Malformed messages since the start."""
    gaps: int
    lag_ms: Decimal | None = None
    configuration: Text = ""
    """SHA-256 of the text of the configuration's file with which it runs."""
    waiting: Text = ""
    """Of a newer one, which waits for its restart."""


class EngineRequestBody(Body, frozen=True, kw_only=True):
    """Asks an engine for a view, or commands it. Past ``deadline`` it is refused; a command's ``id`` acts once."""

    id: Word
    name: Word
    """Of the view or the command."""
    who: Word
    deadline: Moment
    arguments: dict[str, Any] = {}
    run: Annotated[str, Meta(max_length=100)] = ""
    """The ``session`` of the engine that a command is meant for, whose units it is in; empty: whichever."""


class EngineAnswerBody(Body, frozen=True, kw_only=True):
    """A view as it was after the event that ``number`` names, or what a command came to."""

    ok: bool
    text: Annotated[str, Meta(max_length=5_000)] = ""
    number: int = 0
    data: Any = None
    duplicate: bool = False


class EngineEventBody(Body, frozen=True, kw_only=True):
    """An event of an engine as its journal has it: prices in ticks, quantities in lots, money in 1e-8 of its asset.

    A ``FillView`` is none of the journal's: it is an execution as screens show it, its decimals as text.
    """

    kind: Word
    event: dict[str, Any]


class AnswerBody(Body, frozen=True, kw_only=True):
    """What a request came to."""

    ok: bool
    text: Annotated[str, Meta(max_length=5_000)] = ""
    duplicate: bool = False
