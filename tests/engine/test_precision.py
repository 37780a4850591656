"""Precisions and devices are tried with the network itself, and refused if their results differ."""

import copy

import numpy as np
import pytest
import torch

from app.domain.errors.inference import DeviceUnavailable, OutOfMemory
from app.domain.transcript import Applied
from app.engine.computing import precision
from app.engine.computing.device import DeviceChoice, memory_errors_named
from app.engine.computing.linear import Int8Linear, PlainLinear, int8_times_as_fast
from app.engine.computing.precision import TOLERABLE, DtypeChoice, choose_dtype, convert, place
from app.engine.computing.trial import Trial, times_as_fast, trial_run
from app.engine.native.checkpoint import load_checkpoint
from tests.engine.tiny_model import tiny_network

CPU = torch.device("cpu")
has_bf16 = pytest.mark.skipif(not torch.ops.mkldnn._is_mkldnn_bf16_supported(), reason="this processor has no bfloat16")
PARITY = ("u2pp-conformer", "conformer-conv2d6", "conformer-batchnorm", "transformer")


@pytest.fixture(name="quick_int8")
def _quick_int8(monkeypatch):
    """A processor that has instructions for 8 bits, whatever this one has."""
    monkeypatch.setattr(precision, "int8_times_as_fast", lambda: 1.0)


def converted(model, dtype):
    return convert(copy.deepcopy(model), DtypeChoice(dtype, CPU, Applied("dtype", dtype, dtype)))


@pytest.mark.shared
@torch.inference_mode()
@pytest.mark.parametrize("name", PARITY)
@pytest.mark.parametrize("dtype", [pytest.param("bfloat16", marks=has_bf16), "int8"])
def test_fewer_bits_find_the_same_tokens_as_wenet(shared_dir, name, dtype):
    """Log-probabilities within 0.15; another token only where WeNet's own two best are closer than that."""
    golden = np.load(shared_dir / "parity" / name / "golden.npz")
    model = converted(load_checkpoint(shared_dir / "parity" / name).model, dtype)
    _, log_probs, lengths = model(torch.from_numpy(golden["features"]), torch.from_numpy(golden["feature_lengths"]))
    assert log_probs.dtype is torch.float32
    for mine, expected, length in zip(log_probs, torch.from_numpy(golden["ctc_log_probs"]), lengths, strict=True):
        torch.testing.assert_close(mine[:length], expected[:length], atol=0.15, rtol=0)
        chosen = expected[:length].gather(1, mine[:length].argmax(-1, keepdim=True))[:, 0]
        assert (expected[:length].amax(-1) - chosen).max() < 0.15


@has_bf16
@torch.inference_mode()
def test_scores_of_the_decoder_are_in_single_precision():
    model = converted(tiny_network(), "bfloat16")
    hidden = torch.randn(3, 16, dtype=torch.bfloat16)
    assert model.forward_decoder.logits(hidden).dtype is torch.float32


def test_features_are_normalised_in_single_precision():
    network = tiny_network()
    exact = network.encoder.global_cmvn.mean.clone().uniform_(-20, 0)
    network.encoder.global_cmvn.mean.copy_(exact)
    network.change(torch.device("cpu"), torch.bfloat16)

    assert torch.equal(network.encoder.global_cmvn.mean, exact)


def test_a_small_network_stays_in_single_precision_on_a_cpu():
    choice = choose_dtype("auto", CPU, tiny_network())
    assert choice.dtype == choice.receipt.applied == "float32"
    assert choice.receipt.asked == "auto"
    assert "size" in str(choice.receipt.reason)


def test_single_precision_needs_no_reason():
    choice = choose_dtype("float32", CPU, tiny_network())
    assert (choice.dtype, choice.receipt.reason) == ("float32", None)


@pytest.mark.usefixtures("quick_int8")
@pytest.mark.parametrize("dtype", [pytest.param("bfloat16", marks=has_bf16), "int8"])
def test_what_was_asked_for_is_taken_where_it_computes_the_same(dtype):
    choice = choose_dtype(dtype, CPU, tiny_network())
    assert choice.dtype == dtype
    assert str(choice.receipt.reason).startswith("Checked with this model")


def test_weights_of_8_bits_are_left_where_the_processor_is_slow_with_them(monkeypatch):
    monkeypatch.setattr(precision, "int8_times_as_fast", lambda: 1 / 40)
    choice = choose_dtype("int8", CPU, tiny_network())
    assert (choice.dtype, choice.receipt.asked, choice.receipt.applied) == ("float32", "int8", "float32")
    assert "smaller model" in str(choice.receipt.reason)
    assert str(choice.receipt.reason).endswith(": 40")


def test_the_processor_itself_is_asked_how_quick_it_is_with_8_bits():
    """What is measured with a tiny product holds for a real layer."""
    gain = int8_times_as_fast()
    rows, weight = torch.randn(200, 512), torch.randn(2048, 512)
    exact, rounded = PlainLinear(weight, None, None), Int8Linear(weight, None, None)
    assert (gain < TOLERABLE) == (times_as_fast(lambda: exact(rows), lambda: rounded(rows)) < TOLERABLE)


def test_an_unknown_precision_is_refused():
    with pytest.raises(ValueError, match="float8"):
        choose_dtype("float8", CPU, tiny_network())


class WrongInHalves(torch.nn.Module):
    """A layer that a device computes wrongly in one precision, as drivers have been seen to do."""

    def __init__(self, norm):
        super().__init__()
        self.weight, self.norm = norm.weight, norm

    def forward(self, x):
        y = self.norm(x)
        return y if x.dtype is torch.float32 else y.flip(-1)


@has_bf16
def test_a_precision_that_computes_something_else_is_left_with_the_reason():
    model = tiny_network()
    model.encoder.after_norm = WrongInHalves(model.encoder.after_norm)
    choice = choose_dtype("bfloat16", CPU, model)
    assert choice.dtype == "float32"
    assert str(choice.receipt.reason).startswith("This precision gives other results with this model")


BROKEN = "meta"  # a device of torch that has no numbers: what is computed there cannot be read


def test_a_broken_device_is_refused_with_the_reason():
    with pytest.raises(DeviceUnavailable) as refused:
        choose_dtype("auto", torch.device(BROKEN), tiny_network())
    assert refused.value.params["device"] == BROKEN
    assert refused.value.params["reason"]


def test_a_broken_device_is_replaced_where_that_is_allowed(monkeypatch):
    broken = DeviceChoice(torch.device(BROKEN), (Applied("device", "cuda", "cuda"),))
    monkeypatch.setattr("app.engine.computing.precision.choose_device", lambda *_, **__: broken)
    with pytest.raises(DeviceUnavailable):
        place(tiny_network(), "cuda")
    for asked, allowed in (("cuda", True), ("auto", False)):
        model = tiny_network()
        placement = place(model, asked, "float32", allow_fallback=allowed)
        line = placement.receipt[0]
        assert (placement.device, line.name, line.asked, line.applied) == (CPU, "device", asked, "cpu")
        assert "meta" in str(line.reason)
        assert Trial(trial_run(model, CPU)()).equals(Trial(trial_run(tiny_network(), CPU)()))


class ShortOfMemory(torch.nn.Module):
    def forward(self, x, _lengths):
        return x.new_empty(2**60)


@pytest.mark.usefixtures("quick_int8")
def test_a_shortage_of_memory_is_not_the_fault_of_the_precision():
    model = tiny_network()
    model.encoder.embed = ShortOfMemory()
    with pytest.raises(OutOfMemory), memory_errors_named():
        place(model, "cpu", "int8")


def test_an_absent_device_is_replaced_only_where_that_is_allowed():
    placement = place(tiny_network(), "cuda:97", "float32", allow_fallback=True)
    assert placement.device == CPU
    assert [(line.name, line.asked, line.applied) for line in placement.receipt] == [
        ("device", "cuda:97", "cpu"),
        ("dtype", "float32", "float32"),
    ]
    with pytest.raises(DeviceUnavailable):
        place(tiny_network(), "cuda:97")


def test_a_trial_knows_another_network_and_numbers_that_are_none():
    reference = Trial(trial_run(tiny_network(), CPU)())
    assert reference.equals(reference)
    assert not Trial(trial_run(tiny_network(seed=1), CPU)()).equals(reference)
    assert not Trial(torch.full_like(reference.log_probs_TV, float("nan"))).equals(reference)
    silent = torch.zeros_like(reference.log_probs_TV).log_softmax(-1)
    assert not Trial(silent).equals(reference)


def test_the_faster_of_two_runs_is_found():
    small, large = torch.randn(8, 8), torch.randn(600, 600)
    assert times_as_fast(lambda: large @ large, lambda: small @ small) > 1
    assert times_as_fast(lambda: small @ small, lambda: large @ large) < 1


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("dtype", ["auto", "float32", "bfloat16", "float16"])
def test_a_gpu_computes_what_the_cpu_does(dtype):
    placement = place(tiny_network(), "cuda", dtype)
    assert placement.dtype == ("bfloat16" if dtype == "auto" else dtype)
