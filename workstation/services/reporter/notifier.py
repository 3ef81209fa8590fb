"""Notifications by Apprise, in a thread of their own: what is slow or fails there holds up nothing here."""

from __future__ import annotations

import logging
import os
import queue
import re
import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from workstation.config.settings import Notifications
from workstation.core.credentials import Credentials
from workstation.core.errors import CredentialsError
from workstation.core.redaction import SHORTEST, hide
from workstation.storage.private_file import read_private

URLS_VARIABLE = "WORKSTATION_NOTIFY_URLS"
FILE_VARIABLE = "WORKSTATION_NOTIFY_FILE"
MOST_WAITING = 200
MINUTE_S = 60.0
CLOSING_S = 3.0

log = logging.getLogger("workstation.services")


class Kind(StrEnum):
    """What people are told of; each is a switch of the settings."""

    FILLS = "fills"
    DENIALS = "denials"
    STOPS = "stops"
    DISCONNECTS = "disconnects"
    KILL = "kill"
    DAILY_SUMMARY = "daily_summary"


class Notice(NamedTuple):
    title: str
    text: str


def notify_urls() -> list[str]:
    """Where people are told, from the environment or the file that it names. Raises ``CredentialsError``.

    From now on they and their parts are in no log.
    """
    text = os.environ.get(URLS_VARIABLE, "")
    named = os.environ.get(FILE_VARIABLE, "")
    if named:
        on_windows = f"set {URLS_VARIABLE} instead"
        text += "\n" + read_private(Path(named).expanduser(), FILE_VARIABLE, on_windows, holds="addresses")
    # An address may hold commas: one ends at a line's end, or where another begins.
    lines = (line.strip() for line in re.split(r"\n|[,\s]+(?=[\w+.-]+://)", text))
    urls = [line for line in lines if line and not line.startswith("#")]
    for url in urls:
        _hide(url)
    return urls


def _hide(url: str) -> None:
    hide(Credentials("", url))
    parts = urlsplit(url)
    secret = [parts.username or "", parts.password or "", *parts.path.split("/"), *re.split("[=&]", parts.query)]
    if parts.scheme not in ("json", "jsons", "xml", "xmls", "form", "forms"):
        # Messengers have their tokens where a host would stand.
        secret.append(parts.hostname or "")
        secret.append(parts.netloc)
    for part in secret:
        if len(part) >= max(SHORTEST, 6):
            hide(Credentials("", part))


def apprise_sender(urls: list[str]) -> Callable[[Notice], bool]:
    """Sends to all addresses; False when one of them was not reached. Raises ``CredentialsError``."""
    # Apprise takes a second: a reporter without addresses does not pay for it.
    import apprise

    # What goes wrong is told by us; its own lines may quote an address.
    logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)
    places = apprise.Apprise()
    for number, url in enumerate(urls, 1):
        if not places.add(url):
            raise CredentialsError(
                f"Address {number} of {URLS_VARIABLE} or {FILE_VARIABLE} is none that Apprise knows: see its list of "
                "services for how it is written."
            )

    def send(notice: Notice) -> bool:
        return bool(places.notify(title=notice.title, body=notice.text))

    return send


class Notifier:
    """``tell`` returns at once. What is over the rate, or finds the queue full, is counted and told with the next."""

    def __init__(
        self,
        settings: Notifications,
        send: Callable[[Notice], bool] | None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._send = send
        self._monotonic = monotonic
        self._waiting: queue.Queue[Notice | None] = queue.Queue(MOST_WAITING)
        self._told: dict[Kind, deque[float]] = {kind: deque() for kind in Kind}
        self._held: Counter[Kind] = Counter()
        self.sent = 0
        self.failed = 0
        self.held_back = 0
        """Over the rate."""
        self.dropped = 0
        """They found the queue full."""
        self._thread: threading.Thread | None = None
        if send is not None:
            self._thread = threading.Thread(target=self._work, name="notifications", daemon=True)
            self._thread.start()

    @property
    def detail(self) -> str:
        """How they stand, in a few words."""
        if self._send is None:
            return "no address to notify"
        odd = [(self.failed, "failed"), (self.held_back, "held back"), (self.dropped, "dropped")]
        parts = [f"{count} {word}" for count, word in odd if count]
        return ", ".join([f"{self.sent} notifications sent", *parts])

    def tell(self, kind: Kind, title: str, text: str) -> None:
        """Tell people, if this kind is switched on."""
        if self._send is None or not getattr(self._settings, kind.value):
            return
        now = self._monotonic()
        recent = self._told[kind]
        while recent and recent[0] <= now - MINUTE_S:
            recent.popleft()
        if len(recent) >= self._settings.most_per_minute:
            self._held[kind] += 1
            self.held_back += 1
            return
        held = self._held[kind]
        if held:
            text += f"\n{held} more of this kind were held back."
        try:
            self._waiting.put_nowait(Notice(title, text))
        except queue.Full:
            self._held[kind] += 1
            self.dropped += 1
            return
        recent.append(now)
        self._held[kind] = 0

    def close(self) -> None:
        """Wait a moment for what is on its way; the rest is lost, and a thread that hangs ends with the process."""
        if self._thread is None:
            return
        try:
            self._waiting.put_nowait(None)
        except queue.Full:
            return
        self._thread.join(CLOSING_S)

    def _work(self) -> None:
        assert self._send is not None
        while (notice := self._waiting.get()) is not None:
            try:
                reached = self._send(notice)
            # A service of somebody else may raise anything, and only this notification is lost by it.
            except Exception as error:
                reached = False
                log.debug("%r", error)
            if reached:
                self.sent += 1
            else:
                self.failed += 1
                if self.failed == 1:
                    log.error("A notification could not be delivered to every address; further failures are counted.")
