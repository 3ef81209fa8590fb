"""An API key with its secret, which shows neither."""

from __future__ import annotations


class Credentials:
    """Frozen. ``password`` is the passphrase that some exchanges ask for. Nothing of it is ever printed or pickled."""

    __slots__ = ("key", "password", "secret")

    key: str
    secret: str
    password: str

    def __init__(self, key: str, secret: str, password: str = "") -> None:
        object.__setattr__(self, "key", key)
        object.__setattr__(self, "secret", secret)
        object.__setattr__(self, "password", password)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError("Credentials do not change; make new ones.")

    def __delattr__(self, name: str) -> None:
        raise AttributeError("Credentials do not change; make new ones.")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Credentials):
            return NotImplemented
        return (self.key, self.secret, self.password) == (other.key, other.secret, other.password)

    def __hash__(self) -> int:
        return hash((self.key, self.secret, self.password))

    def __reduce__(self) -> str:
        raise TypeError("Credentials are not written anywhere.")

    def __repr__(self) -> str:
        return "Credentials(hidden)"

    def hide(self, text: str) -> str:
        """The text with every part of these credentials taken out."""
        for part in (self.secret, self.key, self.password):
            if part:
                text = text.replace(part, "(hidden)")
        return text
