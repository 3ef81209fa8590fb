"""The built application in a folder of another user, who can read neither this checkout nor a Python's library."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILT = ROOT / "dist" / "workstation"
USER = "workstation-test"
HIDE = 'for folder in $HIDDEN; do /bin/mount -t tmpfs -o mode=0700 none "$folder" || exit 97; done; unset HIDDEN; '
TIMEOUT_S = 120.0


class Installed:
    """The copy and its user's home. Files are read by whoever tests, the program runs as the user."""

    def __init__(self, folder: Path, user: pwd.struct_passwd | None, display: str) -> None:
        self.folder = folder
        self.home = folder / "home"
        self.program = folder / "workstation" / "workstation"
        self.data = self.home / ".local" / "share" / "trading-workstation" / "data"
        self.configuration = self.home / ".config" / "trading-workstation" / "config"
        self._user = user
        self._environment = {"HOME": str(self.home), "PATH": "", "LANG": "C.UTF-8", "DISPLAY": display}

    def command(self, *command: str) -> list[str]:
        """As the user, where checkout and Python's libraries are hidden behind empty folders."""
        if self._user is None:
            return list(command)
        identity = ["--reuid", str(self._user.pw_uid), "--regid", str(self._user.pw_gid), "--clear-groups"]
        script = f'{HIDE}exec /usr/bin/setpriv {" ".join(identity)} --no-new-privs "$@"'
        return ["/usr/bin/unshare", "--mount", "/bin/sh", "-c", script, "sh", *command]

    def environment(self) -> dict[str, str]:
        folders = {ROOT, Path(sys.prefix).resolve(), Path(sysconfig.get_path("stdlib"))}
        # What lies in a hidden folder is hidden with it.
        hidden = {each for each in folders if not folders & set(each.parents)}
        return {**self._environment, "HIDDEN": " ".join(map(str, sorted(hidden)))}

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self.command(str(self.program), *arguments),
            env=self.environment(),
            cwd=self.home,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def run(self, *arguments: str, timeout: float = TIMEOUT_S) -> subprocess.CompletedProcess[str]:
        """To its end; the output holds what it wrote to standard error as well."""
        process = self.start(*arguments)
        try:
            output, _ = process.communicate(timeout=timeout)
        finally:
            process.kill()
        return subprocess.CompletedProcess(arguments, process.returncode, output)

    def may_read(self, path: Path) -> bool:
        """Whether the user can read a file, asked as the program would."""
        asked = self.command("/usr/bin/test", "-r", str(path))
        status = subprocess.run(asked, env=self.environment(), check=False).returncode
        assert status in (0, 1), f"the user cannot be asked: status {status}"
        return status == 0

    def write(self, file: Path, text: str) -> None:
        """A file of the user's."""
        file.write_text(text, encoding="utf-8")
        if self._user is not None:
            os.chown(file, self._user.pw_uid, self._user.pw_gid)


@contextmanager
def installed(display: str) -> Iterator[Installed]:
    """A copy of dist/workstation for a new user, who is deleted with all that was theirs.

    Only root can make one; for anybody else it is the same user with a home of its own.
    """
    assert (BUILT / "workstation").is_file(), f"there is no {BUILT}: run `make package` first"
    is_root = os.geteuid() == 0
    with tempfile.TemporaryDirectory(prefix="workstation-package-", dir="/var/tmp") as name:
        folder = Path(name)
        folder.chmod(0o755)
        shutil.copytree(BUILT, folder / "workstation", symlinks=True)
        (folder / "home").mkdir(mode=0o700)
        user = _new_user(folder / "home") if is_root else None
        try:
            yield Installed(folder, user, display)
        finally:
            if user is not None:
                subprocess.run(["userdel", USER], check=True)


def _new_user(home: Path) -> pwd.struct_passwd:
    made = ["useradd", "--system", "--no-create-home", "--home-dir", str(home), "--shell", "/usr/sbin/nologin", USER]
    subprocess.run(made, check=True)
    user = pwd.getpwnam(USER)
    os.chown(home, user.pw_uid, user.pw_gid)
    return user
