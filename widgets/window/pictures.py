"""Pictures of the window for a person: PNG files in the folder where the system keeps pictures."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QStandardPaths
from PySide6.QtWidgets import QWidget

from widgets.look.numbers import local_moment

FOLDER = "Trading Workstation"


def pictures_folder() -> Path | None:
    """The person's own; ``None`` where the system names none."""
    found = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.PicturesLocation)
    return Path(found) / FOLDER if found else None


def save_picture(widget: QWidget, fallback: Path, now_ns: int) -> tuple[str, bool]:
    """Write what a widget shows, under the time on the screen, into the folder of pictures, else into ``fallback``.

    Where it is, or why it is nowhere, in a sentence, and whether it was written.
    """
    picture = widget.grab()
    name = f"workstation {local_moment(now_ns):%Y-%m-%d %H-%M-%S}"
    for folder in filter(None, (pictures_folder(), fallback)):
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError:
            continue
        path = _free(folder, name)
        if picture.save(str(path)):
            return f"Picture saved as {path}.", True
    return (
        f"The picture could not be written, neither to your pictures nor to {fallback}; free some space there.",
        False,
    )


def _free(folder: Path, name: str) -> Path:
    """A file that is not there yet: two pictures in a second are both kept."""
    path, number = folder / f"{name}.png", 2
    while path.exists():
        path, number = folder / f"{name} ({number}).png", number + 1
    return path
