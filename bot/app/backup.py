"""`rsvp-bot db backup`: a copy of the database, beside a running bot."""

from pathlib import Path
from typing import TextIO

from bot.app.database import key_path
from bot.domain.zones import zone_of
from bot.errors import ConfigError
from bot.settings import Settings
from bot.storage.backup import back_up
from bot.storage.engine import parse_url, sqlite_path
from bot.texts import M, Texts

_KILOBYTE = 1024


def back_up_database(settings: Settings, target: Path, out: TextIO) -> int:
    """Make the copy and say what is not in it; 0.

    Raises:
        ConfigError: There is nothing to copy, it is no SQLite database, or the file is there.
        StorageError: It cannot be copied now.
    """
    path = sqlite_path(parse_url(settings.database_url.get_secret_value()))
    if path is None:
        raise ConfigError(
            "DATABASE_URL: PostgreSQL is backed up with its own tool:"
            " pg_dump --format=custom --file=FILE"
        )
    size = back_up(path, target)
    texts = Texts(settings.default_language, zone_of("UTC"))
    keys = "SECRET_KEYS" if settings.secret_keys else str(key_path(path))
    out.writelines(
        f"{sentence.striptags()}\n"
        for sentence in (
            texts.say(M.BACKUP_DONE, file=target, size=-(-size // _KILOBYTE)),
            texts.say(M.BACKUP_KEYS, keys=keys),
        )
    )
    return 0
