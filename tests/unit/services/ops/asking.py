"""Asks an ops API from outside, as any client does."""

from __future__ import annotations

import http.client
import json
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from workstation.services.ops.tokens import Role

VIEWER, TRADER, ADMIN = ("viewer-" + "v" * 24, "trader-" + "t" * 24, "admin-" + "a" * 25)
TOKENS = {Role.VIEWER: VIEWER, Role.TRADER: TRADER, Role.ADMIN: ADMIN}
WAIT_S = 30


class Answer(NamedTuple):
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def problem(self) -> str:
        """The sentence of an error."""
        assert self.headers["Content-Type"] == "application/problem+json", self.body
        told = self.json
        assert told["status"] == self.status and told["title"] and "\n" not in told["detail"]
        assert told["detail"].endswith("."), told
        return str(told["detail"])


class Asker:
    """``address`` is where, ``data`` the data folder of the service."""

    address: str
    data: Path

    def get(self, path: str, token: str = VIEWER, **headers: str) -> Answer:
        return self.ask("GET", path, None, token, **headers)

    def post(self, path: str, body: Any = None, token: str = TRADER, **headers: str) -> Answer:
        return self.ask("POST", path, {} if body is None else body, token, **headers)

    def ask(self, method: str, path: str, body: Any, token: str, **headers: str) -> Answer:
        told = {name.replace("_", "-"): value for name, value in headers.items()}
        if token:
            told.setdefault("Authorization", f"Bearer {token}")
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            told.setdefault("Content-Type", "application/json")
        place = urlsplit(self.address)
        connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=WAIT_S)
        try:
            connection.request(method, path, body, told)
            answer = connection.getresponse()
            return Answer(answer.status, answer.headers, answer.read())
        finally:
            connection.close()

    def audit(self) -> list[dict[str, Any]]:
        path = self.data / "ops" / "audit.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()]
