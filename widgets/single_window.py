"""One window to a data folder: a second start brings the window that is there to the front, and ends.

Two things stand in the data folder. A lock, which the system drops however its process ends, says whether there is a
window; a local socket is how it is called. So a socket that a killed window left behind hinders nobody. What keeps a
second engine away is neither of them, but the engine's own lock, or the one of the window whose engine runs beside it.
"""

from __future__ import annotations

import sys
from hashlib import sha256
from pathlib import Path
from tempfile import gettempdir
from typing import TYPE_CHECKING

from PySide6.QtCore import QDeadlineTimer, QObject, QThread, Signal

from workstation.core.errors import StorageError
from workstation.storage.layout import DataFolder
from workstation.storage.lock import FolderLock

if TYPE_CHECKING:
    from PySide6.QtNetwork import QLocalServer, QLocalSocket

SHOW = b"show\n"
SHOWN = b"shown\n"
PATIENCE_MS = 5_000
"""As long as a window that still starts may need to listen and to answer, and one that closes to end in order."""
AGAIN_MS = 50
LONGEST_PATH = 80
"""Characters; a socket's path may have some 100, of which Qt needs a few."""


def socket_name(folder: DataFolder) -> str:
    """Of the window's socket: a path in the data folder, or among temporary files where that is too long; on Windows,
    where no path is wanted, a name."""
    path = str(folder.path / "window.socket")
    name = f"trading-workstation-{sha256(path.encode()).hexdigest()[:24]}"
    if sys.platform == "win32":
        return name
    return path if len(path) <= LONGEST_PATH else str(Path(gettempdir()) / name)


class SingleWindow(QObject):
    """``claim`` it before the window is made, ``listen`` once it is seen, ``fall_silent`` when it begins to close, and
    ``release`` it at the end."""

    called = Signal()  # a second start wants to see the window

    def __init__(self, folder: DataFolder, now_ns: int, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._folder = folder
        self._now_ns = now_ns
        self._lock: FolderLock | None = None
        self._server: QLocalServer | None = None

    def claim(self) -> bool:
        """False when another window has been brought to the front instead. One that is closing is waited for.

        True also when the other one does not answer or the folder cannot be used: the session then says what is wrong.
        """
        deadline = QDeadlineTimer(PATIENCE_MS)
        while not self._take_lock():
            if self._call_other():
                return False
            if deadline.hasExpired():
                break
            # It started a moment ago and does not listen yet, or it is closing and does so no more.
            QThread.msleep(AGAIN_MS)
        return True

    def _take_lock(self) -> bool:
        """Whether nobody else has it."""
        try:
            self._folder.path.mkdir(parents=True, exist_ok=True)
            self._lock = FolderLock(self._folder.path / "window.socket.lock", self._now_ns)
        except StorageError:
            return False
        except OSError:
            # No folder can be there: the session says so, in the window.
            return True
        return True

    def listen(self) -> None:
        """Hear other starts from now on; nothing where another window holds the folder."""
        if self._lock is None:
            return
        from PySide6.QtNetwork import QLocalServer

        name = socket_name(self._folder)
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._answer)
        QLocalServer.removeServer(name)
        self._server.listen(name)

    def fall_silent(self) -> None:
        """Answer other starts no more: what is closing cannot come to the front. They wait for its end."""
        if self._server is not None:
            self._server.close()
            self._server = None

    def release(self) -> None:
        """Let another window have the folder. May be called twice."""
        self.fall_silent()
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def _call_other(self) -> bool:
        """Whether the window that holds the folder has come to the front."""
        if sys.platform == "win32":
            import ctypes

            any_process = -1
            ctypes.windll.user32.AllowSetForegroundWindow(any_process)
        from PySide6.QtNetwork import QLocalSocket

        socket = QLocalSocket()
        socket.connectToServer(socket_name(self._folder))
        if not socket.waitForConnected(PATIENCE_MS):
            return False
        socket.write(SHOW)
        return socket.waitForReadyRead(PATIENCE_MS) and bytes(socket.readLine().data()) == SHOWN

    def _answer(self) -> None:
        assert self._server is not None
        while self._server.hasPendingConnections():
            socket = self._server.nextPendingConnection()
            socket.readyRead.connect(lambda socket=socket: self._read(socket))
            socket.disconnected.connect(socket.deleteLater)

    def _read(self, socket: QLocalSocket) -> None:
        if socket.canReadLine():
            if bytes(socket.readLine().data()) == SHOW:
                self.called.emit()
                socket.write(SHOWN)
                socket.flush()
            socket.disconnectFromServer()
