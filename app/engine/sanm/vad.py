"""fsmn-vad: detects speech in a whole recording or a stream."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
import torch
from torch import Tensor

from app.engine import SAMPLE_RATE, Waveform
from app.engine.catalog.known_models import Role
from app.engine.catalog.registry import architecture_for
from app.engine.computing.device import memory_errors_named
from app.engine.conformer.config_values import require
from app.engine.features.features import FRAME_LENGTH, FRAME_SHIFT
from app.engine.sanm.config import frontend_config
from app.engine.sanm.endpoints import (
    FRAME_MS,
    EndpointDetector,
    EndpointRules,
    FrameJudge,
    endpoint_rules,
    silence_after,
)
from app.engine.sanm.folder import MEL_BINS, SanmFolder
from app.engine.sanm.frontend import LowRateFrontend
from app.engine.sanm.fsmn import FsmnVadNetwork, fsmn_config

WHOLE_CHUNK_MS = 60_000
"""Chunk length for complete recordings."""
OVERRUN_MS = 100  # how far a segment may exceed the maximum of the rules
LEAST_POWER = 1e-6  # keeps the level of digital silence finite

Span: TypeAlias = tuple[float, float]
"""Start and end in seconds."""


def load_vad(folder: Path) -> FsmnVad:
    """Load an fsmn-vad folder onto the CPU; never downloads.

    Raises:
        ModelError: the folder is missing, incomplete or not a VAD model, or its weights do not match.
    """
    architecture_for(folder, Role.VAD)
    files = SanmFolder(folder)
    shape = files.shaped(fsmn_config)
    rules = files.shaped(lambda config: endpoint_rules(config, shape.output_dim))
    features = files.shaped(frontend_config)
    files.shaped(lambda _: require(features.lfr_n, (1,), "frontend_conf: lfr_n"))
    files.shaped(lambda _: require(shape.input_dim, (MEL_BINS * features.lfr_m,), "encoder_conf: input_dim"))
    network = files.load(lambda _: FsmnVadNetwork(shape))
    return FsmnVad(folder.resolve().name, network, files.frontend(features), rules)


class FsmnVad:
    """A SpeechFinder (see app.engine.vad.speech_filter)."""

    def __init__(self, name: str, network: FsmnVadNetwork, frontend: LowRateFrontend, rules: EndpointRules) -> None:
        self.name = name
        self._network = network
        self._frontend = frontend
        self._rules = rules

    def spans(self, waveform: Waveform, *, longest_seconds: float = 30.0) -> tuple[Span, ...]:
        """Return the speech spans: in order, non-overlapping, inside the waveform, none longer than requested."""
        rules = self._rules.with_longest(longest_seconds - OVERRUN_MS / 1000)
        stream = FsmnStream(self._network, self._frontend, rules, WHOLE_CHUNK_MS, tells_starts=False)
        events = stream.feed(waveform, is_last=True)
        found = sorted((event.start_ms or 0, event.end_ms or 0) for event in events)
        return tuple(_parted(found, len(waveform) / SAMPLE_RATE))

    def stream(self, chunk_ms: int = 600) -> FsmnStream:
        """Return a detector for a streamed recording that processes `chunk_ms` at a time."""
        return FsmnStream(self._network, self._frontend, self._rules, chunk_ms, tells_starts=True)


def _parted(milliseconds: list[tuple[int, int]], duration: float) -> Iterator[Span]:
    end = 0.0
    for first, last in milliseconds:
        start, end = max(first / 1000, end), max(min(last / 1000, duration), end)
        if end > start:
            yield start, end


@dataclass(frozen=True, slots=True)
class SpeechEvent:
    """A segment that began, ended, or both; in milliseconds from the beginning of the recording."""

    start_ms: int | None
    """None if the beginning was reported before."""
    end_ms: int | None
    """None if the segment continues."""


class FsmnStream:
    """One streamed recording; keeps the network's memories and undecided frames between chunks."""

    def __init__(
        self,
        network: FsmnVadNetwork,
        frontend: LowRateFrontend,
        rules: EndpointRules,
        chunk_ms: int,
        *,
        tells_starts: bool,
    ) -> None:
        """Start a recording.

        Args:
            network: with its weights.
            frontend: computes its features.
            rules: for its segments.
            chunk_ms: how much is processed at a time; shorter chunks are buffered.
            tells_starts: report a beginning immediately, not with the end.
        """
        self._network = network
        self._features = _StreamedFeatures(frontend)
        self._memories = network.no_memories()
        self._judge = FrameJudge(rules)
        self._detector = EndpointDetector(rules)
        self._rules = rules
        self._chunk_ms = chunk_ms
        self._tells_starts = tells_starts
        self._waiting = np.zeros(0, dtype=np.float32)
        self._lasted_ms = 0  # length of the open segment, in whole chunks
        self._has_lasted = False
        self._told = 0  # segments whose end was reported
        self._told_start = False  # of the next one

    def feed(self, waveform: Waveform, *, is_last: bool = False) -> list[SpeechEvent]:
        """Process the next samples and return their events; after the last ones no segment is open."""
        samples = np.concatenate((self._waiting, waveform))
        size = self._chunk_ms * SAMPLE_RATE // 1000
        whole = len(samples) // size
        chunks = [samples[number * size : (number + 1) * size] for number in range(whole)]
        self._waiting = samples[whole * size :]
        events = [event for chunk in chunks for event in self._feed_chunk(chunk, is_last=False)]
        return [*events, *self._feed_chunk(self._waiting, is_last=True)] if is_last else events

    def _feed_chunk(self, chunk: Waveform, *, is_last: bool) -> list[SpeechEvent]:
        self._shorten_silence()
        with torch.inference_mode(), memory_errors_named():
            features_1TF, levels = self._features.compute(torch.from_numpy(chunk), is_last=is_last)
            if not levels:
                return []
            scores_1TS, self._memories = self._network(features_1TF, self._memories)
        silence = scores_1TS[0][:, list(self._rules.silence_ids)].double().sum(-1).tolist()
        for number, is_speech in enumerate(self._judge.classify(levels, silence), start=1):
            self._detector.feed(is_speech=is_speech, is_last=is_last and number == len(levels))
        events = list(self._events())
        if events:
            self._lasted_ms, self._has_lasted = 0, False
        return events

    def _shorten_silence(self) -> None:
        """Require less silence to end a segment, the longer it has lasted."""
        if self._detector.is_open or self._has_lasted:
            self._lasted_ms += self._chunk_ms
            self._has_lasted = True
        silence = silence_after(self._lasted_ms) - self._rules.speech_to_silence_ms
        self._detector.silence_ms = max(silence, 0)

    def _events(self) -> Iterator[SpeechEvent]:
        for segment in self._detector.segments[self._told :]:
            if not segment.is_ended and (self._told_start or not self._tells_starts):
                continue
            start = None if self._told_start else segment.start * FRAME_MS
            self._told += segment.is_ended
            self._told_start = not segment.is_ended
            yield SpeechEvent(start, segment.end * FRAME_MS if segment.is_ended else None)


class _StreamedFeatures:
    """Stacked features of a recording in chunks, the same as for the whole, and the levels of its frames."""

    def __init__(self, frontend: LowRateFrontend) -> None:
        self._frontend = frontend
        self._samples = torch.zeros(0)  # of incomplete frames
        self._frames: Tensor | None = None  # neighbours for the next stack
        self._levels: list[float] = []  # of frames not stacked yet

    def compute(self, samples: Tensor, *, is_last: bool) -> tuple[Tensor, list[float]]:
        """Return the next features (1, T, F) and the level of each frame in dB; T may be 0."""
        self._samples = torch.cat((self._samples, samples))
        count = max(0, (len(self._samples) - FRAME_LENGTH) // FRAME_SHIFT + 1)
        if count:
            used = self._samples[: (count - 1) * FRAME_SHIFT + FRAME_LENGTH]
            mel_1TM, _ = self._frontend.fbank(used[None], torch.tensor([len(used)]))
            power = used.unfold(0, FRAME_LENGTH, FRAME_SHIFT).square().sum(-1)
            self._levels += (10 * (power + LEAST_POWER).log10()).tolist()
            self._samples = self._samples[count * FRAME_SHIFT :]
            self._append(mel_1TM[0])
        return self._stacked(is_last=is_last)

    def _append(self, mel_TM: Tensor) -> None:
        if self._frames is None:  # the first frame is repeated before the beginning
            before = (self._frontend.config.lfr_m - 1) // 2
            self._frames = mel_TM[:1].expand(before, -1)
        self._frames = torch.cat((self._frames, mel_TM))

    def _stacked(self, *, is_last: bool) -> tuple[Tensor, list[float]]:
        size = self._frontend.config.lfr_m
        frames_TM = torch.zeros(0, MEL_BINS) if self._frames is None else self._frames
        if is_last and len(frames_TM):
            after = size - 1 - (size - 1) // 2
            frames_TM = torch.cat((frames_TM, frames_TM[-1:].expand(after, -1)))
        count = max(0, len(frames_TM) - size + 1)
        levels, self._levels = self._levels[:count], self._levels[count:]
        if not count:
            return torch.zeros(1, 0, size * MEL_BINS), levels
        self._frames = frames_TM[count:]
        stacked_TF = frames_TM.unfold(0, size, 1).transpose(1, 2).flatten(1)
        return ((stacked_TF + self._frontend.shift_F) * self._frontend.scale_F)[None], levels
