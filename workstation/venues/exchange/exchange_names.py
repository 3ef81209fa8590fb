"""The exchanges that there are, by ccxt's names."""

from __future__ import annotations

from workstation.core.errors import CredentialsError


def check_exchange(name: str) -> None:
    """Raises ``CredentialsError`` for one that a key cannot be of. The first call takes half a second to load ccxt."""
    import ccxt

    if name not in ccxt.exchanges:
        raise CredentialsError(
            f"{name or 'Nothing'} is no exchange that ccxt knows; write its name as ccxt does, as binance."
        )
