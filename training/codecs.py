"""Does one recording give the same text in every codec? CER of each encoding against the text of the WAV.

Run: python -m training.codecs --model models/builtin. Encodes dev recordings and synthetic test sentences.
"""

import argparse
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import av
import jiwer
import numpy as np

from app.engine import EngineSpec
from app.engine.audio.resampling import MonoResampler
from app.engine.native.recognizer import load_engine
from training.config import Config, load_config
from training.evaluate import as_waveform, recognise
from training.packing import SAMPLE_RATE, Pack, Samples


@dataclass(frozen=True)
class Encoding:
    """A container with its codec, sample rate and bit rate (0: the codec's own)."""

    name: str
    container: str
    codec: str
    rate: int
    bit_rate: int = 0


ENCODINGS = (
    Encoding("WAV mu-law 8 kHz", "wav", "pcm_mulaw", 8_000),
    Encoding("MP3 24 kbit/s", "mp3", "libmp3lame", 16_000, 24_000),
    Encoding("MP3 64 kbit/s", "mp3", "libmp3lame", 44_100, 64_000),
    Encoding("AAC 32 kbit/s", "adts", "aac", 16_000, 32_000),
    Encoding("Opus 24 kbit/s", "ogg", "libopus", 48_000, 24_000),
    Encoding("WMA", "asf", "wmav2", 44_100, 64_000),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", type=Path, default=Path("training/config.yaml"))
    parser.add_argument("--model", type=Path, default=Path("models/builtin"))
    parser.add_argument("--most", type=int, default=20, help="recordings of each test set")
    arguments = parser.parse_args()
    config = load_config(arguments.config)
    engine = load_engine(EngineSpec(arguments.model))
    sets = [("espeak-ng", ("test-zh", "test-en")), ("real", tuple(f"real-{n}" for n in config.speech_dev))]
    recordings = {name: _recordings(config, packs, arguments.most) for name, packs in sets}
    plain = {name: recognise(engine, [as_waveform(s) for s in group]) for name, group in recordings.items()}
    print("| encoding | " + " | ".join(recordings) + " |\n|---" + "|---" * len(recordings) + "|")
    for encoding in ENCODINGS:
        shares = []
        for name, group in recordings.items():
            heard = recognise(engine, [as_waveform(through(s, encoding)) for s in group])
            shares.append(f"{difference(plain[name], heard):.1%}")
        print(f"| {encoding.name} | " + " | ".join(shares) + " |", flush=True)


def difference(reference: Sequence[str], heard: Sequence[str]) -> float:
    """CER over the recordings whose WAV gave text."""
    pairs = [(a, b) for a, b in zip(reference, heard, strict=True) if a]
    return float(jiwer.cer([a for a, _ in pairs], [b for _, b in pairs])) if pairs else 0.0


def through(samples: Samples, encoding: Encoding) -> Samples:
    """The samples after encoding and decoding, 16 kHz again."""
    file = io.BytesIO()
    with av.open(file, mode="w", format=encoding.container) as container:
        stream = container.add_stream(encoding.codec, rate=encoding.rate, layout="mono")
        assert isinstance(stream, av.AudioStream)
        if encoding.bit_rate:
            stream.bit_rate = encoding.bit_rate
        size = stream.frame_size or 1024
        resampler = av.AudioResampler(stream.format.name, "mono", encoding.rate, size)
        padded = np.pad(samples, (0, SAMPLE_RATE // 10))
        frame = av.AudioFrame.from_ndarray(padded[np.newaxis], format="s16", layout="mono")
        frame.sample_rate = SAMPLE_RATE
        for piece in [*resampler.resample(frame), *resampler.resample(None)]:
            if piece.samples == size:  # WMA refuses some of the short last ones; they hold only padding
                container.mux(stream.encode(piece))
        container.mux(stream.encode(None))
    file.seek(0)
    return _decoded(file)


def _decoded(file: io.BytesIO) -> Samples:
    resampler = MonoResampler()
    with av.open(file, mode="r") as container:
        pieces = [piece for frame in container.decode(audio=0) for piece in resampler.push(frame)]
    pieces.extend(resampler.flush())
    decoded: Samples = np.clip(np.round(np.concatenate(pieces) * 32768), -32768, 32767).astype(np.int16)
    return decoded


def _recordings(config: Config, packs: Sequence[str], most: int) -> list[Samples]:
    opened = [Pack(config.work / name) for name in packs]
    return [pack.samples(u) for pack in opened for u in pack.utterances[:most]]


if __name__ == "__main__":
    main()
