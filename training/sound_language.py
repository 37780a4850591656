"""Which of two languages is spoken, from the mean of the frames that an encoder of Whisper makes: logistic regression.

Run: python -m training.sound_language --model models/builtin-large PACK|TSV... Writes MODEL/languages.json.

CTranslate2 tells the language of sound only for models with the whole vocabulary. A straight line through 512 numbers does
better for two languages, if English by speakers of Mandarin is among what it is fitted to, and costs nothing beside the
encoder.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import ctranslate2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from app.engine import SAMPLE_RATE
from app.engine.catalog.whisper_folder import silence_of
from app.engine.features.whisper_mel import SILENCE_SECONDS, LogMel, padded_frames
from app.engine.whisper.spoken_language import LANGUAGES_FILE, mean_of_frames
from training.augment import AugmentConfig, augment_waveforms
from training.batches import noises
from training.config import load_config
from training.packing import Pack, Samples
from training.written import read_quickly

LANGUAGES = ("zh", "en")
STEPS = 600
SPOILT = AugmentConfig(noise=0.8, snr_db=(5.0, 20.0), room=0.3, telephone=0.2, low_pass=0.2, mu_law=0.1)
CUT_SECONDS = (0.6, 2.5)
COPIES = 4
FIRST_COUNTS = 8.0  # a short answer in Mandarin that is read as English costs more than the other way round
DECAY = 1.0  # weight decay: there are nearly as many numbers as recordings


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", type=Path, default=Path("training/config.yaml"))
    parser.add_argument("--model", type=Path, default=Path("models/builtin-large"))
    parser.add_argument("--each", type=int, default=80, help="recordings of each")
    parser.add_argument(
        "sources",
        nargs="+",
        help="packs of real speech by name, or manifests (.tsv); every fifth recording is for the test",
    )
    arguments = parser.parse_args()
    config = load_config(arguments.config)
    network = ctranslate2.models.Whisper(str(arguments.model), compute_type="int8", intra_threads=1)
    silence = silence_of(arguments.model, SILENCE_SECONDS)
    random_ = random.Random(config.seed)
    spoiler = Spoiler(Pack(config.work / "non-speech"), random_, torch.Generator().manual_seed(config.seed))
    rows = [
        (mean_of(waveform, network, silence), language)
        for name in arguments.sources
        for samples, language in chosen(name, config.work, arguments.each, random_)
        for waveform in spoiler.copies(samples)
    ]
    means = torch.from_numpy(np.stack([mean for mean, _ in rows]))
    is_english = torch.tensor([float(language == "en") for _, language in rows])
    test = torch.arange(len(rows)) // COPIES % 5 == 0  # the copies of a recording stay together
    weights, bias = fitted(means[~test], is_english[~test])
    wrong = ((means[test] @ weights + bias > 0) != (is_english[test] > 0.5)).sum()
    content = {
        "languages": LANGUAGES,
        "weights": [round(float(w), 5) for w in weights],
        "bias": round(bias, 5),
    }
    (arguments.model / LANGUAGES_FILE).write_text(json.dumps(content) + "\n", encoding="utf-8")
    print(f"{int(wrong)} of {int(test.sum())} recordings of the test wrong")


def chosen(source: str, work: Path, count: int, random_: random.Random) -> Iterator[tuple[Samples, str]]:
    """Yield samples and language of some recordings of a pack, or of a manifest."""
    if source.endswith(".tsv"):
        with Path(source).open(encoding="utf-8", newline="") as stream:
            lines = list(csv.DictReader(stream, delimiter="\t", quoting=csv.QUOTE_NONE))
        for line in random_.sample(lines, min(count, len(lines))):
            yield read_quickly(Path(source).parent / line["path"]), line["language"]
        return
    pack = Pack(work / source)
    for utterance in random_.sample(list(pack.utterances), min(count, len(pack.utterances))):
        yield pack.samples(utterance), utterance.language


@dataclass(frozen=True)
class Spoiler:
    """Copies each recording: noisy, else the line learns where a corpus was recorded, and cut short, as people answer."""

    noise: Pack
    random: random.Random
    generator: torch.Generator

    def copies(self, samples: Samples) -> Iterator[NDArray[np.float32]]:
        """Yield COPIES waveforms: the whole recording and two cuts of it, each clean or noisy."""
        waveform = (samples / 32768).astype(np.float32)
        yield waveform
        yield self._spoilt(waveform)
        yield self._cut(waveform)
        yield self._spoilt(self._cut(waveform))

    def _cut(self, waveform: NDArray[np.float32]) -> NDArray[np.float32]:
        count = int(self.random.uniform(*CUT_SECONDS) * SAMPLE_RATE)
        margin = max(0, len(waveform) - count)
        start = int(margin * self.random.uniform(0.1, 0.9))  # the edges are silent
        return waveform[start : start + count]

    def _spoilt(self, waveform: NDArray[np.float32]) -> NDArray[np.float32]:
        noise = noises(self.noise, 1, len(waveform), self.random)
        changed = augment_waveforms(torch.from_numpy(waveform)[None], noise, SPOILT, self.generator)
        return np.asarray(changed[0].numpy(), dtype=np.float32)


def mean_of(
    waveform: NDArray[np.float32], network: ctranslate2.models.Whisper, silence_seconds: float
) -> NDArray[np.float32]:
    """Return the mean of the frames of a recording, (channels,)."""
    features = LogMel(network.n_mels)(waveform, padded_frames([waveform], silence_seconds))[None]
    encoded = network.encode(ctranslate2.StorageView.from_array(features), to_cpu=True)
    mean: NDArray[np.float32] = mean_of_frames(encoded, [waveform])[0]
    return mean


def fitted(means: Tensor, is_second: Tensor) -> tuple[Tensor, float]:
    """Return weights and bias of the line that parts the rows of `means`, however many of each language there are."""
    centre, spread = means.mean(0), means.std(0) + 1e-6
    line = torch.nn.Linear(means.shape[1], 1)
    torch.nn.init.zeros_(line.weight)
    share = is_second.mean()
    counts = torch.where(is_second > 0.5, 0.5 / share, FIRST_COUNTS * 0.5 / (1 - share))
    optimiser = torch.optim.AdamW(line.parameters(), lr=0.01, weight_decay=DECAY)
    for _ in range(STEPS):
        optimiser.zero_grad()
        logits = line((means - centre) / spread)[:, 0]
        torch.nn.functional.binary_cross_entropy_with_logits(logits, is_second, counts).backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    weights = line.weight.detach()[0] / spread
    return weights, float(line.bias.detach()[0] - weights @ centre)


if __name__ == "__main__":
    main()
