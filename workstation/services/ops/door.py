"""The door of the ops API: every request passes here before anything else sees it.

It knows who asks, counts how often, bounds what is sent, audits what may change something, and puts the security
headers on every answer.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from typing import Any

import msgspec
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from workstation.config.settings import Ops
from workstation.core.errors import StorageError
from workstation.services.configuration_watch import AT_ONCE
from workstation.services.ops.audit import Audit
from workstation.services.ops.limits import RateLimits
from workstation.services.ops.problems import Problem, problem_response
from workstation.services.ops.tokens import Caller, Tokens

KILL_PATH = "/api/v1/kill"
PUBLIC = ("/health", "/", "/favicon.ico")
PUBLIC_FOLDER = "/monitor/"
BODY_TIMEOUT_S = 10.0
_READING = ("GET", "HEAD")
_MOST_TEXT = 4_096

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}

log = logging.getLogger("workstation.services.ops")


class Door:
    """ASGI middleware; the caller is ``scope["state"]["caller"]``."""

    def __init__(
        self,
        app: ASGIApp,
        ops: Ops,
        tokens: Tokens,
        limits: RateLimits,
        audit: Audit,
        count: Callable[[str, int], None],
    ) -> None:
        self._app = app
        self.ops = ops
        self._tokens = tokens
        self._limits = limits
        self._audit = audit
        self._count_answer = count

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            # A websocket tells its token in its first message.
            await self._app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._count_answer(scope["method"], message["status"])
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
                if self.ops.tls_certificate:
                    headers["Strict-Transport-Security"] = "max-age=31536000"
            await send(message)

        try:
            await self._enter(scope, receive, send_guarded)
        except Problem as problem:
            response = problem_response(problem.status, problem.detail, problem.headers)
            await response(scope, receive, send_guarded)

    def take_limits(self, ops: Ops) -> None:
        """Go by these from the next request on."""
        taken = {name: getattr(ops, name) for name in (path.rpartition(".")[2] for path in AT_ONCE)}
        self.ops = msgspec.structs.replace(self.ops, **taken)

    async def _enter(self, scope: Scope, receive: Receive, send: Send) -> None:
        method, path, headers = scope["method"], scope["path"], Headers(scope=scope)
        address = address_of(scope)
        public = path in PUBLIC or path.startswith(PUBLIC_FOLDER)
        caller = self.caller(headers.get("authorization", ""), address, required=not public)
        who = caller.role.word if caller is not None else "nobody"
        if path != KILL_PATH or caller is None:
            self._count(("requests", who, address), self.ops.requests_per_minute)
        scope.setdefault("state", {})["caller"] = caller
        if method in _READING or caller is None:
            if method not in (*_READING, "OPTIONS"):
                raise Problem(405, f"{method} is not for {path[:200]}.", {"Allow": "GET, HEAD"})
            await self._app(scope, receive, send)
            return
        if not same_origin(headers, scope["scheme"]):
            raise Problem(403, "The request comes from another site's page and was refused.")
        if path != KILL_PATH:
            self._count(("commands", who, address), self.ops.commands_per_minute)
        body = await self._body(headers, receive)
        await self._audited(scope, body, receive, send, caller)

    def caller(self, authorization: str, address: str, required: bool = True) -> Caller | None:
        """Who asks with this header. Raises ``Problem`` when the token is none, or missing where it is required."""
        scheme, _, token = authorization.partition(" ")
        role = self._tokens.role_of(token.strip()) if scheme.lower() == "bearer" else None
        if role is not None:
            return Caller(role, address)
        if not required and not authorization:
            return None
        self._count(("failed", address), self.ops.failed_tries_per_minute)
        log.info("A request from %s without a valid token was refused.", address)
        raise Problem(
            401,
            "A valid token is needed: send it as “Authorization: Bearer TOKEN”.",
            {"WWW-Authenticate": 'Bearer realm="workstation"'},
        )

    def _count(self, key: tuple[str, ...], per_minute: int) -> None:
        wait_s = self._limits.wait_s(key, per_minute)
        if wait_s:
            raise Problem(
                429,
                f"Too many requests: {per_minute} a minute are allowed here; try again in {wait_s} s.",
                {"Retry-After": str(wait_s)},
            )

    async def _body(self, headers: Headers, receive: Receive) -> bytes:
        largest = self.ops.largest_body_kilobytes * 1024
        told = headers.get("content-length", "0")
        body = bytearray()
        too_large = not told.isdigit() or int(told) > largest
        try:
            async with asyncio.timeout(BODY_TIMEOUT_S):
                while not too_large:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        raise Problem(400, "The request ended before it was whole.")
                    body += message.get("body", b"")
                    too_large = len(body) > largest
                    if not message.get("more_body"):
                        break
        except TimeoutError:
            raise Problem(408, f"The request was not whole within {BODY_TIMEOUT_S:.0f} s.") from None
        if too_large:
            raise Problem(413, f"The request is too large: {largest:,} bytes are the most.", {"Connection": "close"})
        return bytes(body)

    async def _audited(self, scope: Scope, body: bytes, receive: Receive, send: Send, caller: Caller) -> None:
        what = f"{scope['method']} {scope['path'][:300]}"
        try:
            entry = self._audit.asked(caller, what, body)
        except StorageError as error:
            if scope["path"] != KILL_PATH:
                raise Problem(503, str(error)) from None
            log.error("%s The kill switch goes on without.", error)
            entry = ""
        status, text, handed_over, noted = 500, bytearray(), False, False

        async def receive_again() -> Message:
            nonlocal handed_over
            if handed_over:
                return await receive()
            handed_over = True
            return {"type": "http.request", "body": body, "more_body": False}

        def note() -> None:
            nonlocal noted
            if not noted:
                noted = True
                self._audit.answered(entry, caller, what, status, _result(bytes(text)))

        async def send_noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            else:
                text.extend(message.get("body", b"")[: max(0, _MOST_TEXT - len(text))])
                if not message.get("more_body"):
                    # Whoever has the answer finds it written down.
                    note()
            await send(message)

        try:
            await self._app(scope, receive_again, send_noted)
        finally:
            note()


def address_of(scope: Scope) -> str:
    """Of the other end of the connection; what a header claims counts for nothing."""
    client = scope.get("client")
    return str(client[0]) if client else "unknown"


def same_origin(headers: Headers, scheme: str) -> bool:
    """Whether a browser that says whose page asks says that it is ours."""
    origin = headers.get("origin")
    if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return False
    secure = {"ws": "http", "wss": "https"}.get(scheme, scheme)
    return origin is None or origin == f"{secure}://{headers.get('host', '')}"


def _result(text: bytes) -> str:
    try:
        read: Any = json.loads(text)
    except ValueError:
        return text.decode("utf-8", "replace")
    told = read.get("text") or read.get("detail") if isinstance(read, dict) else None
    return str(told or read)
