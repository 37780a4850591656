"""REST: known voices. Each person sees their own; administrators see how many others have."""

from __future__ import annotations

import secrets
from typing import Annotated, Any

from fastapi import Depends, Path, status
from starlette.responses import JSONResponse, Response

from app.domain.errors.requests import InvalidParameter, RequestTooLarge
from app.domain.errors.uploads import DiskFull
from app.domain.errors.voices import VoiceNotFound, VoicesSwitchedOff
from app.domain.speakers.known_voices import HeardVoice, KnownVoice
from app.services.known_voices import KnownVoices
from app.web.dependencies import ServicesDep
from app.web.openapi import errors
from app.web.request import LARGEST_FORM_BYTES
from app.web.routers import ApiRouter
from app.web.schemas.voices import (
    ExportedVoice,
    ImportedAnswer,
    VoiceAnswer,
    VoiceChange,
    VoicesAnswer,
    VoicesFile,
)

LARGEST_FILE_BYTES = 8 * 2**20  # a thousand voices take half of it

EXPORTED: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "All of your voices, as `import` takes them.",
        "content": {"application/json": {"schema": {"type": "object"}, "example": {"voices": []}}},
    }
}

router = ApiRouter(prefix="/voices", tags=["voices"])


async def _voices(services: ServicesDep) -> KnownVoices:
    return services.known_voices


VoicesDep = Annotated[KnownVoices, Depends(_voices)]
VoiceId = Annotated[str, Path(description="Id of the known voice.", examples=["5f0c2e9b1a44d771"])]


@router.get("", responses=errors())
def list_voices(voices: VoicesDep) -> VoicesAnswer:
    """List the voices that you remembered, who agreed to it, and when."""
    model = voices.model()
    return VoicesAnswer(
        voices=[voice_answer(voice, model) for voice in voices.everything()], is_on=voices.is_on, model=model
    )


@router.get(
    "/export",
    response_class=Response,
    responses=EXPORTED | errors(),
)
def export_voices(voices: VoicesDep) -> Response:
    """Take your voices along, with what they sound like: whoever has the file can recognise these people."""
    file = VoicesFile(voices=[_exported(voice) for voice in voices.everything()])
    headers = {"content-disposition": 'attachment; filename="known-voices.json"'}
    return JSONResponse(file.model_dump(mode="json"), headers=headers)


@router.post(
    "/import",
    status_code=status.HTTP_201_CREATED,
    max_body_size=LARGEST_FILE_BYTES,
    responses=errors(VoicesSwitchedOff, InvalidParameter, RequestTooLarge, DiskFull, changes=True),
)
def import_voices(file: VoicesFile, voices: VoicesDep) -> ImportedAnswer:
    """Add the voices of an exported file; what was agreed to them comes with them."""
    voices.bring([_imported(each) for each in file.voices])
    return ImportedAnswer(count=len(file.voices))


@router.patch(
    "/{id}",
    max_body_size=LARGEST_FORM_BYTES,
    responses=errors(VoiceNotFound, VoicesSwitchedOff, InvalidParameter, RequestTooLarge, DiskFull, changes=True),
)
def change_voice(id: VoiceId, change: VoiceChange, voices: VoicesDep) -> VoiceAnswer:
    """Rename a voice, or say anew what it is remembered for. Speakers that were named keep their names."""
    return voice_answer(voices.change(id, change.name, change.purpose), voices.model())


@router.delete("/{id}", status_code=status.HTTP_204_NO_CONTENT, responses=errors(VoiceNotFound, changes=True))
def delete_voice(id: VoiceId, voices: VoicesDep) -> None:
    """Forget a voice for good: it is proposed nowhere any more. Speakers that were named keep their names."""
    voices.delete(id)


def voice_answer(voice: KnownVoice, model: str | None) -> VoiceAnswer:
    return VoiceAnswer(
        id=voice.id,
        name=voice.name,
        consent_by=voice.consent_by,
        purpose=voice.purpose,
        created_at=voice.created_at,
        transcription_id=voice.transcription_id,
        is_comparable=model in (None, voice.model),
    )


def _exported(voice: KnownVoice) -> ExportedVoice:
    return ExportedVoice(
        name=voice.name,
        consent_by=voice.consent_by,
        purpose=voice.purpose,
        created_at=voice.created_at,
        model=voice.model,
        vector=[round(value, 6) for value in voice.voice.vector],
        is_narrow=voice.voice.is_narrow,
    )


def _imported(file: ExportedVoice) -> KnownVoice:
    return KnownVoice(
        id=secrets.token_hex(8),
        name=file.name,
        voice=HeardVoice(tuple(file.vector), file.is_narrow),
        model=file.model,
        consent_by=file.consent_by,
        purpose=file.purpose,
        created_at=file.created_at,
    )
