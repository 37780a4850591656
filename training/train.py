"""Trains the network on the packs, from the start or from the last checkpoint.

Run: python -m training.train, or torchrun --nproc-per-node 2 -m training.train for two processes that share
the work. Writes WORK/checkpoints/step-N.pt; stop it at any time and start it again.
"""

import argparse
import math
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from app.engine.conformer.encoder import GlobalCmvn
from app.engine.features.features import NUM_MEL_BINS, front_end
from app.engine.tokens.words import FrameTimes
from training.augment import CLEAN, AugmentConfig, augment_features, augment_waveforms
from training.batches import Item, noises, plan_epoch, waveforms
from training.checkpoints import Checkpoint, latest, load_checkpoint, load_weights, save_checkpoint
from training.config import Config, TrainingConfig, load_config
from training.packing import Pack
from training.schedule import Schedule
from training.targets import Targets, load_targets
from training.team import Team, joined_team
from training.trainee import Losses, Trainee, new_network
from training.vocabulary import Vocabulary


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", type=Path, default=Path("training/config.yaml"))
    parser.add_argument("--steps", type=int, help="stop after this step instead of total_steps")
    arguments = parser.parse_args()
    config = load_config(arguments.config)
    torch.set_num_threads(config.training.threads)
    with joined_team() as team:
        Trainer(config, team).run(arguments.steps or config.training.total_steps)


@dataclass(frozen=True)
class Place:
    """Steps done, and where the next batch lies."""

    step: int
    epoch: int
    batch: int


class Trainer:
    """Model, optimiser and place in the data; everything a checkpoint needs to go on from."""

    def __init__(self, config: Config, team: Team) -> None:
        torch.manual_seed(config.seed)
        self.device = torch.device(chosen_device(config.training.device))
        self.config, self.options, self.team = config, config.training, team
        self.targets: Targets = load_targets(config)
        self.front_end = front_end(config.features, NUM_MEL_BINS).to(self.device)
        self.augment = AugmentConfig(**config.augment)
        self.items, self.noise = training_items(config, self.targets.vocabulary)
        network = new_network(config, len(self.targets.vocabulary.units))
        self.trainee = Trainee(network, len(self.targets.syllables), self.options.syllable_block).to(self.device)
        self.trainee.freeze(self.options.frozen_blocks)
        self.optimiser = torch.optim.AdamW(
            self.trainee.rates(self.options.head_factor),
            lr=1.0,
            betas=(0.9, 0.98),
            weight_decay=0.01,
            fused=True,
        )
        self.times = FrameTimes.of(network.encoder.convolutions, self.front_end.first_centre, self.front_end.shift)
        self.bf16 = self.options.bf16 and has_bf16(self.device)
        self.place = Place(0, 0, 0)
        self._resume_or_measure()

    def run(self, last_step: int) -> None:
        self.trainee.train()
        started, heard, log = time.monotonic(), 0.0, Running()
        for batch in self._batches(last_step):
            losses, norm = self._step(batch)
            heard += self.team.size * sum(item.utterance.seconds for item in batch)
            log.add(losses, norm)
            if self.team.rank > 0:
                continue
            if self.place.step % self.options.log_every == 0:
                speed = heard / (time.monotonic() - started)
                print(f"step {self.place.step} epoch {self.place.epoch} {log.line()} {speed:.0f}x", flush=True)
                log = Running()
            if self.place.step % self.options.save_every == 0 or self.place.step == last_step:
                self._save()

    def _batches(self, last_step: int) -> Iterator[list[Item]]:
        """The batches of this worker: every worker takes its turn in the same plan."""
        plan, planned = self._plan(), self.place.epoch
        while self.place.step < last_step:
            if self.place.epoch != planned:
                plan, planned = self._plan(), self.place.epoch
            turn = plan[self.place.batch : self.place.batch + self.team.size]
            if len(turn) < self.team.size:
                self.place = Place(self.place.step, self.place.epoch + 1, 0)
                continue
            self.place = self._next_place()
            yield turn[self.team.rank]

    def _plan(self) -> list[list[Item]]:
        easy = self.place.step < self.options.easy_steps
        aligned = self.place.step < self.options.aligned_steps
        return plan_epoch(
            [
                (item, weight)
                for item, weight in self.items
                if (item.is_aligned or not aligned) and (self._is_easy(item) or not easy)
            ],
            batch_seconds=self.options.batch_seconds,
            max_seconds=self.options.easy_seconds if easy else self.config.max_seconds,
            seed=self.config.seed,
            epoch=self.place.epoch,
        )

    def _is_easy(self, item: Item) -> bool:
        return item.density < self.options.easy_density

    def _next_place(self) -> Place:
        step = self.place.step + 1
        if step in (self.options.easy_steps, self.options.aligned_steps):
            return Place(step, self.place.epoch + 1, 0)
        return Place(step, self.place.epoch, self.place.batch + self.team.size)

    def _step(self, batch: list[Item]) -> tuple[Losses, float]:
        features, lengths, shifts_ms = self._features(batch, self.team.rank)
        rate = schedule(self.options).rate(self.place.step)
        for group in self.optimiser.param_groups:
            group["lr"] = rate * group["factor"]
        losses = self._losses(batch, features, lengths, shifts_ms)
        weight = self.options.syllable_weight
        ((1 - weight) * losses.characters + weight * losses.syllables).backward()  # type: ignore[no-untyped-call]
        self.team.share_gradients(self.trainee.parameters())
        norm = float(torch.nn.utils.clip_grad_norm_(self.trainee.parameters(), self.options.clip))
        if math.isfinite(norm):
            self.optimiser.step()
        self.optimiser.zero_grad(set_to_none=True)
        return losses, norm

    def _losses(self, batch: list[Item], features: Tensor, lengths: Tensor, shifts_ms: list[float]) -> Losses:
        if self.place.step > self.options.aligned_steps:
            return self.trainee.losses(features, lengths, *self.targets.of(batch), self.bf16)

        def targets(frames: Tensor, longest: int) -> tuple[Tensor, Tensor]:
            return self.targets.of_frames(batch, shifts_ms, frames.tolist(), longest, self.times)

        return self.trainee.frame_losses(features, lengths, targets, self.bf16, self.options.blank_weight)

    @torch.no_grad()
    def _features(self, batch: list[Item], rank: int) -> tuple[Tensor, Tensor, list[float]]:
        """Augmented features of a batch; everything random follows from the seed and the step."""
        random_ = random.Random(f"{self.config.seed}/{self.place.step}/{rank}")
        generator = torch.Generator(self.device).manual_seed(random_.randrange(1 << 62))
        aligned = self.place.step <= self.options.aligned_steps
        speeds = (1.0,) if aligned else self.options.speeds
        waves, lengths, shifts_ms = waveforms(batch, random_, self.options.max_silence, speeds)
        noise = noises(self.noise, len(batch), waves.shape[1], random_)
        augment = CLEAN if 0 < self.place.step <= self.options.easy_steps else self.augment
        waves, noise, lengths = (tensor.to(self.device) for tensor in (waves, noise, lengths))
        with self.device:  # whatever is drawn or filled in on the way lies there
            waves = augment_waveforms(waves, noise, augment, generator)
            features, frames = self.front_end(waves, lengths)
            features = augment_features(features, frames, self._fill, augment, generator)
        return features, frames, shifts_ms

    @property
    def _cmvn(self) -> GlobalCmvn | None:
        return self.trainee.network.encoder.global_cmvn

    @property
    def _fill(self) -> Tensor:
        """What hides features: their mean, which is about 0 for those of Whisper."""
        return torch.zeros(NUM_MEL_BINS) if self._cmvn is None else self._cmvn.mean

    def _resume_or_measure(self) -> None:
        if path := latest(self.config.checkpoints):
            checkpoint = load_checkpoint(path)
            self.trainee.load_state_dict(checkpoint.model)
            self.optimiser.load_state_dict(checkpoint.optimiser)
            self.place = Place(checkpoint.step, checkpoint.epoch, checkpoint.batch)
            print(f"going on from {path}")
        elif self.options.start_from:
            load_weights(self.trainee, Path(self.options.start_from))
        elif self._cmvn is not None:
            self._measure_features(self._cmvn)

    def _measure_features(self, cmvn: GlobalCmvn) -> None:
        """Mean and deviation of each mel band over some augmented batches become the network's CMVN."""
        plan = plan_epoch(
            self.items,
            batch_seconds=120,
            max_seconds=self.config.max_seconds,
            seed=self.config.seed,
            epoch=-1,
        )
        rows: list[Tensor] = []
        for batch in plan[:30]:
            features, frames, _ = self._features(batch, 0)
            rows.extend(row[:length] for row, length in zip(features, frames.tolist(), strict=True))
        frames_all = torch.cat(rows)
        cmvn.mean.copy_(frames_all.mean(0))
        cmvn.istd.copy_(1 / frames_all.std(0))

    def _save(self) -> None:
        checkpoint = Checkpoint(
            self.trainee.state_dict(),
            self.optimiser.state_dict(),
            self.place.step,
            self.place.epoch,
            self.place.batch,
        )
        save_checkpoint(checkpoint, self.config.checkpoints, self.options.keep)


class Running:
    """Means since the last line of the log."""

    def __init__(self) -> None:
        self._sums, self._count = [0.0, 0.0, 0.0], 0

    def add(self, losses: Losses, norm: float) -> None:
        values = (losses.characters.item(), losses.syllables.item(), min(norm, 100.0))
        self._sums = [total + value for total, value in zip(self._sums, values, strict=True)]
        self._count += 1

    def line(self) -> str:
        characters, syllables, norm = (total / max(1, self._count) for total in self._sums)
        return f"characters {characters:.3f} syllables {syllables:.3f} gradient {norm:.2f}"


def training_items(config: Config, vocabulary: Vocabulary) -> tuple[list[tuple[Item, float]], Pack]:
    """Every utterance that CTC can write, with its weight; and the pack of noises."""
    noise = Pack(config.work / "non-speech")
    weighted = [(noise, config.training.non_speech_weight)]
    weighted += [(Pack(config.work / f"real-{name}"), config.training.real_weight) for name in config.speech_train]
    weighted += [
        (Pack(p.with_suffix("")), config.training.coded_weight)
        for p in (config.work / f"coded-{name}.jsonl" for name in config.speech_train)
        if p.exists()
    ]
    weighted += [
        (Pack(p.with_suffix("")), weight)
        for name, weight in (
            ("synthetic", config.training.synthetic_weight),
            ("wide", config.training.wide_weight),
        )
        for p in sorted(config.work.glob(f"{name}-*.jsonl"))
    ]
    items = [
        (
            Item(pack, utterance, len(vocabulary.cut(utterance.text)), times),
            weight * config.training.language_weights[utterance.language],
        )
        for pack, weight in weighted
        for utterance, times in zip(pack.utterances, pack.unit_times_ms, strict=True)
    ]
    return [item for item in items if item[0].density < config.training.most_density], noise


def chosen_device(wanted: str) -> str:
    if wanted != "auto":
        return wanted
    return "cuda" if torch.cuda.is_available() else "cpu"


def has_bf16(device: torch.device) -> bool:
    """Return whether bfloat16 is worth it there: a processor without it computes several times as long."""
    return device.type != "cpu" or bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())  # noqa: SLF001


def schedule(options: TrainingConfig) -> Schedule:
    return Schedule(options.peak_rate, options.warm_up, options.fall_from, options.total_steps)


if __name__ == "__main__":
    main()
