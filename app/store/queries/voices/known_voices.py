"""Queries on known voices, and on whom the speakers of a recording may be. Each takes the connection of a transaction.

A voice is found by its owner alone, whatever else an administrator may see.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, delete, func, insert, select, update

from app.domain.speakers.known_voices import HeardVoice, KnownVoice, Vector, VoiceProposal
from app.store.functions import overwrite_deleted
from app.store.queries.ownership import is_private, new_owner
from app.store.tables import known_voices, voice_proposals

_voices, _proposed = known_voices.c, voice_proposals.c


def everything(connection: Connection) -> list[KnownVoice]:
    """Return the voices of the current actor by name."""
    query = select(known_voices).where(is_private(known_voices))
    ordered = query.order_by(func.lower(_voices.name), _voices.created_at)
    return [_voice(row) for row in connection.execute(ordered).mappings()]


def find(connection: Connection, id: str) -> KnownVoice | None:
    query = select(known_voices).where(_voices.id == id, is_private(known_voices))
    row = connection.execute(query).mappings().first()
    return _voice(row) if row else None


def count(connection: Connection) -> int:
    """Return how many the current actor has."""
    query = select(func.count()).select_from(known_voices).where(is_private(known_voices))
    return connection.scalar(query) or 0


def counts(connection: Connection) -> dict[str | None, int]:
    """Return how many each person has."""
    rows = connection.execute(select(_voices.owner, func.count()).group_by(_voices.owner))
    return {row[0]: row[1] for row in rows}


def add(connection: Connection, voice: KnownVoice) -> None:
    values = {name: getattr(voice, name) for name in ("id", "name", "model", "consent_by", "purpose")}
    values |= {"created_at": voice.created_at, "transcription_id": voice.transcription_id}
    heard = {"vector": _packed(voice.voice.vector), "is_narrow": voice.voice.is_narrow}
    connection.execute(insert(known_voices).values(**values, **heard, owner=new_owner()))


def change(connection: Connection, id: str, **values: Any) -> None:
    connection.execute(update(known_voices).where(_voices.id == id).values(**values))


def remove(connection: Connection, ids: Iterable[str]) -> None:
    """Remove voices with all proposals of them, and overwrite what the file held of them."""
    overwrite_deleted(connection)
    connection.execute(delete(known_voices).where(_voices.id.in_(list(ids))))


def of_owner(connection: Connection, owner: str | None) -> list[KnownVoice]:
    """Return somebody's voices, for the program's own work."""
    query = select(known_voices).where(_voices.owner.is_not_distinct_from(owner))
    return [_voice(row) for row in connection.execute(query).mappings()]


def give(connection: Connection, owner: str | None, heir: str) -> None:
    """Let the voices of `owner` belong to `heir`."""
    connection.execute(update(known_voices).where(_voices.owner.is_not_distinct_from(owner)).values(owner=heir))


def proposed(connection: Connection, transcription_id: str) -> list[VoiceProposal]:
    """Return whom the speakers may be among the current actor's voices, the likeliest first, without those refused."""
    query = _proposals(transcription_id).where(_proposed.is_refused.is_(False), is_private(known_voices))
    ordered = query.order_by(_proposed.speaker, _proposed.likeness.desc())
    return [VoiceProposal(row.speaker, row.id, row.name, row.likeness) for row in connection.execute(ordered)]


def propose(connection: Connection, transcription_id: str, found: Iterable[VoiceProposal]) -> None:
    """Store whom the speakers may be, instead of what was proposed before; what was refused stays so.

    A voice that was deleted meanwhile is left out.
    """
    stale = (_proposed.transcription_id == transcription_id) & _proposed.is_refused.is_(False)
    connection.execute(delete(voice_proposals).where(stale))
    existing = set(connection.scalars(select(_voices.id)))
    for each in found:
        if each.voice in existing:
            _put(connection, transcription_id, each.speaker, each.voice, likeness=each.likeness)


def refuse(connection: Connection, transcription_id: str, speaker: int, voice: str) -> None:
    """Remember that a speaker is not this person."""
    _put(connection, transcription_id, speaker, voice, is_refused=True)


def _put(connection: Connection, transcription_id: str, speaker: int, voice: str, **values: Any) -> None:
    """Change the row of a speaker and a voice, or add it."""
    key = {"transcription_id": transcription_id, "speaker": speaker, "voice_id": voice}
    if not connection.execute(update(voice_proposals).filter_by(**key).values(**values)).rowcount:
        added = {"likeness": 0.0, "is_refused": False, **key, **values}
        connection.execute(insert(voice_proposals).values(**added))


def renumber(connection: Connection, transcription_id: str, numbers: Mapping[int, int]) -> None:
    """Let what was refused hold for the speakers' new numbers; what was proposed is dropped."""
    is_here = _proposed.transcription_id == transcription_id
    query = select(_proposed.speaker, _proposed.voice_id).where(is_here, _proposed.is_refused.is_(True))
    refused = {(numbers[speaker], voice) for speaker, voice in connection.execute(query) if speaker in numbers}
    connection.execute(delete(voice_proposals).where(is_here))
    for speaker, voice in sorted(refused):
        refuse(connection, transcription_id, speaker, voice)


def drop(connection: Connection, transcription_id: str, speaker: int) -> None:
    """Forget what was proposed and refused for a speaker."""
    is_here = (_proposed.transcription_id == transcription_id) & (_proposed.speaker == speaker)
    connection.execute(delete(voice_proposals).where(is_here))


def _proposals(transcription_id: str) -> Select[Any]:
    columns = (_proposed.speaker, _voices.id, _voices.name, _proposed.likeness)
    joined = select(*columns).join(known_voices, _voices.id == _proposed.voice_id)
    return joined.where(_proposed.transcription_id == transcription_id)


def _packed(vector: Vector) -> bytes:
    return struct.pack(f"<{len(vector)}f", *vector)


def _voice(row: RowMapping) -> KnownVoice:
    values = {str(name): value for name, value in row.items() if name not in ("owner", "vector", "is_narrow")}
    vector = struct.unpack(f"<{len(row['vector']) // 4}f", row["vector"])
    return KnownVoice(**values, voice=HeardVoice(vector, row["is_narrow"]))
