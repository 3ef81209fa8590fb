"""Backtests in processes of their own, their results, and replay: what is over, shown as it was."""
