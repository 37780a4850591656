"""What people read, put together from everything that is stored of a transcription."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from app.domain.hotwords import outcomes
from app.domain.speakers import Speakers, with_speakers
from app.domain.transcript import CHANNEL_NAME, SPEAKER_NAME, Segment, Transcript, detect_language
from app.domain.transcription import Transcription


def assembled(
    record: Transcription,
    recognised: Sequence[Segment],
    shown: Sequence[Segment],
    speakers: Speakers,
    translate: Callable[[str], str],
) -> Transcript:
    """Return the transcript of a record: hotwords are looked for in what was recognised, people read what is shown."""
    return Transcript(
        segments=with_speakers(shown, speakers.turns),
        language=record.language or detect_language(record.text_raw, record.options.recognition.language),
        duration=record.duration or 0.0,
        model=record.model or "",
        device=record.device or "",
        receipt=record.receipt,
        warnings=record.warnings,
        hotwords=outcomes(record.options.hotwords, recognised, record.receipt),
        channel_name=translate(CHANNEL_NAME),
        speaker_name=translate(SPEAKER_NAME) if speakers.turns else SPEAKER_NAME,
        speaker_names=speakers.names,
        channel_names=dict(enumerate(record.channel_names, 1)),
    )
