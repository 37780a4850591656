"""REST: what is odd about a transcription, with the evidence, and what helps."""

from __future__ import annotations

from pydantic import BaseModel, Field

from app.domain.errors.transcriptions import TranscriptionNotFound
from app.web.answers.findings import FindingAnswer, findings_answer
from app.web.dependencies import QueueDep, TranscriptionId, TranslateDep
from app.web.openapi import errors
from app.web.pools import reads_slowly
from app.web.routers import ApiRouter

router = ApiRouter(prefix="/transcriptions/{id}", tags=["support"])


class FindingsAnswer(BaseModel):
    """What is odd; nothing where all is well."""

    findings: list[FindingAnswer] = Field(description="The most telling first.")


@router.get("/findings", responses=errors(TranscriptionNotFound))
@reads_slowly
def get_findings(id: TranscriptionId, queue: QueueDep, translate: TranslateDep) -> FindingsAnswer:
    """Ask what is odd about a recording or its text: the wrong language, clipping, telephone sound, unknown hotwords."""
    record = queue.get(id)
    return FindingsAnswer(findings=findings_answer(record, queue.segments(id), translate))
