"""A venue in memory for paper trading, backtests and tests."""

from workstation.venues.simulated.faults import FaultRates, FaultyVenue
from workstation.venues.simulated.venue import SimVenue

__all__ = ["FaultRates", "FaultyVenue", "SimVenue"]
