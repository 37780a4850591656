"""REST and page: look at a recording's speech, cut it anew, have stretches read, take the list away."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

from fastapi import Depends, Path, Query, Request, Response, status
from pydantic import ConfigDict

from app.domain.errors.audio import UNREADABLE
from app.domain.errors.models import ExtraNotInstalled
from app.domain.errors.requests import (
    InvalidParameter,
    RangeNotSatisfiable,
    RequestTooLarge,
    UnknownFormat,
    UnknownLanguage,
)
from app.domain.errors.transcriptions import (
    AnalysisNotFound,
    AudioGone,
    NothingToExport,
    RecognitionElsewhere,
    TranscriptionNotFound,
)
from app.domain.errors.uploads import DiskFull, EmptyFile, NoFile, UploadInterrupted, UploadTooLarge
from app.domain.options import VadOptions
from app.formats.intervals import STRETCH_FORMATS, LabelledStretch, find_stretch_format
from app.services.options import VadPatch, parse_language
from app.services.vad.texts import stretch_of
from app.web.answers.models import needs_answer
from app.web.answers.vad import Window, vad_answer
from app.web.api.exports import ReaderDep
from app.web.api.transcriptions.missing_text import Limit, Offset, Rules
from app.web.audio import RECORDING_CONTENT, audio_response
from app.web.dependencies import ServicesDep, TranscriptionId, TranslateDep
from app.web.forms.file_names import content_disposition, export_name
from app.web.forms.recording import UploadForm, fill
from app.web.heard_audio import heard_response
from app.web.openapi import content, errors
from app.web.pools import FILES, SLOW_READS, reads_slowly
from app.web.request import LARGEST_FORM_BYTES
from app.web.routers import ApiRouter
from app.web.schemas.models import NeedsAnswer
from app.web.schemas.vad import TextsAsked, TextsWanted, VadAnswer, VadPeaks
from app.web.services import services_of
from app.web.vad_waiting import soon_read

router = ApiRouter(prefix="/vad", tags=["vad"])

LARGEST_PICTURE = 4000  # stretches of equal length
LARGEST_WINDOW = 1000

UPLOAD_FORM: dict[str, Any] = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": ["file"],
                "properties": {
                    "file": {
                        "type": "string",
                        "format": "binary",
                        "description": "One recording, in any common format.",
                    }
                },
            }
        }
    },
}

VadId = Annotated[str, Path(description="Id of the recording.", examples=["5f0c2e9b1a44d0e1"])]


class VadQuery(VadPatch):
    """The options of speech detection among the other parameters of an address."""

    model_config = ConfigDict(extra="ignore", strict=False)


def _options(connection: Request, changes: Annotated[VadQuery, Query()]) -> VadOptions:
    """Return what was asked; the rest is as the server has it."""
    return changes.apply(services_of(connection).default_options.vad)


def _window(
    offset: Annotated[int, Query(ge=0, le=2**31, description="Stretches of speech to skip.")] = 0,
    limit: Annotated[int, Query(ge=0, le=LARGEST_WINDOW, description="Most stretches of speech to return.")] = 500,
    view_start: Annotated[float, Query(ge=0, description="Where the view begins, in seconds.")] = 0.0,
    view_end: Annotated[float | None, Query(ge=0, description="Where it ends; the end without.")] = None,
    rule: Rules = None,
    missing_offset: Offset = 0,
    missing_limit: Limit = 100,
    picture: Annotated[bool, Query(description="Whether the answer holds `peaks`.")] = True,
) -> Window:
    return Window(offset, limit, view_start, view_end, rule, missing_offset, missing_limit, picture)


OptionsDep = Annotated[VadOptions, Depends(_options)]
WindowDep = Annotated[Window, Depends(_window)]


@router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    openapi_extra={"requestBody": UPLOAD_FORM},
    responses=errors(
        UploadInterrupted,
        UploadTooLarge,
        NoFile,
        EmptyFile,
        InvalidParameter,
        DiskFull,
        *UNREADABLE,
        changes=True,
    ),
)
async def detect_speech(request: Request, services: ServicesDep, translate: TranslateDep) -> VadAnswer:
    """Send a recording to see its speech. It is kept for a day; a long one is still `reading` when this answers."""
    vad = services.vad
    limit_bytes = services.settings.max_upload_bytes
    with UploadForm(vad, limit_bytes, services.default_options) as form:
        await fill(form, request, limit_bytes)
        analysis = await FILES.run(vad.submit, form.file)
    analysis = await soon_read(vad, analysis.id)
    options = services.default_options.vad
    return await SLOW_READS.run(vad_answer, services, analysis, options, Window(), translate)


@router.post(
    "/transcriptions/{id}",
    status_code=status.HTTP_201_CREATED,
    responses=errors(TranscriptionNotFound, AudioGone, *UNREADABLE, changes=True),
)
async def detect_speech_again(
    id: TranscriptionId, services: ServicesDep, options: OptionsDep, translate: TranslateDep
) -> VadAnswer:
    """See the speech in the recording of a transcription."""
    analysis = await FILES.run(services.vad.of_transcription, id)
    analysis = await soon_read(services.vad, analysis.id)
    return await SLOW_READS.run(vad_answer, services, analysis, options, Window(), translate)


@router.get("/{id}", responses=errors(AnalysisNotFound, TranscriptionNotFound, InvalidParameter, *UNREADABLE))
@reads_slowly
def get_speech(
    id: VadId, services: ServicesDep, options: OptionsDep, window: WindowDep, translate: TranslateDep
) -> VadAnswer:
    """Find the speech with these options: the stretches, and for everything else the rule that dropped it."""
    return vad_answer(services, services.vad.get(id), options, window, translate)


@router.get("/{id}/peaks", responses=errors(AnalysisNotFound, InvalidParameter))
@reads_slowly
def get_speech_peaks(
    id: VadId,
    services: ServicesDep,
    start: Annotated[float, Query(ge=0, description="Seconds.")] = 0.0,
    end: Annotated[float | None, Query(ge=0, description="Seconds; the end without.")] = None,
    buckets: Annotated[int, Query(ge=1, le=LARGEST_PICTURE, description="Stretches of equal length.")] = 1000,
) -> VadPeaks:
    """See a part of the recording as finely as it is wanted."""
    duration = services.vad.get(id).duration or 0.0
    last = duration if end is None else min(end, duration)
    pairs = services.vad.outline(id, min(start, last), last, buckets)
    return VadPeaks(start=min(start, last), end=last, peaks=[(low, high) for low, high in pairs])


@router.get(
    "/{id}/audio",
    response_class=Response,
    responses=RECORDING_CONTENT | errors(AnalysisNotFound, AudioGone, RangeNotSatisfiable),
)
@router.head("/{id}/audio", include_in_schema=False)
def get_speech_audio(
    id: VadId,
    request: Request,
    services: ServicesDep,
    heard: Annotated[
        bool, Query(description="As it was heard: WAV, 16 kHz, one channel; plays in every browser.")
    ] = False,
) -> Response:
    """Hear the recording. `Range: bytes=...` returns a part, so that a player can seek."""
    vad = services.vad
    if heard:
        return heard_response([vad.heard(id)], f"{vad.get(id).name}.wav", request.headers)
    return audio_response(vad.recording(id), vad.get(id).name, request.headers, download=False)


@router.post(
    "/{id}/texts",
    status_code=status.HTTP_202_ACCEPTED,
    max_body_size=LARGEST_FORM_BYTES,
    responses=errors(
        AnalysisNotFound,
        RecognitionElsewhere,
        UnknownLanguage,
        InvalidParameter,
        RequestTooLarge,
        changes=True,
    ),
)
def read_stretches(id: VadId, wanted: TextsWanted, services: ServicesDep, options: OptionsDep) -> TextsAsked:
    """Have stretches of speech read, one or all. Their texts appear in the list as they come."""
    if wanted.segments is None:
        stretches = [stretch_of(span) for span in services.vad.report(id, options).spans]
    else:
        stretches = [(round(start * 1000), round(end * 1000)) for start, end in wanted.segments]
    recognition = replace(services.default_options, language=parse_language(wanted.language)).recognition
    return TextsAsked(asked=services.vad_texts.ask(id, stretches, recognition))


@router.post(
    "/events/install",
    status_code=status.HTTP_202_ACCEPTED,
    responses=errors(ExtraNotInstalled, changes=True),
)
def install_sound_events(services: ServicesDep, translate: TranslateDep) -> NeedsAnswer | None:
    """Install what tells speech, singing and music apart, in the background; null where it is here."""
    services.models.extras.begin_sound_events()
    return needs_answer(services.models.extras.status_of_sound_events(), translate)


@router.delete("/{id}/texts", status_code=status.HTTP_204_NO_CONTENT, responses=errors(AnalysisNotFound, changes=True))
def stop_reading_stretches(id: VadId, services: ServicesDep) -> None:
    """Take back the stretches that wait to be read."""
    services.vad.get(id)
    services.vad_texts.cancel(id)


@router.get(
    "/{id}/export",
    response_class=Response,
    responses=content(
        200,
        "The list as a file.",
        {
            "text/csv": "number,start_s,end_s,duration_s,start_ms,end_ms,duration_ms,text\n",
            "application/json": '{"unit": "ms", "segments": [{"start": 690, "end": 3300, "duration": 2610, "text": ""}]}',
            "text/plain": "0.690\t3.300\t1\n",
            "application/x-subrip": "1\n00:00:00,690 --> 00:00:03,300\n今天天气很好。\n",
        },
    )
    | errors(AnalysisNotFound, UnknownFormat, NothingToExport, InvalidParameter),
)
@reads_slowly
def export_speech(
    id: VadId,
    services: ServicesDep,
    options: OptionsDep,
    reader: ReaderDep,
    format: Annotated[str, Query(description="One of: " + ", ".join(STRETCH_FORMATS), examples=["csv"])] = "csv",
) -> Response:
    """Take the list away: a table, data, labels for Audacity (txt), or subtitles of what was read."""
    chosen = find_stretch_format(format)
    texts = services.vad_texts.of(id)
    stretches = [stretch_of(span) for span in services.vad.report(id, options).spans]
    labelled = [LabelledStretch(*stretch, texts[stretch].text if stretch in texts else "") for stretch in stretches]
    name = export_name(services.vad.get(id).name, chosen.suffix)
    headers = {"content-disposition": content_disposition("attachment", name)}
    return Response(chosen.render(labelled, reader), media_type=chosen.media_type, headers=headers)


@router.delete("/{id}", status_code=status.HTTP_204_NO_CONTENT, responses=errors(AnalysisNotFound, changes=True))
def forget_speech(id: VadId, services: ServicesDep) -> None:
    """Remove a recording that was sent for speech detection; that of a transcription stays with it."""
    services.vad_texts.cancel(id)
    services.vad.remove(id)
