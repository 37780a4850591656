"""A colon parts a hotword of a saved list from its weight, where a blank did: Route 66 is one phrase now."""

from __future__ import annotations

import re

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

WEIGHT = re.compile(r"^(.*\S) (\d+(?:\.\d+)?)$", re.MULTILINE)
lists = sa.table("hotword_lists", sa.column("id"), sa.column("words"))


def upgrade() -> None:
    connection = op.get_bind()
    for id, words in connection.execute(sa.select(lists.c.id, lists.c.words)).all():
        written = WEIGHT.sub(r"\1:\2", words)
        if written != words:
            connection.execute(sa.update(lists).where(lists.c.id == id).values(words=written))
