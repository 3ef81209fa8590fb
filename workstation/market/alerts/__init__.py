"""Alerts on prices, lines and indicators: what they are, and when they fire."""
