"""Keys and the accounts that they open."""

from __future__ import annotations

from ipaddress import ip_address

import msgspec

PERMISSIONS = ("read", "spot", "futures", "withdraw")
"""What a key may be permitted: to look, to trade on either market, to withdraw."""
DEFAULT_PERMISSIONS = frozenset({"read", "spot", "futures"})


class ApiKey(msgspec.Struct, frozen=True, kw_only=True):
    """``addresses`` are those that it works from; empty for any."""

    key: str
    secret: str
    account: str
    permissions: frozenset[str] = DEFAULT_PERMISSIONS
    addresses: tuple[str, ...] = ()
    created_ns: int = 0

    def may(self, permission: str) -> bool:
        return permission in self.permissions

    def works_from(self, address: str) -> bool:
        return not self.addresses or address in self.addresses

    def problem(self) -> str:
        """What is wrong with it, as a sentence; empty when nothing is."""
        if not self.key or not self.secret or not (self.key + self.secret).isascii():
            return "A key and its secret must be text of plain letters, digits and signs, and not empty."
        if any(character.isspace() for character in self.key + self.secret):
            return "A key and its secret must not hold spaces."
        unknown = sorted(self.permissions - set(PERMISSIONS))
        if unknown:
            return f"There is no permission {unknown[0]}; there are {', '.join(PERMISSIONS)}."
        for address in self.addresses:
            try:
                ip_address(address)
            except ValueError:
                return f"{address!r} is not an IP address."
        return ""
