"""What goes into the application that `make package` builds, told once for every platform."""

from __future__ import annotations

import sys
from fnmatch import fnmatchcase
from pathlib import Path

from PyInstaller.building.api import COLLECT, EXE, PYZ
from PyInstaller.building.build_main import Analysis
from PyInstaller.utils.hooks import collect_data_files, collect_submodules, copy_metadata

ROOT = Path(__file__).resolve().parents[1]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

NAME = "workstation"
"""Of the program and of its folder below dist/."""
TITLE = "Trading Workstation"
IDENTIFIER = "org.tradingworkstation.Workstation"
ENTRY_NAME = "trading-workstation"
"""Of the desktop entry on Linux."""
ICONS = ROOT / "build" / "icons"
"""Where packaging/icons.py has drawn them."""
ENTRY = str(ROOT / "workstation" / "__main__.py")

DATA_FILES = [
    (str(ROOT / "resources"), "resources"),
    (str(ROOT / "config" / "strategy.yaml"), "config"),
    (str(ROOT / "config" / "profiles"), "config/profiles"),
    (str(ROOT / "LICENSE"), "."),
    (str(ROOT / "README.md"), "."),
    (str(ROOT / "CHANGELOG.md"), "."),
    # Apprise looks for its plugins in its folder, the keyring for its backends in its metadata.
    *collect_data_files("apprise", include_py_files=True),
    *copy_metadata("keyring"),
]
"""Pairs of what is copied and the folder of the bundle that it goes to."""

HIDDEN_IMPORTS = [
    # Commands, panels and strategies are imported by name.
    *collect_submodules("workstation"),
    *collect_submodules("widgets"),
    *collect_submodules("apprise"),
    *collect_submodules("keyring.backends"),
    *collect_submodules("talib"),
    "pandas",
    "PySide6.QtNetwork",
]

EXCLUDES = [
    # What libraries would use if it were there: tools of tests, notebooks, plots, compilers.
    *("IPython", "PIL", "hypothesis", "jupyter", "llvmlite", "matplotlib", "mypy", "numba", "playwright", "pytest"),
    *("schemathesis", "scipy", "setuptools", "tkinter", "unittest.mock", "polars", "OpenGL", "binance", "pip"),
    *("psutil", "werkzeug", "markupsafe", "jinja2", "uv"),
    # Other bindings of Qt, and the parts of it that no panel uses.
    *("PyQt5", "PyQt6", "PySide2"),
    *(f"PySide6.{part}" for part in ("QtQml", "QtQuick", "QtQuickWidgets", "QtSql")),
    *(f"PySide6.{part}" for part in ("QtDesigner", "QtHelp", "QtTest", "QtUiTools", "QtXml", "QtPrintSupport")),
    "pyqtgraph.examples",
    "ccxt.test",
    "pandas.tests",
    "pyarrow.tests",
]

KEPT_AS_SOURCE = {
    # The journal's header names strategies by the hash of their source.
    "workstation.strategies": "pyz+py",
    "apprise": "py",
}
"""Packages whose files stand in the folder; all others are in the program's archive."""

UNUSED_FILES = (
    # Parts of Qt, and GTK, which its plugin for dialogs in the manner of GNOME would bring along.
    *("*Qt6Qml*", "*Qt6Quick*", "*Qt6VirtualKeyboard*", "*Qt6Pdf*", "*Qt6EglFS*", "opengl32sw*"),
    *("*/plugins/generic/*", "*/plugins/egldeviceintegrations/*", "*/plugins/networkinformation/*", "*/translations/*"),
    *("*/plugins/platforms/*eglfs*", "*/plugins/platforms/*linuxfb*", "*/plugins/platforms/*minimal*"),
    *("*/plugins/platforms/*vnc*", "*/plugins/platforms/*vkkhr*", "*/plugins/platformthemes/*gtk3*"),
    *("libgtk-3*", "libgdk*", "libatk*", "libatspi*", "libcairo*", "libpango*", "libepoxy*", "libharfbuzz*"),
    *("libfribidi*", "libgraphite2*", "libthai*", "libdatrie*", "libpixman*", "libXcomposite*", "libXcursor*"),
    *("libXdamage*", "libXinerama*", "libXrandr*", "libXi.*", "libgio*", "libmount*", "libblkid*", "libselinux*"),
    # What Arrow brings beside tables of candles: networks, clouds, headers for compilers.
    *("*arrow*flight*", "pyarrow/_flight*", "libarrow_s3*", "pyarrow/libarrow_s3*", "pyarrow/_s3fs*"),
    *("pyarrow/_gcsfs*", "pyarrow/_azurefs*", "pyarrow/_hdfs*", "pyarrow/include/*", "pyarrow/src/*"),
    # For interpreters other than CPython.
    "zstandard/_cffi*",
)
"""Patterns of places in the bundle."""


def is_used(place: str) -> bool:
    """Whether a collected file is needed, told by its place in the bundle."""
    return not any(fnmatchcase(place.replace("\\", "/"), pattern) for pattern in UNUSED_FILES)


def analysed() -> Analysis:
    """All that the program imports and reads, less what is not needed."""
    found = Analysis(
        [ENTRY],
        pathex=[str(ROOT)],
        datas=DATA_FILES,
        hiddenimports=HIDDEN_IMPORTS,
        excludes=EXCLUDES,
        module_collection_mode=KEPT_AS_SOURCE,
    )
    found.binaries = [entry for entry in found.binaries if is_used(entry[0])]
    found.datas = [entry for entry in found.datas if is_used(entry[0])]
    return found


def collected(analysis: Analysis, **options: object) -> COLLECT:
    """The folder dist/workstation. ``options`` are those of the platform's executable."""
    archive = PYZ(analysis.pure)
    program = EXE(archive, analysis.scripts, name=NAME, exclude_binaries=True, **options)
    return COLLECT(program, analysis.binaries, analysis.datas, name=NAME)
