from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml

from app.engine.conformer.config import ConformerConfig
from app.engine.conformer.model import Conformer
from training.augment import AugmentConfig, augment_features, augment_waveforms
from training.average import averaged_network
from training.checkpoints import checkpoints, load_checkpoint
from training.config import Config, load_config
from training.export import export
from training.packing import writing
from training.team import Team
from training.train import Trainer
from training.vocabulary import build_vocabulary, read_units

SPANS = (0, 150, 150, 300, 300, 550)
RECIPE = Path(__file__).parents[2] / "training" / "config.yaml"


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """A recipe of the same shape as the real one, small enough for seconds."""
    values = yaml.safe_load(RECIPE.read_text(encoding="utf-8"))
    values["work"], values["speech_train"] = str(tmp_path / "work"), []
    values["model"].update(output_size=16, attention_heads=2, linear_units=32, num_blocks=2, subsampling_channels=4)
    values["training"].update(
        syllable_block=1,
        aligned_steps=4,
        threads=1,
        batch_seconds=6.0,
        easy_steps=2,
        easy_seconds=1.2,
        log_every=2,
        save_every=3,
    )
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(values), encoding="utf-8")
    config = load_config(tmp_path / "config.yaml")
    _make_packs(config.work)
    return config


def _make_packs(work: Path) -> None:
    generator = np.random.default_rng(1)
    work.mkdir()
    build_vocabulary(["你好 hello"] * 9, folder=work, num_pieces=12, max_characters=9, min_count=1)
    for name, text in (("synthetic-0", "你好 hello"), ("non-speech", "")):
        with writing(work / name) as writer:
            for _ in range(24):
                samples = generator.integers(-3000, 3000, int(generator.uniform(0.6, 2) * 16_000)).astype(np.int16)
                writer.add(
                    samples,
                    text=text,
                    language="zh",
                    condition=name,
                    syllables="ni214 Xau214 hello" * bool(text),
                    spans_ms=SPANS * bool(text),
                )


def _weights(config: Config) -> dict[str, torch.Tensor]:
    return load_checkpoint(checkpoints(config.work / "checkpoints")[-1]).model


def test_a_resumed_training_equals_one_that_never_stopped(config: Config) -> None:
    Trainer(config, Team()).run(6)
    uninterrupted = _weights(config)
    for path in checkpoints(config.work / "checkpoints"):
        path.unlink()
    Trainer(config, Team()).run(3)
    Trainer(config, Team()).run(6)
    resumed = _weights(config)
    assert all(torch.equal(resumed[name], tensor) for name, tensor in uninterrupted.items())


def test_training_starts_from_the_weights_of_a_checkpoint_or_a_model(
    config: Config,
) -> None:
    Trainer(config, Team()).run(3)
    first = checkpoints(config.checkpoints)[-1]
    export(config, averaged_network([first]), config.work / "model")
    for source in (first, config.work / "model" / "final.pt"):
        options = replace(config.training, checkpoints="second", start_from=str(source))
        second = Trainer(replace(config, training=options), Team())
        assert second.place.step == 0
        stored = load_checkpoint(first).model
        weights = second.trainee.network.state_dict()
        assert all(torch.allclose(stored[f"network.{n}"], t, atol=1e-3, rtol=1e-3) for n, t in weights.items())


def test_weights_of_another_network_are_refused(config: Config) -> None:
    Trainer(config, Team()).run(3)
    last = checkpoints(config.checkpoints)[-1]
    stored = torch.load(last, weights_only=True)
    stored["model"]["network.unknown"] = torch.zeros(1)
    torch.save(stored, config.work / "other.pt")
    options = replace(config.training, checkpoints="second", start_from=str(config.work / "other.pt"))
    with pytest.raises(ValueError, match="another network"):
        Trainer(replace(config, training=options), Team())


def test_training_lowers_the_loss_of_what_it_hears(config: Config, capsys: pytest.CaptureFixture[str]) -> None:
    aligned = replace(config, training=replace(config.training, aligned_steps=40, easy_steps=40))
    Trainer(aligned, Team()).run(30)
    losses = [float(line.split("characters ")[1].split()[0]) for line in capsys.readouterr().out.splitlines()]
    assert losses[-1] < losses[0]


def test_an_exported_model_has_the_weights_and_settings_of_the_training(config: Config) -> None:
    Trainer(config, Team()).run(3)
    network = averaged_network(checkpoints(config.work / "checkpoints"))
    out = config.work / "model"
    export(config, network, out)
    settings = yaml.safe_load((out / "train.yaml").read_text(encoding="utf-8"))
    assert len(read_units(out / "units.txt")) == settings["output_dim"]
    assert settings["recognition"]["minimum_confidence"] == config.minimum_confidence
    stored = torch.load(out / "final.pt", weights_only=True)
    Conformer(ConformerConfig.from_yaml_dict(settings)).load_state_dict(stored)
    assert all(torch.allclose(stored[name].float(), t, atol=1e-3, rtol=1e-3) for name, t in network.items())


def test_augmentation_keeps_shapes_and_finite_numbers_even_for_silence() -> None:
    generator = torch.Generator().manual_seed(3)
    waves = torch.cat((torch.zeros(1, 16_000), torch.rand(31, 16_000, generator=generator) - 0.5))
    changed = augment_waveforms(waves, torch.zeros_like(waves), AugmentConfig(), generator)
    assert changed.shape == waves.shape
    assert torch.isfinite(changed).all()
    assert not torch.equal(changed, waves)


def test_masked_features_hold_the_fill_and_the_rest_stays() -> None:
    generator = torch.Generator().manual_seed(3)
    features = torch.randn(8, 200, 80, generator=generator)
    fill = torch.full((80,), 9.0)
    config = AugmentConfig(floor=0.0)
    masked = augment_features(features, torch.full((8,), 200), fill, config, generator)
    hidden = masked == 9.0
    assert 0.02 < hidden.float().mean() < 0.7
    assert torch.equal(masked[~hidden], features[~hidden])
