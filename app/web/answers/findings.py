"""Converts findings to REST API responses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, Field

from app.support.diagnosis import diagnose, run_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.domain.transcription import SegmentRecord, Transcription
    from app.i18n import Translate
    from app.support.diagnosis import Finding


class RemedyAnswer(BaseModel):
    """Something that may help and can be done at once."""

    label: str = Field(examples=["Recognise again as Chinese"])
    again: dict[str, Any] = Field(
        description="Body for POST /transcriptions/{id}/again; empty where `page` helps.",
        examples=[{"language": "zh"}],
    )
    page: str = Field(description="Where it is done; empty where `again` helps.", examples=[""])


class FindingAnswer(BaseModel):
    """One thing that is odd."""

    id: str = Field(description="Stable, for programs.", examples=["wrong_language"])
    fact: str = Field(examples=["You chose English, but 97 % of what was heard is Chinese."])
    advice: str = Field(examples=["Recognise it again in the language that is spoken; 'auto' takes both."])
    evidence: dict[str, float] = Field(description="What was measured.", examples=[{"foreign_share": 0.97}])
    remedy: RemedyAnswer | None = Field(description="Null where no button helps.")


def findings_answer(
    record: Transcription, segments: Sequence[SegmentRecord], translate: Translate
) -> list[FindingAnswer]:
    return [_answer(finding, translate) for finding in diagnose(run_of(record, segments))]


def _answer(finding: Finding, translate: Translate) -> FindingAnswer:
    remedy = finding.remedy
    return FindingAnswer(
        id=finding.id,
        **finding.explained(translate),
        evidence=dict(finding.evidence),
        remedy=RemedyAnswer(label=translate(remedy.label), again=dict(remedy.again), page=remedy.page)
        if remedy
        else None,
    )
