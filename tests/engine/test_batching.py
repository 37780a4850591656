"""Out of memory: with a computation that really fails above a size, and with real allocations."""

import multiprocessing
import resource
import weakref
from typing import Any

import numpy as np
import psutil
import pytest
import torch

from app.domain.errors.inference import InferenceFailed, OutOfMemory
from app.domain.options import RecognitionOptions
from app.domain.reasons import CUT_IN_TWO, SMALLER_BATCHES
from app.domain.transcript import Applied, Word
from app.engine import SAMPLE_RATE, EngineSpec, Hypothesis, Utterance
from app.engine.computing.batching import Batcher
from app.engine.computing.memory_budget import SUCCESSES, MemoryBudget, choose_budget
from app.engine.computing.splitting import join, quietest_point
from app.engine.native.recognizer import load_engine
from tests.engine.tiny_model import build_tiny_model

CPU = torch.device("cpu")
OPTIONS = RecognitionOptions()
SHORTAGES = {
    "CUDA": torch.OutOfMemoryError(
        "CUDA out of memory. Tried to allocate 20.00 GiB. GPU 0 has a total capacity of 79.11 GiB"
    ),
    "MPS": RuntimeError("MPS backend out of memory (MPS allocated: 18.02 GB, max allowed: 18.13 GB)"),
    "CPU": RuntimeError(
        "[enforce fail at alloc_cpu.cpp:124] err == 0. DefaultCPUAllocator: can't allocate memory: "
        "you tried to allocate 68719476736 bytes. Error code 12 (Cannot allocate memory)"
    ),
}


@pytest.fixture(name="folder", scope="module")
def _folder(tmp_path_factory):
    return build_tiny_model(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(name="engine", scope="module")
def _engine(folder):
    return load_engine(EngineSpec(folder, device="cpu"))


def noise(seconds, seed=0):
    rng = np.random.default_rng(seed)
    return (0.1 * rng.standard_normal(round(SAMPLE_RATE * seconds))).astype(np.float32)


def utterances(*lengths):
    return [Utterance(noise(seconds, seed), OPTIONS) for seed, seconds in enumerate(lengths)]


class Cramped:
    """A real engine that has memory for so many padded seconds."""

    def __init__(self, engine, seconds, shortage):
        self.engine, self.seconds, self.shortage = engine, seconds, shortage
        self.asked = []

    def __call__(self, batch):
        longest = max(len(utterance.waveform) for utterance in batch) / SAMPLE_RATE
        self.asked.append((len(batch), round(longest, 1)))
        if longest * len(batch) > self.seconds:
            raise self.shortage
        return self.engine.transcribe(batch)


def texts(hypotheses):
    return [hypothesis.text_raw for hypothesis in hypotheses]


@pytest.mark.parametrize("device", SHORTAGES)
def test_a_batch_that_does_not_fit_is_halved_and_only_the_rest_redone(engine, device):
    given = utterances(2.0, 0.5, 1.0, 2.0, 0.4, 1.9, 2.0, 0.0)
    cramped = Cramped(engine, 4.5, SHORTAGES[device])
    budget = MemoryBudget(8.0)
    found = Batcher(cramped, budget, CPU).transcribe(given)

    assert texts(found) == texts(engine.transcribe(given))
    assert cramped.asked == [(4, 2.0), (2, 2.0), (2, 2.0), (4, 1.0)]
    assert budget.seconds == 4.0
    lines = [[line for line in hypothesis.applied if line.name == "batch"] for hypothesis in found]
    said = Applied("batch", "auto", "4 s", SMALLER_BATCHES)
    assert [bool(each) for each in lines] == [True, False, False, True, False, True, True, False]
    assert lines[0] == [said]


@pytest.mark.parametrize("device", SHORTAGES)
def test_one_that_does_not_fit_alone_is_cut_where_it_is_quietest(engine, device):
    waveform = noise(6.0)
    waveform[40_000:42_000] = 0  # 2.5 to 2.625 s
    cramped = Cramped(engine, 4.0, SHORTAGES[device])
    [found] = Batcher(cramped, MemoryBudget(0.0), CPU).transcribe([Utterance(waveform, OPTIONS)])

    [(_, whole), (_, first), (_, second)] = cramped.asked
    assert (whole, first, second) == (6.0, 2.6, 3.4)
    assert Applied("batch", "auto", "1", CUT_IN_TWO) in found.applied
    assert found.text_raw


@pytest.mark.parametrize("device", SHORTAGES)
def test_where_even_the_shortest_piece_does_not_fit_the_shortage_is_said(engine, device):
    cramped = Cramped(engine, 0.1, SHORTAGES[device])
    with pytest.raises(OutOfMemory, match="memory") as caught:
        Batcher(cramped, MemoryBudget(30.0), CPU).transcribe(utterances(5.0))

    assert caught.value.__cause__ is None, "what caused it holds the tensors"
    assert all(longest >= 1 for _, longest in cramped.asked)


def test_the_failed_attempt_is_let_go_before_the_next_one():
    held = []

    def compute(batch):
        assert all(reference() is None for reference in held)
        tensor = torch.zeros(10)
        held.append(weakref.ref(tensor))
        if len(batch) > 1:
            raise RuntimeError("MPS backend out of memory")
        return [Hypothesis("", "", None) for _ in batch]

    Batcher(compute, MemoryBudget(30.0), CPU).transcribe(utterances(1.0, 1.0))
    assert len(held) == 3


def test_other_failures_are_not_tried_again():
    calls = []

    def compute(batch):
        calls.append(len(batch))
        raise InferenceFailed(detail="a shape")

    with pytest.raises(InferenceFailed):
        Batcher(compute, MemoryBudget(30.0), CPU).transcribe(utterances(1.0, 1.0))
    assert calls == [2]


def test_larger_batches_are_tried_later_after_each_shortage():
    budget = MemoryBudget(80.0)
    budget.shrink(60.0)
    caps = []
    for _ in range(2 * SUCCESSES + 1):
        caps.append(budget.seconds)
        budget.note_success()
    assert caps == [30.0] * (2 * SUCCESSES) + [60.0]
    budget.shrink(60.0)
    for _ in range(2 * SUCCESSES):
        budget.note_success()
    assert budget.seconds == 30.0
    for _ in range(100 * SUCCESSES):
        budget.note_success()
    assert budget.seconds == 80.0


def test_on_a_cpu_small_models_get_batches_and_large_ones_one_at_a_time():
    chosen = {size: choose_budget(0.0, CPU, size, lambda _: None).seconds for size in (10_000_000, 48_000_000)}
    assert chosen == {10_000_000: 60.0, 48_000_000: 0.0}
    asked = choose_budget(90.0, CPU, 48_000_000, lambda _: None)
    assert asked.line() == Applied("batch", "90 s", "90 s")


def test_batches_hold_utterances_of_similar_length():
    sizes = []

    def compute(batch):
        sizes.append([len(utterance.waveform) / SAMPLE_RATE for utterance in batch])
        return [Hypothesis(str(len(utterance.waveform)), "", None) for utterance in batch]

    found = Batcher(compute, MemoryBudget(10.0), CPU).transcribe(utterances(1.0, 9.0, 0.5, 4.0, 5.0, 12.0))
    assert sizes == [[12.0], [9.0], [4.0, 5.0], [0.5, 1.0]]
    assert [hypothesis.text for hypothesis in found] == [
        "16000",
        "144000",
        "8000",
        "64000",
        "80000",
        "192000",
    ]


# Cutting and joining


def test_the_cut_is_in_the_quietest_place_of_the_middle_half():
    waveform = noise(8.0)
    waveform[: 2 * SAMPLE_RATE - 1] = 0  # quieter, but too far from the middle
    waveform[80_000:81_600] *= 0.01
    assert 80_000 <= quietest_point(waveform) <= 81_600


def test_the_middle_is_taken_where_all_is_equally_quiet():
    assert quietest_point(np.zeros(64_000, np.float32)) == pytest.approx(32_000, abs=160)
    assert quietest_point(np.zeros(32_000, np.float32)) == 16_000


@pytest.mark.parametrize("samples", [0, 1, 16_000, 31_999])
def test_no_piece_becomes_shorter_than_a_second(samples):
    assert quietest_point(np.zeros(samples, np.float32)) is None


def test_a_joined_hypothesis_keeps_times_and_weighs_confidence_by_words():
    first = Hypothesis("我们 go", "我们 go", 0.9, words=(Word("我", 0.0, 0.2, 0.9), Word("们", 0.2, 0.4, 0.9)))
    second = Hypothesis("on.", "on", 0.6, words=(Word("on.", 0.1, 0.3, 0.6, "on"),))
    whole = join(first, second, 2.5)
    assert (whole.text, whole.text_raw) == ("我们 go on.", "我们 go on")
    assert whole.confidence == pytest.approx((2 * 0.9 + 0.6) / 3)
    assert whole.words[-1] == Word("on.", 2.6, 2.8, 0.6, "on")


def test_withheld_pieces_are_withheld_together_and_give_way_to_text():
    silent, heard = Hypothesis("", "", 0.1, "unsure"), Hypothesis("好", "好", 0.9)
    assert join(silent, silent, 1.0) == silent
    assert join(Hypothesis("", "", None), Hypothesis("", "", None), 1.0) == Hypothesis("", "", None)
    assert (join(silent, heard, 1.0).text, join(silent, heard, 1.0).dropped) == ("好", "")


# Real shortages


def recognise_with_little_memory(folder, spare_bytes, report):
    """In a child: forbid the process to grow by more than `spare_bytes`, then recognise four minutes at once."""
    engine: Any = load_engine(EngineSpec(folder, device="cpu", threads=1))
    engine.transcribe(utterances(1.0))

    batcher = Batcher(engine._recognise, MemoryBudget(240.0), CPU)
    with open("/proc/self/statm", encoding="ascii") as statm:  # noqa: PTH123
        size = int(statm.read().split()[0]) * resource.getpagesize()
    given = utterances(*[30.0] * 8)
    resource.setrlimit(resource.RLIMIT_AS, (size + spare_bytes, -1))
    found = batcher.transcribe(given)
    report.send((texts(found), [hypothesis.applied for hypothesis in found]))


def test_a_real_shortage_costs_no_text(engine, folder):
    ours, theirs = multiprocessing.get_context("spawn").Pipe()
    child = multiprocessing.get_context("spawn").Process(
        target=recognise_with_little_memory, args=(folder, 200 * 2**20, theirs)
    )
    child.start()
    theirs.close()
    found, applied = ours.recv()
    child.join()
    assert found == texts(engine.transcribe(utterances(*[30.0] * 8)))
    reasons = [line.reason for lines in applied for line in lines]
    assert reasons
    assert [reason for reason in reasons if reason != SMALLER_BATCHES] == []


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_real_shortage_on_a_gpu_costs_no_text(folder):
    device = torch.device("cuda")
    engine: Any = load_engine(EngineSpec(folder, device="cuda"))
    given = utterances(*[30.0] * 40)
    expected = texts(engine.transcribe(given))
    assert engine.info.batch_seconds > 30
    torch.cuda.empty_cache()
    _, total = torch.cuda.mem_get_info(device)
    used = torch.cuda.memory_reserved(device)
    budget = MemoryBudget(1200.0)
    torch.cuda.set_per_process_memory_fraction((used + 200 * 2**20) / total)
    try:
        found = Batcher(engine._recognise, budget, device).transcribe(given)
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    assert texts(found) == expected
    assert budget.seconds < 1200


# Memory of a long life


def recognise_many_lengths(folder, report):
    """In a child: report how many bytes it has grown by, after a few lengths that it had not seen and many more."""
    engine = load_engine(EngineSpec(folder, device="cpu", threads=1))
    sizes = []
    for number in range(60):
        engine.transcribe(utterances(1 + number / 25))
        sizes.append(psutil.Process().memory_info().rss)
    report.send(sizes[-1] - sizes[10])


def test_memory_does_not_grow_with_the_lengths_that_were_seen(folder):
    """Each once cost three megabytes for good, even in this tiny network."""
    ours, theirs = multiprocessing.get_context("spawn").Pipe()
    child = multiprocessing.get_context("spawn").Process(target=recognise_many_lengths, args=(folder, theirs))
    child.start()
    theirs.close()
    growth = ours.recv()
    child.join()
    assert growth < 75_000_000
