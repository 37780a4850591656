"""Decodes any recording to mono 16-bit samples at SAMPLE_RATE, in one file or one per channel, and reads
parts of them as waveforms.

Streams, so that a recording of ten hours takes no more memory than one of ten seconds. Limits on computing time
and memory belong to the process around it (see preparation.py).
"""

from __future__ import annotations

import errno
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import av.error
import numpy as np

from app.domain.errors.audio import AudioDamaged, AudioTooShort, NoAudioStream, NotAudio
from app.domain.errors.base import N_, Reason
from app.domain.errors.uploads import DiskFull
from app.domain.reasons import BYTES_LEFT, FIRST_TRACK_SILENT, NO_SUCH_TRACK, PIECES_DIFFER, PIECES_JOINED
from app.engine import SAMPLE_RATE, Waveform
from app.engine.audio.container import by_preference, open_container, sound_track, tracks_of, words_of
from app.engine.audio.facts import AudioFacts, DecodeLimits
from app.engine.audio.outline import next_recording
from app.engine.audio.samples import BYTES_PER_SAMPLE, FULL_SCALE, SampleFiles
from app.engine.audio.track_decoder import TrackDecoder

MIN_MILLISECONDS = 100  # no word of any language is shorter
SILENT_DBFS = -60.0  # a muted microphone's noise; quiet speech is at -50
MOST_PIECES = 200  # in one file
MOST_TRACKS = 8  # compared by their loudness: a file may claim hundreds


def decode(source: Path, target: Path, limits: DecodeLimits, *, separate: bool = False, track: int = 0) -> AudioFacts:
    """Write the audio of `source` to `target`: raw little-endian int16, mono, SAMPLE_RATE; on disk when it returns.

    Separate channels go to `channel_file(target, 1)` and so on instead, unless all channels are alike. `track` is
    counted from 1; 0 is the first one, or the loudest if that is silent.

    Raises:
        EmptyFile, NotAudio, NoAudioStream: there is nothing to decode.
        AudioTooShort, AudioTooLong: it lasts less than MIN_MILLISECONDS or more than `limits.max_seconds`.
        AudioDamaged: not one usable sample could be decoded.
        DiskFull: `target` could not be written.
    """
    with _failures_explained(target), SampleFiles(target) as files:
        try:
            return _decode(source, files, limits, separate, track)
        except _OtherChannelsError:  # whose words they are cannot be told, so nothing is parted
            facts = _decode(source, files, limits, False, track)
            return replace(facts, mixed_because=PIECES_DIFFER)


def _decode(source: Path, files: SampleFiles, limits: DecodeLimits, separate: bool, track: int) -> AudioFacts:
    choice = _TrackChoice(source, files, limits.max_seconds, separate)
    number, reason = choice.read(track)
    decoder = choice.decoder
    decoder.compare_bytes(source)
    pieces = _decode_pieces(source, files, decoder, limits.max_seconds)
    files.sync()
    _refuse_unusable(decoder)
    facts = decoder.facts(len(choice.tracks))
    facts = replace(facts, track=number, tracks=choice.tracks, track_reason=reason)
    if all(each.channels_are_alike for each in (decoder, *pieces)):
        files.keep_first_only()
    elif decoder.channels_are_alike:
        facts = replace(facts, separate=decoder.files, mixed_because=None)
    return _with_pieces(facts, pieces) if pieces else facts


def read_waveform(pcm: Path, start: float, end: float) -> Waveform:
    """Return the samples between two times in seconds of a file written by `decode`."""
    first = max(0, round(start * SAMPLE_RATE))
    count = max(0, round(end * SAMPLE_RATE) - first)
    samples = np.fromfile(pcm, dtype="<i2", count=count, offset=first * BYTES_PER_SAMPLE)
    return samples.astype(np.float32) / np.float32(FULL_SCALE)


class _TrackChoice:
    """Decodes one of several sound tracks, each attempt from a reopened container."""

    def __init__(self, source: Path, files: SampleFiles, max_seconds: float, separate: bool) -> None:
        self._source = source
        self._files = files
        self._max_seconds = max_seconds
        self._separate = separate
        with open_container(source) as container:
            self.tracks = tuple(tracks_of(container))
            self._first, *self._others = by_preference(container)

    def read(self, wanted: int) -> tuple[int, Reason | None]:
        """Decode the wanted track, counted from 1; return the one that was decoded, and why it is another one."""
        if any(track.number == wanted for track in self.tracks):
            self._decode(wanted)
            return wanted, None
        reason = NO_SUCH_TRACK.of(count=len(self.tracks)) if wanted else None
        self._decode(self._first)
        if self._others and self.decoder.level < SILENT_DBFS:
            return self._read_loudest(reason)
        return self._first, reason

    def _read_loudest(self, reason: Reason | None) -> tuple[int, Reason | None]:
        levels = {self._first: self.decoder.level}
        for number in self._others[: MOST_TRACKS - 1]:
            self._decode(number)
            levels[number] = self.decoder.level
        loudest = max(levels, key=lambda number: levels[number])
        if loudest != number:
            self._decode(loudest)
        return loudest, reason if loudest == self._first else FIRST_TRACK_SILENT

    def _decode(self, number: int) -> None:
        self._pass(number, None, self._max_seconds)
        if (channel := self.decoder.channel_instead) is not None:  # a mix would cancel out
            self._pass(number, channel, math.inf)

    def _pass(self, number: int, channel: int | None, max_seconds: float) -> None:
        self._files.begin_again()
        with open_container(self._source) as container:
            separate = self._separate and channel is None
            self.decoder = TrackDecoder(container, sound_track(container, number), separate, channel)
            self.decoder.decode_into(self._files, max_seconds)


class _OtherChannelsError(Exception):
    """Recordings that were joined have different numbers of channels."""


def _decode_pieces(source: Path, files: SampleFiles, first: TrackDecoder, max_seconds: float) -> list[TrackDecoder]:
    """Decode what follows in the same file: recordings that were joined byte by byte.

    Raises:
        _OtherChannelsError: channels are written apart, and one of them has more or fewer.
    """
    pieces: list[TrackDecoder] = []
    last, seconds = first, first.seconds
    while last.has_bytes_left and len(pieces) < MOST_PIECES:
        begin = next_recording(source, last.read_to)
        piece = None if begin is None else _decoded_piece(source, begin, files, first.files, max_seconds - seconds)
        if piece is None:
            break
        pieces.append(piece)
        last, seconds = piece, seconds + piece.seconds
    return pieces


def _decoded_piece(
    source: Path, begin: int, files: SampleFiles, channels: int, max_seconds: float
) -> TrackDecoder | None:
    """Append the recording at `begin`; None if there is none."""
    try:
        with open_container(source, begin) as container:
            [track, *_] = tracks_of(container)
            if channels not in (1, track.channels):
                raise _OtherChannelsError
            piece = TrackDecoder(container, sound_track(container, 1), separate=channels > 1)
            piece.decode_into(files, max_seconds)
    except (NotAudio, NoAudioStream):
        return None
    piece.compare_bytes(source, begin)
    return piece if piece.num_samples else None


def _with_pieces(facts: AudioFacts, pieces: list[TrackDecoder]) -> AudioFacts:
    """Return the facts of the first piece with the length of all, and what was wrong with any of them."""
    followed = [piece.facts(1) for piece in pieces]
    kept = [warning for warning in facts.warnings if warning.code != BYTES_LEFT.code]
    kept += [warning for each in followed[:-1] for warning in each.warnings if warning.code != BYTES_LEFT.code]
    duration = facts.duration + sum(each.duration for each in followed)
    joined = PIECES_JOINED.of(count=1 + len(pieces))
    return replace(facts, duration=duration, warnings=(*kept, *followed[-1].warnings, joined))


def _refuse_unusable(track: TrackDecoder) -> None:
    if not track.num_samples and track.complaint:
        raise AudioDamaged(detail=track.complaint)
    if track.not_numbers and not track.numbers:
        raise AudioDamaged(detail=N_("not one of its samples is a number"))
    if track.seconds * 1000 < MIN_MILLISECONDS:
        raise AudioTooShort(milliseconds=round(track.seconds * 1000))


@contextmanager
def _failures_explained(target: Path) -> Iterator[None]:
    try:
        yield
    except MemoryError:  # FFmpeg's own is one too
        raise
    except av.error.FFmpegError as error:
        raise AudioDamaged(detail=words_of(error), ffmpeg=error.strerror) from error
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise DiskFull(folder=str(target.parent)) from error
        raise
