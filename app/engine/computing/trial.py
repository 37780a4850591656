"""Runs a network on fixed audio and compares the results: are they the same, and how fast are they?"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from app.engine import SAMPLE_RATE
from app.engine.computing.network import Network

TRIAL_SECONDS = 2.0  # of sound: short, but long enough for the shapes of real work
ROUNDS = 3
BUDGET_SECONDS = 0.4  # of computing, after which a large network is not timed further
NEAR = 0.1  # nats: a token this close to the best one is equally good
MINIMUM_AGREEMENT = 0.99  # of the frames
MAXIMUM_DISTANCE = 0.15  # ten times what was measured for bfloat16 with the built-in model

Run = Callable[[], Tensor]
"""Runs the trial audio and returns log-probabilities (T, V) on the CPU."""


@dataclass(frozen=True, slots=True)
class Trial:
    """A network's log-probabilities for the trial audio."""

    log_probs_TV: Tensor

    def agreement(self, reference: Trial) -> float:
        """Return the share of frames whose best token is the reference's or nearly as likely; 0 if not all are finite."""
        if not self.log_probs_TV.isfinite().all():
            return 0.0
        best_T1 = self.log_probs_TV.argmax(-1, keepdim=True)
        given_up_T = reference.log_probs_TV.amax(-1) - reference.log_probs_TV.gather(-1, best_T1)[:, 0]
        return (given_up_T <= NEAR).float().mean().item()

    def distance(self, reference: Trial) -> float:
        """Return the mean difference of the log-probabilities, in standard deviations: silence agrees by accident."""
        difference = (self.log_probs_TV - reference.log_probs_TV).abs().mean()
        return (difference / reference.log_probs_TV.std()).item()

    def equals(self, reference: Trial) -> bool:
        return self.agreement(reference) >= MINIMUM_AGREEMENT and self.distance(reference) <= MAXIMUM_DISTANCE


def trial_run(network: Network, device: torch.device) -> Run:
    """Return a function that runs a network on the trial audio."""
    waveforms_1S = trial_waveform().to(device)
    with torch.inference_mode():
        features, lengths = network.features(waveforms_1S, torch.tensor([waveforms_1S.shape[1]], device=device))

    @torch.inference_mode()
    def run() -> Tensor:
        return network.log_probs(features, lengths)[0].float().cpu()

    return run


def trial_waveform() -> Tensor:
    """Return fixed audio (1, S): a rising tone with a crescendo, over soft noise."""
    time_S = torch.arange(int(TRIAL_SECONDS * SAMPLE_RATE)) / SAMPLE_RATE
    tone_S = torch.sin(2 * torch.pi * (200 + 400 * time_S) * time_S) * torch.sin(9 * time_S).abs()
    noise_S = torch.randn(len(time_S), generator=torch.Generator().manual_seed(0))
    return (0.2 * tone_S + 0.02 * noise_S)[None]


def times_as_fast(slow: Run, fast: Run) -> float:
    """Return the speedup of the second: best of alternating rounds, so that a disturbance affects both."""
    best = [float("inf"), float("inf")]
    first = time.perf_counter()
    for _ in range(ROUNDS):
        for index, run in enumerate((slow, fast)):
            started = time.perf_counter()
            run()
            best[index] = min(best[index], time.perf_counter() - started)
        if time.perf_counter() - first > BUDGET_SECONDS:
            break
    return best[0] / best[1]
