"""Converts comparisons to REST API responses, in the user's language."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.domain.comparisons.comparison import Comparison
from app.services.models.models import ModelState
from app.web.answers.transcriptions import options_answer, problem_answer, progress_answer
from app.web.schemas.comparisons import (
    CellAnswer,
    ComparisonAnswer,
    DifferencePiece,
    ErrorCount,
    ReadingAnswer,
    SegmentLineAnswer,
)
from app.web.services import Services

if TYPE_CHECKING:
    from app.domain.comparisons.comparison import Cell, Reading
    from app.i18n import Translate
    from app.services.models.models import ModelEntry


def comparison_answer(comparison: Comparison, services: Services, translate: Translate) -> ComparisonAnswer:
    return ComparisonAnswer(
        **comparison_head(comparison, services, translate),
        duration=comparison.readings[0].record.duration,
        reference=comparison.reference,
        is_laid_out=comparison.is_laid_out,
        segments=[
            SegmentLineAnswer(
                start=round(line.start, 3),
                end=round(line.end, 3),
                channel=line.channel,
                reference=line.reference,
                readings=[_cell(cell) for cell in line.cells],
            )
            for line in comparison.lines
        ],
    )


def comparison_head(comparison: Comparison, services: Services, translate: Translate) -> dict[str, Any]:
    entries = {entry.name: entry for entry in services.models.entries()}
    best = comparison.best
    return {
        "id": comparison.id,
        "name": comparison.name,
        "created_at": comparison.created_at,
        "has_ended": comparison.has_ended,
        "best": best.record.id if best else None,
        "readings": [
            _reading(reading, entries.get(reading.record.options.model), translate) for reading in comparison.readings
        ],
    }


def _reading(reading: Reading, entry: ModelEntry | None, translate: Translate) -> ReadingAnswer:
    record, factor = reading.record, reading.real_time_factor
    return ReadingAnswer(
        transcription=record.id,
        model=record.options.model,
        title=translate(entry.title) if entry else record.options.model,
        is_in_use=entry is not None and entry.state in (ModelState.IN_USE, ModelState.SWITCHING),
        options=options_answer(record.options),
        state=record.state,
        progress=progress_answer(record, translate),
        error=problem_answer(record.error, translate),
        errors=_errors(reading),
        real_time_factor=None if factor is None else round(factor, 4),
        memory_bytes=record.memory_bytes,
        device=record.device,
    )


def _errors(reading: Reading) -> ErrorCount | None:
    counted = reading.errors
    if counted is None:
        return None
    return ErrorCount(
        rate=round(counted.rate, 4),
        kind="cer" if counted.by_character else "wer",
        wrong=counted.wrong,
        total=counted.total,
    )


def _cell(cell: Cell) -> CellAnswer:
    return CellAnswer(
        state=cell.segment.state if cell.segment else "pending",
        pieces=[DifferencePiece(text=piece.text, kind=piece.kind.value) for piece in cell.pieces],
        dropped=cell.segment.dropped if cell.segment else "",
    )
