"""How panels stand beside each other: a tree of rows and columns with tab groups as leaves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from PySide6.QtCore import Qt


@dataclass(frozen=True)
class Tabs:
    """Panels in one place, named in tab order; the first is in front. `size` is pixels along the parent."""

    panels: tuple[str, ...]
    size: int = 0

    def names(self) -> Iterator[str]:
        yield from self.panels


@dataclass(frozen=True)
class Split:
    """Children in a row (horizontal) or a column; a child of size 0 takes what the others leave."""

    orientation: Qt.Orientation
    children: tuple[Split | Tabs, ...]
    size: int = 0

    def names(self) -> Iterator[str]:
        for child in self.children:
            yield from child.names()


Layout = Split | Tabs


def row(*children: Layout, size: int = 0) -> Split:
    return Split(Qt.Orientation.Horizontal, children, size)


def column(*children: Layout, size: int = 0) -> Split:
    return Split(Qt.Orientation.Vertical, children, size)


def without(layout: Layout, present: set[str]) -> Layout | None:
    """The layout with only the panels that are present, empty places closed up."""
    if isinstance(layout, Tabs):
        names = tuple(name for name in layout.panels if name in present)
        return Tabs(names, layout.size) if names else None
    kept = tuple(child for child in (without(each, present) for each in layout.children) if child is not None)
    return Split(layout.orientation, kept, layout.size) if kept else None


def reach(layout: Layout, orientation: Qt.Orientation) -> str:
    """A panel in `layout` above which no split has the orientation; empty when there is none."""
    if isinstance(layout, Tabs):
        return layout.panels[0]
    if layout.orientation is orientation:
        return ""
    return next((name for name in (reach(child, orientation) for child in layout.children) if name), "")


def with_charts(layout: Layout, names: tuple[str, ...]) -> Layout:
    """The layout with all these charts as tabs where it has one."""
    if isinstance(layout, Tabs):
        if "chart" not in layout.panels:
            return layout
        at = layout.panels.index("chart")
        return replace(layout, panels=(*layout.panels[:at], *names, *layout.panels[at + 1 :]))
    return Split(layout.orientation, tuple(with_charts(child, names) for child in layout.children), layout.size)


TRADING = row(
    column(Tabs(("watchlist", "alerts")), Tabs(("ticket", "templates"), 504), size=270),
    column(
        row(Tabs(("chart", "heatmap", "footprint")), Tabs(("ladder", "depth"), 270), Tabs(("tape", "liquidity"), 182)),
        row(
            Tabs(("positions", "orders", "fills", "strategies", "reconcile", "news", "log", "connections", "balances")),
            Tabs(("risk",), 278),
            Tabs(("pnl", "results", "journal"), 350),
            size=256,
        ),
    ),
)
TRADING_COMPACT = row(
    column(Tabs(("watchlist", "alerts")), Tabs(("ticket", "templates"), 400), size=228),
    column(
        row(Tabs(("chart", "heatmap", "footprint")), Tabs(("ladder", "tape", "depth"), 256)),
        row(
            Tabs(
                (
                    "orders",
                    "positions",
                    "fills",
                    "strategies",
                    "reconcile",
                    "connections",
                    "balances",
                    "pnl",
                    "results",
                    "journal",
                    "news",
                    "log",
                )
            ),
            Tabs(("risk", "liquidity"), 262),
            size=150,
        ),
    ),
)
ORDER_FLOW = row(
    column(Tabs(("heatmap", "depth")), Tabs(("footprint", "chart"), 350)),
    Tabs(("ladder", "ticket", "templates"), 300),
    column(Tabs(("tape",)), Tabs(("liquidity", "alerts", "watchlist"), 240), size=210),
)
ORDER_FLOW_COMPACT = row(
    column(Tabs(("heatmap", "footprint", "depth", "chart")), Tabs(("liquidity", "positions", "orders"), 150)),
    Tabs(("ladder", "ticket", "templates"), 256),
    Tabs(("tape", "watchlist", "alerts"), 190),
)
RESEARCH = row(
    column(Tabs(("backtest", "recorded")), Tabs(("runs",), 290), size=314),
    column(Tabs(("run chart",)), Tabs(("run equity", "compare"), 250)),
    column(Tabs(("run figures",), 504), Tabs(("run trades", "run analysis", "run log")), size=400),
)
RESEARCH_COMPACT = row(
    column(Tabs(("backtest", "runs", "recorded")), size=290),
    column(Tabs(("run chart",)), Tabs(("run equity", "compare", "run trades", "run log"), 190)),
    column(Tabs(("run figures", "run analysis")), size=300),
)
MONITORING = row(
    column(
        Tabs(("positions",)),
        Tabs(("orders", "fills"), 220),
        Tabs(("strategies", "alerts"), 240),
    ),
    column(Tabs(("risk",), 330), Tabs(("connections", "balances", "reconcile")), size=380),
    column(Tabs(("pnl", "results", "journal"), 330), Tabs(("news", "log")), size=440),
)
MONITORING_COMPACT = row(
    column(Tabs(("positions", "orders", "fills")), Tabs(("strategies", "news", "log", "alerts"), 230)),
    column(Tabs(("risk",)), Tabs(("pnl", "results", "connections", "balances", "reconcile", "journal"), 250), size=400),
)
SHIPPED: dict[str, tuple[Layout, Layout]] = {
    "Trading": (TRADING, TRADING_COMPACT),
    "Order flow": (ORDER_FLOW, ORDER_FLOW_COMPACT),
    "Research": (RESEARCH, RESEARCH_COMPACT),
    "Monitoring": (MONITORING, MONITORING_COMPACT),
}
"""The workspaces of a first start, each with its layout for a small window."""
