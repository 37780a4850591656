"""Known voices: remembered with consent, proposed in other recordings, renamed, taken along and deleted.

Nothing of a voice is kept unless somebody asks for exactly that, and only its owner gets to see it.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial

from app.domain.errors.base import N_
from app.domain.errors.requests import InvalidParameter
from app.domain.errors.transcriptions import RecognitionElsewhere
from app.domain.errors.voices import TooLittleSpeech, VoiceNotFound, VoicesSwitchedOff
from app.domain.speakers import Speakers
from app.domain.speakers.known_voices import KnownVoice, VoiceProposal, alone
from app.engine.audio.decoding import read_waveform
from app.logging import event
from app.services.speaker_corrections import LONGEST_NAME, known_speaker, name_speaker
from app.services.speakers.voice_hearing import Read, VoiceHearing
from app.services.transcription_rows import correctable_row, found, own_row
from app.services.transcriptions.heard_audio import HeardAudio
from app.services.transcriptions.job_queue import Queue
from app.store.database import Connection
from app.store.queries import diarizations, transcriptions
from app.store.queries.voices import known_voices
from app.store.sqlite.snapshot import forget_voices_in_copies

LONGEST_NOTE = 300
MOST_VOICES = 1000  # of one person: each new recording is compared with all of them

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Consent:
    """Who agreed that a voice is remembered, and to what."""

    by: str
    purpose: str = ""

    def checked(self) -> Consent:
        """Return both without surrounding blanks.

        Raises:
            InvalidParameter: nobody is named, or a text is too long.
        """
        by, purpose = " ".join(self.by.split()), " ".join(self.purpose.split())
        if not 0 < len(by) <= LONGEST_NOTE:
            raise InvalidParameter(name="consent_by", reason=N_("say who agreed, in at most 300 characters"))
        if len(purpose) > LONGEST_NOTE:
            raise InvalidParameter(name="purpose", reason=N_("it is longer than 300 characters"))
        return Consent(by, purpose)


class KnownVoices:
    """The voices of the current actor. Every method may be called from any thread.

    Those that compare or remember raise VoicesSwitchedOff where the installation says so.
    """

    def __init__(self, queue: Queue, heard: HeardAudio, hearing: VoiceHearing | None, *, is_on: bool) -> None:
        self._queue = queue
        self._database = queue.database
        self._heard = heard
        self._hearing = hearing
        self._is_on = is_on

    @property
    def is_on(self) -> bool:
        return self._is_on

    @property
    def hearing(self) -> VoiceHearing | None:
        """What hears voices; None where recognition does not run in this process."""
        return self._hearing

    def model(self) -> str | None:
        """Return the model whose vectors are compared; None if there is none, or it is in another process."""
        return self._hearing.model() if self._hearing else None

    def everything(self) -> list[KnownVoice]:
        """Return the voices by name; also where they are switched off, so that they can be deleted."""
        with self._database.reading() as connection:
            return known_voices.everything(connection)

    def remember(self, id: str, speaker: int, name: str, consent: Consent) -> KnownVoice:
        """Remember the voice of a speaker of a recording under a name.

        Raises:
            TranscriptionNotFound, NotPermitted: the recording is not the current actor's.
            InvalidParameter: there is no such speaker, a text is too long or missing, or there are too many voices.
            TooLittleSpeech
            RecognitionElsewhere, SpeakerModelMissing, AudioGone, AppError: the voice cannot be heard.
        """
        self._require_on()
        name, consent = _checked_name(name), consent.checked()
        with self._database.reading() as connection:
            own_row(connection, id)
            speakers = diarizations.of(connection, id)
            _require_room(connection, 1)
        spans = alone(speakers.turns).get(known_speaker(speakers, speaker), [])
        heard = self._hearing_here().hear(self._reading(id), {speaker: spans})
        if speaker not in heard.voices:
            raise TooLittleSpeech(speaker=speaker)
        voice = KnownVoice(
            id=secrets.token_hex(8),
            name=name,
            voice=heard.voices[speaker],
            model=heard.model,
            consent_by=consent.by,
            purpose=consent.purpose,
            created_at=datetime.now(UTC),
            transcription_id=id,
        )
        self._add([voice])
        return voice

    def bring(self, voices: Sequence[KnownVoice]) -> None:
        """Store voices that were exported elsewhere.

        Raises:
            InvalidParameter: a text of one is too long or missing, or there would be too many.
            DiskFull
        """
        self._require_on()
        self._add([_checked(voice) for voice in voices])

    def _add(self, voices: Sequence[KnownVoice]) -> None:
        with self._database.writing() as connection:
            _require_room(connection, len(voices))
            for voice in voices:
                known_voices.add(connection, voice)
        event(_log, logging.INFO, "voices_remembered", count=len(voices))

    def change(self, id: str, name: str, purpose: str) -> KnownVoice:
        """Give a voice another name or purpose.

        Raises:
            VoiceNotFound, InvalidParameter, DiskFull
        """
        self._require_on()
        name = _checked_name(name)
        with self._database.writing() as connection:
            voice = _found(connection, id)
            consent = Consent(voice.consent_by, purpose).checked()
            known_voices.change(connection, id, name=name, purpose=consent.purpose)
        event(_log, logging.INFO, "voice_changed", id=id)
        return replace(voice, name=name, purpose=consent.purpose)

    def delete(self, id: str) -> None:
        """Delete a voice: it is proposed nowhere any more, and gone from older copies of the database, too.

        Deleting is possible where known voices are switched off.

        Raises:
            VoiceNotFound
        """
        with self._database.writing() as connection:
            voice = _found(connection, id)
            known_voices.remove(connection, [voice.id])
        forget_voices_in_copies(self._database.folder, [id])
        event(_log, logging.INFO, "voice_deleted", id=id)

    # In a recording

    def proposals(self, id: str) -> list[VoiceProposal]:
        """Return whom the speakers of a recording without a name may be, the likeliest first.

        Raises:
            TranscriptionNotFound
        """
        with self._database.reading() as connection:
            found(connection, id)
            named = diarizations.of(connection, id).names
            proposed = known_voices.proposed(connection, id) if self._is_on else []
        return [each for each in proposed if each.speaker not in named]

    def look(self, id: str) -> list[VoiceProposal]:
        """Compare the speakers of a recording with all known voices, and return whom they may be.

        Raises:
            TranscriptionNotFound, NotPermitted: the recording is not the current actor's.
            RecognitionElsewhere, SpeakerModelMissing, AudioGone, AppError: the voices cannot be heard.
        """
        self._require_on()
        with self._database.reading() as connection:
            own_row(connection, id)
            turns = diarizations.of(connection, id).turns
            known = known_voices.everything(connection)
        if known and turns:
            proposed = self._hearing_here().proposals(turns, self._reading(id), known)
            with self._database.writing() as connection:
                own_row(connection, id)
                known_voices.propose(connection, id, proposed)
                transcriptions.change(connection, id)  # open pages hear of it
            event(_log, logging.INFO, "voices_compared", job=id, count=len(proposed))
        return self.proposals(id)

    def accept(self, id: str, speaker: int, voice: str) -> Speakers:
        """Name a speaker as a known voice is named.

        Raises:
            TranscriptionNotFound, NotPermitted, VoiceNotFound
            InvalidParameter: there is no such speaker.
        """
        self._require_on()
        with self._database.reading() as connection:
            name = _found(connection, voice).name
        return name_speaker(self._queue, id, speaker, name)

    def refuse(self, id: str, speaker: int, voice: str) -> Speakers:
        """Remember for this recording that a speaker is not this person.

        Raises:
            TranscriptionNotFound, NotPermitted, VoiceNotFound
            InvalidParameter: there is no such speaker.
        """
        self._require_on()
        with self._database.writing() as connection:
            correctable_row(connection, id)
            speakers = diarizations.of(connection, id)
            refused = known_speaker(speakers, speaker)
            name = _found(connection, voice).name
            for each in known_voices.everything(connection):
                if each.name == name:  # all that is remembered of this person
                    known_voices.refuse(connection, id, refused, each.id)
            transcriptions.change(connection, id)
        event(_log, logging.INFO, "voice_refused", job=id)
        return speakers

    def _reading(self, id: str) -> Read:
        """Return how the mix of a recording is read; speakers are told apart in nothing else."""
        return partial(read_waveform, self._heard.samples(id)[0])

    def _hearing_here(self) -> VoiceHearing:
        if self._hearing is None:
            raise RecognitionElsewhere
        return self._hearing

    def _require_on(self) -> None:
        if not self._is_on:
            raise VoicesSwitchedOff


def _checked_name(name: str) -> str:
    """Return a name without surrounding or doubled blanks.

    Raises:
        InvalidParameter: it is empty or too long.
    """
    name = " ".join(name.split())
    if not 0 < len(name) <= LONGEST_NAME:
        raise InvalidParameter(name="name", reason=N_("it must have 1 to 60 characters"))
    return name


def _checked(voice: KnownVoice) -> KnownVoice:
    consent = Consent(voice.consent_by, voice.purpose).checked()
    return replace(voice, name=_checked_name(voice.name), consent_by=consent.by, purpose=consent.purpose)


def _require_room(connection: Connection, more: int) -> None:
    """Refuse more voices than are compared in good time.

    Raises:
        InvalidParameter
    """
    if known_voices.count(connection) + more > MOST_VOICES:
        raise InvalidParameter(name="name", reason=N_("there are 1000 voices already; delete one first"))


def _found(connection: Connection, id: str) -> KnownVoice:
    voice = known_voices.find(connection, id)
    if voice is None:
        raise VoiceNotFound(id=id)
    return voice
