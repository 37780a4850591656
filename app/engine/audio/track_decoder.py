"""One pass over one sound track of a recording: packets, frames, waveforms; and what went wrong on the way."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import av
import av.error
import numpy as np
from av.audio.stream import AudioStream
from av.container import InputContainer

from app.domain.errors.audio import AudioTooLong
from app.domain.errors.base import Reason
from app.domain.reasons import (
    BYTES_LEFT,
    CANCELLED_OUT,
    CUT_SHORT,
    DAMAGED_PLACES,
    ENDS_AT_DAMAGE,
    ENDS_EARLY,
    GAPS,
    MANY_CHANNELS,
    MORE_TRACKS,
    NOT_NUMBERS,
    ONE_CHANNEL,
    SAME_CHANNELS,
)
from app.engine import SAMPLE_RATE
from app.engine.audio.container import beginning_of, promised_seconds, words_of
from app.engine.audio.facts import AudioFacts
from app.engine.audio.outline import bytes_left
from app.engine.audio.resampling import MonoResampler
from app.engine.audio.samples import Block, SampleFiles
from app.engine.audio.truncation import FRAMED_CODECS, ends_too_early, is_broken_frame

MOST_CHANNELS = 8  # processed separately: more are a microphone array or a hall, not people on a line
SAME_SOUND = 1e-3  # energy of the difference relative to the signal, -30 dB: identical up to lossy coding
EARLY_END_SECONDS = 1.0  # headers round and encoders pad; a whole second missing is a truncated file
EARLY_END_SECONDS_LOSSLESS = 0.02  # these count their samples, so that only the rounding of the rate is left
LOSSLESS = {"flac", "tta", "wv", "ape", "tak"}  # containers

# These have true time stamps; plain streams only derive them from byte counts, and Ogg allows no gaps.
WITH_TIME_STAMPS = {
    *("matroska,webm", "mov,mp4,m4a,3gp,3g2,mj2", "asf", "flv", "mpegts", "mpeg", "avi"),
    *("mxf", "nut", "wtv", "rm", "gxf"),
}
SHORTEST_GAP_SECONDS = 0.2  # less is the jitter of time stamps
LONGEST_GAP_SECONDS = 3600.0  # more is a wrong time stamp


class TrackDecoder:
    """One pass over one sound track: packets, frames, waveforms; and what went wrong on the way."""

    def __init__(self, container: InputContainer, stream: AudioStream, separate: bool, only: int | None = None) -> None:
        self.num_samples = 0
        self.complaint = ""
        """FFmpeg's message on the first damaged place."""
        self._separate = separate
        self._only = only
        self._read_to = 0  # the offset after the last packet, from the beginning of the recording
        self.read_to = 0
        """The same in the file, once `compare_bytes` has been called."""
        self._bytes_left = 0
        self._breaks_off = False
        self._last_frame = b""  # as it was encoded, where its header tells its length
        self._resamplers: tuple[MonoResampler, ...] = ()
        self._energy = self._difference = 0.0  # of the channels, and between the first and the others
        self._container = container
        self._stream = stream
        self._sample_rate = 0
        self._channels = 0
        self._seconds_heard = 0.0  # by the time stamps of the source, gaps included
        self._seconds_of_gaps = 0.0
        self._damaged_places = 0
        self._cut_off = False
        self._promised_seconds = promised_seconds(container, stream)
        self._container_name = container.format.name
        self._codec = stream.codec_context.codec.canonical_name
        # Read now: PyAV refuses it once the container is closed.
        self._bit_rate = stream.bit_rate or container.bit_rate or None

    @property
    def seconds(self) -> float:
        return self.num_samples / SAMPLE_RATE

    @property
    def level(self) -> float:
        """The level of its loudest channel in dBFS; minus infinity without a sample."""
        energies = [resampler.energies.max(initial=0.0) for resampler in self._resamplers]
        if not self.num_samples:
            return -math.inf
        return float(10 * np.log10(max(energies) / (self.seconds * self._sample_rate) + 1e-12))

    @property
    def not_numbers(self) -> int:
        return sum(resampler.not_numbers for resampler in self._resamplers)

    @property
    def numbers(self) -> int:
        return sum(resampler.numbers for resampler in self._resamplers)

    @property
    def channels_are_alike(self) -> bool:
        """Return whether separate channels are identical."""
        return len(self._resamplers) > 1 and self._difference <= SAME_SOUND * self._energy

    @property
    def channel_instead(self) -> int | None:
        """Return the channel, counted from 0, to use instead of a mix that loses speech."""
        is_mix = self._only is None and len(self._resamplers) == 1
        return self._resamplers[0].channel_instead if is_mix else None

    def compare_bytes(self, source: Path, beginning: int | None = None) -> None:
        """Check whether the file has less or more data than was decoded."""
        beginning = beginning_of(source) if beginning is None else beginning
        self.read_to = beginning + self._read_to
        self._breaks_off = ends_too_early(source, beginning, self._container_name) or is_broken_frame(
            self._codec, self._last_frame
        )
        self._bytes_left = bytes_left(source, beginning + self._read_to, self._container_name)

    def decode_into(self, files: SampleFiles, max_seconds: float) -> None:
        for block in self._blocks():
            self.num_samples += len(block[0])
            if self.seconds > max_seconds:
                raise AudioTooLong(limit_hours=round(max_seconds / 3600, 2))
            self._compare(block)
            files.write(block)

    def _blocks(self) -> Iterator[Block]:
        for frame in self._frames():
            if not self._resamplers:
                self._begin(frame)
            yield from self._silence_before(frame)
            yield from zip(*(resampler.push(frame) for resampler in self._resamplers), strict=True)
        yield from self._flushed()

    @property
    def has_bytes_left(self) -> bool:
        """Return whether the file goes on after what was read, once `compare_bytes` has been called."""
        return self._bytes_left > 0

    @property
    def files(self) -> int:
        """How many files of samples were written: one, or one per channel."""
        return len(self._resamplers)

    def _begin(self, first: av.AudioFrame) -> None:
        self._sample_rate = first.sample_rate
        self._channels = first.layout.nb_channels
        if self._separate and 1 < self._channels <= MOST_CHANNELS:
            self._resamplers = tuple(map(MonoResampler, range(self._channels)))
        else:
            self._resamplers = (MonoResampler(self._only),)

    def _flushed(self) -> Iterator[Block]:
        yield from zip(*(resampler.flush() for resampler in self._resamplers), strict=True)

    def _compare(self, block: Block) -> None:
        first, *others = block
        for other in others:
            self._difference += float(np.square(other - first).sum())
            self._energy += float(np.square(other).sum() + np.square(first).sum())

    def _silence_before(self, frame: av.AudioFrame) -> Iterator[Block]:
        """Yield silence for a gap in the time stamps (a late track, a muted recorder), so that times match the player."""
        gap = self._gap_before(frame)
        self._seconds_heard += gap + frame.samples / frame.sample_rate
        self._seconds_of_gaps += gap
        if gap:
            yield from self._flushed()
            for second in range(math.ceil(gap)):
                silence = np.zeros(round(min(1.0, gap - second) * SAMPLE_RATE), dtype=np.float32)
                yield (silence,) * len(self._resamplers)

    def _gap_before(self, frame: av.AudioFrame) -> float:
        if frame.time is None or self._container.format.name not in WITH_TIME_STAMPS:
            return 0.0
        begin = (self._container.start_time or 0) / av.time_base
        gap = frame.time - begin - self._seconds_heard
        return gap if SHORTEST_GAP_SECONDS < gap < LONGEST_GAP_SECONDS else 0.0

    def _frames(self) -> Iterator[av.AudioFrame]:
        """Decode every packet; a damaged one only loses its own audio."""
        self._stream.codec_context.thread_type = "NONE"  # threads cost memory, and sound is quick enough without
        for packet in self._packets():
            if packet and packet.pos is not None:
                self._read_to = max(self._read_to, packet.pos + packet.size)
            if packet and packet.size and self._codec in FRAMED_CODECS:
                self._last_frame = bytes(packet)
            try:
                yield from self._stream.decode(packet)
            except av.error.EOFError:  # the decoder was already flushed
                return
            except av.error.FFmpegError as error:
                self._note_damage(error)

    def _packets(self) -> Iterator[av.Packet[AudioStream] | None]:
        try:
            yield from self._container.demux(self._stream)
        except av.error.FFmpegError as error:
            self._note_damage(error)
            self._cut_off = True
            yield None  # flushes the decoder

    def _note_damage(self, error: av.error.FFmpegError) -> None:
        if isinstance(error, MemoryError):
            raise error
        self._damaged_places += 1
        self.complaint = self.complaint or words_of(error)

    def facts(self, number_of_tracks: int) -> AudioFacts:
        return AudioFacts(
            duration=self.seconds,
            sample_rate=self._sample_rate,
            channels=self._channels,
            codec=self._codec,
            container=self._container.format.name,
            bit_rate=self._bit_rate,
            warnings=tuple(self._warnings(number_of_tracks)),
            separate=0 if self._mixed_because() or not self._separate else self._channels,
            channel_levels=self._channel_levels(),
            mixed_because=self._mixed_because(),
        )

    def _channel_levels(self) -> tuple[float, ...]:
        energies = np.concatenate([resampler.energies for resampler in self._resamplers])
        if len(energies) != self._channels or len(energies) > MOST_CHANNELS:
            return ()
        samples = max(1.0, self.seconds * self._sample_rate)
        return tuple(round(float(10 * np.log10(energy / samples + 1e-12)), 1) for energy in energies)

    def _mixed_because(self) -> Reason | None:
        if not self._separate:
            return None
        if self._channels == 1:
            return ONE_CHANNEL
        if self._channels > MOST_CHANNELS:
            return MANY_CHANNELS.of(count=self._channels)
        return SAME_CHANNELS if self.channels_are_alike else None

    def _warnings(self, number_of_tracks: int) -> Iterator[Reason]:
        if self.not_numbers:
            yield NOT_NUMBERS.of(count=self.not_numbers)
        if self._cut_off:
            yield ENDS_AT_DAMAGE.of(seconds=f"{self.seconds:.1f}")
        elif self._damaged_places:
            yield DAMAGED_PLACES.of(count=self._damaged_places)
        if self._seconds_of_gaps:
            yield GAPS.of(seconds=f"{self._seconds_of_gaps:.1f}")
        yield from self._missing()
        if self._only is not None:
            yield CANCELLED_OUT.of(channel=self._only + 1)
        if number_of_tracks > 1:
            yield MORE_TRACKS.of(count=number_of_tracks)

    def _missing(self) -> Iterator[Reason]:
        """Yield what the file holds or promises and the decoder did not give."""
        allowed = EARLY_END_SECONDS_LOSSLESS if self._container_name in LOSSLESS else EARLY_END_SECONDS
        if self._promised_seconds - self.seconds > allowed:
            yield ENDS_EARLY.of(seconds=f"{self.seconds:.1f}", promised=f"{self._promised_seconds:.1f}")
        elif self._breaks_off:
            yield CUT_SHORT.of(seconds=f"{self.seconds:.1f}")
        if self._bytes_left:
            yield BYTES_LEFT.of(count=self._bytes_left)
