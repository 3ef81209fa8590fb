"""TA-Lib for NumPy arrays of float64: ``from workstation.market.ta_lib import talib``.

TA-Lib's package loads pandas and wraps every function to take its series. The engine gives arrays alone, and pandas
costs a second at every start, so it is hidden while TA-Lib loads. A ``pandas.Series`` has to be given as its
``to_numpy()``.
"""

from __future__ import annotations

import sys
from types import ModuleType

_SERIES_OF = ("pandas", "polars")


def _load() -> ModuleType:
    hidden = {name: sys.modules.pop(name, None) for name in _SERIES_OF}
    for name in _SERIES_OF:
        sys.modules[name] = None  # type: ignore[assignment]
    try:
        import talib as loaded  # noqa: TID251
        import talib.abstract  # noqa: TID251
    finally:
        for name, module in hidden.items():
            del sys.modules[name]
            if module is not None:
                sys.modules[name] = module
    return loaded


talib = _load()
