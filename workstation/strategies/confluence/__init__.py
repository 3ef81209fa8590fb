"""The flagship strategy, multi-timeframe confluence: one subject a module, pure functions over closed bars."""

from workstation.strategies.confluence.strategy import Confluence

__all__ = ["Confluence"]
