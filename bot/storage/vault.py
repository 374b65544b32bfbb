"""Credentials at rest: sealed for one account, with the newest key, opened with any key we have."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from bot.errors import SealedError
from bot.storage.keys import fingerprint

ReadKeys = Callable[[], Sequence[str]]
"""Reads the keys that there are now, newest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """A secret as it is kept, with the fingerprint of its key."""

    key: str
    text: str = field(repr=False)


class Vault:
    """Seals and opens. Whoever meets a key that is not known reads the keys once more."""

    def __init__(self, read_keys: ReadKeys) -> None:
        self._read_keys = read_keys
        self._known: dict[str, Fernet] = {}
        self._ring: MultiFernet | None = None
        self.reload()

    def reload(self) -> None:
        """Take the keys that there are now."""
        fernets = {fingerprint(key): Fernet(key) for key in self._read_keys()}
        self._known = fernets
        self._ring = MultiFernet(list(fernets.values())) if fernets else None

    @property
    def newest(self) -> str:
        """The fingerprint of the key that seals; empty if there is none."""
        return next(iter(self._known), "")

    def seal(self, account_id: str, secret: str) -> Sealed:
        """Seal a secret for one account.

        Raises:
            SealedError: There is no key.
        """
        if self._ring is None:
            raise SealedError("-")
        plain = json.dumps({"account": account_id, "secret": secret})
        return Sealed(key=self.newest, text=self._ring.encrypt(plain.encode()).decode())

    def open(self, account_id: str, sealed: Sealed) -> str:
        """Open what was sealed for this account.

        Raises:
            SealedError: Its key is not among ours, or it was changed or sealed for another account.
        """
        if sealed.key not in self._known:
            self.reload()
        if self._ring is None or sealed.key not in self._known:
            raise SealedError(sealed.key)
        try:
            plain = json.loads(self._ring.decrypt(sealed.text.encode()))
        except (InvalidToken, ValueError):
            plain = {}
        # A row copied to another account would let one person act as another.
        if plain.get("account") != account_id:
            raise SealedError
        secret: str = plain["secret"]
        return secret
