"""Time the searches on networks of real sizes: prefix beam, hotwords and rescoring, for 10 s of speech.

    python benchmarks/search_speed.py [--size 48m] [--threads 2] [--seconds 10] [--wenet DIR]

The networks have random weights and a CTC head that gives about four tokens a second; `flat` has one that is sure of
nothing, the worst case of a search. Rescoring is the time of the decoders alone, for the ten texts that the beam
found. All rows are computed in turn, round after round, and each one's shortest time counts, so that a disturbance
hits all of them. With --wenet DIR (a checkout of WeNet) its own search and decoders take part with the same weights
and the same log-probabilities; the texts and scores of both are compared first.
"""

from __future__ import annotations

import argparse
import copy
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # so that it runs from anywhere, uninstalled

from random_model import SIZES, build, network_config
from spoken import spoken
from wenet_search import WenetSearch

from app.domain.hotwords import Hotword
from app.domain.transcript import Applied
from app.engine.computing.device import use_threads
from app.engine.computing.precision import DtypeChoice, convert
from app.engine.conformer import Conformer
from app.engine.decoding import EncodedBatch
from app.engine.decoding.hotwords import ContextGraph
from app.engine.decoding.prefix_beam import Candidate, PrefixBeamDecoder
from app.engine.decoding.rescoring import RescoringDecoder
from app.engine.features.features import KaldiFbank
from app.engine.native.checkpoint import Checkpoint, load_checkpoint
from app.engine.tokens.tokenizer import Tokenizer

CTC_WEIGHT, REVERSE_WEIGHT = 0.5, 0.3
BEAM = 10
WORD_COUNTS = (20, 1000)
FEWEST_ROUNDS = 3

Run = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Material:
    """What the searches of one size get."""

    size: str
    seconds: float
    checkpoint: Checkpoint
    tokenizer: Tokenizer
    batch: EncodedBatch
    candidates: list[list[Candidate]]
    words: tuple[str, ...]
    """Half of the first twenty are in the text."""


class Known:
    """Stands for the beam where only the decoders are timed."""

    def __init__(self, candidates: list[list[Candidate]]) -> None:
        self._candidates = candidates

    def candidates(self, _batch: EncodedBatch) -> list[list[Candidate]]:
        return self._candidates


def main() -> None:
    options = _parse()
    threads = use_threads(options.threads)
    print(f"{threads} threads, torch {torch.__version__}, {options.seconds:g} s of speech, milliseconds")
    for size in options.size:
        with tempfile.TemporaryDirectory(prefix="search-speed-") as folder, torch.inference_mode():
            material = prepare(build(Path(folder), size), size, options.seconds)
            runs = dict(own_runs(material))
            if options.wenet:
                runs |= wenet_runs(options.wenet, material, Path(folder))
            print_times(material, shortest_times(runs, options.patience))


def prepare(folder: Path, size: str, seconds: float) -> Material:
    checkpoint, tokenizer = load_checkpoint(folder), Tokenizer.from_folder(folder)
    waveform = torch.from_numpy(spoken(seconds, seed=7))
    features, lengths = KaldiFbank()(waveform[None], torch.tensor([len(waveform)]))
    encoded, log_probs, frames = checkpoint.model(features, lengths)
    batch = EncodedBatch(encoded, log_probs, frames)
    candidates = PrefixBeamDecoder(0, BEAM).candidates(batch)
    words = tuple(_words(tokenizer, candidates[0][0].tokens, max(WORD_COUNTS)))
    return Material(size, seconds, checkpoint, tokenizer, batch, candidates, words)


def _words(tokenizer: Tokenizer, tokens: Sequence[int], count: int) -> Iterator[str]:
    """Yield words of two to five characters: every other one of the first twenty from the text."""
    chance = random.Random(5)
    for number in range(count):
        length = chance.randint(2, 5)
        start = chance.randrange(max(1, len(tokens) - length))
        picked = chance.choices(range(2, len(tokenizer.units) - 1), k=length)
        is_said = number < WORD_COUNTS[0] and number % 2
        yield tokenizer.decode(tokens[start : start + length] if is_said else picked)


def own_runs(material: Material) -> Iterator[tuple[str, Run]]:
    beam, batch = PrefixBeamDecoder(0, BEAM), material.batch
    chance = torch.Generator().manual_seed(3)
    flat = torch.randn(batch.log_probs_BTV.shape, generator=chance).log_softmax(-1)
    for name, log_probs in (("beam", batch.log_probs_BTV), ("flat beam", flat)):
        yield name, _beam_run(beam, batch, log_probs, None)
        for count in WORD_COUNTS:
            yield f"{name}, {count} hotwords", _beam_run(beam, batch, log_probs, _graph(material, count))
    for dtype in ("float32", "bfloat16"):
        yield f"rescoring {dtype}", _rescoring_run(material, dtype)


def _graph(material: Material, count: int) -> ContextGraph | None:
    return ContextGraph.build([Hotword(word) for word in material.words[:count]], material.tokenizer)[0]


def _beam_run(beam: PrefixBeamDecoder, batch: EncodedBatch, log_probs: torch.Tensor, graph: ContextGraph | None) -> Run:
    given = EncodedBatch(batch.encoded_BTD, log_probs, batch.lengths_B, (graph,))
    return lambda: beam.candidates(given)


def _rescoring_run(material: Material, dtype: str) -> Run:
    choice = DtypeChoice(dtype, torch.device("cpu"), Applied("dtype", dtype, dtype))
    model = convert(copy.deepcopy(material.checkpoint.model), choice)
    batch = material.batch
    given = EncodedBatch(
        batch.encoded_BTD.to(model.encoder.after_norm.weight.dtype), batch.log_probs_BTV, batch.lengths_B
    )
    decoder = _rescoring(model, material)
    return lambda: decoder.rescore(given)


def _rescoring(model: Conformer, material: Material) -> RescoringDecoder:
    known: Any = Known(material.candidates)
    return RescoringDecoder(model, known, ctc_weight=CTC_WEIGHT, reverse_weight=REVERSE_WEIGHT)


def shortest_times(runs: dict[str, Run], patience: float) -> dict[str, float]:
    best = dict.fromkeys(runs, float("inf"))
    for run in runs.values():
        run()
    started, rounds = time.perf_counter(), 0
    while rounds < FEWEST_ROUNDS or time.perf_counter() - started < patience:
        rounds += 1
        for name, run in runs.items():
            begun = time.perf_counter()
            run()
            best[name] = min(best[name], time.perf_counter() - begun)
    return best


def wenet_runs(checkout: Path, material: Material, folder: Path) -> dict[str, Run]:
    """Return WeNet's search and rescoring on the same numbers, after comparing what they find."""
    config = network_config(material.size)
    wenet = WenetSearch(checkout, material.checkpoint.model, config, material.batch)
    graph = wenet.graph(material.words[: WORD_COUNTS[0]], material.tokenizer.units, folder / "words.txt")
    [found] = wenet.beam(BEAM)
    candidates = material.candidates[0]
    assert [tuple(text) for text in found.nbest] == [candidate.tokens for candidate in candidates]
    torch.testing.assert_close(
        torch.tensor(found.nbest_scores), torch.tensor([candidate.score for candidate in candidates])
    )
    [ours] = _rescoring(material.checkpoint.model, material).rescore(material.batch)
    [theirs] = wenet.rescoring([found], CTC_WEIGHT, REVERSE_WEIGHT)
    assert ours.candidate.tokens == tuple(theirs.tokens)
    return {
        "WeNet's beam": lambda: wenet.beam(BEAM),
        f"WeNet's beam, {WORD_COUNTS[0]} hotwords": lambda: wenet.beam(BEAM, graph),
        "WeNet's rescoring": lambda: wenet.rescoring([found], CTC_WEIGHT, REVERSE_WEIGHT),
    }


def print_times(material: Material, times: dict[str, float]) -> None:
    tokens = [len(candidate.tokens) for candidate in material.candidates[0]]
    print(f"{material.size}: {int(material.batch.lengths_B[0])} frames, {len(tokens)} texts of {max(tokens)} tokens")
    for name, seconds in times.items():
        theirs = times.get(f"WeNet's {name.removesuffix(' float32').removesuffix(' bfloat16')}")
        compared = f"   {theirs / seconds:.1f} x as fast as WeNet's" if theirs else ""
        print(f"  {name:<32} {1000 * seconds:8.1f}{compared}")


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", nargs="+", choices=tuple(SIZES), default=list(SIZES))
    parser.add_argument("--seconds", type=float, default=10.0, help="of speech (10)")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--patience", type=float, default=15.0, help="seconds spent on each size (15)")
    parser.add_argument("--wenet", type=Path, help="a checkout of WeNet, timed beside ours")
    return parser.parse_args()


if __name__ == "__main__":
    main()
