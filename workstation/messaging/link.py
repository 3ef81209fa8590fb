"""The connection to NATS: it comes and goes by itself, says how it stands, and counts what was refused.

Nothing waits for NATS that trades. What is published on core NATS while the connection is down is dropped and counted:
it is market data or a state that is told again. What must arrive goes through JetStream, from a journal that knows
how far it was told.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import re
import ssl
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.errors import Error as NatsError
from nats.errors import NoServersError
from nats.errors import TimeoutError as NatsTimeoutError
from nats.js import JetStreamContext

from workstation.config.settings import Messaging
from workstation.core.credentials import Credentials
from workstation.core.errors import MessagingError
from workstation.core.redaction import hide
from workstation.messaging.bodies import AnswerBody, Body
from workstation.messaging.cancelling import still_wanted
from workstation.messaging.envelope import Message, decode, encode
from workstation.messaging.roles import INBOXES, inbox_prefix

PASSWORD_VARIABLE = "WORKSTATION_NATS_PASSWORD"
USER_VARIABLE = "WORKSTATION_NATS_USER"
RECONNECT_WAIT_S = 1
PING_INTERVAL_S = 5
PENDING_BYTES = 64 * 1_024 * 1_024
CONNECT_TIMEOUT_S = 3

_FORBIDDEN = re.compile(r'permissions violation for (publish|subscription) to "([^"]+)"', re.IGNORECASE)
_VERBS = {"publish": "publish to", "subscription": "subscribe to"}

log = logging.getLogger("workstation.messaging")


class StreamContext(JetStreamContext):
    """Streams and key-value buckets of the server; ``replicas`` is of how many copies those are that are made here, and
    ``told`` what the connection's log already has."""

    def __init__(self, client: Client, replicas: int, told: set[str]) -> None:
        super().__init__(client)
        self.replicas = replicas
        self.told = told


Handler = Callable[[Message], None]
Responder = Callable[[Message], Awaitable[Body]]


class Address(NamedTuple):
    """Where NATS is and who we are there; ``password`` is never shown."""

    servers: tuple[str, ...]
    user: str = ""
    password: str = ""
    tls_ca: str = ""


def configured_address(messaging: Messaging) -> Address:
    """The servers of the settings, the password from the environment. Raises ``MessagingError`` when it is missing.

    Where the settings name no user the environment may, so that the services of one configuration have one each.
    """
    user, password = messaging.user or os.environ.get(USER_VARIABLE, ""), os.environ.get(PASSWORD_VARIABLE, "")
    if user and not password:
        raise MessagingError(
            f"There is no password for {user} at the NATS server: set {PASSWORD_VARIABLE}, or leave messaging.user and "
            f"{USER_VARIABLE} empty."
        )
    if password:
        hide(Credentials("", password))
    return Address(messaging.servers, user, password if user else "", messaging.tls_ca)


class NatsLink:
    """One process's connection. ``name`` is shown in the server's monitoring; ``session`` goes into each envelope."""

    def __init__(
        self,
        address: Address,
        name: str,
        session: str,
        now_ns: Callable[[], int],
        largest: int,
        replicas: int = 1,
    ) -> None:
        self._address = address
        self._replicas = replicas
        self._name = name
        self.session = session
        self._now_ns = now_ns
        self._largest = largest
        self._client = Client()
        self._numbers: dict[str, int] = {}
        self._on_up: list[Callable[[], None]] = []
        self._why_down = "not connected yet"
        self._forbidden: set[str] = set()
        self._told: set[str] = set()
        self._established = False
        self.refused = 0
        """Malformed messages that came in."""
        self.dropped = 0
        """Messages that could not be published."""
        self.reconnects = 0

    @property
    def servers(self) -> tuple[str, ...]:
        """The addresses that it was given."""
        return self._address.servers

    @property
    def is_up(self) -> bool:
        return bool(self._client.is_connected)

    @property
    def state(self) -> str:
        """How it stands, in words."""
        return "connected" if self.is_up else f"down: {self._why_down}"

    def on_up(self, handler: Callable[[], None]) -> None:
        """Call this after each connect: what was missed is then asked for."""
        self._on_up.append(handler)
        if self.is_up:
            handler()

    async def open(self, patience_s: float = 10.0) -> None:
        """Connect. Raises ``MessagingError`` when there is no server within the time, or it refuses us."""
        address = self._address
        places = ", ".join(address.servers)
        refusal: list[str] = []

        async def on_error(error: Exception) -> None:
            text = str(error)
            if self._is_forbidden(text):
                return
            if "authorization" in text.lower():
                refusal.append(
                    f"The NATS server at {places} refused us as “{address.user or 'nobody'}”: check messaging.user and "
                    f"{PASSWORD_VARIABLE}."
                )
            elif isinstance(error, ssl.SSLCertVerificationError):
                refusal.append(
                    f"The certificate of the NATS server at {places} is not to be trusted ({error.verify_message}): "
                    "name the file of its CA under messaging.tls_ca."
                )
            self._why_down = text or type(error).__name__

        async def on_disconnected() -> None:
            if not self._established:
                return
            self._why_down = "the connection was lost"
            log.warning("NATS: the connection was lost; trying again.")

        async def on_reconnected() -> None:
            self.reconnects += 1
            log.info("NATS: connected again.")
            self._told_up()

        connecting = asyncio.ensure_future(
            self._client.connect(
                list(address.servers),
                name=self._name,
                user=address.user or None,
                password=address.password or None,
                inbox_prefix=inbox_prefix(address.user),
                tls=_tls(address),
                error_cb=on_error,
                disconnected_cb=on_disconnected,
                reconnected_cb=on_reconnected,
                max_reconnect_attempts=-1,
                reconnect_time_wait=RECONNECT_WAIT_S,
                connect_timeout=CONNECT_TIMEOUT_S,
                ping_interval=PING_INTERVAL_S,
                pending_size=PENDING_BYTES,
            )
        )
        try:
            async with asyncio.timeout(patience_s):
                while not connecting.done():
                    await asyncio.wait((connecting,), timeout=0.1)
                    if refusal:
                        raise MessagingError(refusal[0])
                connecting.result()
        except (TimeoutError, NoServersError, NatsError, OSError) as error:
            raise MessagingError(
                f"There is no NATS server at {places} ({self._why_down or error}): start it, or correct "
                "messaging.servers."
            ) from None
        finally:
            if not self.is_up:
                connecting.cancel()
                with contextlib.suppress(asyncio.CancelledError, Exception):
                    await connecting
                with contextlib.suppress(Exception):
                    await self._client.close()
        self._established = True
        self._told_up()

    def _is_forbidden(self, text: str) -> bool:
        """Whether the server says that our user may not use a subject; it is told once."""
        found = _FORBIDDEN.search(text)
        if found is None:
            return False
        verb, subject = found.groups()
        if subject not in self._forbidden:
            self._forbidden.add(subject)
            user = self._address.user or "nobody"
            log.warning("NATS: the user %s may not %s “%s”.", user, _VERBS[verb.lower()], subject)
        return True

    def _told_up(self) -> None:
        for handler in self._on_up:
            handler()

    async def close(self) -> None:
        """Send what waits and disconnect."""
        self._established = False
        if self._client.is_connected:
            with contextlib.suppress(NatsError, TimeoutError, OSError):
                await self.confirm(2)
        with contextlib.suppress(NatsError, TimeoutError, OSError):
            await self._client.close()

    async def confirm(self, timeout_s: int = 10) -> None:
        """Wait until the server has everything that was sent and subscribed before. Raises an error of NATS.

        The client's ping overtakes what it has not written yet, so only the second answer tells.
        """
        await self._client.flush(timeout_s)
        await self._client.flush(timeout_s)

    # --- Core NATS ----------------------------------------------------------------------------------------------------

    def envelope(self, subject: str, body: Body, ts_ns: int | None = None) -> bytes:
        """The next message of a subject, numbered."""
        number = self._numbers[subject] = self._numbers.get(subject, 0) + 1
        return encode(body, self.session, number, self._now_ns() if ts_ns is None else ts_ns)

    def number(self, subject: str) -> int:
        """Number of the last message that was published on a subject; 0 before the first."""
        return self._numbers.get(subject, 0)

    async def publish(self, subject: str, body: Body, ts_ns: int | None = None) -> None:
        """Tell everybody who listens now. Dropped and counted while the connection is down."""
        payload = self.envelope(subject, body, ts_ns)
        if not self.is_up or len(payload) > self._largest:
            self.dropped += 1
            return
        try:
            await self._client.publish(subject, payload)
        except (NatsError, OSError):
            self.dropped += 1

    async def subscribe(self, subject: str, handler: Handler, *kinds: type[Body]) -> Subscription:
        """Hear every message of a subject in order; malformed ones are counted and go no further."""

        async def on_message(message: Msg) -> None:
            read = self._read(message, kinds)
            if read is not None:
                handler(read)

        return await self._client.subscribe(subject, cb=on_message)

    async def serve(
        self, subject: str, responder: Responder, *kinds: type[Body], queue: str = "", at_once: int = 1
    ) -> Subscription:
        """Answer requests. One that is malformed is answered with the reason.

        Up to ``at_once`` are worked on side by side, begun in their order, so that none waits for a slow one.
        """

        async def answer(message: Msg) -> None:
            try:
                request = decode(message.data, *kinds, largest=self._largest)
                reply: Body = await responder(request)
            except MessagingError as error:
                self.refused += 1
                reply = AnswerBody(ok=False, text=str(error))
            # A subject that is no inbox would be written to with our rights instead of the asker's.
            if message.reply.startswith(INBOXES):
                with contextlib.suppress(NatsError, OSError):
                    await self._client.publish(message.reply, encode(reply, self.session, 0, self._now_ns()))

        async def on_message(message: Msg) -> None:
            if len(working) + 1 >= at_once:
                await answer(message)
                return
            task = asyncio.ensure_future(answer(message))
            working.add(task)
            task.add_done_callback(working.discard)

        working: set[asyncio.Future[None]] = set()
        return await self._client.subscribe(subject, queue=queue, cb=on_message)

    async def request(self, subject: str, body: Body, *kinds: type[Body], timeout_s: float = 2.0) -> Message:
        """Ask and wait for the answer. Raises ``MessagingError`` when nobody answers in time or it is malformed."""
        payload = encode(body, self.session, 0, self._now_ns())
        try:
            answer = await self._client.request(subject, payload, timeout=timeout_s)
        except (NatsError, NatsTimeoutError, TimeoutError, OSError) as error:
            still_wanted()
            # The client hands the server's words on in lower case.
            if subject.lower() in self._forbidden:
                raise MessagingError(
                    f"The NATS user {self._address.user or 'nobody'} may not publish to {subject}: connect as one that "
                    "may, by messaging.user."
                ) from None
            raise MessagingError(f"Nobody answered on {subject}: {str(error) or type(error).__name__}.") from None
        still_wanted()
        return decode(answer.data, *kinds, largest=self._largest)

    def _read(self, message: Msg, kinds: tuple[type[Body], ...]) -> Message | None:
        try:
            return decode(message.data, *kinds, largest=self._largest)
        except MessagingError as error:
            self.refused += 1
            log.debug("%s: %s", message.subject, error)
            return None

    # --- JetStream ----------------------------------------------------------------------------------------------------

    @property
    def client(self) -> Client:
        """For streams and key-value buckets."""
        return self._client

    def jetstream(self) -> StreamContext:
        """Streams and key-value buckets of the server."""
        return StreamContext(self._client, self._replicas, self._told)


def _tls(address: Address) -> ssl.SSLContext | None:
    if not any(server.startswith("tls://") for server in address.servers):
        return None
    try:
        return ssl.create_default_context(cafile=address.tls_ca or None)
    except OSError as error:
        raise MessagingError(
            f"messaging.tls_ca, {address.tls_ca}, cannot be read ({error.strerror or error}): name a file of "
            "certificates, PEM."
        ) from None
