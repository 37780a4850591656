"""The triggers of PostgreSQL, equal to those that the migrations make in SQLite; a migration changes both."""

from __future__ import annotations

_TOTAL = """
    INSERT INTO history_totals (state, language, source, in_trash, count, seconds, size_bytes)
    SELECT {row}.state, coalesce({row}.language, ''), {row}.source, {row}.deleted_at IS NOT NULL,
        {sign}1, {sign}coalesce({row}.duration, 0), {sign}{row}.size_bytes
    WHERE NOT {row}.delete_requested
    ON CONFLICT (state, language, source, in_trash) DO UPDATE SET count = history_totals.count + excluded.count,
        seconds = history_totals.seconds + excluded.seconds,
        size_bytes = history_totals.size_bytes + excluded.size_bytes;
"""
_BATCH_TOTAL = """
    INSERT INTO batch_totals (batch_id, state, count, size_bytes, known_bytes, seconds, seconds_done)
    SELECT {row}.batch_id, {row}.state, {sign}1, {sign}{row}.size_bytes,
        {sign}CASE WHEN {row}.seconds IS NULL THEN 0 ELSE {row}.size_bytes END,
        {sign}coalesce({row}.seconds, 0), {sign}{row}.seconds_done
    ON CONFLICT (batch_id, state) DO UPDATE SET count = batch_totals.count + excluded.count,
        size_bytes = batch_totals.size_bytes + excluded.size_bytes,
        known_bytes = batch_totals.known_bytes + excluded.known_bytes,
        seconds = batch_totals.seconds + excluded.seconds,
        seconds_done = batch_totals.seconds_done + excluded.seconds_done;
"""
_CHANGED_BATCH = "UPDATE batches SET revision = (SELECT r.current FROM revisions r) WHERE id = {row}.batch_id;"
_FOLLOW = """
    UPDATE batch_items SET seconds = NEW.duration, seconds_done = NEW.seconds_done,
        state = CASE WHEN NEW.deleted_at IS NULL THEN NEW.state ELSE 'removed' END,
        is_delivered = is_delivered AND state = NEW.state
    WHERE transcription_id = NEW.id;
"""
_NOTE_END = """
    IF NEW.state IN ('succeeded', 'failed', 'cancelled') AND OLD.state IN ('queued', 'running')
        AND NEW.earlier_end IS NULL AND (
        EXISTS (SELECT 1 FROM webhooks) OR EXISTS (SELECT 1 FROM webhook_requests WHERE transcription_id = NEW.id)
    ) THEN
        INSERT INTO webhook_notes (transcription_id, state, at)
        VALUES (NEW.id, NEW.state, clock_timestamp() AT TIME ZONE 'UTC');
    END IF;
"""
_NOTE_BATCH = """
    IF NEW.state IN ('succeeded', 'failed', 'cancelled', 'duplicate') AND OLD.state != NEW.state
        AND EXISTS (SELECT 1 FROM webhooks)
        AND NOT EXISTS (SELECT 1 FROM transcriptions WHERE id = NEW.transcription_id AND earlier_end IS NOT NULL)
        AND NOT EXISTS (SELECT 1 FROM webhook_notes WHERE batch_id = NEW.batch_id)
    THEN
        INSERT INTO webhook_notes (batch_id, state, at) VALUES (NEW.batch_id, '', clock_timestamp() AT TIME ZONE 'UTC');
    END IF;
"""
_TELL_CHANGE = "PERFORM pg_notify('funasr_changes', '');"  # once for each transaction
_TELL_QUEUED = "IF NEW.state = 'queued' THEN PERFORM pg_notify('funasr_queued', ''); END IF;"
_FORGET_WORDS = "DELETE FROM speaker_index WHERE rowid = OLD.id;"
_COUNTED = "state, language, source, duration, size_bytes, deleted_at, delete_requested"
_COUNTED_IN_BATCH = "state, size_bytes, seconds, seconds_done"


def _trigger(name: str, event: str, table: str, body: str) -> str:
    """Return a trigger with its function. SQLite runs the triggers of a change in reverse order of their making,
    PostgreSQL by name; none of ours depends on another of the same table.
    """
    return f"""
CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} RETURN NULL; END $$;
CREATE TRIGGER {name} AFTER {event} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}();
"""


_added, _taken = _TOTAL.format(row="NEW", sign=""), _TOTAL.format(row="OLD", sign="-")
_added_item, _taken_item = _BATCH_TOTAL.format(row="NEW", sign=""), _BATCH_TOTAL.format(row="OLD", sign="-")
_changed, _changed_old = _CHANGED_BATCH.format(row="NEW"), _CHANGED_BATCH.format(row="OLD")

TRIGGERS = "".join(
    (
        _trigger("totals_added", "INSERT", "transcriptions", _added),
        _trigger("totals_taken", "DELETE", "transcriptions", _taken),
        _trigger("totals_moved", f"UPDATE OF {_COUNTED}", "transcriptions", _taken + _added),
        _trigger("items_added", "INSERT", "batch_items", _added_item + _changed),
        _trigger("items_taken", "DELETE", "batch_items", _taken_item + _changed_old),
        _trigger("items_moved", f"UPDATE OF {_COUNTED_IN_BATCH}", "batch_items", _taken_item + _added_item + _changed),
        _trigger("items_follow", "UPDATE OF state, duration, seconds_done, deleted_at", "transcriptions", _FOLLOW),
        _trigger("webhook_notes_end", "UPDATE OF state", "transcriptions", _NOTE_END),
        _trigger("webhook_notes_batch", "UPDATE OF state", "batch_items", _NOTE_BATCH),
        _trigger("tell_change", "UPDATE", "revisions", _TELL_CHANGE),
        _trigger("tell_queued", "INSERT OR UPDATE OF state, rank", "transcriptions", _TELL_QUEUED),
        _trigger("speaker_names_removed", "DELETE", "speaker_names", _FORGET_WORDS),
    )
)
