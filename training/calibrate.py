"""Where to put `minimum_confidence`: what each threshold withholds from speech, and lets through of non-speech.

Run: python -m training.calibrate --model models/builtin. The engine must be asked with no threshold of its own, so
a copy of the directory with `minimum_confidence: 0` is read.
"""

import argparse
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import yaml

from app.domain.options import RecognitionOptions
from app.engine import Engine, EngineSpec, Utterance, Waveform
from app.engine.native.recognizer import load_engine
from training.config import load_config
from training.evaluate import conditions
from training.non_speech import non_speech

THRESHOLDS = (0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", type=Path, default=Path("training/config.yaml"))
    parser.add_argument("--model", type=Path, default=Path("models/builtin"))
    parser.add_argument("--most", type=int, default=60)
    arguments = parser.parse_args()
    config = load_config(arguments.config)
    generator = np.random.default_rng(config.seed + 2)
    with tempfile.TemporaryDirectory() as folder:
        engine = load_engine(EngineSpec(without_threshold(arguments.model, Path(folder))))
        print("| share with text at | " + " | ".join(map(str, THRESHOLDS)) + " |")
        print("|---" * (len(THRESHOLDS) + 1) + "|")
        silence = [non_speech(generator).astype(np.float32) for _ in range(arguments.most)]
        print(_row("generated non-speech", confidences(engine, silence)))
        for condition, waveforms, _ in conditions(config, arguments.most):
            print(_row(condition, confidences(engine, waveforms)), flush=True)


def without_threshold(model: Path, folder: Path) -> Path:
    copy = folder / model.resolve().name
    shutil.copytree(model, copy)
    settings = yaml.safe_load((copy / "train.yaml").read_text(encoding="utf-8"))
    settings["recognition"] = {"minimum_confidence": 0.0}
    (copy / "train.yaml").write_text(yaml.safe_dump(settings, sort_keys=False), encoding="utf-8")
    return copy


def confidences(engine: Engine, waveforms: Sequence[Waveform]) -> list[float]:
    """One for each waveform; 0 where the model said nothing."""
    heard = [engine.transcribe([Utterance(wave, RecognitionOptions(itn=False))])[0] for wave in waveforms]
    return [hypothesis.confidence or 0.0 for hypothesis in heard]


def _row(name: str, values: Sequence[float]) -> str:
    shares = [sum(value >= threshold for value in values) / len(values) for threshold in THRESHOLDS]
    return f"| {name} | " + " | ".join(f"{share:.0%}" for share in shares) + " |"


if __name__ == "__main__":
    main()
