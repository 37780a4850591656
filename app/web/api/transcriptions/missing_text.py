"""REST: why stretches of a transcription have no text, and the wording of each rule."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query

from app.domain.errors.requests import InvalidParameter
from app.domain.errors.transcriptions import AudioGone, TranscriptionNotFound
from app.services.missing_text import Why, missing_in_transcription
from app.services.transcriptions.edits import edited_text
from app.web.answers.missing_text import missing_answer
from app.web.dependencies import QueueDep, ServicesDep, TranscriptionId, TranslateDep
from app.web.openapi import errors
from app.web.routers import ApiRouter
from app.web.schemas.vad import MissingList

router = ApiRouter(prefix="/transcriptions/{id}", tags=["transcriptions"])

PATIENCE_SECONDS = 5.0  # a recording that is read within so long is answered at once
LARGEST_WINDOW = 500


Offset = Annotated[int, Query(ge=0, le=2**31, description="Stretches without text to skip.")]
Limit = Annotated[int, Query(ge=0, le=LARGEST_WINDOW, description="Most stretches without text to return.")]
Rules = Annotated[list[Why] | None, Query(description="Only these rules; without any, all.")]


@router.get("/missing", responses=errors(TranscriptionNotFound, AudioGone, InvalidParameter))
def get_missing(
    id: TranscriptionId,
    services: ServicesDep,
    queue: QueueDep,
    translate: TranslateDep,
    rule: Rules = None,
    offset: Offset = 0,
    limit: Limit = 100,
) -> MissingList:
    """See for every stretch without text the rule that left it out. The recording is read again for it, once."""
    vad = services.vad
    analysis = vad.of_transcription(id)
    if analysis.state != "ready":
        analysis = vad.wait(analysis.id, PATIENCE_SECONDS)
    if analysis.state != "ready":
        return MissingList(state="reading", total=0, offset=offset, rules=[], items=[])
    report = vad.report(analysis.id, queue.get(id).options.vad)
    segments = queue.segments(id, with_words=False)
    found = missing_in_transcription(segments, report, edited_text(queue, id).edits)
    return missing_answer(found, rule, offset, limit, translate)
