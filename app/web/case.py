"""REST: the support case of a transcription, and a look at it before anything leaves."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Query, Response
from starlette.background import BackgroundTask
from starlette.responses import FileResponse

from app.errors import DiskFull, TranscriptionNotFound
from app.support.case import AudioChoice, CaseChoice
from app.web.case_schemas import CaseFile, CasePreview, RedactionAnswer
from app.web.dependencies import CasesDep, SettingsDep, TranscriptionId, TranslateDep
from app.web.openapi import content, errors

if TYPE_CHECKING:
    from app.i18n import Translate
    from app.support.case.cases import Preview

router = APIRouter(prefix="/transcriptions/{id}/case", tags=["support"])

AudioQuery = Annotated[
    AudioChoice,
    Query(
        description="`whole`: all of the sound, without the tags of the file; `stretch`: the segment that failed or"
        " is least sure; `hash`: only its checksum."
    ),
]
BrowserQuery = Annotated[
    str,
    Query(max_length=64, description="What the page calls its session, where another one asked for the job."),
]
NamesQuery = Annotated[bool, Query(description="Leave the name of the recording as it is.")]


@router.get(
    "",
    response_class=Response,
    responses=content(200, "The case as a zip file.", {"application/zip": "(bytes)"})
    | errors(TranscriptionNotFound, DiskFull),
)
def get_case(
    id: TranscriptionId,
    cases: CasesDep,
    settings: SettingsDep,
    audio: AudioQuery = AudioChoice.HASH,
    keep_names: NamesQuery = False,
    browser: BrowserQuery = "",
) -> FileResponse:
    """Take away everything about one transcription, so that somebody else can see and repeat what happened.

    Secrets, names of people and machines, home folders and addresses are taken out; the manifest lists how many.
    """
    folder = Path(tempfile.mkdtemp(prefix="case-", dir=settings.data_dir))
    try:
        file = folder / f"case-{id}.zip"
        cases.write(id, CaseChoice(audio, keep_names, browser=browser), file)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    away = BackgroundTask(shutil.rmtree, folder, ignore_errors=True)
    return FileResponse(file, media_type="application/zip", filename=file.name, background=away)


@router.get("/preview", responses=errors(TranscriptionNotFound))
def preview_case(
    id: TranscriptionId,
    cases: CasesDep,
    translate: TranslateDep,
    audio: AudioQuery = AudioChoice.HASH,
    keep_names: NamesQuery = False,
    browser: BrowserQuery = "",
) -> CasePreview:
    """See every file of the case as it would leave, and what was taken out of it."""
    return _preview_answer(cases.preview(id, CaseChoice(audio, keep_names, browser=browser)), translate)


def _preview_answer(preview: Preview, translate: Translate) -> CasePreview:
    return CasePreview(
        files=[
            CaseFile(
                name=file.name,
                what=translate(file.what),
                size=file.size,
                is_estimate=file.is_estimate,
                content=file.content,
                is_whole=file.is_whole,
            )
            for file in preview.files
        ],
        redactions=[
            RedactionAnswer(rule=each.rule, what=translate(each.what), count=each.count)
            for each in preview.redactions
        ],
        note=translate(preview.note),
    )
