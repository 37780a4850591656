"""The folder of a tuned Whisper model: weights of 8 bits beside the tokens of the model that it was tuned from.

Run: python -m training.export_whisper --model models/whisper-base-zh-en --checkpoint WORK/checkpoints-tuned/step-800.pt
--out models/tuned --silence 1. `--share 0.75` keeps a quarter of the former weights (Wortsman et al., "Robust fine-tuning of zero-shot
models", 2022): less is forgotten.
"""

from __future__ import annotations

import argparse
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from app.engine.catalog.whisper_folder import CONFIG_FILE, SILENCE
from app.engine.whisper.candidates import LANGUAGE_MODEL
from training.checkpoints import load_checkpoint
from training.prune_whisper import quantised, write_weights
from training.whisper import read_ctranslate2
from training.whisper_network import Variables, WhisperNetwork

WEIGHTS = "model.bin"
BESIDE = (CONFIG_FILE, "tokenizer.json", "vocabulary.txt")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True, help="that was tuned, with exact weights")
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--share", type=float, default=1.0, help="of what was learned, 0 to 1")
    parser.add_argument("--silence", type=float, default=1.0, help="seconds behind each piece that it needs")
    parser.add_argument(
        "--ngrams", default="../builtin", help="the folder of the n-grams that choose, from the model's own"
    )
    arguments = parser.parse_args()
    export(arguments.model, arguments.checkpoint, arguments.out, arguments.share)
    configure(arguments.out, {SILENCE: arguments.silence, LANGUAGE_MODEL: arguments.ngrams})


def export(model: Path, checkpoint: Path, out: Path, share: float = 1.0) -> None:
    """Write the folder `out`."""
    out.mkdir(parents=True, exist_ok=True)
    former = read_ctranslate2((model / WEIGHTS).read_bytes())
    network = WhisperNetwork(former)
    network.load_state_dict(load_checkpoint(checkpoint).model)
    write_weights(out / WEIGHTS, quantised(_between(former, network.variables(), share)))
    for name in BESIDE:
        shutil.copy(model / name, out)


def configure(folder: Path, own: Mapping[str, Any]) -> None:
    """Add our own keys to the configuration."""
    file = folder / CONFIG_FILE
    named = json.loads(file.read_text(encoding="utf-8")) | own
    file.write_text(json.dumps(named, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")


def _between(former: Variables, tuned: Variables, share: float) -> Variables:
    """Return the weights on the straight line from one model to the other, as 16-bit floats where they were."""
    return {name: _mean(former[name], values, share) for name, values in tuned.items()}


def _mean(old: np.ndarray, new: np.ndarray, share: float) -> np.ndarray:
    if new.dtype.kind != "f":
        return new
    return ((1 - share) * old.astype(np.float32) + share * new).astype(old.dtype)


if __name__ == "__main__":
    main()
