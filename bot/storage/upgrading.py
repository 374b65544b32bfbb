"""Bringing a database up to date: alembic, which takes its time to import."""

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError

from bot.storage.revisions import UpgradeError


def upgrade(connection: sa.Connection) -> None:
    """Run every migration that is missing, in the transaction of the connection.

    Raises:
        UpgradeError: Nobody knows how.
    """
    config = _config()
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError:
        unknown = True
    else:
        unknown = False
    if unknown:
        raise UpgradeError


def scripts() -> ScriptDirectory:
    """All migrations."""
    return ScriptDirectory.from_config(_config())


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config
