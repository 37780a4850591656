"""REST: what belongs to one transcription and is not JSON: recording, picture, export, log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import Query, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.responses import PlainTextResponse

from app.domain.errors.audio import UNREADABLE
from app.domain.errors.requests import InvalidParameter, RangeNotSatisfiable, ServerBusy, UnknownFormat
from app.domain.errors.transcriptions import AudioGone, NotFinished, TranscriptionNotFound
from app.formats import FORMATS, find_format
from app.web.answers.vad import sound_bands
from app.web.api.exports import ReaderDep, StyleDep
from app.web.audio import ELSEWHERE, RECORDING_CONTENT, audio_response, stored_audio_response
from app.web.dependencies import QueueDep, ServicesDep, TranscriptionId, TranslateDep
from app.web.forms.file_names import content_disposition, export_name
from app.web.heard_audio import heard_response
from app.web.openapi import content, errors
from app.web.pools import PLAYING, reads_slowly
from app.web.routers import ApiRouter
from app.web.schemas.transcriptions import Peaks

if TYPE_CHECKING:
    from app.services.transcriptions.job_queue import Queue

router = ApiRouter(prefix="/transcriptions/{id}", tags=["transcriptions"])


@router.get(
    "/audio",
    response_class=Response,
    responses=RECORDING_CONTENT
    | ELSEWHERE
    | errors(TranscriptionNotFound, AudioGone, RangeNotSatisfiable, NotFinished, ServerBusy, *UNREADABLE),
)
@router.head("/audio", include_in_schema=False)
async def get_audio(
    id: TranscriptionId,
    request: Request,
    services: ServicesDep,
    download: Annotated[bool, Query(description="Offer it as a file instead of playing it.")] = False,
    heard: Annotated[
        bool,
        Query(
            description="As it was recognised: WAV, 16 kHz, once the recording has been read. Its times are those of "
            "the words, and it plays in every browser."
        ),
    ] = False,
) -> Response:
    """Hear the recording. `Range: bytes=...` returns a part, so that a player can seek."""
    queue = services.queue
    if heard:
        samples = await PLAYING.run(services.heard.samples, id)
        return heard_response(samples, f"{(await run_in_threadpool(queue.get, id)).name}.wav", request.headers)
    return await run_in_threadpool(_original, queue, id, request, download)


def _original(queue: Queue, id: str, request: Request, download: bool) -> Response:
    if stored := queue.stored_source(id):
        return stored_audio_response(stored, queue.get(id).name, request, download=download)
    return audio_response(queue.source_path(id), queue.get(id).name, request.headers, download=download)


@router.get("/peaks", responses=errors(TranscriptionNotFound, NotFinished))
@reads_slowly
def get_peaks(id: TranscriptionId, queue: QueueDep) -> Peaks:
    """See the recording: its waveform, once it has been read."""
    peaks = [(low, high) for low, high in queue.peaks(id)]
    events = queue.events(id)
    bands = None if events is None else sound_bands(events, 0.0, queue.get(id).duration or 0.0)
    return Peaks(peaks=peaks, events=bands)


@router.get(
    "/export",
    response_class=Response,
    responses=content(
        200,
        "The transcript as a file.",
        {each.media_type.partition(";")[0]: each.example for each in FORMATS.values()},
    )
    | errors(TranscriptionNotFound, NotFinished, UnknownFormat, InvalidParameter),
)
@reads_slowly
def export_transcription(
    id: TranscriptionId,
    queue: QueueDep,
    translate: TranslateDep,
    reader: ReaderDep,
    style: StyleDep,
    format: Annotated[str, Query(description="One of: " + ", ".join(FORMATS), examples=["srt"])] = "txt",
    original: Annotated[bool, Query(description="The text as it was recognised, without changes by hand.")] = False,
) -> Response:
    """Take the transcript away as a file."""
    chosen = find_format(format).styled(style)
    transcript = queue.transcript(id, translate, original=original)
    title = queue.get(id).name
    name = export_name(title, chosen.suffix)
    headers = {"content-disposition": content_disposition("attachment", name)}
    return Response(chosen.content(transcript, title, reader), media_type=chosen.media_type, headers=headers)


@router.get(
    "/log",
    response_class=PlainTextResponse,
    responses=content(
        200,
        "The lines of this transcription, oldest first.",
        {
            "text/plain": "2026-11-22T18:57:01.123Z INFO request=- job=01jd9x3v6t8q app.services.worker.worker "
            "segment_finished index=3 seconds=1.2"
        },
    )
    | errors(TranscriptionNotFound),
)
@reads_slowly
def get_log(id: TranscriptionId, queue: QueueDep) -> PlainTextResponse:
    """Read what happened to this transcription, step by step."""
    lines = queue.log_lines(id)
    return PlainTextResponse("".join(f"{line}\n" for line in lines))
