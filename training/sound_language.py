"""Which of two languages is spoken, from the mean of the frames that an encoder of Whisper makes: logistic regression.

Run: python -m training.sound_language --model models/builtin-large PACK... Writes MODEL/languages.json.

CTranslate2 tells the language of sound only for models with the whole vocabulary. A straight line through 512 numbers does
as well for two languages, and costs nothing beside the encoder.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Iterator
from pathlib import Path

import ctranslate2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from app.engine.catalog.whisper_folder import silence_of
from app.engine.features.whisper_mel import SILENCE_SECONDS, LogMel, padded_frames
from app.engine.whisper.spoken_language import LANGUAGES_FILE, mean_of_frames
from training.config import load_config
from training.packing import Pack

LANGUAGES = ("zh", "en")
STEPS = 300
DECAY = 0.01  # weight decay: there are as many numbers as recordings


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", type=Path, default=Path("training/config.yaml"))
    parser.add_argument("--model", type=Path, default=Path("models/builtin-large"))
    parser.add_argument("--each", type=int, default=80, help="recordings of each pack")
    parser.add_argument("packs", nargs="+", help="names of packs of real speech; every fifth recording is for the test")
    arguments = parser.parse_args()
    config = load_config(arguments.config)
    network = ctranslate2.models.Whisper(str(arguments.model), compute_type="int8", intra_threads=1)
    silence = silence_of(arguments.model, SILENCE_SECONDS)
    random_ = random.Random(config.seed)
    rows = [
        row
        for name in arguments.packs
        for row in means_of(
            Pack(config.work / name),
            network,
            silence,
            arguments.each,
            random_,
        )
    ]
    means = torch.from_numpy(np.stack([mean for mean, _ in rows]))
    is_english = torch.tensor([float(language == "en") for _, language in rows])
    test = torch.arange(len(rows)) % 5 == 0
    weights, bias = fitted(means[~test], is_english[~test])
    wrong = ((means[test] @ weights + bias > 0) != (is_english[test] > 0.5)).sum()
    content = {
        "languages": LANGUAGES,
        "weights": [round(float(w), 5) for w in weights],
        "bias": round(bias, 5),
    }
    (arguments.model / LANGUAGES_FILE).write_text(json.dumps(content) + "\n", encoding="utf-8")
    print(f"{int(wrong)} of {int(test.sum())} recordings of the test wrong")


def means_of(
    pack: Pack,
    network: ctranslate2.models.Whisper,
    silence_seconds: float,
    count: int,
    random_: random.Random,
) -> Iterator[tuple[NDArray[np.float32], str]]:
    mel = LogMel(network.n_mels)
    for utterance in random_.sample(list(pack.utterances), min(count, len(pack.utterances))):
        waveform = (pack.samples(utterance) / 32768).astype(np.float32)
        features = mel(waveform, padded_frames([waveform], silence_seconds))[None]
        encoded = network.encode(ctranslate2.StorageView.from_array(features), to_cpu=True)
        yield mean_of_frames(encoded, [waveform])[0], utterance.language


def fitted(means: Tensor, is_second: Tensor) -> tuple[Tensor, float]:
    """Return weights and bias of the line that parts the rows of `means`."""
    centre, spread = means.mean(0), means.std(0) + 1e-6
    line = torch.nn.Linear(means.shape[1], 1)
    torch.nn.init.zeros_(line.weight)
    optimiser = torch.optim.AdamW(line.parameters(), lr=0.01, weight_decay=DECAY)
    for _ in range(STEPS):
        optimiser.zero_grad()
        logits = line((means - centre) / spread)[:, 0]
        torch.nn.functional.binary_cross_entropy_with_logits(logits, is_second).backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    weights = line.weight.detach()[0] / spread
    return weights, float(line.bias.detach()[0] - weights @ centre)


if __name__ == "__main__":
    main()
