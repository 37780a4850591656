"""REST: the support case of a transcription, and a look at it before anything leaves."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from fastapi import Path as PathParameter
from fastapi import Query, Response
from starlette.background import BackgroundTask
from starlette.responses import FileResponse

from app.domain.errors.transcriptions import TranscriptionNotFound
from app.domain.errors.uploads import DiskFull
from app.store.files.scratch import Scratch
from app.support.case import AudioChoice, CaseChoice
from app.web.dependencies import CasesDep, SettingsDep, TranscriptionId, TranslateDep
from app.web.openapi import content, errors
from app.web.pools import reads_slowly
from app.web.routers import ApiRouter
from app.web.schemas.cases import CaseFile, CasePreview, RedactionAnswer

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.i18n import Translate
    from app.support.case.cases import Preview

router = ApiRouter(tags=["support"])
OF_JOB = "/transcriptions/{id}/case"
OF_REQUEST = "/requests/{request}/case"

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
RequestId = Annotated[
    str,
    PathParameter(
        description="Id of the request, as the error tells it.",
        pattern=r"^[A-Za-z0-9_.-]{1,64}$",
        examples=["5f0c2e9b1a44"],
    ),
]
NamesQuery = Annotated[bool, Query(description="Leave the name of the recording as it is.")]
TextQuery = Annotated[bool, Query(description="Leave text and hotwords as they are, with every number in them.")]


@router.get(
    OF_JOB,
    response_class=Response,
    responses=content(200, "The case as a zip file.", {"application/zip": "(bytes)"})
    | errors(TranscriptionNotFound, DiskFull),
)
@reads_slowly
def get_case(
    id: TranscriptionId,
    cases: CasesDep,
    settings: SettingsDep,
    audio: AudioQuery = AudioChoice.HASH,
    keep_names: NamesQuery = False,
    keep_text: TextQuery = False,
    browser: BrowserQuery = "",
) -> FileResponse:
    """Take away everything about one transcription, so that somebody else can see and repeat what happened.

    The log holds lines of this transcription only. Names, folders, addresses and hotwords stay out; secrets and the
    numbers of phones, cards and accounts are taken out of the text. The manifest lists how many.
    """
    choice = CaseChoice(audio, keep_names, keep_text, browser=browser)
    return _sent(settings.data_dir, id, lambda file: cases.write(id, choice, file))


@router.get(f"{OF_JOB}/preview", responses=errors(TranscriptionNotFound))
@reads_slowly
def preview_case(
    id: TranscriptionId,
    cases: CasesDep,
    translate: TranslateDep,
    audio: AudioQuery = AudioChoice.HASH,
    keep_names: NamesQuery = False,
    keep_text: TextQuery = False,
    browser: BrowserQuery = "",
) -> CasePreview:
    """See every file of the case as it would leave, and what was taken out of it."""
    return _preview_answer(cases.preview(id, CaseChoice(audio, keep_names, keep_text, browser=browser)), translate)


@router.get(
    OF_REQUEST,
    response_class=Response,
    responses=content(200, "The case as a zip file.", {"application/zip": "(bytes)"}) | errors(DiskFull),
)
@reads_slowly
def get_request_case(
    request: RequestId, cases: CasesDep, settings: SettingsDep, browser: BrowserQuery = ""
) -> FileResponse:
    """Take away what is known of a request that failed: what was done in the page, log, settings and versions."""
    choice = CaseChoice(AudioChoice.HASH, browser=browser)
    return _sent(settings.data_dir, request, lambda file: cases.write_request(request, choice, file))


@router.get(f"{OF_REQUEST}/preview", responses=errors())
@reads_slowly
def preview_request_case(
    request: RequestId, cases: CasesDep, translate: TranslateDep, browser: BrowserQuery = ""
) -> CasePreview:
    """See every file of the case of a request as it would leave."""
    return _preview_answer(cases.preview_request(request, CaseChoice(AudioChoice.HASH, browser=browser)), translate)


def _sent(data_dir: Path, name: str, write: Callable[[Path], object]) -> FileResponse:
    """Answer with the file that `write` makes; it is gone when it has been sent."""
    held = Scratch(data_dir)
    try:
        file = held.folder / f"case-{name}.zip"
        write(file)
    except BaseException:
        held.close()
        raise
    away = BackgroundTask(held.close)
    return FileResponse(file, media_type="application/zip", filename=file.name, background=away)


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
            RedactionAnswer(rule=each.rule, what=translate(each.what), count=each.count) for each in preview.redactions
        ],
        note=translate(preview.note),
    )
