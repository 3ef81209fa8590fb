"""A planted secret is used in every way there is, and is in nothing that was written."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

from aiohttp import web

from tests.end_to_end.program import ROOT, TIMEOUT_S, configuration, environment, is_one_sentence, run
from workstation.storage.inputs import read_inputs

KEY, SECRET, PASSWORD = "PlAnTeDkey/0123456789+=", "pL4nTeDsEcReT/9876543210+=", "pl4nt3d+passw0rd="
RINGS = "tests.unit.storage.memory_keyring"


@asynccontextmanager
async def echoing_exchange() -> AsyncIterator[str]:
    """Refuses everything, and repeats all that it was told; yields its address."""

    async def refuse(request: web.Request) -> web.Response:
        told = f"{request.rel_url} {dict(request.headers)} {await request.text()} {KEY} {SECRET}"
        return web.json_response({"code": -2015, "msg": f"Invalid API-key, IP, or permissions: {told}"}, status=401)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", refuse)
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    try:
        yield f"http://{host}:{port}"
    finally:
        await runner.cleanup()


class Written:
    """Everything that processes wrote: to the terminal, and into a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.texts: dict[str, bytes] = {}

    async def run(self, what: str, *arguments: str | Path, **options: Any) -> subprocess.CompletedProcess[str]:
        done = await asyncio.to_thread(run, *arguments, **options)
        self.texts[what] = (done.stdout + done.stderr).encode()
        return done

    def holding(self, *parts: str) -> list[str]:
        """Where any of these stands, in any spelling."""
        spellings = {text.encode() for part in parts for text in (part, quote_plus(part), json.dumps(part)[1:-1])}
        everything = self.texts | {str(file): _content(file) for file in self.folder.rglob("*") if file.is_file()}
        return [where for where, text in everything.items() if any(spelling in text for spelling in spellings)]


def _content(file: Path) -> bytes:
    return file.read_bytes() if file.suffix != ".zst" else repr(list(read_inputs(file.parent))).encode()


async def test_lesson_28_a_planted_secret_is_in_nothing_that_was_written(tmp_path: Path):
    written = Written(tmp_path / "written")
    data = written.folder / "data"
    ring = tmp_path / "ring"
    ring.mkdir()
    file = tmp_path / "keys.toml"
    file.write_text(f'[planted]\nexchange = "binance"\nkey = "{KEY}"\nsecret = "{SECRET}"\npassword = "{PASSWORD}"\n')
    file.chmod(0o600)
    typed = {"input": f"{KEY}\n{SECRET}\n{PASSWORD}\n"}
    good = environment(PYTHON_KEYRING_BACKEND=f"{RINGS}.MemoryKeyring", KEYRING_FOLDER=str(ring))
    bad = good | {"PYTHON_KEYRING_BACKEND": f"{RINGS}.TalkativeKeyring"}
    planted = good | {
        "WORKSTATION_KEYS_FILE": str(file),
        "WORKSTATION_KEY_PLANTED": KEY,
        "WORKSTATION_SECRET_PLANTED": SECRET,
        "WORKSTATION_PASSWORD_PLANTED": PASSWORD,
    }

    failed = await written.run("a bad keyring", "keys", "add", "planted", env=bad, **typed)
    assert is_one_sentence(failed) and "[hidden]" in failed.stderr, failed.stderr
    kept = await written.run("add", "keys", "add", "planted", env=good, **typed)
    assert kept.returncode == 0 and "PlAn…" in kept.stdout, kept.stderr
    listed = await written.run("list", "keys", "list", env=planted)
    assert listed.stdout.count("PlAn…") == 3, "in the environment, the file and the keyring"
    await written.run("doctor", "doctor", "--data", data, env=planted)
    async with echoing_exchange() as address:
        profile = f"exchange:\n  address: {address}\n  key: planted\n"
        options = ("--config", configuration(written.folder, profile), "--profile", "test", "--data", data)
        session = await written.run("a paper session", "--no-gui", "--for", "1", *options, env=planted)
        assert session.returncode == 0, session.stderr
        refused = await written.run("test", "keys", "test", "planted", *options, env=planted)
        assert is_one_sentence(refused) and "the key “planted”" in refused.stderr, refused.stderr
        (data / "logs").mkdir(exist_ok=True)
        done = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-m", "tests.end_to_end.planted_secret", address, str(data / "logs" / "debug.log")],
            capture_output=True,
            text=True,
            cwd=ROOT,
            env=planted,
            timeout=TIMEOUT_S,
            check=False,
        )
    written.texts["everything goes wrong"] = (done.stdout + done.stderr).encode()
    assert "RuntimeError: uncaught, with [hidden]" in done.stderr and "in a thread, with [hidden]" in done.stderr
    log = (data / "logs" / "debug.log").read_text()
    assert (
        "signing with [hidden]" in log and "fetch Request: binance GET" in log and "-2015" in log and "refused" in log
    )

    assert written.holding(KEY, SECRET, PASSWORD) == []
    assert (data / "journal.sqlite3").stat().st_size and list(data.rglob("*.zst")), "there was something to search"
    assert str(written.folder / "config" / "strategy.yaml") in written.holding("paper-01"), "the search finds things"
    assert any(SECRET in path.read_text() for path in ring.iterdir()), "the keyring does hold it"


async def test_lesson_31_a_paper_session_does_not_even_look_for_a_key(tmp_path: Path):
    """A keys file that must not be read, and a keyring that tells when it is opened, go unnoticed."""
    file = tmp_path / "keys.toml"
    file.write_text("nothing that could be read")
    file.chmod(0o644)
    watched = environment(
        WORKSTATION_KEYS_FILE=str(file),
        PYTHON_KEYRING_BACKEND=f"{RINGS}.LockedKeyring",
        KEYRING_FOLDER=str(tmp_path),
    )
    listed = await asyncio.to_thread(run, "keys", "remove", "main", "--yes", env=watched)
    assert is_one_sentence(listed) and (tmp_path / "opened").exists(), "who opens the keyring is seen"
    (tmp_path / "opened").unlink()
    done = await asyncio.to_thread(run, "--no-gui", "--for", "1", "--data", tmp_path / "data", env=watched)
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "opened").exists() and str(file) not in done.stdout + done.stderr
