"""Alerts in the window: the list, how one is made on the chart, and how it is told."""
