"""The application's icon as PNG, ICO and ICNS, from its SVG: ``python packaging/icons.py FOLDER``.

ICO and ICNS are here what both have been for long: lists of PNG files with their sizes.
"""

from __future__ import annotations

import os
import struct
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QBuffer, QByteArray  # noqa: E402
from PySide6.QtGui import QGuiApplication  # noqa: E402

from widgets.look.application_icon import icon_image  # noqa: E402

PNG_SIZES = (16, 24, 32, 48, 64, 128, 256, 512)
ICO_SIZES = (16, 24, 32, 48, 64, 128, 256)
ICNS_SIZES = {b"icp4": 16, b"icp5": 32, b"ic07": 128, b"ic08": 256, b"ic09": 512, b"ic10": 1024}
"""By Apple's names; ic10 is 512 points at two pixels each."""


def png(size: int) -> bytes:
    content = QByteArray()
    buffer = QBuffer(content)
    buffer.open(QBuffer.OpenModeFlag.WriteOnly)
    icon_image(size).save(buffer, "PNG")
    return bytes(content.data())


def ico(images: dict[int, bytes]) -> bytes:
    """A header, 16 bytes for each image, then the images; a width of 256 is written as 0."""
    offset = 6 + 16 * len(images)
    entries = b""
    for size, image in images.items():
        entries += struct.pack("<BBBBHHII", size % 256, size % 256, 0, 0, 1, 32, len(image), offset)
        offset += len(image)
    return struct.pack("<HHH", 0, 1, len(images)) + entries + b"".join(images.values())


def icns(images: dict[bytes, bytes]) -> bytes:
    """The total length, then each image after its type and length; numbers are big-endian."""
    parts = b"".join(struct.pack(">4sI", kind, 8 + len(image)) + image for kind, image in images.items())
    return struct.pack(">4sI", b"icns", 8 + len(parts)) + parts


def main(folder: Path) -> None:
    """Write every file into the folder."""
    application = QGuiApplication([])
    folder.mkdir(parents=True, exist_ok=True)
    for size in PNG_SIZES:
        (folder / f"workstation-{size}.png").write_bytes(png(size))
    (folder / "workstation.ico").write_bytes(ico({size: png(size) for size in ICO_SIZES}))
    (folder / "workstation.icns").write_bytes(icns({kind: png(size) for kind, size in ICNS_SIZES.items()}))
    application.quit()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
