"""An index of what is said by each speaker who has a name."""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

from app.domain.speakers import Speakers, SpeakerTurn, with_speakers
from app.domain.transcript import Segment
from app.store.queries.voices.speaker_names import add_names

revision = "0027"
down_revision = "0026"


def upgrade() -> None:
    op.create_table(
        "speaker_names",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column(
            "transcription_id",
            sa.String(32),
            sa.ForeignKey("transcriptions.id", ondelete="CASCADE"),
            nullable=False,
            index=True,
        ),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("folded_name", sa.Text, nullable=False),
    )
    op.create_index("ix_speaker_names_folded_name", "speaker_names", ["folded_name", "id"])
    op.execute(
        "CREATE VIRTUAL TABLE speaker_index USING fts5"
        "(speaker, text, tokenize = 'unicode61 remove_diacritics 2', prefix = '1 2 3', columnsize = 0)"
    )
    op.execute(
        "CREATE TRIGGER speaker_names_removed AFTER DELETE ON speaker_names "
        "BEGIN DELETE FROM speaker_index WHERE rowid = OLD.id; END"
    )
    _index_names()


def _index_names() -> None:
    """Give the index what named speakers say, by whole segments; the next change of a text or a name cuts it by words."""
    connection = op.get_bind()
    named = connection.exec_driver_sql("SELECT transcription_id, turns, names FROM diarizations WHERE names != '{}'")
    for id, turns, names in named.fetchall():
        rows = connection.exec_driver_sql(
            'SELECT start, "end", text FROM segments WHERE transcription_id = ? ORDER BY "index"', (id,)
        )
        segments = [Segment(start, end, text, text) for start, end, text in rows]
        told = Speakers(
            tuple(SpeakerTurn.from_stored(turn) for turn in json.loads(turns)), _numbered(json.loads(names))
        )
        add_names(connection, id, told, with_speakers(segments, told.turns))


def _numbered(names: dict[str, str]) -> dict[int, str]:
    return {int(number): name for number, name in names.items()}
