"""Bars as footprints: what traded at each price, at the bid and at the ask."""
