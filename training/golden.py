"""Makes the golden sample: a Chinese and an English sentence by a voice that training never heard.

Run: python -m training.golden --out models/builtin. Writes golden.flac, golden.json and SHA256SUMS.
"""

import argparse
import json
from pathlib import Path

import av
import numpy as np

from training.config import Config, load_config
from training.espeak import Delivery, espeak
from training.export import write_checksums
from training.normal_text import normal_text
from training.packing import SAMPLE_RATE, Samples
from training.synthesise import resample

AUDIO = "golden.flac"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", type=Path, default=Path("training/config.yaml"))
    parser.add_argument("--out", type=Path, default=Path("models/builtin"))
    arguments = parser.parse_args()
    config = load_config(arguments.config)
    write_flac(golden_samples(config), arguments.out / AUDIO)
    text = normal_text(" ".join(sentence["text"] for sentence in config.golden))
    described = {"audio": AUDIO, "text": text, "language": "auto"}
    (arguments.out / "golden.json").write_text(json.dumps(described, ensure_ascii=False) + "\n", encoding="utf-8")
    write_checksums(arguments.out)


def golden_samples(config: Config) -> Samples:
    """The sentences one after the other, half a second of silence around each."""
    pause = np.zeros(SAMPLE_RATE // 2, np.int16)
    pieces = [pause]
    for sentence in config.golden:
        spoken = espeak().speak(sentence["text"], Delivery(sentence["voice"]))
        pieces += [resample(spoken, espeak().sample_rate), pause]
    return np.concatenate(pieces)


def write_flac(samples: Samples, path: Path) -> None:
    with av.open(str(path), "w", format="flac") as container:
        stream = container.add_stream("flac", rate=SAMPLE_RATE, layout="mono")
        frame = av.AudioFrame.from_ndarray(samples[np.newaxis], format="s16", layout="mono")
        frame.sample_rate = SAMPLE_RATE
        container.mux([*stream.encode(frame), *stream.encode(None)])


if __name__ == "__main__":
    main()
