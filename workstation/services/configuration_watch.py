"""Which configuration a process runs with, and whether a newer one waits for its restart.

Nothing is loaded here: settings that decide about trading change by a restart alone. What the new file changes is told
with its hash, so a process knows without reading it when nothing in it is left to wait for.
"""

from __future__ import annotations

import logging

from workstation.config.loader import Loaded
from workstation.messaging.bodies import ConfigReloadBody
from workstation.messaging.envelope import Message

AT_ONCE = frozenset({"ops.requests_per_minute", "ops.commands_per_minute", "ops.failed_tries_per_minute"})
"""Settings that the ops API goes by as soon as they are applied, and that nobody else reads."""

log = logging.getLogger("workstation.services")


class ConfigurationWatch:
    """``hear`` what the ops API tells of a new file."""

    def __init__(self, loaded: Loaded) -> None:
        self._profile = loaded.profile
        self.hash = loaded.hash
        """Of the file with which this process runs."""
        self.waiting = ""
        """Of a newer one that waits for the restart; empty when none does."""

    def hear(self, message: Message) -> None:
        """A file was applied, perhaps the one that is in use."""
        body = message.body
        assert isinstance(body, ConfigReloadBody)
        was = self.waiting
        if body.hash == self.hash:
            self.waiting = ""
            if was:
                log.info("%s went back to the configuration in use: no newer one waits.", body.who)
        elif self._is_taken_up(body):
            self.hash, self.waiting = body.hash, ""
            log.info("The configuration of %s (%s) is in use: nothing in it waits.", body.who, body.hash[:12])
        elif body.hash != was:
            self.waiting = body.hash
            names = ", ".join(body.changes[:10]) or "not told which settings"
            log.info("A newer configuration of %s (%s) waits for a restart: %s.", body.who, body.hash[:12], names)

    def _is_taken_up(self, body: ConfigReloadBody) -> bool:
        """Whether what it changes is in force already. Another profile may see other changes."""
        return body.before == self.hash != "" and body.profile == self._profile and AT_ONCE.issuperset(body.changes)

    @property
    def words(self) -> str:
        """For the detail of the health; empty when nothing waits."""
        return "a newer configuration waits for the restart" if self.waiting else ""
