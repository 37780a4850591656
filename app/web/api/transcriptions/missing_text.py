"""REST: why stretches of a transcription have no text, and the wording of each rule."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query

from app.domain.errors.requests import InvalidParameter
from app.domain.errors.transcriptions import AudioGone, TranscriptionNotFound
from app.services.missing_text import Missing, Why, missing_in_transcription
from app.services.transcriptions.edits import edited_text
from app.services.transcriptions.job_queue import Queue
from app.services.vad.analyses import VadAnalyses
from app.web.answers.missing_text import missing_answer
from app.web.dependencies import QueueDep, ServicesDep, TranscriptionId, TranslateDep
from app.web.openapi import errors
from app.web.pools import FILES, SLOW_READS
from app.web.routers import ApiRouter
from app.web.schemas.vad import MissingList
from app.web.vad_waiting import soon_read

router = ApiRouter(prefix="/transcriptions/{id}", tags=["transcriptions"])

LARGEST_WINDOW = 500


Offset = Annotated[int, Query(ge=0, le=2**31, description="Stretches without text to skip.")]
Limit = Annotated[int, Query(ge=0, le=LARGEST_WINDOW, description="Most stretches without text to return.")]
Rules = Annotated[list[Why] | None, Query(description="Only these rules; without any, all.")]


@router.get("/missing", responses=errors(TranscriptionNotFound, AudioGone, InvalidParameter))
async def get_missing(
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
    analysis = await FILES.run(vad.of_transcription, id)
    if analysis.state != "ready":
        analysis = await soon_read(vad, analysis.id)
    if analysis.state != "ready":
        return MissingList(state="reading", total=0, offset=offset, rules=[], items=[])
    found = await SLOW_READS.run(_found_missing, vad, queue, id, analysis.id)
    return missing_answer(found, rule, offset, limit, translate)


def _found_missing(vad: VadAnalyses, queue: Queue, id: str, analysis: str) -> list[Missing]:
    report = vad.report(analysis, queue.get(id).options.vad)
    segments = queue.segments(id, with_words=False)
    return missing_in_transcription(segments, report, edited_text(queue, id).edits)
