"""The short code that leads from a reply to its log line."""

import secrets
from contextvars import ContextVar

_ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
_LENGTH = 6

current_reference: ContextVar[str] = ContextVar("current_reference", default="-")
"""The code of the command in hand; every log line made meanwhile carries it."""


def new_reference() -> str:
    """Make a code that is easy to read aloud: no 0/O, 1/I/L."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))
