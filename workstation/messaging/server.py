"""A nats-server of one's own: started and watched by the workstation, on loopback, with generated credentials.

Port and password are made once and kept beside its streams, in a file that only its owner can read: so other processes
of the same data folder find it, and come back to it after a restart.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import secrets
import signal
import socket
import subprocess
from pathlib import Path
from typing import NamedTuple

from workstation.core.credentials import Credentials
from workstation.core.errors import MessagingError
from workstation.core.redaction import hide
from workstation.messaging.link import Address
from workstation.messaging.server_program import server_program

CONFIGURATION = "server.json"
PROCESS_ID = "server.pid"
HOST = "127.0.0.1"
USER = "workstation"
START_S = 10.0
STOP_S = 5.0
RESTART_PAUSE_S = 0.5
LOOK_S = 2.0
"""How often the server is asked whether its streams can be written."""
PROBE_BYTES = 1_000_000

log = logging.getLogger("workstation.messaging")


class EmbeddedServer:
    """``folder`` holds its configuration, which only its owner can read, its streams and its log."""

    def __init__(self, folder: Path, port: int, largest_message: int) -> None:
        self._folder = folder
        kept = kept_address(folder)
        self._port = port or (kept.port if kept is not None else 0)
        self._largest_message = largest_message
        self._password = kept.address.password if kept is not None else secrets.token_urlsafe(24)
        self._process: subprocess.Popen[bytes] | None = None
        self._watch: asyncio.Task[None] | None = None
        self.restarts = 0
        self._monitor = 0
        """Port on loopback where it says how it is."""

    @property
    def address(self) -> Address:
        return _address(self._port, self._password)

    @property
    def process_id(self) -> int:
        """0 when it does not run."""
        return self._process.pid if self._process is not None and self._process.poll() is None else 0

    async def start(self) -> None:
        """Start it and wait until it listens. Raises ``MessagingError``."""
        program = server_program()
        if program is None:
            raise MessagingError(
                "messaging.use is embedded, but there is no nats-server on the PATH: install it from "
                "nats.io/download, or set messaging.use to none or servers."
            )
        hide(Credentials("", self._password))
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            if not self._port:
                self._port = _free_port()
            await end_orphan(self._folder, self._port)
        except OSError as error:
            raise MessagingError(f"The NATS server cannot use {self._folder}: {error.strerror}.") from error
        await self._launch(program)
        self._watch = asyncio.ensure_future(self._keep_alive(program))

    async def stop(self) -> None:
        """End it in order."""
        if self._watch is not None:
            self._watch.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._watch
            self._watch = None
        process = self._process
        if process is not None and process.poll() is None:
            await _end(process)

    def _write_configuration(self) -> None:
        """JSON is valid in the server's own format. The file is made unreadable to others before it holds anything."""
        # Another one for each run: nobody else needs to know it, and what it was may be taken by now.
        self._monitor = _free_port()
        configuration = {
            "host": HOST,
            "port": self._port,
            "http": f"{HOST}:{self._monitor}",
            "server_name": "workstation",
            "max_payload": self._largest_message,
            "jetstream": {"store_dir": str(self._folder / "streams")},
            "authorization": {"user": USER, "password": self._password},
            "pid_file": str(self._folder / PROCESS_ID),
            "log_file": str(self._folder / "server.log"),
            "log_size_limit": 10_000_000,
        }
        fresh = self._configuration_file.with_suffix(".new")
        fresh.unlink(missing_ok=True)
        with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(configuration, file, indent=2)
        fresh.replace(self._configuration_file)

    @property
    def _configuration_file(self) -> Path:
        return self._folder / CONFIGURATION

    async def _launch(self, program: str) -> None:
        self._write_configuration()
        self._process = subprocess.Popen(
            [program, "-c", str(self._configuration_file)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            # Ctrl-C at the terminal is for the workstation, which ends its server last.
            start_new_session=True,
        )
        deadline = asyncio.get_running_loop().time() + START_S
        while not await _listens(self._port):
            if self._process.poll() is not None:
                raise MessagingError(
                    f"The NATS server did not start on port {self._port}: see {self._folder / 'server.log'}; the port "
                    "may be taken."
                )
            if asyncio.get_running_loop().time() > deadline:
                self._process.kill()
                raise MessagingError(f"The NATS server did not listen on port {self._port} within {START_S:.0f} s.")
            await asyncio.sleep(0.02)

    async def _keep_alive(self, program: str) -> None:
        loop = asyncio.get_running_loop()
        look_at = loop.time() + LOOK_S
        while True:
            await asyncio.sleep(RESTART_PAUSE_S)
            assert self._process is not None
            if self._process.poll() is None:
                if loop.time() >= look_at:
                    look_at = loop.time() + LOOK_S
                    await self._end_unwritable()
                continue
            log.warning("The NATS server ended (%s); starting it again.", self._process.returncode)
            self.restarts += 1
            try:
                await self._launch(program)
            except (MessagingError, OSError) as error:
                log.error("The NATS server cannot be started: %s", error)

    async def _end_unwritable(self) -> None:
        """A server that could not write a stream, on a full disk, refuses that stream until it is started anew: that is
        done when there is room again."""
        told = await _health(self._monitor)
        if "write error" not in told or not self._has_room():
            return
        log.warning("The NATS server could not write its streams, and there is room again: %s", told)
        process = self._process
        assert process is not None
        await _end(process)

    def _has_room(self) -> bool:
        probe = self._folder / "probe"
        try:
            with probe.open("wb") as file:
                file.write(bytes(PROBE_BYTES))
                file.flush()
                os.fsync(file.fileno())
        except OSError:
            return False
        finally:
            with contextlib.suppress(OSError):
                probe.unlink()
        return True


class KeptAddress(NamedTuple):
    """Where a data folder's own server is, or was."""

    port: int
    address: Address


def kept_address(folder: Path) -> KeptAddress | None:
    """Where the folder's server listens when it runs; ``None`` when it never did."""
    try:
        told = json.loads((folder / CONFIGURATION).read_bytes())
        port, password = int(told["port"]), str(told["authorization"]["password"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return KeptAddress(port, _address(port, password))


async def end_orphan(folder: Path, port: int) -> None:
    """End the server of a workstation that was killed: it still has the port and the streams."""
    try:
        process_id = int((folder / PROCESS_ID).read_text())
    except (OSError, ValueError):
        return
    deadline = asyncio.get_running_loop().time() + STOP_S
    with contextlib.suppress(ProcessLookupError):
        while await _listens(port) and asyncio.get_running_loop().time() < deadline:
            os.kill(process_id, signal.SIGTERM)
            await asyncio.sleep(0.1)


def _address(port: int, password: str) -> Address:
    return Address((f"nats://{HOST}:{port}",), USER, password)


async def _end(process: subprocess.Popen[bytes]) -> None:
    """In order, or by force where that takes too long."""
    process.terminate()
    deadline = asyncio.get_running_loop().time() + STOP_S
    while process.poll() is None and asyncio.get_running_loop().time() < deadline:
        await asyncio.sleep(0.02)
    if process.poll() is None:
        process.kill()
        process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


async def _health(port: int) -> str:
    """What the server says of itself; empty when it says nothing."""
    try:
        async with asyncio.timeout(LOOK_S):
            reader, writer = await asyncio.open_connection(HOST, port)
            try:
                writer.write(b"GET /healthz HTTP/1.0\r\n\r\n")
                return (await reader.read(10_000)).decode(errors="replace").rpartition("\r\n")[2]
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return ""


async def _listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection(HOST, port)
    except OSError:
        return False
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    return True
