"""Texts that are compared with what is written now are written as it is written now."""

import json

import orjson
import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    automations = sa.table(
        "automations",
        sa.column("platform", sa.Text),
        sa.column("user_id", sa.Text),
        sa.column("choices", sa.Text),
    )
    connection = op.get_bind()
    for platform, user_id, choices in connection.execute(sa.select(automations)).all():
        mine = automations.c.platform == platform, automations.c.user_id == user_id
        compact = orjson.dumps(json.loads(choices)).decode()
        connection.execute(sa.update(automations).where(*mine).values(choices=compact))
