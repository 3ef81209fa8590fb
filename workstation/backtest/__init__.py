"""Backtests: the runner that drives the kernel over history, the figures of a run, and its report."""
