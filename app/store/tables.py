"""All tables. A change to one needs a migration."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    false,
    text,
)

from app.domain.states import DesiredState, ItemState, JobState, LiveState, SegmentState


class UtcDateTime(TypeDecorator[datetime]):
    """An aware datetime, stored as naive UTC: SQLite has no time zones."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        return value and value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        return value and value.replace(tzinfo=UTC)


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)


def _one_of(column: str, values: type[StrEnum]) -> CheckConstraint:
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


FACTS = ("state", "language", "source")
"""Columns by which the history can be filtered."""


def _by(fact: str) -> Index:
    """Covering index for one state, language or source in time order, with the columns of the other filters."""
    others = [other for other in FACTS if other != fact]
    return Index(
        f"ix_transcriptions_by_{fact}",
        fact,
        "number",
        *others,
        "deleted_at",
        "delete_requested",
        sqlite_where=text("deleted_at IS NULL AND delete_requested IS 0"),
    )


transcriptions = Table(
    "transcriptions",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("name", Text, nullable=False),
    Column("suffix", String(16), nullable=False),  # of the recording's file name, with its dot
    Column("size_bytes", Integer, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("source", String(16), nullable=False),  # as in app/domain/sources.py
    Column("options", JSON, nullable=False),
    Column("channel_names", JSON, nullable=False, default=list, server_default="[]"),  # who speaks on them, in order
    Column("state", String(16), nullable=False),
    Column("stage", String(16), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("started_at", UtcDateTime),
    Column("finished_at", UtcDateTime),
    Column("queue_order", Integer, nullable=False),  # the revision at which it was queued
    Column("rank", Integer, nullable=False, default=0, server_default="0"),  # see Rank
    Column("worker", String(32)),  # the worker that holds it; null unless running
    Column("attempts", Integer, nullable=False, default=0),
    Column("waits_for", JSON(none_as_null=True)),  # the problem that keeps it from going on, while it is running
    Column("cancel_requested", Boolean, nullable=False, default=False, server_default=false()),
    Column("delete_requested", Boolean, nullable=False, default=False, server_default=false()),
    Column("duration", Float),  # seconds; null until the plan of segments is stored
    Column("segments_total", Integer, nullable=False, default=0),
    Column("segments_done", Integer, nullable=False, default=0),
    Column("segments_failed", Integer, nullable=False, default=0),
    Column("seconds_done", Float, nullable=False, default=0.0),  # of the recording
    Column("seconds_worked", Float, nullable=False, default=0.0),  # wall-clock time on the finished segments
    Column("text", Text, nullable=False, default=""),
    Column("text_raw", Text, nullable=False, default=""),
    Column("language", String(16)),
    Column("model", Text),
    Column("device", Text),
    Column("receipt", JSON, nullable=False, default=list),
    Column("warnings", JSON, nullable=False, default=list),
    Column("error", JSON(none_as_null=True)),
    Column("revision", Integer, nullable=False),
    Column("number", Integer, nullable=False),  # creation order: milliseconds since 1970
    Column("deleted_at", UtcDateTime),  # when it was moved to the trash
    Column("recording", JSON(none_as_null=True)),  # encoding and audio measures; null until decoded
    Column("again_of", String(32)),  # id of the first transcription of the same recording; null for the first
    Column("edit_revision", Integer, nullable=False, default=0, server_default="0"),  # 0: never edited
    Column("memory_bytes", Integer),  # peak of the inference process, if dedicated to it
    Column("owner", String(32)),  # the person whom it belongs to; null without a login
    Column("api_key", String(32)),  # the key with which it was submitted
    Column("earlier_end", JSON(none_as_null=True)),  # how it had ended before only its speakers were asked for
    _one_of("state", JobState),
    Index("ix_transcriptions_state", "state", "rank", "queue_order"),
    Index("ix_transcriptions_sha256", "sha256"),
    Index("ix_transcriptions_created_at", "created_at"),
    Index("ix_transcriptions_revision", "revision"),
    Index("ix_transcriptions_number", "number", *FACTS, "deleted_at", "delete_requested"),
    *(_by(fact) for fact in FACTS),
    Index(
        "ix_transcriptions_deleted_at",
        "deleted_at",
        "number",
        sqlite_where=text("deleted_at IS NOT NULL"),
    ),
    Index("ix_transcriptions_going", "state", sqlite_where=text("delete_requested IS 1")),
    Index("ix_transcriptions_owner", "owner", "number"),
    Index("ix_transcriptions_again_of", "again_of", sqlite_where=text("again_of IS NOT NULL")),
)

segments = Table(
    "segments",
    metadata,
    Column("transcription_id", ForeignKey("transcriptions.id", ondelete="CASCADE"), primary_key=True),
    Column("index", Integer, primary_key=True),
    Column("start", Float, nullable=False),  # seconds
    Column("end", Float, nullable=False),
    Column("covers_seconds", Float, nullable=False),  # with the silence before it; their sum is the duration
    Column("state", String(16), nullable=False, default=SegmentState.PENDING.value),
    Column("text", Text, nullable=False, default=""),
    Column("text_raw", Text, nullable=False, default=""),
    Column("confidence", Float),
    Column("words", JSON, nullable=False, default=list, server_default="[]"),
    Column("dropped", Text, nullable=False, default=""),
    Column("seconds_worked", Float, nullable=False, default=0.0),
    Column("error", JSON(none_as_null=True)),
    Column("channel", Integer),  # counted from 1; null where the channels were mixed
    Column("emotion", Text, nullable=False, default="", server_default=""),  # of app.domain.transcript.EMOTIONS
    Column("events", JSON, nullable=False, default=list, server_default="[]"),  # of app.domain.transcript.EVENTS
    Column("language", Text, nullable=False, default="", server_default=""),  # as detected by the model
    Column("foreign_share", Float),  # of what was heard before the language was forced; null where it was not
    _one_of("state", SegmentState),
)

edits = Table(
    "edits",
    metadata,
    Column("transcription_id", ForeignKey("transcriptions.id", ondelete="CASCADE"), primary_key=True),
    Column("first", Integer, primary_key=True),  # index of the first segment that is replaced
    Column("last", Integer, nullable=False),  # and of the last one
    Column("pieces", JSON, nullable=False),  # what stands there instead: start, end, text and words of each
    Column("edited_at", UtcDateTime, nullable=False),
)
"""Manual edits of recognised segments, which are kept unchanged. Edits do not overlap."""

diarizations = Table(
    "diarizations",
    metadata,
    Column("transcription_id", ForeignKey("transcriptions.id", ondelete="CASCADE"), primary_key=True),
    Column("model", Text, nullable=False),
    Column("turns", JSON, nullable=False),  # start, end, speaker, likeness and whether a person decided of each
    Column("names", JSON, nullable=False, default=dict),  # of the speakers that a person named, by their numbers
    Column("embeddings", LargeBinary, nullable=False, default=b""),
    Column("corrections", JSON, nullable=False, default=list, server_default="[]"),  # that can be taken back
)
"""Who spoke when. Segments and edits know nothing of it: they are cut by speaker when they are read.

What the turns sound like is kept in coordinates of the recording's own: with those of another one it cannot be compared.
"""

speaker_names = Table(
    "speaker_names",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),  # also that of the entry in speaker_index
    Column("transcription_id", ForeignKey("transcriptions.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("folded_name", Text, nullable=False),
    Index("ix_speaker_names_folded_name", "folded_name", "id"),
)
"""The names that people gave to speakers, for the search; a name stands once for a recording.

What each says is in the full-text index `speaker_index`, from which a trigger removes what is removed here.
"""

known_voices = Table(
    "known_voices",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("owner", String(32)),
    Column("name", Text, nullable=False),
    Column("vector", LargeBinary, nullable=False),  # little-endian float32
    Column("is_narrow", Boolean, nullable=False),  # heard over a telephone
    Column("model", Text, nullable=False),  # that the vector is of, with its checksum
    Column("consent_by", Text, nullable=False),  # who agreed to it
    Column("purpose", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("transcription_id", String(32)),  # where it was heard; may have been deleted
    Index("ix_known_voices_owner", "owner", "name"),
)
"""What people sound like whom somebody wants to find again: personal data of the biometric kind."""

voice_proposals = Table(
    "voice_proposals",
    metadata,
    Column("transcription_id", ForeignKey("transcriptions.id", ondelete="CASCADE"), primary_key=True),
    Column("speaker", Integer, primary_key=True),
    Column("voice_id", ForeignKey("known_voices.id", ondelete="CASCADE"), primary_key=True, index=True),
    Column("likeness", Float, nullable=False),
    Column("is_refused", Boolean, nullable=False),  # by a person: not proposed again
)
"""Whom the speakers of a recording may be. The voices of those whom nobody knows are not kept."""

revisions = Table(
    "revisions",
    metadata,
    Column("id", Integer, primary_key=True),  # one row
    Column("current", Integer, nullable=False),
)
"""The latest revision. Incremented in the transaction of the change, so that readers miss none."""

deletions = Table(
    "deletions",
    metadata,
    Column("revision", Integer, primary_key=True),
    Column("transcription_id", String(32), nullable=False),
    Column("owner", String(32)),
)
"""Recent deletions, so that open pages can be notified."""

live_sessions = Table(
    "live_sessions",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("transcription_id", ForeignKey("transcriptions.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("token_hash", String(64), nullable=False),  # SHA-256 of the client's token
    Column("state", String(16), nullable=False, index=True),
    Column("next_chunk", Integer, nullable=False),  # all earlier ones are on disk
    Column("samples", Integer, nullable=False),  # of each channel, on disk; anything after them does not count
    Column("channels", Integer, nullable=False, default=1, server_default="1"),
    Column("created_at", UtcDateTime, nullable=False),
    Column("touched_at", UtcDateTime, nullable=False),  # when audio or the client last arrived
    Column("fence", Integer, nullable=False, default=0, server_default="0"),  # raised by each server that takes it over
    _one_of("state", LiveState),
)

saved_lists = Table(
    "saved_lists",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("kind", String(16), nullable=False),  # hotwords or replacements
    Column("name", Text, nullable=False),
    Column("text", Text, nullable=False),  # as typed: one hotword or rule on each line
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("owner", String(32)),
    Index("ix_saved_lists_name", "owner", "kind", "name", unique=True),
)

comparisons = Table(
    "comparisons",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("created_at", UtcDateTime, nullable=False, index=True),
    Column("reference", Text, nullable=False, default=""),  # reference text given by a person
    Column("members", JSON, nullable=False),  # ids of transcriptions of one recording, in the order chosen
    Column("owner", String(32)),
)

client_requests = Table(
    "client_requests",
    metadata,
    Column("transcription_id", ForeignKey("transcriptions.id", ondelete="CASCADE"), primary_key=True),
    Column("request", JSON, nullable=False),  # as in app/domain/client_request.py
    Column("idempotency_key", String(64), index=True),  # SHA-256 of the client's key; null without one
    Column("is_kept", Boolean, nullable=False),  # false: removed for good when it has been answered
    Index("ix_client_requests_not_kept", "is_kept", sqlite_where=text("is_kept IS 0")),
)
"""Requests that programs sent in the dialect of another product's API."""

webhooks = Table(
    "webhooks",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("url", Text, nullable=False),
    Column("events", JSON, nullable=False),  # values of WebhookEvent
    Column("secret", String(100), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("api_key", String(32)),  # whose recordings it hears of; null: of all
)

webhook_requests = Table(
    "webhook_requests",
    metadata,
    Column("transcription_id", ForeignKey("transcriptions.id", ondelete="CASCADE"), primary_key=True),
    Column("url", Text, nullable=False),
)
"""Receivers that uploads named for themselves."""

webhook_notes = Table(
    "webhook_notes",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("transcription_id", String(32)),
    Column("batch_id", String(32), index=True),
    Column("state", String(16), nullable=False),  # in which the transcription ended
    Column("at", UtcDateTime, nullable=False),
)
"""What happened and has not become deliveries yet; written by database triggers."""

webhook_deliveries = Table(
    "webhook_deliveries",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("webhook_id", String(32)),  # null where an upload named the receiver
    Column("url", Text, nullable=False),
    Column("event", String(40), nullable=False),
    Column("payload", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("created_at", UtcDateTime, nullable=False, index=True),
    Column("next_at", UtcDateTime, index=True),  # null when it has ended
    Column("status", Integer),
    Column("problem", Text, nullable=False),
)

history_totals = Table(
    "history_totals",
    metadata,
    Column("state", String(16), primary_key=True),
    Column("language", String(16), primary_key=True),  # empty while unknown
    Column("source", String(16), primary_key=True),
    Column("in_trash", Boolean, primary_key=True),
    Column("count", Integer, nullable=False),
    Column("seconds", Float, nullable=False),  # of the recordings
    Column("size_bytes", Integer, nullable=False),
)
"""Number of transcriptions of each kind, maintained by database triggers."""

batches = Table(
    "batches",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("name", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("options", JSON, nullable=False),
    Column("wish", String(16), nullable=False),
    Column("folder", Text),  # watched for new recordings, if any
    Column("revision", Integer, nullable=False),  # of the last change of it or of an item
    Column("owner", String(32)),
    _one_of("wish", DesiredState),
    Index("ix_batches_owner", "owner", "created_at"),
    Index("ix_batches_created_at", "created_at"),
    Index("ix_batches_folder", "folder"),
)

batch_items = Table(
    "batch_items",
    metadata,
    Column("id", String(32), primary_key=True),  # of its upload, too
    Column("batch_id", ForeignKey("batches.id"), nullable=False),
    Column("position", Integer, nullable=False),  # from 0
    Column("name", Text, nullable=False),  # including the folders it was selected from
    Column("size_bytes", Integer, nullable=False),
    Column("modified_ms", Integer),  # since 1970, as sent: distinguishes files of the same name and size
    Column("state", String(16), nullable=False),
    Column("received_bytes", Integer, nullable=False, default=0, server_default="0"),  # on disk
    Column("fence", Integer, nullable=False, default=0, server_default="0"),  # raised by each connection that goes on
    Column("origin", Text),  # the server-side file it is copied from, if any
    Column("transcription_id", ForeignKey("transcriptions.id", ondelete="CASCADE")),
    Column("duplicate_of", String(32)),
    Column("error", JSON(none_as_null=True)),  # why it has no transcription
    Column("seconds", Float),  # of audio; null until decoded
    Column("seconds_done", Float, nullable=False, default=0.0, server_default="0"),
    Column("is_delivered", Boolean, nullable=False, default=False, server_default=false()),
    Column("updated_at", UtcDateTime, nullable=False),
    _one_of("state", ItemState),
    Index("ix_batch_items_position", "batch_id", "position", "state"),
    Index("ix_batch_items_state", "batch_id", "state", "position"),
    Index("ix_batch_items_name", "batch_id", "name"),
    Index("ix_batch_items_transcription_id", "transcription_id"),
    Index("ix_batch_items_duplicate_of", "duplicate_of", sqlite_where=text("duplicate_of IS NOT NULL")),
    Index("ix_batch_items_arriving", "updated_at", sqlite_where=text("state = 'uploading'")),
)
"""Database triggers keep state, seconds and seconds_done in step with the transcription."""

batch_totals = Table(
    "batch_totals",
    metadata,
    Column("batch_id", String(32), primary_key=True),
    Column("state", String(16), primary_key=True),
    Column("count", Integer, nullable=False),
    Column("size_bytes", Integer, nullable=False),
    Column("known_bytes", Integer, nullable=False),  # of items with known seconds
    Column("seconds", Float, nullable=False),
    Column("seconds_done", Float, nullable=False),
)
"""Number of items of a batch in each state, maintained by database triggers."""

people = Table(
    "people",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("name", Text, nullable=False),
    Column("folded_name", Text, nullable=False, unique=True),  # by which it is found
    Column("role", String(16), nullable=False),
    Column("groups", JSON, nullable=False),
    Column("password", Text),  # argon2id; null until one is set, and where another system logs the person in
    Column("subject", Text, unique=True),  # issuer and id of the person in another system
    Column("is_disabled", Boolean, nullable=False, default=False, server_default=false()),
    Column("created_at", UtcDateTime, nullable=False),
    Column("hours_per_day", Float),
    Column("jobs_at_once", Integer),
)

login_sessions = Table(
    "login_sessions",
    metadata,
    Column("hash", String(64), primary_key=True),  # SHA-256 of the cookie
    Column("person_id", ForeignKey("people.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("created_at", UtcDateTime, nullable=False),
    Column("seen_at", UtcDateTime, nullable=False),
    Column("address", Text, nullable=False),
    Column("agent", Text, nullable=False),  # the browser, as it names itself
)

login_links = Table(
    "login_links",
    metadata,
    Column("hash", String(64), primary_key=True),  # SHA-256 of the link's secret
    Column("person_id", ForeignKey("people.id", ondelete="CASCADE"), nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
)
"""Links with which people set a password, each once."""

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("person_id", ForeignKey("people.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("hash", String(64), nullable=False, unique=True),  # SHA-256 of the key
    Column("beginning", String(16), nullable=False),  # by which its owner recognises it
    Column("scopes", JSON, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime),
    Column("used_at", UtcDateTime),
    Column("hours_per_day", Float),
    Column("jobs_at_once", Integer),
)

audit = Table(
    "audit",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("at", UtcDateTime, nullable=False, index=True),
    Column("person_id", String(32)),
    Column("person_name", Text, nullable=False),
    Column("key_id", String(32)),
    Column("address", Text, nullable=False),
    Column("action", String(40), nullable=False),
    Column("thing", String(200), nullable=False),  # what it was done to, never what is said in it
    Column("status", Integer, nullable=False),  # of the answer
)

share_links = Table(
    "share_links",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("hash", String(64), nullable=False, unique=True),  # SHA-256 of the link's secret
    Column("transcription_id", ForeignKey("transcriptions.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("may_edit", Boolean, nullable=False),
    Column("with_audio", Boolean, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime),
    Column("opened", Integer, nullable=False, default=0, server_default="0"),  # how often
    Column("for_audience", Boolean, nullable=False, default=False, server_default=false()),  # of a live session
)

grants = Table(
    "grants",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("transcription_id", ForeignKey("transcriptions.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("person_id", ForeignKey("people.id", ondelete="CASCADE"), index=True),  # either this
    Column("group_name", Text, index=True),  # or this
    Column("may_edit", Boolean, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
)
"""Transcriptions that are shared with people and groups."""

removed_sound = Table(
    "removed_sound",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("owner", String(32), nullable=False),
    Column("api_key", String(32)),
    Column("created_at", UtcDateTime, nullable=False, index=True),  # when the recording came in
    Column("seconds", Float, nullable=False),
)
"""Recordings of the last day that are removed: they count against the quota of their owner."""
