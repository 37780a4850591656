"""The encoder of a CTranslate2 file becomes the one that the recipe trains."""

import struct
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml

from app.engine.native.checkpoint import load_checkpoint
from training.average import averaged_network
from training.checkpoints import checkpoints
from training.config import Config, load_config
from training.export import export
from training.packing import writing
from training.team import Team
from training.train import Trainer
from training.vocabulary import build_vocabulary
from training.whisper import encoder_state, read_ctranslate2

RECIPE = Path(__file__).parents[2] / "training"
WIDTH, BLOCKS = 16, 2
LAYER = {
    "self_attention/layer_norm/gamma": (WIDTH,),
    "self_attention/layer_norm/beta": (WIDTH,),
    "self_attention/linear_0/weight": (3 * WIDTH, WIDTH),
    "self_attention/linear_0/bias": (3 * WIDTH,),
    "self_attention/linear_1/weight": (WIDTH, WIDTH),
    "self_attention/linear_1/bias": (WIDTH,),
    "ffn/layer_norm/gamma": (WIDTH,),
    "ffn/layer_norm/beta": (WIDTH,),
    "ffn/linear_0/weight": (2 * WIDTH, WIDTH),
    "ffn/linear_0/bias": (2 * WIDTH,),
    "ffn/linear_1/weight": (WIDTH, 2 * WIDTH),
    "ffn/linear_1/bias": (WIDTH,),
}
ENDS = {
    "conv1/weight": (WIDTH, 80, 3),
    "conv1/bias": (WIDTH,),
    "conv2/weight": (WIDTH, WIDTH, 3),
    "conv2/bias": (WIDTH,),
    "layer_norm/gamma": (WIDTH,),
    "layer_norm/beta": (WIDTH,),
}


@pytest.fixture
def model_bin(tmp_path: Path) -> Path:
    """A file of CTranslate2 with a small encoder of Whisper, and something of a decoder."""
    generator = np.random.default_rng(5)
    shapes = {f"encoder/{name}": shape for name, shape in ENDS.items()}
    for number in range(BLOCKS):
        shapes |= {f"encoder/layer_{number}/{name}": shape for name, shape in LAYER.items()}
    shapes["decoder/layer_norm/gamma"] = (WIDTH,)
    data = struct.pack("<I", 6) + _text("WhisperSpec") + struct.pack("<II", 3, len(shapes))
    for name, shape in shapes.items():
        values = (0.2 * generator.standard_normal(shape)).astype("<f2")
        data += _text(name) + struct.pack(f"<B{len(shape)}I", len(shape), *shape)
        data += struct.pack("<BI", 4, values.nbytes) + values.tobytes()
    path = tmp_path / "model.bin"
    path.write_bytes(data + struct.pack("<I", 0))
    return path


def _text(text: str) -> bytes:
    return struct.pack("<H", len(text) + 1) + text.encode() + b"\0"


@pytest.fixture
def config(tmp_path: Path, model_bin: Path) -> Config:
    """The recipe of version 4, small enough for seconds."""
    (tmp_path / "base.yaml").write_text((RECIPE / "config.yaml").read_text("utf-8"), "utf-8")
    values = yaml.safe_load((RECIPE / "whisper.yaml").read_text("utf-8"))
    values |= {"base": "base.yaml", "work": str(tmp_path / "work"), "speech_train": ["spoken"]}
    values["model"] |= {"output_size": WIDTH, "attention_heads": 2, "linear_units": 32, "num_blocks": BLOCKS}
    values["model"] |= {"halve_after_block": 1}
    values["training"] |= {
        "start_from": str(model_bin),
        "frozen_blocks": 1,
        "syllable_block": 2,
        "threads": 1,
    }
    values["training"] |= {"aligned_steps": 3, "batch_seconds": 6.0, "log_every": 1, "save_every": 3}
    (tmp_path / "whisper.yaml").write_text(yaml.safe_dump(values), "utf-8")
    config = load_config(tmp_path / "whisper.yaml")
    _make_packs(config.work)
    return config


def _make_packs(work: Path) -> None:
    generator = np.random.default_rng(1)
    work.mkdir()
    build_vocabulary(["你好 hello"] * 9, folder=work, num_pieces=12, max_characters=9, min_count=1)
    for name, text in (("real-spoken", "你好"), ("non-speech", "")):
        with writing(work / name) as writer:
            for _ in range(12):
                samples = generator.integers(-3000, 3000, int(generator.uniform(0.6, 2) * 16_000))
                writer.add(
                    samples.astype(np.int16),
                    text=text,
                    language="zh",
                    condition=name,
                    syllables="ni214 Xau214" * bool(text),
                )
    (work / "real-spoken.times").write_text("[200, 420]\n" * 12, encoding="utf-8")


def test_every_part_of_the_encoder_finds_its_place(model_bin: Path) -> None:
    state, file = encoder_state(model_bin), read_ctranslate2(model_bin.read_bytes())
    joined = file["encoder/layer_1/self_attention/linear_0/weight"].astype(np.float32)
    parts = [state[f"encoders.1.self_attn.linear_{part}.weight"] for part in "qkv"]
    np.testing.assert_array_equal(torch.cat(parts).numpy(), joined)
    assert "encoders.1.self_attn.linear_k.bias" not in state
    assert state["embed.conv.2.weight"].shape == (WIDTH, WIDTH, 3)
    assert not any("decoder" in name for name in state)


@pytest.mark.parametrize("spoil", [lambda data: data[:-2000], lambda data: b"PK" + data, lambda _: b""])
def test_a_file_that_is_none_is_refused(model_bin: Path, spoil: Callable[[bytes], bytes]) -> None:
    model_bin.write_bytes(spoil(model_bin.read_bytes()))
    with pytest.raises(ValueError, match=r"CTranslate2|no encoder"):
        encoder_state(model_bin)


def test_frozen_blocks_stay_and_the_others_learn(config: Config) -> None:
    before = {name: t.clone() for name, t in Trainer(config, Team()).trainee.network.state_dict().items()}
    trainer = Trainer(config, Team())
    trainer.run(6)  # three frame by frame, three with CTC
    changed = {n for n, t in trainer.trainee.network.state_dict().items() if not torch.equal(t, before[n])}
    assert not any(name.startswith(("encoder.embed", "encoder.encoders.0.")) for name in changed)
    assert {"encoder.halving.linear.weight", "encoder.after_norm.weight", "ctc.ctc_lo.bias"} <= changed
    assert any(name.startswith("encoder.encoders.1.") for name in changed)


def test_the_heads_learn_at_their_own_rate(config: Config) -> None:
    trainer = Trainer(config, Team())
    trainer.run(1)
    body, heads = (group["lr"] for group in trainer.optimiser.param_groups)
    assert heads == pytest.approx(config.training.head_factor * body)


def test_a_resumed_training_goes_on_with_the_encoder_that_it_has_by_now(config: Config) -> None:
    Trainer(config, Team()).run(3)
    Path(config.training.start_from).unlink()
    trainer = Trainer(config, Team())
    assert trainer.place.step == 3
    trainer.run(4)


def test_what_is_exported_is_a_model_for_the_engine(config: Config) -> None:
    Trainer(config, Team()).run(3)
    out = config.work / "model"
    export(config, averaged_network(checkpoints(config.checkpoints)), out)
    checkpoint = load_checkpoint(out)
    assert checkpoint.config.features == "log_mel_spectrogram"
    assert checkpoint.config.encoder.halve_after_block == 1
    assert not (out / "global_cmvn").exists()


def test_another_network_than_the_files_is_refused(config: Config) -> None:
    wider = replace(config, model={**config.model, "output_size": 32})
    with pytest.raises((ValueError, RuntimeError), match=r"another network|size mismatch"):
        Trainer(wider, Team())
