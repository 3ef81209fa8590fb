"""The program's icon in the sizes and files that desktops ask for."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest
from PySide6.QtGui import QImage, QImageReader
from PySide6.QtWidgets import QApplication

from tests.gui.conftest import ROOT
from widgets.look.application_icon import WINDOW_SIZES, application_icon, icon_image


@pytest.fixture(scope="module")
def icons() -> ModuleType:
    """packaging/icons.py, which is in no package."""
    spec = importlib.util.spec_from_file_location("icons", ROOT / "packaging" / "icons.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("size", [16, 48, 256])
def test_it_fills_its_square_and_leaves_the_corners(qapp: QApplication, size: int) -> None:
    image = icon_image(size)
    assert image.pixelColor(0, 0).alpha() == 0
    assert image.pixelColor(size // 2, size - size // 8).alpha() == 255
    colours = {image.pixelColor(x, y).name() for x in range(size) for y in range(size)}
    assert {"#26a69a", "#ef5350"} <= colours, "candles up and down"


def test_windows_have_it_in_every_size(qapp: QApplication) -> None:
    assert {size.width() for size in application_icon().availableSizes()} == set(WINDOW_SIZES)


def test_files_for_windows_and_macos_hold_the_same_pictures(
    qapp: QApplication, icons: ModuleType, tmp_path: Path
) -> None:
    (tmp_path / "a.ico").write_bytes(icons.ico({size: icons.png(size) for size in icons.ICO_SIZES}))
    (tmp_path / "a.icns").write_bytes(icons.icns({kind: icons.png(size) for kind, size in icons.ICNS_SIZES.items()}))
    for name, sizes in (("a.ico", icons.ICO_SIZES), ("a.icns", icons.ICNS_SIZES.values())):
        reader = QImageReader(str(tmp_path / name))
        found = {}
        for number in range(reader.imageCount()):
            reader.jumpToImage(number)
            image = reader.read().convertToFormat(QImage.Format.Format_ARGB32_Premultiplied)
            found[image.width()] = image
        assert set(found) == set(sizes), name
        assert found[32] == icon_image(32), name
