"""What can be replayed, and the kernel that it begins with."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol

from workstation.backtest.engine import BacktestEngine
from workstation.core.messages import EquitySampled, Input, Output
from workstation.core.views import FillView, FundingView, OrderView
from workstation.trading.arming import Arming
from workstation.trading.kernel import Kernel
from workstation.trading.views import EngineViews


class Opened(NamedTuple):
    """A kernel at its start and the inputs that are to be dispatched to it, one by one and each at once."""

    kernel: Kernel
    views: EngineViews
    inputs: Iterator[Input]
    failures: Mapping[str, str]
    arming: Arming | None = None
    equity: Sequence[tuple[int, float]] = ()
    """Sampled while it was opened, as in ``Past``."""
    outputs: Sequence[Output] = ()
    """What the kernel has put out so far; it grows."""
    dispatch: Callable[[Input], object] | None = None
    """What takes the inputs where it is not the kernel itself."""
    run: BacktestEngine | None = None
    """What the kernel belongs to in the replay of a backtest."""

    @staticmethod
    def samples(outputs: Iterable[Output]) -> list[tuple[int, float]]:
        """The samples of the equity among what an opening brought forth."""
        return [(output.ts_ns, output.equity / 1e8) for output in outputs if type(output) is EquitySampled]


class Past(NamedTuple):
    """What had happened before the replay begins, oldest first; equity as time in nanoseconds and amount, for plots."""

    orders: Sequence[OrderView] = ()
    fills: Sequence[FillView] = ()
    equity: Sequence[tuple[int, float]] = ()
    funding: Sequence[FundingView] = ()


class ReplaySource(Protocol):
    """Read once from the disk, opened as often as the replay goes back. Times are UTC nanoseconds."""

    title: str
    """``Run 14 · donchian_turtle``."""
    detail: str
    """``BTCUSDT 4 h, year 2023``."""
    start_ns: int
    end_ns: int
    symbols: Sequence[str]
    timeframe: str
    """The bars that a chart should show; empty for a choice of its own."""
    stale_ns: int
    pace_ns: int
    """How much of it passes in a second at single speed; a step is as long."""
    has_depth: bool
    """Whether it holds books and trades, or candles only."""
    past: Past

    def open(self) -> Opened:
        """A fresh kernel at ``start_ns``. Raises ``WorkstationError``."""

    def resumed(self, opened: Opened) -> None:
        """A kernel of a checkpoint is shown now instead of the one that was opened last."""
