"""A running workstation."""

from workstation.session.session import Session

__all__ = ["Session"]
