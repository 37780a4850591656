"""Paraformer, BiCifParaformer and SeACo in our own engine: FunASR's numbers, batches, times, hotwords, and bad folders.

The golden numbers are FunASR 1.4.16's own (written by tests/funasr/reference.py); tests/funasr checks them again.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml

from app.domain.errors.models import (
    ModelConfigUnsupported,
    ModelFileMissing,
    ModelFileUnreadable,
    ModelWeightsMismatch,
)
from app.domain.hotwords import listed_hotwords, parse_hotwords
from app.domain.options import RecognitionOptions
from app.domain.transcript import Word
from app.engine import Engine, EngineSpec, Hypothesis, Utterance
from app.engine.computing.linear import Int8Linear, PlainLinear
from app.engine.computing.precision import TORCH_DTYPES
from app.engine.features.features import pad_waveforms
from app.engine.funasr import load_engine
from app.engine.funasr.paraformer import ParaformerFamily, joined, load_paraformer, spelled, written
from app.engine.sanm.folder import SanmFolder
from app.engine.sanm.paraformer import Paraformer
from app.engine.sanm.predictor import integrated, token_parts
from app.engine.sanm.seaco import MOST_HOTWORDS, SeacoParaformer
from tests.engine.sanm.bad_folders import DAMAGES, FOREIGN, names_a_damaged_file, runs_no_code
from tests.engine.sanm.folders import GOLDEN
from tests.engine.sanm.paraformer_folders import CHARACTERS, KINDS, TOKENS, build, sound
from tests.engine.sounds import Samples, babble, sentence, silence, tone

CASES = json.loads((GOLDEN / "paraformer.json").read_text(encoding="utf-8"))
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    place = tmp_path_factory.mktemp("paraformer")
    return {kind: build(place / kind, kind) for kind in KINDS}


@pytest.fixture(scope="module")
def engines(folders: dict[str, Path]) -> dict[str, Engine]:
    return {kind: load(folder) for kind, folder in folders.items()}


@pytest.fixture
def folder(folders: dict[str, Path], tmp_path: Path) -> Path:
    return Path(shutil.copytree(folders["SeacoParaformer"], tmp_path / "seaco"))


def load(folder: Path, **spec: object) -> Engine:
    return load_engine(EngineSpec(folder, device="cpu", threads=1, **spec))  # type: ignore[arg-type]


def hear(engine: Engine, *waveforms: Samples, **options: object) -> list[Hypothesis]:
    asked = RecognitionOptions(**options)  # type: ignore[arg-type]
    return engine.transcribe([Utterance(waveform, asked) for waveform in waveforms])


def family_of(folder: Path) -> tuple[Paraformer, ParaformerFamily]:
    network, vocabulary, model = load_paraformer(SanmFolder(folder))
    return network, ParaformerFamily(network, vocabulary, model, CPU)


# Numbers


@torch.inference_mode()
@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['kind']}-{case['seconds']}-{len(case['hotwords'])}")
def test_the_golden_numbers_of_funasr_are_computed(case: dict[str, Any], folders: dict[str, Path]) -> None:
    network, family = family_of(folders[case["kind"]])
    waveform = sound(case["seconds"])
    options = RecognitionOptions(hotwords=parse_hotwords(case["hotwords"]))
    spoken = network(*network.features(*pad_waveforms([waveform])))
    spoken = family._with_hotwords(spoken, options.hotwords)

    assert spoken.log_probs_BUV[0].argmax(-1).tolist() == case["tokens"]
    np.testing.assert_allclose(spoken.encoded_BTD[0, ::5].flatten()[:40], case["encoded"], atol=1e-4)
    np.testing.assert_allclose(spoken.log_probs_BUV[0, ::3, :9].flatten()[:40], case["log_probs"], atol=1e-4)
    [reading] = family.read([waveform], options)
    assert reading.text.replace(" ", "") == case["text"].replace(" ", "")
    if case["milliseconds"]:
        heard = [token for token in case["tokens"] if token > 2]
        found = family._times(network.fine_weights(spoken)[0], len(heard), len(waveform) / 16_000)
        starts, ends = ([round(1000 * time[end]) for time in found] for end in (0, 1))
        assert starts == [start for start, _ in case["milliseconds"]]
        assert ends[:-1] == [end for _, end in case["milliseconds"][:-1]]  # the last one goes on through silence


@torch.inference_mode()
@pytest.mark.parametrize("kind", KINDS)
def test_a_padded_batch_gives_what_each_gives_alone(kind: str, folders: dict[str, Path]) -> None:
    network, family = family_of(folders[kind])
    waveforms = [tone(0.4), babble(1.7), sentence(), silence(0.8)]
    hotwords = parse_hotwords("今天 world" if kind == "SeacoParaformer" else "")

    def hear(waveforms: Sequence[Samples]) -> Any:
        return family._with_hotwords(network(*network.features(*pad_waveforms(waveforms))), hotwords)

    together = hear(waveforms)
    fine = network.fine_weights(together)
    for row, waveform in enumerate(waveforms):
        alone = hear([waveform])
        count = int(alone.predicted.counts_B)
        assert int(together.predicted.counts_B[row]) == count
        torch.testing.assert_close(together.log_probs_BUV[row, :count], alone.log_probs_BUV[0], atol=1e-4, rtol=0)
        weights = network.fine_weights(alone)[0]
        torch.testing.assert_close(fine[row, : len(weights)], weights, atol=1e-5, rtol=0)


@torch.inference_mode()
@pytest.mark.parametrize("count", [1, MOST_HOTWORDS + 20])
def test_hotwords_of_a_batch_are_chosen_for_each_row_alone(count: int, folders: dict[str, Path]) -> None:
    _, family = family_of(folders["SeacoParaformer"])
    phrases = [CHARACTERS[place % 30 : place % 30 + 2 + place // 30] for place in range(count)]
    waveforms = [babble(1.7), sentence()]
    options = RecognitionOptions(hotwords=listed_hotwords(phrases))

    together = [reading.text for reading in family.read(waveforms, options)]

    assert together == [family.read([waveform], options)[0].text for waveform in waveforms]
    assert together != [reading.text for reading in family.read(waveforms, RecognitionOptions())]


def test_what_weighs_as_much_as_a_token_becomes_one() -> None:
    weights = torch.tensor([[0.4, 0.5, 0.8, 0.3, 0.7, 0.3]])
    parts = token_parts(integrated(weights), 3)[0]

    assert parts.sum(1).tolist() == pytest.approx([1, 1, 1])
    assert parts[0].tolist() == pytest.approx([0.4, 0.5, 0.1, 0, 0, 0])
    assert parts[1].tolist() == pytest.approx([0, 0, 0.7, 0.3, 0, 0], abs=1e-6)


@pytest.mark.parametrize("dtype", ["bfloat16", "int8"])
@pytest.mark.parametrize("kind", ["BiCifParaformer", "SeacoParaformer"])
@torch.inference_mode()
def test_no_precision_changes_how_tokens_are_counted(kind: str, dtype: str, folders: dict[str, Path]) -> None:
    exact, _ = family_of(folders[kind])
    rounded, family = family_of(folders[kind])
    rounded.change(CPU, TORCH_DTYPES.get(dtype, torch.float32))
    rounded.freeze(Int8Linear if dtype == "int8" else PlainLinear)
    for name, weight in rounded.predictor.state_dict().items():
        assert torch.equal(weight, exact.predictor.state_dict()[name]), name
    assert torch.equal(rounded.frontend.shift_F, exact.frontend.shift_F)
    features, lengths = exact.features(*pad_waveforms([sentence()]))

    assert rounded.log_probs(features, lengths).shape == exact.log_probs(features, lengths).shape
    hotwords = parse_hotwords("今天") if kind == "SeacoParaformer" else ()
    assert family.read([sentence()], RecognitionOptions(hotwords=hotwords))[0].words


@pytest.mark.parametrize("dtype", ["auto", "float32", "bfloat16", "int8"])
def test_a_precision_that_was_asked_for_is_applied_or_explained(dtype: str, folders: dict[str, Path]) -> None:
    engine = load(folders["SeacoParaformer"], dtype=dtype)
    [line] = [line for line in engine.info.receipt if line.name == "dtype"]

    assert line.applied == dtype or line.reason
    assert hear(engine, sentence(), hotwords=parse_hotwords("今天"))[0].text


# Engine


@pytest.mark.parametrize("kind", KINDS)
def test_several_at_once_are_read_as_each_alone(kind: str, folders: dict[str, Path]) -> None:
    engine = load(folders[kind], batch_seconds=120.0)
    waveforms = [sentence(), babble(1.3), silence(1.0), sentence()[: len(sentence()) // 2], tone(0.7)]

    together = hear(engine, *waveforms)

    assert [each.text for each in together] == [hear(engine, waveform)[0].text for waveform in waveforms]
    assert dict(engine.info.versions).keys() == {"torch"}


@pytest.mark.parametrize("kind", KINDS)
def test_words_have_times_in_order_inside_the_waveform(kind: str, engines: dict[str, Engine]) -> None:
    engine = engines[kind]
    [heard] = hear(engine, np.tile(sentence(), 3), itn=False, punctuation=False)
    bounds = [time for word in heard.words for time in (word.start, word.end)]

    assert heard.words
    assert "".join(word.text for word in heard.words) == heard.text.replace(" ", "")
    assert bounds == sorted(bounds)
    assert 0 <= bounds[0] <= bounds[-1] <= 3 * len(sentence()) / 16_000
    assert all(0 < word.confidence <= 1 for word in heard.words)
    assert all(line.name != "times" for line in engine.receipt(RecognitionOptions()))


def test_hotwords_change_what_seaco_reads_and_the_receipt_says_so(engines: dict[str, Engine]) -> None:
    hotwords = parse_hotwords("今天:30 龘")

    def lines(kind: str) -> list[tuple[str, str]]:
        found = engines[kind].receipt(RecognitionOptions(hotwords=hotwords))
        return [(line.applied, str(line.reason or "")) for line in found if line.name.startswith("hotword")]

    plain, biased = (hear(engines["SeacoParaformer"], sentence(), hotwords=words) for words in ((), hotwords))
    assert plain[0].text != biased[0].text
    assert lines("SeacoParaformer") == [
        ("今天", "This model takes hotwords without weights."),
        ("", "The model cannot write these characters: 龘"),
    ]
    assert lines("Paraformer") == [("", "This model cannot prefer words.")]


def test_a_hotword_that_no_token_writes_changes_nothing(engines: dict[str, Engine]) -> None:
    engine = engines["SeacoParaformer"]
    hotwords = listed_hotwords(["http://127.0.0.1:9/words", "/etc/words.txt", "<s>", "<unk>"])

    assert hear(engine, sentence(), hotwords=hotwords) == hear(engine, sentence())


def test_hotwords_are_cut_as_the_dictionary_of_the_model_does(folders: dict[str, Path]) -> None:
    _, vocabulary, _ = load_paraformer(SanmFolder(folders["SeacoParaformer"]))

    assert list(vocabulary.pieces_of("今天World去 hello")) == ["今", "天", "wor@@", "ld", "去", "hello"]
    assert list(vocabulary.pieces_of("zoo")) == ["z", "o", "o"]


def test_pieces_of_latin_words_are_joined_and_letters_spelled() -> None:
    pieces = written(["<s>", "今", "wor@@", "ld", "a", "i", "好", "a", "<unk>"])

    assert pieces == ["", "今", " wor", "ld", " a", " i", "好", " a", ""]
    said = (Word(piece, place, place + 1, 0.9 - place / 100) for place, piece in enumerate(pieces) if piece)
    words = [(word.text, word.start, word.end) for word in spelled(joined(said))]
    assert words == [("今", 1, 2), ("world", 2, 4), ("AI", 4, 6), ("好", 6, 7), ("a", 7, 8)]


# Folders


def test_a_bidirectional_encoder_of_hotwords_is_read(tmp_path: Path) -> None:
    folder = build(tmp_path / "seaco", "SeacoParaformer", is_bidirectional=True)
    network, family = family_of(folder)

    assert isinstance(network, SeacoParaformer)
    hotwords = parse_hotwords("今天")
    assert family.read([sentence()], RecognitionOptions(hotwords=hotwords)) != family.read(
        [sentence()], RecognitionOptions()
    )


@pytest.mark.parametrize("name", ["model.pt", "am.mvn", "tokens.json", "seg_dict"])
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()

    with pytest.raises(ModelFileMissing, match=name.replace(".", r"\.")):
        load(folder)


@pytest.mark.parametrize("name", ["model.pt", "am.mvn", "tokens.json", "config.yaml", "configuration.json"])
@pytest.mark.parametrize("damage", DAMAGES[1:])
def test_a_truncated_or_foreign_file_is_named(folder: Path, name: str, damage: str) -> None:
    names_a_damaged_file(load, folder, name, damage)


def test_a_dictionary_that_is_no_text_is_named(folder: Path) -> None:
    (folder / "seg_dict").write_bytes(FOREIGN)

    with pytest.raises(ModelFileUnreadable, match="seg_dict"):
        load(folder)


def test_weights_of_another_model_are_refused(folder: Path, folders: dict[str, Path]) -> None:
    shutil.copy(folders["Paraformer"] / "model.pt", folder / "model.pt")

    with pytest.raises(ModelWeightsMismatch, match=r"\(and \d+ more\)"):
        load(folder)


def test_a_pickle_that_runs_code_is_refused(folder: Path) -> None:
    runs_no_code(load, folder, "encoder")


@pytest.mark.parametrize("tokens", [[*TOKENS, "new"], list(TOKENS[1:])])
def test_a_vocabulary_of_another_size_is_named(folder: Path, tokens: list[str]) -> None:
    (folder / "tokens.json").write_text(json.dumps(tokens), encoding="utf-8")

    with pytest.raises(ModelWeightsMismatch, match=rf"lists {len(tokens)} units, the network has \d+ outputs"):
        load(folder)


@pytest.mark.parametrize("content", ['{"今": 3}', "[1, 2]"])
def test_a_vocabulary_that_is_no_list_of_tokens_is_named(folder: Path, content: str) -> None:
    (folder / "tokens.json").write_text(content, encoding="utf-8")

    with pytest.raises(ModelFileUnreadable, match="no list of tokens"):
        load(folder)


@pytest.mark.parametrize(
    ("section", "key", "value", "said"),
    [
        ("frontend_conf", "fs", 8000, "fs is 8000"),
        ("predictor_conf", "upsample_type", "cnn_attn", "upsample_type is 'cnn_attn'"),
        ("predictor_conf", "threshold", 0.9, "threshold is 0.9"),
        ("predictor_conf", "idim", 32, "idim is 32"),
        ("predictor_conf", "tail_threshold", 0.0, "tail_threshold"),
        ("decoder_conf", "wo_input_layer", True, "decoder_conf"),
        ("decoder_conf", "attention_heads", 3, "attention_heads"),
        ("seaco_decoder_conf", "kernel", 3, "kernel is not known"),
        ("model_conf", "bias_encoder_type", "mean", "bias_encoder_type is 'mean'"),
        ("model_conf", "ctc_weight", 0.3, "ctc_weight is 0.3"),
        ("encoder", None, "ConformerEncoder", "encoder is 'ConformerEncoder'"),
        ("decoder", None, "ParaformerDecoderSAN", "decoder is 'ParaformerDecoderSAN'"),
    ],
)
def test_a_configuration_that_is_not_known_here_is_refused_by_name(
    folder: Path, section: str, key: str | None, value: object, said: str
) -> None:
    config = yaml.safe_load((folder / "config.yaml").read_text(encoding="utf-8"))
    config[section] = {**config[section], key: value} if key else value
    (folder / "config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")

    with pytest.raises(ModelConfigUnsupported, match=said):
        load(folder)
