"""Whisper by CTranslate2: recognising its folders, reading them, and rejecting implausible output.

Most run on a folder with random weights; those marked `weights` on whisper-base, if it has been downloaded.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from app.domain.errors.inference import DeviceUnavailable
from app.domain.errors.models import (
    ModelError,
    ModelFileMissing,
    ModelFileUnreadable,
    ModelFolderMissing,
    ModelWeightsMismatch,
    NotAModel,
)
from app.domain.hotwords import Hotword
from app.domain.languages import TRADITIONAL
from app.domain.options import RecognitionOptions, VadOptions
from app.domain.reasons import TOO_MANY_HOTWORDS
from app.engine import SAMPLE_RATE, EngineSpec, Hypothesis, Utterance, Waveform
from app.engine.audio.decoding import read_waveform
from app.engine.audio.facts import DecodeLimits
from app.engine.catalog.registry import WHISPER_FACTORY, Kind, factory_for, identify
from app.engine.catalog.whisper_weights import read_facts
from app.engine.features.whisper_mel import LogMel, mel_filters
from app.engine.preparation.preparation import prepare
from app.engine.whisper import guards, load_engine
from app.engine.whisper.engine import WhisperEngine
from app.engine.whisper.guards import NO_SPEECH, UNSURE, Evidence, repeats, why_withheld
from app.engine.whisper.receipts import MOST_PROMPT_TOKENS
from app.engine.whisper.script import convert, with_wide_marks
from app.engine.whisper.vocabulary import Vocabulary
from tests.engine.tiny_whisper import BYTES, build_tiny_whisper

BASE = Path(os.environ.get("FUNASR_WHISPER_BASE", "models/whisper-base"))


@pytest.fixture(scope="module", name="folder")
def _folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_tiny_whisper(tmp_path_factory.mktemp("whisper") / "tiny")


@pytest.fixture(name="copy")
def _copy(folder: Path, tmp_path: Path) -> Path:
    """A folder that a test may spoil."""
    return shutil.copytree(folder, tmp_path / "copy")


@pytest.fixture(scope="module", name="engine")
def _engine(folder: Path) -> WhisperEngine:
    engine = load_engine(EngineSpec(folder, threads=1))
    assert isinstance(engine, WhisperEngine)
    return engine


@pytest.fixture(name="believing")
def _believing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let random weights be believed: what they say is as improbable as any invention."""
    monkeypatch.setattr(guards, "LEAST_LOG_PROBABILITY", -100.0)
    monkeypatch.setattr(guards, "MOST_COMPRESSION", 100.0)
    monkeypatch.setattr(guards, "MOST_REPEATS", 1000)


def noise(seconds: float, seed: int = 0) -> Waveform:
    generator = np.random.default_rng(seed)
    return (generator.standard_normal(round(seconds * SAMPLE_RATE)) * 0.1).astype(np.float32)


def read(engine: WhisperEngine, waveform: Waveform, **options: object) -> Hypothesis:
    return engine.transcribe([Utterance(waveform, RecognitionOptions(**options))])[0]  # type: ignore[arg-type]


# The folder


def test_a_folder_of_faster_whisper_is_recognised_by_its_files(folder: Path) -> None:
    found = identify(folder)

    assert found.kind is Kind.WHISPER
    assert factory_for(folder) == WHISPER_FACTORY
    assert found.languages == ("zh", "en", "ja", TRADITIONAL, "de")
    assert {"times", "hotwords", "punctuation"} <= set(found.abilities)


@pytest.mark.parametrize("name", ["model.bin", "tokenizer.json", "vocabulary.json"])
def test_a_file_that_is_missing_is_named(copy: Path, name: str) -> None:
    (copy / name).unlink()

    with pytest.raises(ModelFileMissing):
        identify(copy)
    with pytest.raises(ModelFileMissing):
        load_engine(EngineSpec(copy))


@pytest.mark.parametrize("share", [0.0, 0.001, 0.3, 0.99])
def test_weights_that_are_cut_off_are_named(copy: Path, share: float) -> None:
    weights = copy / "model.bin"
    weights.write_bytes(weights.read_bytes()[: int(weights.stat().st_size * share)])

    with pytest.raises(ModelFileUnreadable, match=r"model\.bin"):
        identify(copy)
    with pytest.raises(ModelFileUnreadable, match=r"model\.bin"):
        load_engine(EngineSpec(copy))


@pytest.mark.parametrize("content", [b"PK\x03\x04 a zip", b"\x80\x02}q\x00.", b"\xff" * 5000])
def test_weights_that_are_none_are_never_loaded(copy: Path, content: bytes) -> None:
    (copy / "model.bin").write_bytes(content)

    with pytest.raises(ModelFileUnreadable, match=r"model\.bin"):
        load_engine(EngineSpec(copy))


def test_a_translator_of_ctranslate2_is_no_whisper(copy: Path) -> None:
    weights = (copy / "model.bin").read_bytes()
    (copy / "model.bin").write_bytes(weights.replace(b"WhisperSpec", b"MarianMTSpe", 1))

    with pytest.raises(ModelWeightsMismatch):
        identify(copy)
    (copy / "config.json").write_text('{"bos_token": "<s>"}', encoding="utf-8")
    with pytest.raises(NotAModel):
        identify(copy)


@pytest.mark.parametrize("content", ["{", "[]", "not json at all", '{"added_tokens": 3}'])
def test_a_tokenizer_that_is_none_is_named(copy: Path, content: str) -> None:
    (copy / "tokenizer.json").write_text(content, encoding="utf-8")

    with pytest.raises(ModelFileUnreadable, match=r"tokenizer\.json"):
        load_engine(EngineSpec(copy))


def test_the_tokenizer_of_another_model_is_refused(copy: Path, tmp_path: Path) -> None:
    other = build_tiny_whisper(tmp_path / "other", languages=("en", "zh"))
    shutil.copy(other / "tokenizer.json", copy / "tokenizer.json")

    with pytest.raises(ModelWeightsMismatch):
        load_engine(EngineSpec(copy))


def test_a_vocabulary_of_another_size_is_refused(copy: Path) -> None:
    tokens = json.loads((copy / "vocabulary.json").read_text(encoding="utf-8"))
    (copy / "vocabulary.json").write_text(json.dumps(tokens[:-5]), encoding="utf-8")

    with pytest.raises(ModelError):
        load_engine(EngineSpec(copy))


@pytest.mark.parametrize(("named", "frames"), [(None, 700), (1, 400), (0.5, 350)])
def test_a_folder_says_how_much_silence_its_network_wants(copy: Path, named: float | None, frames: int) -> None:
    configure(copy, silence_seconds=named)
    engine = load_engine(EngineSpec(copy, threads=1))
    assert isinstance(engine, WhisperEngine)

    [_, encoded, _] = engine._encode([noise(3.0)]).shape

    assert encoded == frames / 2


@pytest.mark.parametrize("named", [-1, 31, "1", True])
def test_a_silence_that_is_none_is_refused(copy: Path, named: object) -> None:
    configure(copy, silence_seconds=named)

    with pytest.raises(ModelFileUnreadable, match="silence_seconds"):
        load_engine(EngineSpec(copy, threads=1))


def configure(folder: Path, **values: object) -> None:
    file = folder / "config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | values))


def test_a_folder_that_is_gone_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelFolderMissing):
        load_engine(EngineSpec(tmp_path / "nowhere"))


def test_the_shapes_of_the_weights_tell_the_bins_and_the_vocabulary(tmp_path: Path) -> None:
    facts = read_facts(build_tiny_whisper(tmp_path / "wide", mel_bins=128))

    assert facts.mel_bins == 128
    assert facts.vocabulary_size == len(BYTES) + 2 + 4 + 6 + 1501


def test_an_absent_gpu_is_an_error_unless_the_processor_will_do(folder: Path) -> None:
    with pytest.raises(DeviceUnavailable):
        load_engine(EngineSpec(folder, device="mps"))

    engine = load_engine(EngineSpec(folder, device="mps", allow_fallback=True))

    assert engine.info.device == "cpu"
    assert engine.info.receipt[0].reason


# Features


def test_every_bin_hears_about_the_same_area() -> None:
    filters = mel_filters(80)

    assert filters.shape == (80, 201)
    assert filters.min() >= 0
    assert filters.argmax(axis=1).tolist() == sorted(filters.argmax(axis=1).tolist())


def test_a_tone_is_loudest_in_the_bin_of_its_pitch() -> None:
    tone = np.sin(2 * np.pi * 1000 * np.arange(SAMPLE_RATE) / SAMPLE_RATE).astype(np.float32)

    features = LogMel(80)(tone, 100)

    assert features.shape == (80, 100)
    assert abs(int(features[:, 50].argmax()) - int(mel_filters(80)[:, 25].argmax())) <= 1
    assert features.max() - features.min() <= 2.0 + 1e-6  # eight powers of ten, divided by four


# Reading


@pytest.mark.usefixtures("believing")
@pytest.mark.parametrize("mel_bins", [80, 128])
def test_words_lie_in_order_inside_the_sound(tmp_path: Path, mel_bins: int) -> None:
    engine = load_engine(EngineSpec(build_tiny_whisper(tmp_path / "m", mel_bins=mel_bins), threads=1))
    assert isinstance(engine, WhisperEngine)

    heard = read(engine, noise(3.0), language="de", punctuation=False)

    assert heard.text
    assert "".join(word.text for word in heard.words) == "".join(heard.text.split())
    ends = [moment for word in heard.words for moment in (word.start, word.end)]
    assert ends == sorted(ends)
    assert 0.0 <= ends[0] <= ends[-1] <= 3.0
    assert heard.confidence
    assert all(0 <= word.confidence <= 1 for word in heard.words)


@pytest.mark.usefixtures("believing")
def test_sound_longer_than_a_window_is_read_to_its_end(engine: WhisperEngine) -> None:
    heard = read(engine, noise(40.0), language="de")

    assert heard.words[-1].end > 30.0


@pytest.mark.usefixtures("believing")
def test_a_batch_reads_what_each_gives_alone(folder: Path) -> None:
    engine = load_engine(EngineSpec(folder, threads=1, batch_seconds=100.0, dtype="float32"))
    assert isinstance(engine, WhisperEngine)
    waveforms = [noise(3.0, seed) for seed in range(3)]
    options = RecognitionOptions(language="en", punctuation=False)

    together = engine.transcribe([Utterance(waveform, options) for waveform in waveforms])

    alone = [read(engine, waveform, language="en", punctuation=False) for waveform in waveforms]
    assert [each.text for each in together] == [each.text for each in alone]


def test_silence_and_almost_nothing_get_no_text(engine: WhisperEngine) -> None:
    for waveform in (np.zeros(SAMPLE_RATE, np.float32), noise(0.05), np.zeros(0, np.float32)):
        assert read(engine, waveform).text == ""


def test_what_random_weights_say_of_noise_is_withheld_and_the_reason_told(engine: WhisperEngine) -> None:
    heard = read(engine, noise(3.0))

    assert (heard.text, heard.words) == ("", ())
    assert heard.dropped in (NO_SPEECH, UNSURE)


# What is not believed


def evidence(**changes: object) -> Evidence:
    usual = {"text": " It is a fine day.", "tokens": 6, "seconds": 2.0, "no_speech": 0.01}
    return Evidence(**(usual | {"log_probability": -0.2} | changes))  # type: ignore[arg-type]


def test_a_clear_text_is_believed() -> None:
    assert why_withheld(evidence()) == ""
    assert why_withheld(evidence(no_speech=0.9)) == ""  # a sure text outweighs a doubt of the first token
    assert why_withheld(evidence(text="对对对", no_speech=0.01, log_probability=-0.6)) == ""


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"no_speech": 0.9, "log_probability": -0.8}, NO_SPEECH),
        ({"text": " Thank you.", "tokens": 3, "no_speech": 0.4}, NO_SPEECH),
        ({"text": "字幕由 Amara.org 社区提供", "tokens": 9, "log_probability": -0.6}, NO_SPEECH),
        ({"text": " Wooo! Wooo! Wooo!", "tokens": 9, "no_speech": 0.4, "log_probability": -0.8}, NO_SPEECH),
        ({"text": " ... ...", "tokens": 2}, NO_SPEECH),
        ({"text": "", "tokens": 0}, NO_SPEECH),
        ({"log_probability": -1.5}, UNSURE),
        ({"text": " Hmm.", "tokens": 2, "log_probability": -0.9}, UNSURE),
        ({"text": " I know.", "tokens": 3, "seconds": 10.0}, UNSURE),
        ({"text": " la" * 40, "tokens": 40, "seconds": 10.0}, UNSURE),
    ],
)
def test_what_whisper_invents_is_withheld(changes: dict[str, object], reason: str) -> None:
    assert why_withheld(evidence(**changes)) == reason


@pytest.mark.parametrize(
    ("text", "is_circle"),
    [
        ("谢谢谢谢谢谢谢谢谢谢", True),
        ("this is it this is it this is it this is it this is it", True),
        ("no no no no", False),
        ("一是一，二是二，三是三，四是四，五是五，六是六", False),
        ("Knit two together, knit two, make one, knit two, make one, knit three.", False),
    ],
)
def test_a_text_that_goes_round_in_circles_is_told_from_speech(text: str, is_circle: bool) -> None:
    assert repeats(text) is is_circle


# Writing


def test_mandarin_is_written_simplified_unless_traditional_is_asked_for() -> None:
    assert convert(["歷", "史上", "發現"], "zh") == ["历", "史上", "发现"]
    assert convert(["历史", "发现"], TRADITIONAL) == ["歷史", "發現"]
    assert convert(["歷史"], "ja") == ["歷史"]


def test_marks_are_as_wide_as_the_characters_before_them() -> None:
    assert with_wide_marks("好,") == "好，"
    assert with_wide_marks("ね?") == "ね？"
    assert with_wide_marks("day,") == "day,"
    assert with_wide_marks("3.") == "3."


def test_bytes_of_one_character_stay_together(folder: Path) -> None:
    vocabulary = Vocabulary(folder, read_facts(folder).vocabulary_size)
    tokens = vocabulary.encode("é中a")

    pieces = vocabulary.pieces(tokens)

    assert [piece.text for piece in pieces] == [" ", "é", "中", "a"]
    assert [(piece.first, piece.end) for piece in pieces] == [(0, 1), (1, 3), (3, 6), (6, 7)]


# The receipt


def test_the_receipt_says_what_became_of_every_option(engine: WhisperEngine) -> None:
    asked = RecognitionOptions("ko", (Hotword("ab", 50),), itn=False, quality="fast", punctuation=False)

    lines = {line.name: line for line in engine.receipt(asked)}

    assert lines["language"].applied == "auto"
    assert lines["decoding"].applied == "greedy"
    assert (lines["hotwords"].applied, bool(lines["hotwords"].reason)) == ("ab", True)
    assert lines["itn"].applied == lines["punctuation"].applied == "on"
    assert lines["itn"].reason


def test_hotwords_that_the_prompt_has_no_room_for_are_told(engine: WhisperEngine) -> None:
    words = tuple(Hotword("w" * 30 + str(number)) for number in range(MOST_PROMPT_TOKENS))

    [line] = [line for line in engine.receipt(RecognitionOptions(hotwords=words)) if line.name == "hotwords"]

    assert line.reason == TOO_MANY_HOTWORDS
    assert 0 < line.applied.count(",") + 1 < len(words)


# The real one


@pytest.fixture(scope="module", name="base")
def _base() -> WhisperEngine:
    if not (BASE / "model.bin").is_file():
        pytest.skip("needs whisper-base: python -m app models pull whisper-base")
    engine = load_engine(EngineSpec(BASE))
    assert isinstance(engine, WhisperEngine)
    return engine


@pytest.mark.weights
def test_whisper_base_reads_a_sentence(base: WhisperEngine, shared_dir: Path, tmp_path: Path) -> None:
    recording = shared_dir / "speech" / "en-dev" / "1737-146161-0000.opus"
    samples = tmp_path / "samples"
    prepare(recording, samples, tmp_path / "peaks", VadOptions(), DecodeLimits(60, 60, 2000), lambda: False)

    heard = read(base, read_waveform(samples, 0.0, 13.9))

    assert heard.text.casefold().startswith("knit two together")
    assert heard.words[0].start < 1.0


@pytest.mark.weights
@pytest.mark.parametrize("seed", range(3))
def test_whisper_base_is_silent_where_nobody_speaks(base: WhisperEngine, seed: int) -> None:
    from training.non_speech import non_speech

    heard = read(base, non_speech(np.random.default_rng(seed)).astype(np.float32))

    assert heard.text == ""
