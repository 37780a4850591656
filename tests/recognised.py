"""A finished transcription with known sentences, made by the real queue without a model."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime

from app.domain.options import TranscriptionOptions
from app.domain.states import JobState
from app.domain.transcript import detect_language, join_texts
from app.services.transcriptions.job_queue import Queue
from app.store.queries import segments, transcriptions

SECONDS_EACH = 5.0  # of speech, and as long a silence after it
UNSURE = 0.3


def recognised(
    queue: Queue,
    sentences: Sequence[Sequence[str] | str],
    recording: bytes = b"RIFF",
    *,
    name: str = "talk.wav",
    with_words: bool = True,
    seconds_each: float = SECONDS_EACH,
    pause: float = SECONDS_EACH,
) -> str:
    """Return the id of a job with one segment for each sentence; its words share the seconds evenly.

    A sentence is a text, whose words are its characters, or a list of words. A word that ends with "?" is unsure.
    """
    id = secrets.token_hex(8)
    step = seconds_each + pause
    rows = [
        {
            "index": at,
            "start": at * step,
            "end": at * step + seconds_each,
            "covers_seconds": step,
            "state": "done",
        }
        | _heard(sentence, seconds_each, with_words=with_words)
        for at, sentence in enumerate(sentences)
    ]
    text = join_texts(str(row["text"]) for row in rows)
    now = datetime.now(UTC)
    with queue.receive(name, 10**9) as incoming:
        incoming.write(recording)
        queue.files.move_into_place(incoming, id, {"name": name})
        with queue.database.writing() as connection:
            facts = {
                "name": name,
                "suffix": incoming.suffix,
                "size_bytes": len(recording),
                "sha256": incoming.sha256,
            }
            state = {"state": JobState.SUCCEEDED, "stage": "finished", "created_at": now, "finished_at": now}
            result = {
                "text": text,
                "text_raw": text,
                "language": detect_language(text),
                "model": "echo",
                "device": "cpu",
            }
            options = TranscriptionOptions().to_dict()
            row = {"id": id, "source": "api", "options": options, "duration": step * len(rows)} | facts | state | result
            transcriptions.add(connection, row)
            segments.add(connection, id, rows)
            transcriptions.recount(connection, id)
    return id


def _heard(sentence: Sequence[str] | str, seconds: float, *, with_words: bool) -> dict[str, object]:
    share = seconds / max(len(sentence), 1)
    text = sentence if isinstance(sentence, str) else " ".join(sentence)
    words = [
        [word, round(at * share, 3), round((at + 1) * share, 3), UNSURE if word.endswith("?") else 0.9, ""]
        for at, word in enumerate(sentence)
    ]
    return {"text": text, "text_raw": text, "confidence": 0.9, "words": words if with_words else []}
