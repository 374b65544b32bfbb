"""The short code that leads from a reply to its log lines."""

import hashlib
from contextvars import ContextVar

_ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
"""Easy to read aloud: no 0/O, 1/I/L."""
_LENGTH = 6

current_reference: ContextVar[str] = ContextVar("current_reference", default="-")
"""The code of the message in hand; every log line made meanwhile carries it."""


def reference_of(message_key: str) -> str:
    """The code of a message: the same before and after a restart."""
    number = int.from_bytes(hashlib.sha256(message_key.encode()).digest()[:8])
    letters = []
    for _ in range(_LENGTH):
        number, index = divmod(number, len(_ALPHABET))
        letters.append(_ALPHABET[index])
    return "".join(letters)
