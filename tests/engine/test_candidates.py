"""Which of several Chinese texts of the same sound is written: n-grams of the small built-in model beside the network."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from app.domain.errors.models import ModelFileUnreadable
from app.domain.hotwords import Hotword
from app.domain.options import RecognitionOptions
from app.engine import EngineSpec
from app.engine.whisper import load_engine
from app.engine.whisper.candidates import CandidateScorer, read_scorer
from tests.engine.tiny_whisper import build_tiny_whisper

MODELS = Path(__file__).resolve().parents[2] / "models"


@pytest.fixture(name="scorer", scope="module")
def _scorer() -> CandidateScorer:
    scorer = read_scorer(MODELS / "builtin-large")
    assert scorer
    return scorer


def test_what_people_write_wins_where_the_sound_leaves_it_open(scorer: CandidateScorer) -> None:
    texts = ["现任上海报应集团社长。", "现任上海报业集团社长。"]

    assert scorer.best(texts, [-5.0, -5.5], ()) == 1


def test_a_text_that_sounds_much_likelier_is_kept(scorer: CandidateScorer) -> None:
    texts = ["现任上海报应集团社长。", "现任上海报业集团社长。"]

    assert scorer.best(texts, [-5.0, -25.0], ()) == 0


def test_figures_count_as_they_are_spoken_and_marks_not_at_all(scorer: CandidateScorer) -> None:
    for written, spoken in (
        ("第98名。", "第九十八名"),
        ("1958年，", "一九五八年"),
        ("10个", "十个"),
        ("20人", "二十人"),
    ):
        assert scorer.log_probability(written) == pytest.approx(scorer.log_probability(spoken))


def test_letters_and_rare_characters_have_their_price(scorer: CandidateScorer) -> None:
    plain = scorer.log_probability("今天天气很好")

    assert scorer.log_probability("今天天气OK很好") < plain
    assert scorer.log_probability("今天天气龘很好") < plain


def test_traditional_characters_are_scored_as_simplified_ones(scorer: CandidateScorer) -> None:
    assert scorer.best(["今天天氣很好", "今天天汽很好"], [-5.0, -5.0], ()) == 0


def test_a_text_is_not_shortened_for_being_likelier_then(scorer: CandidateScorer) -> None:
    assert scorer.best(["我觉得这个方案不太合适", "", "我"], [-6.0, -12.0, -12.0], ()) == 0


def test_a_hotword_counts_with_its_weight(scorer: CandidateScorer) -> None:
    texts, heard = ["我们请张珊发言", "我们请章姗发言"], [-5.0, -6.0]

    assert scorer.best(texts, heard, ()) == 0
    assert scorer.best(texts, heard, (Hotword("章姗", 100.0),)) == 1


@pytest.fixture(name="folder")
def _folder(tmp_path: Path) -> Path:
    """A tiny model beside the small built-in one's n-grams."""
    (tmp_path / "builtin").mkdir()
    for name in ("units.txt", "language_model.npz"):
        shutil.copy(MODELS / "builtin" / name, tmp_path / "builtin")
    return build_tiny_whisper(tmp_path / "tiny")


def configure(folder: Path, language_model: object) -> None:
    file = folder / "config.json"
    named = json.loads(file.read_text(encoding="utf-8")) | {"language_model": language_model}
    file.write_text(json.dumps(named), encoding="utf-8")


def test_the_receipt_says_that_n_grams_choose(folder: Path) -> None:
    configure(folder, "../builtin")
    engine = load_engine(EngineSpec(folder, threads=1))

    def applied(quality: str, language: str = "auto") -> str:
        options = RecognitionOptions(quality=quality, language=language)
        [line] = [line for line in engine.receipt(options) if line.name == "decoding"]
        return line.applied

    assert applied("accurate") == applied("accurate", "zh") == "beam 8 + 4-gram (zh)"
    assert applied("balanced") == "beam 5 + 4-gram (zh)"
    assert (applied("fast"), applied("accurate", "en")) == ("greedy", "beam 5")


def test_a_folder_whose_n_grams_are_elsewhere_reads_without_them(folder: Path) -> None:
    assert read_scorer(folder) is None
    configure(folder, "../gone")
    assert read_scorer(folder) is None


@pytest.mark.parametrize("wrong", [3, ["../builtin"]])
def test_a_configuration_that_names_no_folder_is_refused(folder: Path, wrong: object) -> None:
    configure(folder, wrong)
    with pytest.raises(ModelFileUnreadable):
        read_scorer(folder)
