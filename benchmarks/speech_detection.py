"""What each detector takes for speech where there is none, finds under music, and costs.

    python -m benchmarks.speech_detection NONSPEECH SPEECH [--under NAME ...]

NONSPEECH is a folder of recordings without speech (music, noise, animals), SPEECH one of read sentences. The sentences are joined with a second of silence between them; speech is what lies within 20 dB of the loud syllables of
each, a tenth of a second at least. Recordings whose names begin with a NAME lie under them at 10 dB. Frames of speech
count that lie in a span which is kept, without the padding.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from app.domain.options import VadOptions
from app.engine import SAMPLE_RATE
from app.engine.audio.decoding import decode
from app.engine.audio.facts import DecodeLimits
from app.engine.vad.detection import classify_frames
from app.engine.vad.vad import group_frames

LIMITS = DecodeLimits(max_seconds=3600, cpu_seconds=600, memory_mb=2048)
DETECTORS = {
    "webrtcvad 3": VadOptions(detector="webrtcvad", mode=3),
    "webrtcvad 2": VadOptions(detector="webrtcvad", mode=2),
    "Silero 0.5": VadOptions(threshold=0.5),
    "Silero": VadOptions(),
}
SENTENCES = 40
SNR_DB = 10.0
RANGE_DB = 20.0
HOP = 160  # samples of one decision in the tables

Samples = npt.NDArray[np.float32]
Truth = npt.NDArray[np.bool_]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("nonspeech", type=Path)
    parser.add_argument("speech", type=Path)
    parser.add_argument("--under", nargs="*", default=[])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="speech-detection-") as name:
        pcm = Path(name) / "a.s16"
        _warm_up(pcm)
        others = {file.stem: _read(file, pcm) for file in sorted(options.nonspeech.iterdir())}
        speech, truth = _joined(options.speech, pcm)
        _tell_false(others, pcm)
        print(f"\nspeech: {len(speech) / SAMPLE_RATE:.0f} s, {truth.sum() * HOP / SAMPLE_RATE:.0f} s of it spoken")
        _tell_found("alone", speech, truth, pcm)
        for stem, music in others.items():
            if stem.startswith(tuple(options.under)):
                _tell_found(f"+ {stem} at {SNR_DB:g} dB", _mixed(speech, truth, music), truth, pcm)
    return 0


def _tell_false(others: dict[str, Samples], pcm: Path) -> None:
    print("seconds taken for speech where there is none")
    total = dict.fromkeys(DETECTORS, 0.0)
    for stem, sound in others.items():
        found = {name: _judged(sound, options, pcm)[0].sum() * HOP / SAMPLE_RATE for name, options in DETECTORS.items()}
        total = {name: total[name] + found[name] for name in DETECTORS}
        print(f"  {stem:32} {len(sound) / SAMPLE_RATE:6.1f} s  " + _row(found))
    print(f"  {'all':32} {sum(map(len, others.values())) / SAMPLE_RATE:6.1f} s  " + _row(total))


def _tell_found(title: str, sound: Samples, truth: Truth, pcm: Path) -> None:
    print(title)
    for name, options in DETECTORS.items():
        found, seconds = _judged(sound, options, pcm)
        hit = float(found[truth].mean())
        false = (found & ~truth).sum() * HOP / SAMPLE_RATE
        cost = 1000 * seconds / (len(sound) / SAMPLE_RATE)
        print(f"  {name:12} found {hit:6.1%}   beside it {false:5.1f} s   {cost:4.1f} ms computing per second")


def _row(values: dict[str, float]) -> str:
    return "   ".join(f"{name} {value:5.1f}" for name, value in values.items())


def _judged(sound: Samples, options: VadOptions, pcm: Path) -> tuple[Truth, float]:
    """Return for every HOP whether it is speech, and the computing time."""
    pcm.write_bytes((sound * 32767).clip(-32768, 32767).astype("<i2").tobytes())
    began = time.process_time()
    frames = classify_frames(pcm, options)
    spans = group_frames(frames, replace(options, speech_pad_ms=0)).spans
    seconds = time.process_time() - began
    middles = (np.arange(len(sound) // HOP) * HOP + HOP // 2) / SAMPLE_RATE
    is_kept = np.zeros(len(middles), dtype=np.bool_)
    for span in spans:
        is_kept |= (middles >= span.start) & (middles < span.end)
    moments = (middles * 1000).astype(int) // options.step_ms
    return is_kept & frames.is_speech[np.minimum(moments, len(frames.is_speech) - 1)], seconds


def _joined(folder: Path, pcm: Path) -> tuple[Samples, Truth]:
    files = sorted(file for file in folder.rglob("*") if file.suffix in {".wav", ".flac", ".mp3", ".opus"})
    silence = np.zeros(SAMPLE_RATE // HOP * HOP, dtype=np.float32)
    sounds, truths = [silence], [np.zeros(len(silence) // HOP, dtype=np.bool_)]
    for file in files[:: max(1, len(files) // SENTENCES)][:SENTENCES]:
        sound = _read(file, pcm)
        sound = sound[: len(sound) // HOP * HOP]
        sound = 0.1 * sound / max(float(sound.std()), 1e-6)
        sounds += [sound, silence]
        truths += [_spoken(sound), truths[0]]
    return np.concatenate(sounds), np.concatenate(truths)


def _spoken(sound: Samples) -> Truth:
    level = 20 * np.log10(sound.reshape(-1, HOP).std(axis=1) + 1e-9)
    loud = level > np.percentile(level, 95) - RANGE_DB
    return np.convolve(loud, np.ones(10), mode="same") >= 5


def _mixed(speech: Samples, truth: Truth, music: Samples) -> Samples:
    bed = np.resize(music, len(speech))
    spoken = speech.reshape(-1, HOP)[truth].std()
    mixed: Samples = speech + bed * (spoken / max(float(bed.std()), 1e-6) * 10 ** (-SNR_DB / 20))
    return mixed


def _read(file: Path, pcm: Path) -> Samples:
    decode(file, pcm, LIMITS)
    return np.fromfile(pcm, dtype="<i2").astype(np.float32) / np.float32(32768)


def _warm_up(pcm: Path) -> None:
    for options in DETECTORS.values():
        _judged(np.zeros(SAMPLE_RATE, dtype=np.float32), options, pcm)


if __name__ == "__main__":
    sys.exit(main())
