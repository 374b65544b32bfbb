"""`rsvp-bot health`: asks the bot that runs on this machine, as a container's health check does.

It is asked every half minute, so it takes the standard library's client and none of the bot's own
machinery with its imports.
"""

from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from typing import TextIO

from bot.errors import ConfigError
from bot.settings import Settings

_PATIENCE = 5.0
"""Seconds; the bot gives its database less."""
_LONGEST = 200
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104 - asked, not bound


def ask(settings: Settings, out: TextIO) -> int:
    """Print what it says; 0 if it is ready, else 1.

    Raises:
        ConfigError: The bot does not listen for it.
    """
    if not settings.operations_port:
        raise ConfigError("OPERATIONS_PORT: is required, or nobody can ask the bot")
    host = host_to_ask(settings.operations_host)
    connection = HTTPConnection(host, settings.operations_port, timeout=_PATIENCE)
    try:
        connection.request("GET", "/readyz")
        response = connection.getresponse()
        said = response.read(_LONGEST).decode(errors="replace").strip()
    except (OSError, HTTPException):
        out.write(f"nobody answers on port {settings.operations_port}\n")
        return 1
    finally:
        connection.close()
    out.write(f"{said}\n")
    return 0 if response.status == HTTPStatus.OK else 1


def host_to_ask(listens_at: str) -> str:
    """Where on this machine to reach what listens at an address, which may stand for all."""
    return _EVERYWHERE.get(listens_at, listens_at)
