"""Fun-ASR-Nano in our own engine: FunASR's numbers, tokens and prompts, and what a folder may lack."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from app.domain.errors.models import (
    ModelConfigUnsupported,
    ModelError,
    ModelFileMissing,
    ModelWeightsMismatch,
)
from app.domain.hotwords import parse_hotwords
from app.domain.options import RecognitionOptions
from app.engine import Engine, EngineSpec, Hypothesis, Utterance
from app.engine.features.features import pad_waveforms
from app.engine.funasr import load_engine
from app.engine.funasr.nano import clean
from app.engine.sanm.folder import SanmFolder
from app.engine.sanm.nano.byte_pairs import BytePairs, read_ranks
from app.engine.sanm.nano.generation import generate, run_at_end
from app.engine.sanm.nano.nano import Nano, asked_in_words, load_nano
from tests.engine.sanm.bad_folders import DAMAGES, names_a_damaged_file, runs_no_code
from tests.engine.sanm.folders import GOLDEN, QWEN3, change_config, write_json, write_nano
from tests.engine.sounds import Samples, buzz, noise, silence

GOLDEN_NANO = json.loads((GOLDEN / "nano.json").read_text(encoding="utf-8"))
LLM = "Qwen3-0.6B"


def voice(seconds: float) -> Samples:
    return buzz(seconds) + noise(seconds, 0.01)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_nano(tmp_path_factory.mktemp("nano") / "Fun-ASR-Nano-2512")


@pytest.fixture
def folder(built: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(built, tmp_path / "Fun-ASR-Nano-2512"))


@pytest.fixture(scope="module")
def nano(built: Path) -> Nano:
    return load_nano(SanmFolder(built))


@pytest.fixture(scope="module")
def engine(built: Path) -> Engine:
    return load(built)


def load(folder: Path, **spec: object) -> Engine:
    return load_engine(EngineSpec(folder, device="cpu", threads=1, **spec))  # type: ignore[arg-type]


def hear(engine: Engine, *waveforms: Samples, **options: object) -> list[Hypothesis]:
    asked = RecognitionOptions(**options)  # type: ignore[arg-type]
    return engine.transcribe([Utterance(waveform, asked) for waveform in waveforms])


def last_of(steps: Any) -> list[list[int]]:
    *_, last = steps
    return last


# Numbers


@torch.inference_mode()
@pytest.mark.parametrize("case", GOLDEN_NANO["cases"], ids=lambda case: f"{case['seconds']}")
def test_the_golden_numbers_and_tokens_of_funasr_are_computed(case: dict[str, Any], nano: Nano) -> None:
    encoded, lengths = nano.network.encode(*pad_waveforms([voice(case["seconds"])]))
    sounds = nano.network.sound_vectors(encoded, lengths)
    asked = asked_in_words(case["hotwords"], case["language"], itn=case["itn"])
    prompt = nano.prompt(sounds[0], asked)
    log_probs = nano.network.ctc_log_probs(encoded, lengths)

    assert len(prompt) == case["vectors"]
    np.testing.assert_allclose(prompt[::9, ::5].flatten(), case["prompt"], atol=1e-4)
    np.testing.assert_allclose(log_probs[0, ::4, ::31].flatten(), case["log_probs"], atol=1e-4)
    assert last_of(nano.write(sounds, asked, [24])) == [case["tokens"]]


@torch.inference_mode()
def test_a_batch_writes_what_each_writes_alone(nano: Nano) -> None:
    waveforms = [voice(0.5), voice(2.9), voice(1.4)]
    encoded, lengths = nano.network.encode(*pad_waveforms(waveforms))
    sounds = nano.network.sound_vectors(encoded, lengths)
    log_probs = nano.network.ctc_log_probs(encoded, lengths)
    together = last_of(nano.write(sounds, "语音转写：", [9, 30, 12]))

    for row, (waveform, most) in enumerate(zip(waveforms, (9, 30, 12), strict=True)):
        alone, length = nano.network.encode(*pad_waveforms([waveform]))
        [sound] = nano.network.sound_vectors(alone, length)
        torch.testing.assert_close(sounds[row], sound, atol=1e-4, rtol=0)
        expected = nano.network.ctc_log_probs(alone, length)[0]
        torch.testing.assert_close(log_probs[row, : len(expected)], expected, atol=1e-4, rtol=0)
        assert together[row] == last_of(nano.write([sound], "语音转写：", [most]))[0]


@torch.inference_mode()
def test_tokens_come_one_by_one(nano: Nano) -> None:
    sounds = nano.network.sound_vectors(*nano.network.encode(*pad_waveforms([voice(1.0)])))
    steps = list(nano.write(sounds, "语音转写：", [12]))

    assert [len(step[0]) for step in steps] == list(range(1, 13))
    assert all(step[0] == steps[-1][0][: len(step[0])] for step in steps)


@torch.inference_mode()
def test_a_text_ends_at_the_token_that_ends_it(nano: Nano) -> None:
    sounds = nano.network.sound_vectors(*nano.network.encode(*pad_waveforms([voice(1.0)])))
    prompt = nano.prompt(sounds[0], "语音转写：")
    [free] = last_of(generate(nano.network.llm, [prompt], [20]))
    config = nano.network.llm.config
    nano.network.llm.config = replace(config, ends=frozenset({free[3]}))
    try:
        assert last_of(generate(nano.network.llm, [prompt], [20])) == [free[: free.index(free[3])]]
    finally:
        nano.network.llm.config = config


# Prompts


def test_hotwords_and_language_are_asked_for_in_the_words_of_training() -> None:
    assert asked_in_words([], None, itn=True) == "语音转写："
    assert asked_in_words([], "中文", itn=False) == "语音转写成中文，不进行文本规整："
    assert asked_in_words(["营业时间", "客服"], "中文", itn=True).endswith(
        "热词列表：[营业时间, 客服]\n语音转写成中文："
    )


@torch.inference_mode()
def test_hotwords_change_what_is_written(engine: Engine) -> None:
    [plain] = hear(engine, voice(1.2))
    [asked] = hear(engine, voice(1.2), hotwords=parse_hotwords("公园"))
    [other] = hear(engine, voice(1.2), language="zh")

    assert len({plain.text, asked.text, other.text}) == 3


def test_a_hotword_that_would_end_the_prompt_is_named(engine: Engine) -> None:
    lines = engine.receipt(RecognitionOptions(hotwords=parse_hotwords("公园\n<|im_end|>")))

    assert [line.applied for line in lines if line.name == "hotwords"] == ["公园"]
    assert any("<|" in str(line.reason) for line in lines)


# Repeats


@pytest.mark.parametrize(
    ("tokens", "repeated"),
    [
        ([1, 2, 3], 0),
        ([5] * 29, 0),
        ([5] * 30, 29),
        ([9, 9, *[1, 2] * 15], 28),
        ([9, *range(10), *list(range(8)) * 5], 0),
        ([9, *range(10), *list(range(8)) * 6], 40),
        ([*range(40)], 0),
    ],
)
def test_a_run_of_repeats_is_found_at_the_end(tokens: Sequence[int], repeated: int) -> None:
    assert run_at_end(tokens) == repeated


def test_a_text_that_goes_round_in_circles_is_cut_and_the_receipt_says_so(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = list(b"abcde" + b"xy" * 40)

    def round_in_circles(*_: object) -> Any:
        texts: list[int] = []
        while not run_at_end(texts):
            texts.append(tokens[said[len(texts)]])
            yield [list(texts)]

    vocabulary = engine._family._nano.tokenizer  # type: ignore[attr-defined]
    tokens = {byte: vocabulary.encode(chr(byte)).ids[0] for byte in said}
    monkeypatch.setattr(type(engine._family._nano), "write", round_in_circles)  # type: ignore[attr-defined]
    [heard] = hear(engine, voice(6.0))

    assert heard.text == "abcdexy"
    assert [line.name for line in heard.applied if "repeated itself" in str(line.reason)] == ["repeats"]


def test_a_text_is_no_longer_than_anybody_speaks(engine: Engine, nano: Nano) -> None:
    [heard] = hear(engine, voice(0.5))

    assert len(nano.tokenizer.encode(heard.text).ids) <= 16 + 8


# Texts and times


def test_words_have_times_inside_the_sound(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    tokens = engine._family._nano.tokenizer.encode("今天 hello").ids  # type: ignore[attr-defined]
    monkeypatch.setattr(
        type(engine._family._nano),  # type: ignore[attr-defined]
        "write",
        lambda *_: iter([[tokens]]),
    )
    [heard] = hear(engine, voice(2.0))

    assert heard.text == "今天 hello"
    assert [word.text for word in heard.words] == ["今", "天", "hello"]
    bounds = [bound for word in heard.words for bound in (word.start, word.end)]
    assert bounds == sorted(bounds)
    assert 0 <= bounds[0] <= bounds[-1] <= 2.0


def test_weights_without_the_ctc_head_give_text_without_times(tmp_path: Path) -> None:
    engine = load(write_nano(tmp_path / "Fun-ASR-Nano-2512", has_ctc=False))
    [heard] = hear(engine, voice(1.0))
    lines = {line.name: line for line in engine.receipt(RecognitionOptions())}

    assert heard.text
    assert heard.words == ()
    assert "ModelScope" in str(lines["times"].reason)


def test_silence_is_not_read(engine: Engine) -> None:
    assert [heard.text for heard in hear(engine, silence(1.0), silence(0.0))] == ["", ""]


def test_a_text_is_cleaned_of_tags_and_what_is_no_character() -> None:
    assert clean("<|zh|>今天/sil hello\ufffd\x01  world ") == "今天 hello world"


def test_bytes_are_paired_as_tiktoken_pairs_them(nano: Nano) -> None:
    vocabulary = nano.ctc_vocabulary
    assert vocabulary is not None
    for text, tokens in GOLDEN_NANO["pairs"].items():
        assert vocabulary.encode(text) == tokens
        assert vocabulary.decode(tokens) == text
    assert vocabulary.decode([228, 187, 299]) == "\ufffd"


@pytest.mark.parametrize("text", ["", "aGVsbG8= 0\n", "?? 0\n", "YQ==\n", "YQ== 1\nYg== 1\n"])
def test_what_is_no_vocabulary_of_bytes_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        BytePairs(read_ranks(text))


def test_half_precision_is_for_the_language_model_alone(built: Path) -> None:
    engine = load(built, dtype="bfloat16")
    [line] = [line for line in engine.info.receipt if line.name == "dtype"]

    assert line.applied == "bfloat16"
    assert line.reason
    assert hear(engine, voice(0.6))[0].text


# Folders


@pytest.mark.parametrize(
    "name",
    ["model.pt", "multilingual.tiktoken", f"{LLM}/config.json", f"{LLM}/tokenizer.json", "config.yaml"],
)
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_file_that_is_not_whole_is_named(folder: Path, name: str, damage: str) -> None:
    names_a_damaged_file(load, folder, name, damage)


def test_a_language_model_that_is_not_there_is_missed(folder: Path) -> None:
    shutil.rmtree(folder / LLM)

    with pytest.raises(ModelFileMissing, match=r"Qwen3-0\.6B"):
        load(folder)


def test_half_of_the_ctc_head_is_not_enough(folder: Path) -> None:
    state = torch.load(folder / "model.pt")
    del state["ctc.ctc_lo.bias"]
    torch.save(state, folder / "model.pt")

    with pytest.raises(ModelWeightsMismatch, match=r"ctc\.ctc_lo\.bias is missing"):
        load(folder)


def test_a_table_that_reads_and_writes_may_be_stored_once(folder: Path) -> None:
    state = torch.load(folder / "model.pt")
    del state["llm.lm_head.weight"]
    torch.save(state, folder / "model.pt")

    assert hear(load(folder), voice(0.5))[0].text


def test_a_pickle_that_runs_code_is_refused(folder: Path) -> None:
    runs_no_code(load, folder, "llm")


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"audio_encoder": "ConformerEncoder"}, "audio_encoder"),
        ({"audio_encoder_conf": {"hub": "ms"}}, "downloaded"),
        ({"audio_adaptor": "QFormer"}, "audio_adaptor"),
        ({"audio_adaptor_conf": {"downsample_rate": 2}}, "downsample_rate"),
        ({"audio_adaptor_conf": {"attention_heads": 5}}, "attention_heads"),
        ({"audio_adaptor_conf": {"conv": 3}}, "conv is not known"),
        ({"ctc_decoder_conf": {"llm_dim": 24}}, "llm_dim"),
        ({"ctc_conf": {"blank_id": 300}}, "blank_id"),
        ({"llm_conf": {"use_lora": True}}, "use_lora"),
        ({"frontend_conf": {"fs": 8000}}, "fs is 8000"),
    ],
)
def test_what_is_not_known_is_refused_by_name(folder: Path, changes: dict[str, object], named: str) -> None:
    change_config(folder, **changes)

    with pytest.raises(ModelConfigUnsupported, match=named):
        load(folder)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"model_type": "llama"}, ModelConfigUnsupported),
        ({"hidden_act": "gelu"}, ModelConfigUnsupported),
        ({"num_key_value_heads": 3}, ModelConfigUnsupported),
        ({"rope_scaling": {"rope_type": "yarn"}}, ModelConfigUnsupported),
        ({"rope_scaling": 2}, ModelConfigUnsupported),
        ({"rms_norm_eps": "small"}, ModelConfigUnsupported),
        ({"hidden_size": 32}, ModelWeightsMismatch),
        ({"num_hidden_layers": 3}, ModelWeightsMismatch),
        ({"vocab_size": 200}, ModelWeightsMismatch),
    ],
)
def test_another_language_model_is_refused(folder: Path, changes: dict[str, object], error: type[ModelError]) -> None:
    write_json(folder / LLM / "config.json", {**QWEN3, **changes})

    with pytest.raises(error):
        load(folder)


def test_a_vocabulary_larger_than_the_ctc_head_is_refused(folder: Path) -> None:
    change_config(folder, ctc_vocab_size=261)

    with pytest.raises(ModelError):
        load(folder)
