from dataclasses import replace
from pathlib import Path

import pytest

from training.config import Config, load_config
from training.sentences import Sentence, choose_sentences

RECIPE = Path(__file__).parents[2] / "training" / "config.yaml"
ZH = [
    ("everyday", "今天天气很好。"),
    ("wiki", "村落位于山谷之中。"),
    ("wiki", "今天天气很好。"),
    ("other", "没有人要这句话。"),
]
EN = [("novel", "She looked out of the window."), ("novel", "It was the year 1848.")]


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """The recipe with some sentences, of which `everyday` is to be spoken and the rest may widen it."""
    for name, rows in (("zh", ZH), ("en", EN)):
        (tmp_path / f"{name}.txt").write_text("".join(f"{text}\n" for _, text in rows), encoding="utf-8")
        (tmp_path / f"{name}.sources").write_text("".join(f"{tag}\n" for tag, _ in rows), encoding="utf-8")
    config = load_config(RECIPE)
    text = replace(
        config.text,
        zh=str(tmp_path / "zh.txt"),
        zh_sources=str(tmp_path / "zh.sources"),
        en=str(tmp_path / "en.txt"),
        en_sources=str(tmp_path / "en.sources"),
        take={"everyday": 10},
        widen={"wiki": 10, "novel": 10},
        grammar={"zh": 300},
    )
    return replace(config, text=text)


def test_sentences_that_widen_the_training_come_once_and_never_in_a_test(config: Config) -> None:
    chosen = choose_sentences(config)

    assert [sentence for sentence in chosen if sentence.set == "wide"] == [
        Sentence("wide", "zh", "wiki", "村落位于山谷之中。"),
        Sentence("wide", "en", "novel", "She looked out of the window."),
    ]


def test_sentences_that_widen_the_training_leave_the_others_as_they_were(config: Config) -> None:
    without = replace(config, text=replace(config.text, widen={}))

    assert [s for s in choose_sentences(config) if s.set != "wide"] == choose_sentences(without)
