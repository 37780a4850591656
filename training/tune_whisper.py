"""Tunes Whisper on real speech of a few hours: Mandarin that it reads badly, English so that it is not forgotten.

Run: python -m training.tune_whisper --model models/whisper-base-zh-en --steps 800. The packs are those of
`training.written` and `training.non_speech`; the model is one of `training.prune_whisper --exact`. Writes
WORK/checkpoints-tuned/step-N.pt; stop it at any time and start it again. `training.export_whisper` makes the folder.

The embeddings, the input and the first blocks of the encoder stay as they are. Each batch is followed by little
silence, so that the product need not pay for much of it.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from tokenizers import Tokenizer
from torch import Tensor

from app.engine.features.whisper_mel import HOP, WINDOW, log_mel, mel_filters
from training.augment import AugmentConfig, augment_features, augment_waveforms
from training.batches import Item, noises, plan_epoch, waveforms
from training.checkpoints import Checkpoint, latest, load_checkpoint, save_checkpoint
from training.config import Config, load_config
from training.packing import SAMPLE_RATE, Pack
from training.schedule import Schedule
from training.whisper import read_ctranslate2
from training.whisper_network import WhisperNetwork

CHECKPOINTS = "checkpoints-tuned"
WEIGHTS = {
    "written-zh-train-cv": 1.0,
    "written-zh-train-aishell": 1.0,
    "written-en-train-libri": 0.8,
    "written-en-train-lj": 0.4,
    "written-ocean": 0.35,
    "non-speech": 0.12,
}
"""How often each recording is heard in an epoch."""
AUGMENT = AugmentConfig(
    noise=0.2,
    room=0.15,
    telephone=0.1,
    low_pass=0.1,
    mu_law=0.06,
    floor=0.1,
    time_masks=1,
    time_width=20,
    mel_masks=1,
    mel_width=14,
    nat=0.1086,
)
SPEEDS = (0.92, 1.0, 1.0, 1.08)
MEL_BINS = 80
MAX_SILENCE = 0.3  # seconds around each
SILENCE_AFTER = (0.6, 2.0)  # seconds behind the longest of a batch
LONGEST_SECONDS = 26.0
PROMPTED = 0.15  # share that is told some words before, as hotwords are
MOST_PROMPT_WORDS = 6
TOLD = 0.5  # share of the chosen words that is among them
FROZEN_LAYERS = 2
IGNORED = -100


@dataclass(frozen=True)
class TuneOptions:
    """How long and how fast."""

    steps: int
    peak_rate: float
    batch_seconds: float = 48.0
    warm_up: int = 40
    log_every: int = 10
    save_every: int = 100
    half: bool = False
    """Compute in bfloat16 where that is as good: twice as fast on a processor that has it."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", type=Path, default=Path("training/config.yaml"))
    parser.add_argument("--model", type=Path, default=Path("models/whisper-base-zh-en"))
    parser.add_argument("--steps", type=int, default=800, help="of the whole run; the rate falls to zero there")
    parser.add_argument("--peak-rate", type=float, default=5e-5)
    parser.add_argument("--half", action="store_true", help="compute in bfloat16")
    parser.add_argument("--until", type=int, help="stop after this step")
    arguments = parser.parse_args()
    options = TuneOptions(arguments.steps, arguments.peak_rate, half=arguments.half)
    Tuner(load_config(arguments.config), arguments.model, options).run(arguments.until or arguments.steps)


@dataclass(frozen=True)
class Batch:
    """Padded features (B, M, F), tokens that go in and what must come out, (B, U)."""

    features: Tensor
    tokens: Tensor
    wanted: Tensor
    seconds: float


class Tuner:
    """Network, optimiser and place in the data."""

    def __init__(self, config: Config, model: Path, options: TuneOptions) -> None:
        torch.manual_seed(config.seed)
        torch.set_num_threads(config.training.threads)
        self.config, self.options = config, options
        self.network = WhisperNetwork(read_ctranslate2((model / "model.bin").read_bytes()))
        self.network.freeze(FROZEN_LAYERS)
        self.texts = Texts(model)
        self.items = [(Item(pack, said), weight) for pack, weight in _packs(config) for said in pack.utterances]
        self.noise = Pack(config.work / "non-speech")
        self.mel_MF = torch.from_numpy(mel_filters(MEL_BINS))
        self.window = torch.hann_window(WINDOW)
        learning = [weight for weight in self.network.parameters() if weight.requires_grad]
        self.optimiser = torch.optim.AdamW(learning, lr=1.0, betas=(0.9, 0.98), weight_decay=0.01, fused=True)
        self.step, self.epoch, self.batch = 0, 0, 0
        self.losses: list[float] = []
        self._resume()

    def run(self, last_step: int) -> None:
        started, heard = time.monotonic(), 0.0
        for batch in self._batches(last_step):
            self.losses.append(self._learn(batch))
            heard += batch.seconds
            if self.step % self.options.log_every == 0:
                mean = sum(self.losses[-self.options.log_every :]) / self.options.log_every
                speed = heard / (time.monotonic() - started)
                line = f"step {self.step} epoch {self.epoch} loss {mean:.3f}"
                print(f"{line} heard {heard / 3600:.2f} h {speed:.1f}x", flush=True)
            if self.step % self.options.save_every == 0 or self.step == last_step:
                self._save()

    def _learn(self, batch: Batch) -> float:
        """Take one step, and return the loss of each token before it."""
        options = self.options
        schedule = Schedule(options.peak_rate, options.warm_up, options.warm_up, options.steps)
        for group in self.optimiser.param_groups:
            group["lr"] = schedule.rate(self.step)
        with torch.autocast("cpu", torch.bfloat16, enabled=self.options.half):
            logits = self.network.decode(batch.tokens, self.network.encode(batch.features))
        logits = logits.float()
        loss = F.cross_entropy(logits.flatten(0, 1), batch.wanted.flatten(), ignore_index=IGNORED)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimiser.step()
        self.optimiser.zero_grad(set_to_none=True)
        return loss.item()

    def _batches(self, last_step: int) -> Iterator[Batch]:
        while self.step < last_step:
            plan = plan_epoch(
                self.items,
                batch_seconds=self.options.batch_seconds,
                max_seconds=LONGEST_SECONDS,
                seed=self.config.seed,
                epoch=self.epoch,
            )
            for items in plan[self.batch : self.batch + last_step - self.step]:
                self.step, self.batch = self.step + 1, self.batch + 1
                yield self._made(items)
            if self.batch >= len(plan):
                self.epoch, self.batch = self.epoch + 1, 0

    @torch.no_grad()
    def _made(self, items: Sequence[Item]) -> Batch:
        random_ = random.Random(f"{self.config.seed}/{self.step}")
        generator = torch.Generator().manual_seed(random_.randrange(1 << 62))
        waves, lengths, _ = waveforms(items, random_, MAX_SILENCE, SPEEDS)
        noise = noises(self.noise, len(items), waves.shape[1], random_)
        waves = augment_waveforms(waves, noise, AUGMENT, generator)
        silence = int(random_.uniform(*SILENCE_AFTER) * SAMPLE_RATE)
        frames = 2 * ((waves.shape[1] + silence) // (2 * HOP))
        features = log_mel(F.pad(waves, (0, silence))[:, : frames * HOP], self.mel_MF, self.window)
        fill = torch.zeros(MEL_BINS)
        features = augment_features(features.transpose(1, 2), lengths // HOP, fill, AUGMENT, generator).transpose(1, 2)
        rows = [self.texts.row(item.utterance.text, item.utterance.language, random_) for item in items]
        tokens = _padded([tokens[:-1] for tokens, _ in rows], self.texts.end)
        wanted = _padded([wanted[1:] for _, wanted in rows], IGNORED)
        return Batch(features.contiguous(), tokens, wanted, sum(item.utterance.seconds for item in items))

    def _resume(self) -> None:
        if path := latest(self.config.work / CHECKPOINTS):
            checkpoint = load_checkpoint(path)
            self.network.load_state_dict(checkpoint.model)
            self.optimiser.load_state_dict(checkpoint.optimiser)
            self.step, self.epoch, self.batch = checkpoint.step, checkpoint.epoch, checkpoint.batch
            print(f"going on from {path}")

    def _save(self) -> None:
        state = self.network.state_dict()
        checkpoint = Checkpoint(state, self.optimiser.state_dict(), self.step, self.epoch, self.batch)
        save_checkpoint(checkpoint, self.config.work / CHECKPOINTS, keep=3)


class Texts:
    """What the decoder is given and asked for."""

    def __init__(self, model: Path) -> None:
        self._tokenizer = Tokenizer.from_file(str(model / "tokenizer.json"))
        self.end = self._id("<|endoftext|>")
        self._start, self._before = self._id("<|startoftranscript|>"), self._id("<|startofprev|>")
        self._task = [self._id("<|transcribe|>"), self._id("<|notimestamps|>")]
        self._silent = self._id("<|nospeech|>", "<|nocaptions|>")
        self._languages = {code: self._id(f"<|{code}|>") for code in ("zh", "en")}
        self._others = ["会议", "北京", "Anthony", "contract"]

    def row(self, text: str, language: str, random_: random.Random) -> tuple[list[int], list[int]]:
        """Return the tokens of one utterance and, at the same places, those that count; the first is never asked for."""
        code = language if language in self._languages else random_.choice(tuple(self._languages))
        said = self._tokenizer.encode(self._lead(text, code), add_special_tokens=False).ids if text else []
        before = self._prompt(text, random_) if text and random_.random() < PROMPTED else []
        asked = [self._start, self._languages[code], *self._task]
        first = self._languages[code] if text else self._silent
        tokens = [*before, *asked, *said, self.end]
        wanted = [IGNORED] * (len(before) + 1) + [first, IGNORED, IGNORED, *said, self.end]
        return tokens, wanted

    def _lead(self, text: str, code: str) -> str:
        """English begins with a blank, as Whisper writes it."""
        return f" {text}" if code == "en" else text

    def _prompt(self, text: str, random_: random.Random) -> list[int]:
        """Return words as the product tells hotwords: some that are said, some that were said by others."""
        own = _some_words(text, random_)
        words = [word for word in own if random_.random() < TOLD]
        words += random_.sample(self._others, min(len(self._others), random_.randint(0, 3)))
        self._others = [*self._others[-200:], *own]
        random_.shuffle(words)
        ids = self._tokenizer.encode(" " + ", ".join(words[:MOST_PROMPT_WORDS]), add_special_tokens=False).ids
        return [self._before, *ids] if words else []

    def _id(self, *names: str) -> int:
        """Return that of the first name which the vocabulary has. Raises ValueError without any."""
        for name in names:
            if (id := self._tokenizer.token_to_id(name)) is not None:
                return int(id)
        raise ValueError(f"the vocabulary has no {names[0]}")


def _some_words(text: str, random_: random.Random) -> list[str]:
    """Return up to three stretches: English words, or two to four Chinese characters."""
    if " " in text:
        long = [word.strip(".,;:!?\"'") for word in text.split() if len(word) > 5]
        return random_.sample(long, min(len(long), random_.randint(1, 3)))
    count = len(text)
    starts = [random_.randrange(max(1, count - 3)) for _ in range(random_.randint(1, 3))]
    stretches = [text[start : start + random_.randint(2, 4)] for start in starts]
    return [stretch for stretch in stretches if stretch.isalnum()]


def _packs(config: Config) -> Iterator[tuple[Pack, float]]:
    """All packs that are there; one manifest may lie in several."""
    for name, weight in WEIGHTS.items():
        for index in sorted(config.work.glob(f"{name}*.jsonl")):
            yield Pack(index.with_suffix("")), weight


def _padded(rows: Sequence[Sequence[int]], fill: int) -> Tensor:
    longest = max(map(len, rows))
    return torch.tensor([[*row, *[fill] * (longest - len(row))] for row in rows])


if __name__ == "__main__":
    main()
