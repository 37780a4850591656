"""REST: whose voice the speakers of a transcription have. A known voice is proposed; a person decides."""

from __future__ import annotations

from fastapi import status

from app.domain.errors.people import NotPermitted
from app.domain.errors.requests import InvalidParameter, RequestTooLarge
from app.domain.errors.transcriptions import AudioGone, NotFinished, RecognitionElsewhere, TranscriptionNotFound
from app.domain.errors.uploads import DiskFull
from app.domain.errors.voices import SpeakerModelMissing, TooLittleSpeech, VoiceNotFound, VoicesSwitchedOff
from app.domain.speakers.known_voices import VoiceProposal
from app.services.known_voices import Consent
from app.web.api.transcriptions.known_voices import VoicesDep, voice_answer
from app.web.api.transcriptions.speakers import SpeakerNumber, speakers_answer
from app.web.dependencies import QueueDep, TranscriptionId
from app.web.openapi import errors
from app.web.request import LARGEST_FORM_BYTES
from app.web.routers import ApiRouter
from app.web.schemas.speakers import SpeakersAnswer
from app.web.schemas.voices import ProposalAnswer, ProposalsAnswer, VoiceAnswer, VoiceDecision, VoiceWanted

router = ApiRouter(prefix="/transcriptions/{id}", tags=["voices"])

HEARING_ERRORS = (TranscriptionNotFound, NotPermitted, NotFinished, AudioGone, RecognitionElsewhere)
MODEL_ERRORS = (SpeakerModelMissing, VoicesSwitchedOff, DiskFull)


@router.get("/voices", responses=errors(TranscriptionNotFound))
def get_proposals(id: TranscriptionId, voices: VoicesDep) -> ProposalsAnswer:
    """See whom the speakers may be, as it was found when they were told apart or looked for."""
    return _answer(voices.proposals(id))


@router.post("/voices", responses=errors(*HEARING_ERRORS, *MODEL_ERRORS, changes=True))
def find_voices(id: TranscriptionId, voices: VoicesDep) -> ProposalsAnswer:
    """Compare the speakers with all voices that you know now. It takes a second or two for each speaker."""
    return _answer(voices.look(id))


@router.post(
    "/speakers/{speaker}/voice",
    status_code=status.HTTP_201_CREATED,
    max_body_size=LARGEST_FORM_BYTES,
    responses=errors(*HEARING_ERRORS, *MODEL_ERRORS, TooLittleSpeech, InvalidParameter, RequestTooLarge, changes=True),
)
def remember_voice(id: TranscriptionId, speaker: SpeakerNumber, wanted: VoiceWanted, voices: VoicesDep) -> VoiceAnswer:
    """Remember the voice of a speaker who agrees to it. Voices are biometric data: delete them when they are not needed."""
    voice = voices.remember(id, speaker, wanted.name, Consent(wanted.consent_by, wanted.purpose))
    return voice_answer(voice, voices.model())


@router.put(
    "/speakers/{speaker}/voice",
    max_body_size=LARGEST_FORM_BYTES,
    responses=errors(
        *(TranscriptionNotFound, NotPermitted, VoiceNotFound, VoicesSwitchedOff, InvalidParameter, RequestTooLarge),
        DiskFull,
        changes=True,
    ),
)
def decide_on_voice(
    id: TranscriptionId, speaker: SpeakerNumber, wanted: VoiceDecision, voices: VoicesDep, queue: QueueDep
) -> SpeakersAnswer:
    """Accept or refuse what was proposed for a speaker."""
    decide = voices.accept if wanted.is_accepted else voices.refuse
    return speakers_answer(queue, id, decide(id, speaker, wanted.voice))


def _answer(proposals: list[VoiceProposal]) -> ProposalsAnswer:
    likeliest: dict[int, VoiceProposal] = {}
    for each in proposals:
        likeliest.setdefault(each.speaker, each)
    return ProposalsAnswer(
        proposals=[
            ProposalAnswer(speaker=each.speaker, voice=each.voice, name=each.name, likeness=round(each.likeness, 2))
            for each in likeliest.values()
        ]
    )
