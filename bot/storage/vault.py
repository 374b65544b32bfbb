"""Credentials at rest: sealed for one account, with the newest key, opened with any key we have."""

import json
import logging
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from bot.errors import ConfigError, SealedError
from bot.ports import Sealer
from bot.storage.keys import fingerprint

logger = logging.getLogger(__name__)

_MARK = "sealed:"
_WORD = re.compile(rf"{_MARK}([0-9a-f]+):[\w=-]+", re.ASCII)
_IN_TEXTS = "(a word of a message)"
"""Stands for an account id; no account has this one."""

ReadKeys = Callable[[], Sequence[str]]
"""Reads the keys that there are now, newest first."""
Stamp = Callable[[], object | None]
"""Something cheap that changes whenever the keys do; None where there is no such thing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """A secret as it is kept, with the fingerprint of its key."""

    key: str
    text: str = field(repr=False)


class Vault:
    """Seals and opens.

    Another process may change the keys: whoever seals looks first whether it has, so that nothing
    is sealed with a key that is about to go, and whoever meets an unknown key reads them once more.
    A key that was read once is not forgotten: it may still open what is in hand.
    """

    def __init__(self, read_keys: ReadKeys, stamp: Stamp = lambda: None) -> None:
        self._read_keys = read_keys
        self._stamp = stamp
        self._seen = stamp()
        self._known: dict[str, Fernet] = {}
        self._newest = ""
        self._take(read_keys())

    def reload(self) -> None:
        """Take the keys that there are now; if they cannot be read, those that we have stay."""
        self._seen = self._stamp()
        try:
            self._take(self._read_keys())
        except ConfigError as error:
            logger.error("keys are not read again: %s", error)  # noqa: TRY400 - ours, and enough

    @property
    def newest(self) -> str:
        """The fingerprint of the key that seals; empty if there is none."""
        return self._newest

    def knows(self, key: str) -> bool:
        """Whether what was sealed with this key can be opened."""
        if key not in self._known and (self._seen is None or self._seen != self._stamp()):
            self.reload()
        return key in self._known

    def seal(self, account_id: str, secret: str) -> Sealed:
        """Seal a secret for one account. What is kept in a database is sealed in its transaction.

        Raises:
            SealedError: There is no key.
        """
        if self._seen != self._stamp():
            self.reload()
        if not self._newest:
            raise SealedError("-")
        plain = json.dumps({"account": account_id, "secret": secret})
        text = self._known[self._newest].encrypt(plain.encode()).decode()
        return Sealed(key=self._newest, text=text)

    def open(self, account_id: str, sealed: Sealed) -> str:
        """Open what was sealed for this account.

        Raises:
            SealedError: Its key is not among ours, or it was changed or sealed for another account.
        """
        if not self.knows(sealed.key):
            raise SealedError(sealed.key)
        try:
            ring = MultiFernet(list(self._known.values()))
            plain = json.loads(ring.decrypt(sealed.text.encode()))
        except (InvalidToken, ValueError):
            plain = {}
        # A row copied to another account would let one person act as another.
        if plain.get("account") != account_id:
            raise SealedError
        secret: str = plain["secret"]
        return secret

    def _take(self, keys: Sequence[str]) -> None:
        fernets = {fingerprint(key): Fernet(key) for key in keys}
        self._newest = next(iter(fernets), self._newest)
        self._known = fernets | {key: self._known[key] for key in self._known if key not in fernets}


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

    def seal_anew(self, text: str) -> str:
        """The same text, its sealed words with the newest key; what nobody can open stays."""

        def anew(match: re.Match[str]) -> str:
            secret = None if match[1] == self._vault.newest else self.unseal(match[0])
            return match[0] if secret is None else self.seal(secret)

        return _WORD.sub(anew, text)

    def keys_of(self, text: str) -> Sequence[str]:
        """The keys that open its sealed words."""
        found = _WORD.finditer(text)
        return [match[1] for match in found if self.unseal(match[0]) is not None]


if TYPE_CHECKING:
    _conforms: type[Sealer] = TextSealer
