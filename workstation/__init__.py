"""The trading workstation's engine: strategies, risk, execution, storage. No Qt in this package."""

__version__ = "0.1.0"
