"""ct-punc in our own engine: FunASR's numbers and marks, preserved words and times, and what a folder may lack."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from app.domain.errors.models import (
    ModelConfigUnsupported,
    ModelFileMissing,
    ModelFileUnreadable,
    ModelFolderMissing,
    ModelNeedsPackage,
    ModelWeightsMismatch,
)
from app.domain.transcript import Word
from app.engine.sanm.ct_transformer import read_in_windows
from app.engine.sanm.punctuation import CtPunc, load_punctuator
from app.engine.sanm.segmentation import characters
from tests.engine.sanm.bad_folders import DAMAGES, names_a_damaged_file, runs_no_code
from tests.engine.sanm.folders import GOLDEN, MARKS, change_config, write_json, write_punctuation

CASES = json.loads((GOLDEN / "punctuation.json").read_text(encoding="utf-8"))
SHOWN = "，。？、,.?"
SPOKEN = (*"今天气很好我们去公园玩", "hello", "world", *"开放时间", "testing", *"电话") * 3


def words(texts: tuple[str, ...]) -> tuple[Word, ...]:
    return tuple(Word(text, 0.2 * index, 0.2 * index + 0.1, 0.9) for index, text in enumerate(texts))


def punctuator_for(folder: Path, **kind: bool) -> CtPunc:
    if kind.get("has_dictionary"):
        pytest.importorskip("jieba", reason="the vocabulary has words, which the package jieba finds")
    found = load_punctuator(write_punctuation(folder, **kind))
    assert isinstance(found, CtPunc)
    return found


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_punctuation(tmp_path_factory.mktemp("punctuation") / "ct-punc")


@pytest.fixture
def folder(built: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(built, tmp_path / "ct-punc"))


# Numbers


@torch.inference_mode()
@pytest.mark.parametrize("case", CASES, ids=lambda case: ",".join(case["kind"]) or "plain")
def test_the_golden_scores_and_marks_of_funasr_are_computed(case: dict[str, Any], tmp_path: Path) -> None:
    punctuator = punctuator_for(tmp_path, **case["kind"])
    numbers = torch.tensor([case["numbers"]])
    scores = punctuator._network(numbers, torch.tensor([numbers.shape[1]]))

    torch.testing.assert_close(scores.flatten(), torch.tensor(case["scores"]), atol=1e-4, rtol=0)
    for text, marks in case["marks"].items():
        assert by_unit(*punctuator.predict(text)) == [MARKS[int(mark)] for mark in marks]


def by_unit(tokens: list[str], marks: list[str]) -> list[str]:
    """Return the mark after each character or Latin run, as FunASR tells them."""
    pairs = zip(tokens, marks, strict=True)
    return [each for token, mark in pairs for each in (*["_"] * (len(characters(token)) - 1), mark)]


@torch.inference_mode()
def test_a_padded_batch_of_texts_gives_what_each_gives_alone(built: Path) -> None:
    network = punctuator_for(built)._network
    long, short = torch.arange(3, 23), torch.arange(5, 12)
    together = network(
        torch.stack([long, torch.cat([short, torch.zeros(13, dtype=torch.long)])]), torch.tensor([20, 7])
    )

    torch.testing.assert_close(together[0], network(long[None], torch.tensor([20]))[0], atol=1e-5, rtol=0)
    torch.testing.assert_close(together[1, :7], network(short[None], torch.tensor([7]))[0], atol=1e-5, rtol=0)


def test_an_unfinished_sentence_is_read_again_with_the_next_window() -> None:
    windows: list[list[int]] = []

    def predict(window: list[int]) -> list[str]:
        windows.append(list(window))
        return ["。" if number == 14 else "_" for number in window]

    marks = read_in_windows(range(45), predict, "。")

    assert [(window[0], window[-1]) for window in windows] == [(0, 19), (15, 39), (15, 44)]
    assert [place for place, mark in enumerate(marks) if mark != "_"] == [14]


def test_a_sentence_without_end_is_ended_at_its_last_comma() -> None:
    def predict(window: list[int]) -> list[str]:
        return ["，" if number % 50 == 0 else "_" for number in window]

    marks = read_in_windows(range(300), predict, "。")

    assert [place for place, mark in enumerate(marks) if mark == "。"] == [200]
    assert [place for place, mark in enumerate(marks) if mark == "，"] == [0, 50, 100, 150, 250]


# Words


def test_words_and_their_times_are_kept(built: Path) -> None:
    said = words(SPOKEN)
    written = load_punctuator(built).punctuate(said, 20.0)

    assert [word.text.rstrip(SHOWN).lower() for word in written] == [word.text for word in said]
    assert [word.raw or word.text for word in written] == [word.text for word in said]
    assert [(word.start, word.end) for word in written] == [(word.start, word.end) for word in said]
    assert any(mark in word.text for word in written for mark in SHOWN)
    assert written[-1].text[-1] in "。？"


def test_figures_are_heard_as_they_were_spoken(built: Path) -> None:
    punctuator = load_punctuator(built)
    spoken = punctuator.punctuate(words(tuple("今天二零二五年很好")), 9.0)
    figures = (*words(tuple("今天")), Word("2025年", 1.0, 2.0, 0.9, "二零二五年"), *words(tuple("很好")))

    written = punctuator.punctuate(figures, 9.0)

    assert [mark_of(word) for word in written] == [mark_of(spoken[index]) for index in (0, 1, 6, 7, 8)]
    assert written[2].text.startswith("2025年")


def mark_of(word: Word) -> str:
    return word.text[-1] if word.text[-1] in SHOWN else ""


def test_a_mark_inside_a_word_is_left_out(tmp_path: Path) -> None:
    punctuator = punctuator_for(tmp_path, has_dictionary=True)
    tokens, marks = punctuator.predict("我们去公园")
    written = punctuator.punctuate(words(tuple("我们去公园")), 5.0)

    assert tokens == ["我们", "去", "公园"]
    assert [mark_of(word) for word in written] == [
        "",
        *("" if mark in ("_", "<unk>") else mark for mark in (marks[0], marks[1])),
        "",
        marks[2],
    ]


def test_marks_that_are_there_stay_and_nothing_stays_nothing(built: Path) -> None:
    punctuator = load_punctuator(built)
    punctuated = words(("好", "吧。"))

    assert punctuator.punctuate(punctuated, 1.0) == punctuated
    assert punctuator.punctuate((), 1.0) == ()


def test_a_text_that_names_a_file_is_not_opened(built: Path) -> None:
    [written] = load_punctuator(built).punctuate(words(("/etc/hostname",)), 1.0)

    assert written.text == "/etc/hostname."


# Folders


@pytest.mark.parametrize("name", ["model.pt", "tokens.json", "config.yaml"])
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_file_that_is_not_whole_is_named(folder: Path, name: str, damage: str) -> None:
    names_a_damaged_file(load_punctuator, folder, name, damage)


def test_a_dictionary_that_is_named_but_absent_is_missed(folder: Path) -> None:
    named = {"file_path_metas": {"jieba_usr_dict": "jieba_usr_dict"}}
    write_json(folder / "configuration.json", named)

    with pytest.raises(ModelFileMissing, match="jieba_usr_dict"):
        load_punctuator(folder)


def test_a_dictionary_that_is_no_text_is_refused(folder: Path) -> None:
    (folder / "jieba_usr_dict").write_bytes(b"\xff\xfe\x00" * 9)

    with pytest.raises(ModelFileUnreadable, match="jieba_usr_dict"):
        load_punctuator(folder)


def test_words_without_the_package_that_finds_them_ask_for_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "jieba_usr_dict").write_text("今天\n", encoding="utf-8")
    monkeypatch.setitem(sys.modules, "jieba", None)

    with pytest.raises(ModelNeedsPackage) as caught:
        load_punctuator(folder)

    assert "funasr-webui[punctuation]" in caught.value.problem.explained()["advice"]


def test_a_pickle_that_runs_code_is_refused(folder: Path) -> None:
    runs_no_code(load_punctuator, folder, "embed.weight")


@pytest.mark.parametrize("tokens", [["<unk>"], ["a", "a", "<unk>"], ["a", "b"], {"a": 1}, [1, 2]])
def test_a_vocabulary_that_does_not_fit_is_refused(folder: Path, tokens: object) -> None:
    write_json(folder / "tokens.json", tokens)

    with pytest.raises((ModelWeightsMismatch, ModelFileUnreadable), match=r"tokens\.json"):
        load_punctuator(folder)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"encoder": "SANMVadEncoder"}, "encoder"),
        ({"encoder_conf": {"input_layer": "conv2d"}}, "input_layer"),
        ({"encoder_conf": {"input_size": 32}}, "input_size"),
        ({"encoder_conf": {"attention_heads": 3}}, "attention_heads"),
        ({"model_conf": {"punc_list": "，。"}}, "punc_list"),
        ({"model_conf": {"sentence_end_id": 6}}, "sentence_end_id"),
        ({"model_conf": {"att_unit": 8}}, "att_unit"),
        ({"model": "Paraformer"}, "Paraformer"),
    ],
)
def test_what_is_not_known_is_refused_by_name(folder: Path, changes: dict[str, object], named: str) -> None:
    change_config(folder, **changes)

    with pytest.raises(ModelConfigUnsupported, match=named):
        load_punctuator(folder)


def test_weights_of_another_shape_are_refused(folder: Path) -> None:
    change_config(folder, encoder_conf={"linear_units": 32})

    with pytest.raises(ModelWeightsMismatch, match=r"w_1\.weight has the shape"):
        load_punctuator(folder)


def test_a_folder_that_is_not_there_is_no_name_of_a_hub() -> None:
    with pytest.raises(ModelFolderMissing):
        load_punctuator(Path("ct-punc"))
