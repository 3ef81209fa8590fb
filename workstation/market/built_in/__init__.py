"""The built-in market: a seeded simulation of several symbols with an order book and a tape."""

from workstation.market.built_in.market import BuiltInMarket

__all__ = ["BuiltInMarket"]
