"""The network against WeNet's numbers, against its formulas written out, and batched against one by one."""

import copy
import itertools
import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from torch.nn.functional import scaled_dot_product_attention

from app.engine.computing.linear import Int8Linear, OneDnnLinear, PlainLinear, has_onednn
from app.engine.conformer import ConformerConfig, UnsupportedConfig
from app.engine.conformer.attention import RelativeAttention
from app.engine.conformer.decoder import BiTransformerDecoder
from app.engine.conformer.encoder import Halving
from app.engine.conformer.inference_optimizer import attend_in_halves, freeze
from app.engine.decoding import EncodedBatch
from app.engine.decoding.greedy import GreedyDecoder
from app.engine.native.checkpoint import load_checkpoint
from tests.engine.tiny_model import WHISPER, tiny_config, tiny_network

PARITY = (
    "conformer-batchnorm",
    "conformer-conv2d6",
    "conformer-conv2d8",
    "conformer-unidecoder",
    "transformer",
    "u2pp-conformer",
    "u2pp-conformer-v1",
)


WHISPER_PARITY = Path(__file__).parents[1] / "data" / "whisper-dialect"
"""Random weights, two recordings' features and what WeNet's own code (0154699) made of each alone."""


class Golden:
    """What WeNet's own code computed with a checkpoint; the older dialect has the numbers of the newer one."""

    def __init__(self, folder):
        self.folder = folder
        numbers = folder if (folder / "golden.npz").exists() else folder.with_name(folder.name[: -len("-v1")])
        arrays = np.load(numbers / "golden.npz")
        self.features, self.feature_lengths, self.encoded, self.lengths, self.log_probs = (
            torch.from_numpy(arrays[name])
            for name in ("features", "feature_lengths", "encoder_out", "encoder_lengths", "ctc_log_probs")
        )
        self.results = json.loads((numbers / "golden.json").read_text())


@pytest.fixture(scope="module", params=PARITY)
def golden(request, shared_dir):
    return Golden(shared_dir / "parity" / request.param)


@pytest.mark.shared
@torch.inference_mode()
def test_the_network_equals_wenets(golden):
    checkpoint = load_checkpoint(golden.folder)
    encoded, log_probs, lengths = assert_equals_golden(checkpoint.model, golden)
    decoded = GreedyDecoder(checkpoint.config.blank_id).decode(EncodedBatch(encoded, log_probs, lengths))
    assert golden.folder.name.endswith("-v1") or [list(row.tokens) for row in decoded] == golden.results["greedy"]


def assert_equals_golden(model, golden):
    encoded, log_probs, lengths = model(golden.features, golden.feature_lengths)
    assert lengths.tolist() == golden.lengths.tolist()
    for row, length in enumerate(lengths):
        torch.testing.assert_close(encoded[row, :length], golden.encoded[row, :length], atol=1e-4, rtol=0)
        torch.testing.assert_close(log_probs[row, :length], golden.log_probs[row, :length], atol=1e-4, rtol=0)
    return encoded, log_probs, lengths


def frozen(model, linear=PlainLinear):
    model = copy.deepcopy(model)
    freeze(model, model.config.encoder, linear)
    return model


@pytest.mark.shared
@torch.inference_mode()
@pytest.mark.parametrize("linear", [PlainLinear, OneDnnLinear])
def test_the_frozen_network_equals_wenets(golden, linear):
    require_onednn(linear)
    checkpoint = load_checkpoint(golden.folder)
    assert_equals_golden(frozen(checkpoint.model, linear), golden)


@torch.inference_mode()
@pytest.mark.parametrize("linear", [PlainLinear, OneDnnLinear])
@pytest.mark.parametrize(
    "conf",
    [
        {},
        {"input_layer": "conv2d6", "query_bias": False, "key_bias": False, "value_bias": False},
        {"input_layer": "dwconv2d8", "causal": True, "cnn_module_norm": "batch_norm"},
        {"input_layer": "linear", "pos_enc_layer_type": "abs_pos", "activation_type": "gelu"},
        {"encoder": "transformer", "pos_enc_layer_type": "abs_pos", "selfattention_layer_type": "selfattn"},
        {"static_chunk_size": 4, "normalize_before": False, "macaron_style": False},
        {**WHISPER, "halve_after_block": 1},
    ],
)
def test_a_frozen_network_computes_what_the_plain_one_does(conf, linear):
    require_onednn(linear)
    if conf.get("encoder") == "transformer":
        conf = {"activation_type": "relu", **conf}
    plain = tiny_network(seal_padding=True, **conf)
    fast = frozen(plain, linear)
    features = 8 + 3 * torch.randn(2, 203, 80, generator=torch.Generator().manual_seed(1))
    for lengths in (
        [203, 203],
        [203, 99],
        [50, 203],
    ):  # with and without padding; the positions are kept by now
        for mine, expected in zip(
            fast(features, torch.tensor(lengths)), plain(features, torch.tensor(lengths)), strict=True
        ):
            torch.testing.assert_close(mine, expected, atol=2e-5, rtol=0)
    for reader in ("forward_decoder", "backward_decoder"):
        memory = torch.randn(2, 9, 16), torch.tensor([9, 4])
        texts = in_order(torch.tensor([[2, 5, 6], [2, 7, 2]]))
        mine, expected = (getattr(model, reader) for model in (fast, plain))
        torch.testing.assert_close(
            mine.logits(mine(*memory, *texts)),
            expected.logits(expected(*memory, *texts)),
            atol=2e-5,
            rtol=0,
        )


@torch.inference_mode()
@pytest.mark.parametrize("input_layer", ["conv2d", "conv2d6", "conv2d8", "dwconv2d8"])
def test_pieces_of_the_first_layers_equal_the_whole(input_layer, monkeypatch):
    plain = tiny_network(input_layer=input_layer).encoder.embed
    pieces = frozen(tiny_network(input_layer=input_layer)).encoder.embed
    monkeypatch.setattr("app.engine.conformer.chunked.PIECE_BYTES", 1)  # the fewest frames in each
    for frames in (3, 15, 200, 555):
        features = torch.randn(2, frames, 80)
        lengths = torch.tensor([frames, frames])
        torch.testing.assert_close(pieces(features, lengths)[0], plain(features, lengths)[0], atol=1e-5, rtol=0)


@torch.inference_mode()
def test_a_frozen_network_hears_more_than_the_positions_that_it_keeps(monkeypatch):
    monkeypatch.setattr("app.engine.conformer.inference_optimizer.CACHED_FRAMES", 20)
    plain = tiny_network()
    fast = frozen(plain)
    for frames in (60, 90, 300, 70):
        features, lengths = torch.randn(1, frames, 80), torch.tensor([frames])
        torch.testing.assert_close(fast(features, lengths)[1], plain(features, lengths)[1], atol=2e-5, rtol=0)


@torch.inference_mode()
@pytest.mark.parametrize("shape", [None, (2, 1, 1, 40), (1, 3, 1, 40), (1, 1, 40, 40), (2, 3, 40, 40)])
def test_attention_in_halves_equals_torchs(shape, monkeypatch):
    """Within two roundings of bfloat16, 2^-7, of values around 1."""
    monkeypatch.setattr("app.engine.conformer.inference_optimizer.BLOCK_SCORES", 1)  # several blocks
    torch.manual_seed(0)
    query, key, value = (torch.randn(2, 3, 40, 8, dtype=torch.bfloat16) for _ in range(3))
    bias = None if shape is None else torch.randn(shape, dtype=torch.bfloat16)
    if bias is not None:
        bias[..., -5:] = float("-inf")
    expected = scaled_dot_product_attention(
        query.float(), key.float(), value.float(), None if bias is None else bias.float()
    )
    mine = attend_in_halves(query, key, value, bias).float()
    torch.testing.assert_close(mine, expected, atol=2**-6, rtol=2**-6)


def test_a_frozen_network_has_the_plain_ones_weights_and_learns_nothing():
    plain = tiny_network(decoder=None)
    fast = frozen(plain)
    numbers = [sum(parameter.numel() for parameter in model.parameters()) for model in (plain, fast)]
    attentions = len(plain.encoder.encoders) * 16  # v-u takes the place of u and v
    assert numbers[1] == numbers[0] - attentions
    assert not any(parameter.requires_grad for parameter in fast.parameters())


@torch.inference_mode()
def test_weights_of_8_bits_give_nearly_the_same_in_batches_of_any_size():
    plain = tiny_network(seal_padding=True)
    fast = frozen(plain, Int8Linear)
    features = 8 + 3 * torch.randn(3, 150, 80, generator=torch.Generator().manual_seed(1))
    lengths = torch.tensor([150, 101, 43])
    assert_batch_equals_single(fast, features, lengths)
    assert (fast(features, lengths)[1][0] - plain(features, lengths)[1][0]).abs().mean() < 0.1


@torch.inference_mode()
@pytest.mark.parametrize("rows", [0, 1, 255, 256, 600])
def test_a_layer_of_8_bits_takes_any_number_of_frames(rows):
    torch.manual_seed(0)
    weight, bias, x = torch.randn(32, 64), torch.randn(32), torch.randn(1, rows, 64)
    expected = PlainLinear(weight, bias, torch.nn.SiLU())(x)
    mine = Int8Linear(weight, bias, torch.nn.SiLU())(x)
    torch.testing.assert_close(mine, expected, atol=0.5, rtol=0)  # 1 % of 64 products with a deviation of 8


def require_onednn(linear):
    if linear is OneDnnLinear and not has_onednn():
        pytest.skip("needs an x86 processor and a PyTorch with oneDNN")


@pytest.mark.shared
def test_a_padded_batch_of_a_checkpoint_equals_one_by_one(golden):
    model = load_checkpoint(golden.folder, seal_padding=True).model
    assert_batch_equals_single(model, golden.features, golden.feature_lengths)


@pytest.mark.parametrize(
    ("input_layer", "causal", "norm", "positions"),
    [
        *itertools.product(("conv2d",), (True, False), ("layer_norm", "batch_norm"), ("rel_pos", "abs_pos")),
        ("conv2d6", False, "layer_norm", "no_pos"),
        ("conv2d8", True, "batch_norm", "rel_pos"),
        ("dwconv2d8", False, "layer_norm", "rel_pos"),
        ("linear", False, "batch_norm", "rel_pos"),
    ],
)
def test_a_padded_batch_equals_one_by_one(input_layer, causal, norm, positions):
    model = tiny_network(
        input_layer=input_layer,
        causal=causal,
        cnn_module_norm=norm,
        pos_enc_layer_type=positions,
        seal_padding=True,
    )
    features = 8 + 3 * torch.randn(3, 150, 80, generator=torch.Generator().manual_seed(1))
    assert_batch_equals_single(model, features, torch.tensor([150, 101, 43]))


@pytest.mark.parametrize("halve_after_block", [0, 1, 2])
@pytest.mark.parametrize("longest", [150, 151, 152, 153])
def test_a_padded_batch_equals_one_by_one_in_whispers_dialect(longest, halve_after_block):
    model = tiny_network(**WHISPER, halve_after_block=halve_after_block)
    features = torch.rand(4, longest, 80, generator=torch.Generator().manual_seed(1)) * 2 - 1
    assert_batch_equals_single(model, features, torch.tensor([longest, 101, 44, 1]), tolerance=5e-5)


@torch.inference_mode()
def assert_batch_equals_single(model, features, feature_lengths, tolerance=1e-5):
    encoded, log_probs, lengths = model(features, feature_lengths)
    for row, (feature_length, length) in enumerate(zip(feature_lengths, lengths, strict=True)):
        alone = model(features[row : row + 1, :feature_length], feature_length[None])
        assert alone[2].tolist() == [length]
        torch.testing.assert_close(encoded[row, :length], alone[0][0], atol=tolerance, rtol=0)
        torch.testing.assert_close(log_probs[row, :length], alone[1][0], atol=tolerance, rtol=0)


@torch.inference_mode()
@pytest.mark.parametrize("recording", [0, 1])
def test_a_network_in_whispers_dialect_equals_wenets(recording):
    model = load_checkpoint(WHISPER_PARITY).model
    golden = np.load(WHISPER_PARITY / "golden.npz")
    features, encoded, log_probs = (
        torch.from_numpy(golden[f"{name}_{recording}"]) for name in ("features", "encoded", "log_probs")
    )
    mine = model(features[None], torch.tensor([len(features)]))
    assert mine[2].tolist() == [len(encoded)]
    torch.testing.assert_close(mine[0][0], encoded, atol=1e-4, rtol=0)
    torch.testing.assert_close(mine[1][0], log_probs, atol=1e-4, rtol=0)


@torch.inference_mode()
@pytest.mark.parametrize("frames", [6, 7])
def test_halving_starts_as_the_mean_of_every_two_frames(frames):
    x = torch.randn(1, frames, 16)
    halved = Halving(16)(x, None)
    assert halved.shape[1] == (frames + 1) // 2
    torch.testing.assert_close(halved[:, :3], (x[:, 0:6:2] + x[:, 1:6:2]) / 2)


@pytest.mark.parametrize(
    ("conf", "reason"),
    [
        ({**WHISPER, "halve_after_block": 3}, "halve_after_block is above num_blocks"),
        ({"halve_after_block": 1}, "halve_after_block needs"),
    ],
)
def test_halving_where_it_cannot_be_is_refused(conf, reason):
    with pytest.raises(UnsupportedConfig, match=reason):
        ConformerConfig.from_yaml_dict(tiny_config(**conf))


def test_unsealed_padding_leaks_as_it_does_in_wenet():
    features = 8 + 3 * torch.randn(2, 150, 80, generator=torch.Generator().manual_seed(1))
    with pytest.raises(AssertionError):
        assert_batch_equals_single(tiny_network(causal=False), features, torch.tensor([150, 90]))


@torch.inference_mode()
def test_positions_folded_into_keys_equal_the_full_position_scores():
    torch.manual_seed(0)
    attention = RelativeAttention(2, 8, 0.0).eval()
    x, positions = torch.randn(1, 5, 8), torch.randn(1, 5, 8)
    query, key, value = (
        layer(x).view(1, 5, 2, 4) for layer in (attention.linear_q, attention.linear_k, attention.linear_v)
    )
    place = attention.linear_pos(positions).view(1, 5, 2, 4)
    content = torch.einsum("bthk,bshk->bhts", query + attention.pos_bias_u, key)
    position = torch.einsum("bthk,bshk->bhts", query + attention.pos_bias_v, place)
    weights = ((content + position) / math.sqrt(4)).softmax(-1)
    expected = attention.linear_out(torch.einsum("bhts,bshk->bthk", weights, value).flatten(2))
    torch.testing.assert_close(attention(x, x, torch.zeros(1), positions), expected, atol=1e-6, rtol=1e-5)


@torch.inference_mode()
@pytest.mark.parametrize("frames", [0, 1, 6, 7])
def test_a_few_frames_give_at_most_one_frame(frames):
    encoded, _, lengths = tiny_network()(torch.zeros(1, frames, 80), torch.tensor([frames]))
    assert encoded.isfinite().all()
    assert lengths.tolist() == [1 if frames >= 7 else 0]


@torch.inference_mode()
def test_a_recording_longer_than_wenets_position_table_is_encoded():
    model = tiny_network(input_layer="dwconv2d8", num_blocks=1)
    encoded, _, lengths = model(torch.zeros(1, 41_000, 80), torch.tensor([41_000]))
    assert encoded.shape[1] == lengths.item() > 5000
    assert encoded.isfinite().all()


@torch.inference_mode()
def test_a_network_made_for_chunks_does_not_hear_the_next_chunk():
    model = tiny_network(static_chunk_size=4, use_cnn_module=False, macaron_style=False)
    features = torch.randn(1, 100, 80)
    changed = features.clone()
    changed[:, 60:] += 5.0
    first, second = (model.encoder(x, torch.tensor([100]))[0] for x in (features, changed))
    heard = ((60 - 6) // 4 // 4) * 4  # whole chunks before the change
    torch.testing.assert_close(first[:, :heard], second[:, :heard])
    assert not torch.allclose(first[:, -1], second[:, -1])


@pytest.mark.parametrize("encoder", ["conformer", "transformer"])
@pytest.mark.parametrize("decoder", ["transformer", "bitransformer", None])
def test_every_kind_of_network_learns(encoder, decoder):
    conf = {} if encoder == "conformer" else {"activation_type": "gelu"}
    keys = {"cnn_module_kernel": 7, "cnn_module_norm": "layer_norm"}
    model = tiny_network(decoder=decoder, encoder=encoder, normalize_before=False, **conf, **keys).train()
    encoded, log_probs, lengths = model(torch.randn(2, 80, 80), torch.tensor([80, 60]))
    loss = log_probs.mean()
    texts = in_order(torch.tensor([[2, 5, 6], [2, 7, 2]]))
    for reader in filter(None, (model.forward_decoder, model.backward_decoder)):
        loss = loss + reader.logits(reader(encoded, lengths, *texts)).log_softmax(-1)[..., 3].mean()
    loss.backward()
    unused = {name for name, parameter in model.named_parameters() if parameter.grad is None}
    assert all("after_norm" in name for name in unused)  # WeNet's networks without normalize_before carry it idle
    assert isinstance(model.decoder, BiTransformerDecoder) == (decoder == "bitransformer")


def in_order(tokens):
    """One text for each recording: its tokens, their places, and that each sees those before it."""
    size = tokens.shape[1]
    seen = torch.ones(size, size, dtype=torch.bool).tril().expand(len(tokens), -1, -1)
    return tokens, torch.arange(size).expand_as(tokens), seen


@torch.inference_mode()
def test_a_decoder_reads_a_padded_batch_as_it_reads_each_text_alone():
    model = tiny_network()
    torch.manual_seed(3)
    memory, memory_lengths = torch.randn(2, 20, 16), torch.tensor([20, 12])
    tokens, lengths = torch.randint(3, 10, (2, 7)), (7, 5)
    together = model.forward_decoder(memory, memory_lengths, *in_order(tokens))
    for row, length in enumerate(lengths):
        alone = model.forward_decoder(
            memory[row : row + 1, : memory_lengths[row]],
            memory_lengths[row : row + 1],
            *in_order(tokens[row : row + 1, :length]),
        )
        torch.testing.assert_close(together[row, :length], alone[0], atol=1e-5, rtol=0)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"encoder": "squeezeformer"}, "squeezeformer"),
        ({"decoder": "sanm_decoder"}, "sanm_decoder"),
        ({"model": "transducer"}, "transducer"),
        ({"encoder_conf": {"input_layer": "conv1d4"}}, "conv1d4"),
        ({"encoder_conf": {"activation_type": "mish"}}, "mish"),
        ({"encoder_conf": {"cnn_module_norm": "group_norm"}}, "group_norm"),
        ({"encoder_conf": {"layer_norm_type": "rms_norm"}}, "rms_norm"),
        ({"encoder_conf": {"pos_enc_layer_type": "rope_pos"}}, "rope_pos"),
        ({"encoder_conf": {"selfattention_layer_type": "shaw_rel_selfattn"}}, "shaw"),
        ({"encoder_conf": {"cnn_module_kernel": 8}}, "even"),
        ({"encoder_conf": {"output_size": 15}}, "15"),
        ({"encoder_conf": {"output_size": "wide"}}, "wide"),
        ({"encoder_conf": {"num_blocks": 0}}, "num_blocks"),
        ({"encoder_conf": {"magic": True}}, "magic"),
        ({"encoder_conf": {"subsampling_channels": "many"}}, "many"),
        ({"encoder_conf": "big"}, "encoder_conf"),
        ({"decoder_conf": {"activation_type": "mish"}}, "mish"),
        ({"output_dim": None}, "output_dim"),
        ({"ctc_conf": {"ctc_blank_id": 99}}, "ctc_blank_id"),
    ],
)
def test_a_configuration_that_is_not_understood_is_refused_by_name(change, said):
    with pytest.raises(UnsupportedConfig, match=said):
        ConformerConfig.from_yaml_dict({**tiny_config(), **change})


def test_numbers_that_yaml_reads_as_text_are_numbers():
    config = yaml.safe_load("{output_dim: 5, input_dim: 80, decoder: null, encoder_conf: {norm_eps: 1e-5}}")
    assert ConformerConfig.from_yaml_dict(config).encoder.norm_eps == 1e-5


def test_before_version_3_the_positions_chose_the_attention():
    first = {"output_dim": 5, "input_dim": 80, "encoder_conf": {"pos_enc_layer_type": "abs_pos"}}
    assert ConformerConfig.from_yaml_dict(first).encoder.selfattention_layer_type == "selfattn"
    second = {**first, "ctc_conf": {"ctc_blank_id": 0}}
    assert ConformerConfig.from_yaml_dict(second).encoder.selfattention_layer_type == "rel_selfattn"


def test_a_network_trained_on_chunks_hears_the_whole_recording():
    config = tiny_config(static_chunk_size=4, use_dynamic_chunk=True)
    assert ConformerConfig.from_yaml_dict(config).encoder.static_chunk_size == 0
