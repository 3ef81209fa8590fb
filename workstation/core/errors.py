"""Errors that reach a person: one clear sentence that says what was wrong, where, and what to do."""

from __future__ import annotations


class WorkstationError(Exception):
    """Base of every error that is shown to a user as its message alone. ``exit_code`` is the process's exit status."""

    exit_code = 2


class ConfigurationError(WorkstationError):
    """The configuration is wrong; the message names the file, the line, the key and what is allowed."""


class DataError(WorkstationError):
    """Market data are missing or malformed; the message names the file and line, or the symbol and period."""


class StorageError(WorkstationError):
    """The data folder cannot be used: locked, full, damaged, or written by a newer version."""

    exit_code = 3


class CredentialsError(WorkstationError):
    """An API key is missing, malformed, kept unsafely, or cannot be kept; the message holds no part of it."""


class StrategyError(WorkstationError):
    """A strategy is unknown, does not load, or was given a parameter that it does not have or allow."""


class OrderError(WorkstationError):
    """A request about an order cannot be carried out; nothing was sent."""


class MessagingError(WorkstationError):
    """NATS cannot be used: no server, refused, or a message that is none."""

    exit_code = 5


class VerificationError(WorkstationError):
    """A journal differs from what its own inputs produce, or its hash chain is broken."""

    exit_code = 4
