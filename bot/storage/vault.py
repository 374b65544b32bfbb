"""Credentials at rest: sealed for one account, with the newest key, opened with any key we have."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from bot.errors import SealedError
from bot.ports import Sealer
from bot.storage.keys import fingerprint

_MARK = "sealed:"
_IN_TEXTS = "(a word of a message)"
"""Stands for an account id; no account has this one."""

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


class TextSealer:
    """Secrets as words of a message; see `bot.ports.Sealer`."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def seal(self, secret: str) -> str:
        """See `Sealer.seal`."""
        try:
            sealed = self._vault.seal(_IN_TEXTS, secret)
        except SealedError:
            # Better lost than kept for everybody to read.
            return _MARK
        return f"{_MARK}{sealed.key}:{sealed.text}"

    def unseal(self, word: str) -> str | None:
        """See `Sealer.unseal`."""
        key, _, text = word.removeprefix(_MARK).partition(":")
        if not word.startswith(_MARK) or not text:
            return None
        try:
            return self._vault.open(_IN_TEXTS, Sealed(key=key, text=text))
        except SealedError:
            return None


if TYPE_CHECKING:
    _conforms: type[Sealer] = TextSealer
