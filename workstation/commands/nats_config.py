"""``workstation nats-config``: the configuration of a nats-server with a user for each role."""

from __future__ import annotations

import argparse

from workstation.commands.places import settings
from workstation.messaging.server_configuration import server_configuration


def nats_config(arguments: argparse.Namespace) -> int:
    """Print it."""
    tls = (arguments.tls[0], arguments.tls[1]) if arguments.tls else None
    print(server_configuration(settings(arguments).settings, tls), end="")
    return 0
