"""Names the speakers of one answer whom the request knows; what is stored has no part in it."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace

from app.domain.errors.base import AppError, Reason
from app.domain.reasons import BY_CHANNELS, NOT_ALL_HEARD, SPEAKERS_FAILED
from app.domain.transcript import Applied, Transcript
from app.logging import event
from app.services.known_speakers import KnownSpeaker, named_speakers, names_told
from app.web.services import Services

OPTION = "known_speakers"

_log = logging.getLogger(__name__)


def with_known_speakers(
    services: Services, id: str, transcript: Transcript, known: Sequence[KnownSpeaker]
) -> tuple[Transcript, tuple[Applied, ...]]:
    """Return the transcript with the names of those who were heard, and what the receipt says of it.

    A text is never lost over it: what hinders is a reason in the receipt.
    """
    transcript = replace(transcript, speaker_names={})  # those that people gave are not this program's
    if not known:
        return transcript, ()
    asked = ", ".join(each.name for each in known)
    turns = services.queue.speakers(id).turns
    if any(segment.channel for segment in transcript.segments):
        return transcript, (Applied(OPTION, asked, "", BY_CHANNELS),)
    try:
        names = named_speakers(known, turns, id, services.heard, services.known_voices.hearing) if turns else {}
    except AppError as error:
        event(_log, logging.WARNING, "known_speakers_failed", exc_info=True, job=id)
        reason = SPEAKERS_FAILED.of(detail=error.problem.explained()["message"])
        return transcript, (Applied(OPTION, asked, "", reason),)
    reason_of_less: Reason | None = None if len(set(names.values())) == len(known) else NOT_ALL_HEARD
    return replace(transcript, speaker_names=names), (Applied(OPTION, asked, names_told(names), reason_of_less),)
