"""What may follow the `?` of DATABASE_URL, as libpq writes it and as our driver takes it."""

import sqlalchemy as sa

from bot.errors import ConfigError

SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
"""https://www.postgresql.org/docs/current/libpq-ssl.html#LIBPQ-SSL-PROTECTION"""
_SSL = ("sslmode", "ssl")
"""libpq's word and asyncpg's for the same."""
_SEVERAL = ("host", "port")
_PASSED_ON = (
    *_SEVERAL,
    "user",
    "password",
    "database",
    "passfile",
    "service",
    "servicefile",
    "target_session_attrs",
    "krbsrvname",
    "gsslib",
)
"""What asyncpg takes as words: https://magicstack.github.io/asyncpg/current/api/index.html"""
_KNOWN = (_SSL[0], *_PASSED_ON)
_ANY_PORT, _HIGHEST_PORT = 1, 65535


class ParameterError(ConfigError):
    """A parameter of the address is not known or malformed; the text repeats nothing of it."""


def in_drivers_words(url: sa.URL) -> sa.URL:
    """Name the parameters of an address as its driver knows them.

    Args:
        url: With our driver in its name.

    Raises:
        ParameterError: One is not known there, or malformed; or so is the port.
    """
    given = url.normalized_query
    if url.get_backend_name() != "postgresql":
        if given:
            raise ParameterError("DATABASE_URL: nothing may follow ? in sqlite:///PATH")
        return url
    # Not by its name: it may be a piece of a password in which @ was not written as %40.
    if given.keys() - {*_SSL, *_PASSED_ON}:
        raise ParameterError(f"DATABASE_URL: after ? only these are known: {', '.join(_KNOWN)}")
    if any(values[1:] for name, values in given.items() if name not in _SEVERAL):
        raise ParameterError("DATABASE_URL: something after ? is there twice")
    if not _leads_somewhere(url):
        raise ParameterError("DATABASE_URL: host and port are malformed or do not fit together")
    modes = [mode for name in _SSL for mode in given.get(name, ())]
    if not modes:
        return url
    if len(modes) > 1 or modes[0] not in SSL_MODES:
        raise ParameterError(f"DATABASE_URL: sslmode must be one of {', '.join(SSL_MODES)}")
    return url.difference_update_query(_SSL).update_query_dict({"ssl": modes[0]})


def _leads_somewhere(url: sa.URL) -> bool:
    """Whether the driver can read host and port, of which there may be several."""
    try:
        _, options = url.get_dialect()().create_connect_args(url)
    except (sa.exc.ArgumentError, ValueError):
        return False
    port = options.get("port", _ANY_PORT)
    return all(0 < each <= _HIGHEST_PORT for each in (port if isinstance(port, list) else [port]))
