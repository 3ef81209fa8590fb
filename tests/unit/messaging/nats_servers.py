"""A real nats-server for a test: ``async with running_server(tmp_path) as server``, or with a user for each role."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import NamedTuple

from workstation.config.settings import Settings
from workstation.core.clock import WallClock
from workstation.messaging.link import Address, NatsLink
from workstation.messaging.roles import NatsRole
from workstation.messaging.server import EmbeddedServer
from workstation.messaging.server_configuration import STORE_VARIABLE, password_variable, server_configuration

LARGEST = 1 << 20


@asynccontextmanager
async def running_server(folder: Path, port: int = 0) -> AsyncIterator[EmbeddedServer]:
    server = EmbeddedServer(folder, port, LARGEST)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


@asynccontextmanager
async def connected(server: EmbeddedServer, name: str = "test") -> AsyncIterator[NatsLink]:
    link = NatsLink(server.address, name, f"{name}-1", WallClock().now_ns, LARGEST)
    await link.open()
    try:
        yield link
    finally:
        await link.close()


class RoleServer(NamedTuple):
    """A server whose users are the roles."""

    servers: tuple[str, ...]
    passwords: dict[NatsRole, str]

    def address(self, role: NatsRole, tls_ca: Path | None = None) -> Address:
        return Address(self.servers, role, self.passwords[role], str(tls_ca or ""))


@contextmanager
def role_server(folder: Path, settings: Settings, tls: tuple[Path, Path] | None = None) -> Iterator[RoleServer]:
    """Runs with the configuration that ``workstation nats-config`` prints."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "nats.conf"
    file.write_text(server_configuration(settings, (str(tls[0]), str(tls[1])) if tls is not None else None))
    passwords = {role: f"p{secrets.token_hex(8)}" for role in NatsRole}
    environment = {password_variable(role): password for role, password in passwords.items()}
    port = free_port()
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(
            [nats_server(), "-c", str(file), "-a", "127.0.0.1", "-p", str(port)],
            env={**os.environ, **environment, STORE_VARIABLE: str(folder / "streams")},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_for_port(port, process)
        yield RoleServer((f"{'tls' if tls else 'nats'}://127.0.0.1:{port}",), passwords)
    finally:
        process.terminate()
        process.wait(10)


@asynccontextmanager
async def connected_as(server: RoleServer, role: NatsRole) -> AsyncIterator[NatsLink]:
    link = NatsLink(server.address(role), role, f"{role}-1", WallClock().now_ns, LARGEST)
    await link.open()
    try:
        yield link
    finally:
        await link.close()


def nats_server() -> str:
    found = shutil.which("nats-server", path=str(Path(sys.executable).parent)) or shutil.which("nats-server")
    assert found is not None, "there is no nats-server"
    return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_for_port(port: int, process: subprocess.Popen[bytes], timeout_s: float = 10.0) -> None:
    ends = time.monotonic() + timeout_s
    while True:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        assert process.poll() is None and time.monotonic() < ends, f"nothing listens on port {port}"
        time.sleep(0.05)


class Cluster:
    """Three servers that know each other, by their names."""

    def __init__(self, folder: Path, names: tuple[str, ...] = ("one", "two", "three")) -> None:
        self._folder = folder
        self._ports = {name: free_port() for name in names}
        self._routes = {name: free_port() for name in names}
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    @property
    def address(self) -> Address:
        return Address(tuple(f"nats://127.0.0.1:{port}" for port in self._ports.values()))

    def start(self, name: str) -> None:
        """Start one of them, or start it again with what it kept."""
        routes = [f"nats://127.0.0.1:{port}" for port in self._routes.values()]
        configuration = {
            "host": "127.0.0.1",
            "port": self._ports[name],
            "server_name": name,
            "jetstream": {"store_dir": str(self._folder / name)},
            "cluster": {"name": "test", "host": "127.0.0.1", "port": self._routes[name], "routes": routes},
            "log_file": str(self._folder / f"{name}.log"),
        }
        file = self._folder / f"{name}.conf"
        file.write_text(json.dumps(configuration))
        self._processes[name] = subprocess.Popen([nats_server(), "-c", str(file)], stderr=subprocess.DEVNULL)

    def kill(self, name: str) -> None:
        process = self._processes.pop(name)
        process.kill()
        process.wait()

    def kill_all(self) -> None:
        for name in list(self._processes):
            self.kill(name)

    def wait_for_ports(self) -> None:
        for name, process in self._processes.items():
            wait_for_port(self._ports[name], process)


@contextmanager
def cluster(folder: Path) -> Iterator[Cluster]:
    folder.mkdir(parents=True, exist_ok=True)
    servers = Cluster(folder)
    try:
        for name in servers._ports:
            servers.start(name)
        servers.wait_for_ports()
        yield servers
    finally:
        servers.kill_all()
