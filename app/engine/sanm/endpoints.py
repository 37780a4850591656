"""Speech endpoint detection: fsmn-vad's rules on the probabilities of its network, frame by frame.

A window of frames decides between speech and silence; a segment starts some frames before speech, and ends when
silence has lasted long enough, or the segment is too long. No tensors, no audio. A frame is 10 ms.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from app.engine.conformer.config_values import UnsupportedConfig, require, section_of

FRAME_MS = 10
ONLY_VALUE: Mapping[str, object] = {
    "sample_rate": 16_000,
    "detect_mode": 1,  # several segments in one recording
    "frame_in_ms": FRAME_MS,
    "frame_length_ms": 25,
}
SCHEDULE = (
    (10_000, 2000),
    (20_000, 1000),
    (30_000, 800),
    (40_000, 600),
    (50_000, 400),
    (60_000, 200),
)
"""Pairs of segment duration and the silence that ends it, in milliseconds."""
SHORTEST_SILENCE_MS = 100  # for longer segments
SPEECH_MARGIN = 0.5
"""By how much speech must be likelier than silence."""
UNHEARD_DB = -100.0  # initial noise level


@dataclass(frozen=True, slots=True)
class EndpointRules:
    """The rules of config.yaml, converted from milliseconds to frames."""

    window: int = 20
    """Frames per decision."""
    fewest_to_begin: int = 15
    """Frames of speech in a window that make it speech."""
    most_to_end: int = 15
    """Frames of speech in a window that make it silence again."""
    extends: bool = True
    """Whether segments extend beyond the speech."""
    frames_before: int = 20
    frames_after: int = 10
    longest: float = 6000.0
    quietest_db: float = -100.0
    """A frame below it is silence."""
    snr_db: float = -100.0
    """How much louder than the noise a frame of speech is."""
    noise_frames: int = 100
    """Frames over which the noise level is averaged."""
    noise_weight: float = 1.0
    """The power of the probability of silence."""
    silence_ids: tuple[int, ...] = (0,)
    """Outputs of the network that mean silence."""
    speech_to_silence_ms: int = 150
    """Delay until the window turns to silence."""

    @property
    def latency(self) -> int:
        """Frames from the start of a segment until it is detected."""
        return self.window + (self.frames_before if self.extends else 0)

    def with_longest(self, seconds: float) -> EndpointRules:
        return replace(self, longest=seconds * 1000 / FRAME_MS)


def endpoint_rules(config: Mapping[str, Any], outputs: int) -> EndpointRules:
    """Return the rules of a folder.

    Args:
        config: of config.yaml. Keys of model_conf that change no segment are passed over, as FunASR does.
        outputs: of the network.

    Raises:
        UnsupportedConfig: they are not those of fsmn-vad.
    """
    values = section_of(config, "model_conf")
    for name, value in ONLY_VALUE.items():
        require(values.get(name, value), (value,), f"model_conf: {name}")
    ids = values.get("sil_pdf_ids", [0])
    if not isinstance(ids, list) or not ids or not all(type(id) is int and 0 <= id < outputs for id in ids):
        raise UnsupportedConfig(f"model_conf: sil_pdf_ids is {ids!r}, not a list of outputs of the network")
    require(values.get("silence_pdf_num", len(ids)), (len(ids),), "model_conf: silence_pdf_num")

    def number(name: str, default: float, least: float = 0.0) -> float:
        value = values.get(name, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not value >= least:
            raise UnsupportedConfig(f"model_conf: {name} is {value!r}, not a number of at least {least:g}")
        return value

    def frames(name: str, default: int, least: int = 0) -> int:
        return int(number(name, default, least) / FRAME_MS)

    return EndpointRules(
        window=frames("window_size_ms", 200, FRAME_MS),
        fewest_to_begin=frames("sil_to_speech_time_thres", 150),
        most_to_end=frames("speech_to_sil_time_thres", 150),
        extends=bool(values.get("do_extend", 1)),
        frames_before=frames("lookback_time_start_point", 200),
        frames_after=frames("lookahead_time_end_point", 100),
        longest=number("max_single_segment_time", 60_000, FRAME_MS) / FRAME_MS,
        quietest_db=number("decibel_thres", -100.0, float("-inf")),
        snr_db=number("snr_thres", -100.0, float("-inf")),
        noise_frames=int(number("noise_frame_num_used_for_snr", 100, 1)),
        noise_weight=number("speech_2_noise_ratio", 1.0),
        silence_ids=tuple(ids),
        speech_to_silence_ms=int(number("speech_to_sil_time_thres", 150)),
    )


def silence_after(lasted_ms: float) -> int:
    """Return the milliseconds of silence that end a segment of this duration."""
    return next((silence for limit, silence in SCHEDULE if lasted_ms <= limit), SHORTEST_SILENCE_MS)


class FrameJudge:
    """Classifies single frames as speech or silence, tracking the noise level."""

    def __init__(self, rules: EndpointRules) -> None:
        self._rules = rules
        self._noise_db = UNHEARD_DB

    def classify(self, levels_db: Sequence[float], silence: Sequence[float]) -> Iterator[bool]:
        """Yield for each frame whether it is speech.

        Args:
            levels_db: how loud each is.
            silence: how probable it is that each is silence.
        """
        rules = self._rules
        for level, probability in zip(levels_db, silence, strict=True):
            if level < rules.quietest_db:
                yield False
            elif 1.0 - probability >= probability**rules.noise_weight + SPEECH_MARGIN:
                yield level - self._noise_db >= rules.snr_db
            else:
                self._on_noise(level)
                yield False

    def _on_noise(self, level: float) -> None:
        if self._noise_db <= UNHEARD_DB:
            self._noise_db = level
            return
        others = self._rules.noise_frames - 1
        self._noise_db = (level + self._noise_db * others) / self._rules.noise_frames


@dataclass(slots=True)
class Segment:
    """Frames of one speech segment; `end` is one past the last so far."""

    start: int
    end: int
    is_ended: bool = False


class EndpointDetector:
    """Groups classified frames into `segments`, in order; the last one may be open."""

    def __init__(self, rules: EndpointRules) -> None:
        self.segments: list[Segment] = []
        self.silence_ms = 0.0
        """Silence that ends a segment, after the window has turned silent. May be changed at any time."""
        self._rules = rules
        self._frame = -1
        self._free = 0  # the first frame that a new segment may have
        self._wait()

    @property
    def is_open(self) -> bool:
        return bool(self.segments) and not self.segments[-1].is_ended

    def feed(self, *, is_speech: bool, is_last: bool = False) -> None:
        """Add the next frame; after the last one no segment is open."""
        self._frame += 1
        was_voiced = self._is_voiced
        self._slide(is_speech)
        if self._is_voiced or was_voiced:
            self._silent_frames = 0
            self._on_speech(begins=not was_voiced, is_last=is_last)
        else:
            self._silent_frames += 1
            self._on_silence(is_last=is_last)

    def _wait(self) -> None:
        """Reset the state: each segment is detected independently."""
        self._window = deque([False] * self._rules.window)
        self._speech_frames = 0  # of the window
        self._is_voiced = False  # the window
        self._silent_frames = 0  # since the window turned to silence
        self._reached = 0  # the last frame that was added to the segment

    def _slide(self, is_speech: bool) -> None:
        self._speech_frames += is_speech - self._window.popleft()
        self._window.append(is_speech)
        if self._is_voiced:
            self._is_voiced = self._speech_frames > self._rules.most_to_end
        else:
            self._is_voiced = self._speech_frames >= self._rules.fewest_to_begin

    def _on_speech(self, *, begins: bool, is_last: bool) -> None:
        if self.is_open:
            if begins:
                self._extend_to(self._frame)
            if is_last or self._is_too_long:
                self._end(self._frame)
            else:
                self._add(self._frame)
        elif begins:
            start = max(self._free, self._frame - self._rules.latency)
            self.segments.append(Segment(start, start))
            self._include(start)
            for frame in range(start + 1, self._frame + 1):
                self._add(frame)
            self.segments[-1].is_ended = is_last

    def _on_silence(self, *, is_last: bool) -> None:
        rules = self._rules
        if not self.is_open:
            self._free = max(self._free, self._frame - rules.latency)
        elif self._silent_frames * FRAME_MS >= self.silence_ms:
            beyond = int(self.silence_ms / FRAME_MS)
            self._end(self._frame - (max(0, beyond - rules.frames_after - 1) if rules.extends else beyond))
        elif is_last or self._is_too_long:
            self._end(self._frame)
        elif rules.extends and self._silent_frames <= rules.frames_after:
            self._add(self._frame)

    @property
    def _is_too_long(self) -> bool:
        return self._frame - self.segments[-1].start + 1 > self._rules.longest

    def _end(self, frame: int) -> None:
        self._extend_to(frame)
        self._include(frame)
        self.segments[-1].is_ended = True
        self._wait()

    def _extend_to(self, frame: int) -> None:
        for between in range(self._reached + 1, frame):
            self._add(between)

    def _add(self, frame: int) -> None:
        self._reached = frame
        self._include(frame)

    def _include(self, frame: int) -> None:
        self._free = max(self._free, frame) + 1
        self.segments[-1].end = frame + 1
