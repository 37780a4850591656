from pathlib import Path

import pytest

from training.config import load_config

TRAINING = Path(__file__).parents[2] / "training"


def test_the_second_training_changes_only_what_it_names() -> None:
    first, second = load_config(TRAINING / "config.yaml"), load_config(TRAINING / "real.yaml")
    assert (second.model, second.voices, second.text) == (first.model, first.voices, first.text)
    assert second.training.batch_seconds == first.training.batch_seconds
    assert second.training.language_weights == first.training.language_weights | {"en": 1.6}
    assert second.checkpoints != first.checkpoints


def test_an_unknown_key_is_refused_by_name(tmp_path: Path) -> None:
    for name in ("config.yaml", "real.yaml"):
        (tmp_path / name).write_text((TRAINING / name).read_text(encoding="utf-8"), encoding="utf-8")
    with (tmp_path / "real.yaml").open("a", encoding="utf-8") as file:
        file.write("language_model: {wieght: 0.3}\n")
    with pytest.raises(ValueError, match="wieght"):
        load_config(tmp_path / "real.yaml")
