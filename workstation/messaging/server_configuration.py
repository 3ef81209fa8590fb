"""The configuration of a nats-server for the roles: their users and permissions, without a secret.

Passwords stand in it as names of environment variables, which the server reads at its start; it refuses to start when
one is missing. It is printed by ``workstation nats-config``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from workstation.config.settings import Settings
from workstation.messaging.permissions import Permissions, permissions
from workstation.messaging.roles import NatsRole

PASSWORD_PREFIX = "NATS_PASSWORD_"
STORE_VARIABLE = "NATS_STORE_DIR"
ACCOUNT = "WORKSTATION"
ANSWER_WITHIN = "1m"

_HEAD = """\
# Made by `workstation nats-config`; after a change of messaging.subjects or account.name make it again.
# It holds no secret: each password is read from the environment at the start, as is the folder of the streams.
"""


def password_variable(role: NatsRole) -> str:
    """Of the environment variable that the server takes a role's password from."""
    return PASSWORD_PREFIX + role.upper()


def server_configuration(settings: Settings, tls: tuple[str, str] | None = None) -> str:
    """The text of the file. ``tls`` names the server's certificate and key; without it the server speaks plainly."""
    return _HEAD + "\n".join(_lines(settings, tls)) + "\n"


def _lines(settings: Settings, tls: tuple[str, str] | None) -> Iterator[str]:
    yield "server_name: workstation"
    yield f"max_payload: {settings.messaging.largest_message_kilobytes * 1024}"
    yield f"jetstream {{ store_dir: ${STORE_VARIABLE} }}"
    if tls is not None:
        yield f"tls {{ cert_file: {json.dumps(tls[0])}, key_file: {json.dumps(tls[1])} }}"
    yield f"accounts {{\n  {ACCOUNT} {{\n    jetstream: enabled\n    users: ["
    for role, allowed in permissions(settings).items():
        yield from _user(role, allowed)
    yield "    ]\n  }\n}"


def _user(role: NatsRole, allowed: Permissions) -> Iterator[str]:
    yield "      {"
    yield f"        user: {role}"
    yield f"        password: ${password_variable(role)}"
    yield "        permissions {"
    yield "          publish {"
    yield from _subjects("allow", allowed.publish)
    if allowed.deny_publish:
        yield from _subjects("deny", allowed.deny_publish)
    yield "          }"
    yield "          subscribe {"
    yield from _subjects("allow", allowed.subscribe)
    yield "          }"
    if allowed.answers:
        yield f'          allow_responses {{ max: 1, expires: "{ANSWER_WITHIN}" }}'
    yield "        }"
    yield "      }"


def _subjects(word: str, subjects: Sequence[str]) -> Iterator[str]:
    yield f"            {word}: ["
    for subject in sorted(subjects):
        yield f"              {json.dumps(subject)}"
    yield "            ]"
