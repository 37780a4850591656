"""SenseVoice in our own engine: FunASR's numbers, its answers as fields, and what a folder may lack.

Weights are waves over the positions of each tensor, so that both share them without a file. The golden numbers are
FunASR 1.4.16's own on these weights; if the package is installed, they are checked again.
"""

from __future__ import annotations

import json
import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml

from app.domain.errors.models import (
    ModelConfigUnsupported,
    ModelError,
    ModelFileMissing,
    ModelFileUnreadable,
    ModelWeightsMismatch,
)
from app.domain.hotwords import parse_hotwords
from app.domain.options import RecognitionOptions
from app.engine import Engine, EngineSpec, Hypothesis, Utterance
from app.engine.features.features import pad_waveforms
from app.engine.funasr import load_engine
from app.engine.funasr.sensevoice import SenseVoice, load_sensevoice
from app.engine.sanm.config import EncoderConfig
from app.engine.sanm.folder import SanmFolder
from app.engine.sanm.pieces import read_pieces
from app.engine.sanm.sensevoice import SenseVoiceSmall
from tests.engine.sanm.folders import waves
from tests.engine.sanm.paraformer_folders import write_normalisation
from tests.engine.sounds import Samples, babble, sentence, silence, tone
from tests.funasr.conftest import needs_funasr
from tests.funasr.tiny_models import train_pieces

PIECES = "chn_jpn_yue_eng_ko_spectok.bpe.model"
ENCODER = {
    "output_size": 16,
    "attention_heads": 2,
    "linear_units": 24,
    "num_blocks": 2,
    "tp_blocks": 1,
    "input_layer": "pe",
    "pos_enc_class": "SinusoidalPositionEncoder",
    "normalize_before": True,
    "kernel_size": 5,
    "sanm_shfit": 0,
    "selfattention_layer_type": "sanm",
}
FRONTEND = {"fs": 16000, "window": "hamming", "n_mels": 80, "frame_length": 25, "frame_shift": 10}
GOLDEN = Path(__file__).parent / "golden" / "sensevoice.json"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sensevoice")
    train_pieces(folder / PIECES)
    write_normalisation(folder / "am.mvn", 560)
    config = {
        "model": "SenseVoiceSmall",
        "model_conf": {"length_normalized_loss": True, "sos": 1, "eos": 2, "ignore_id": -1},
        "encoder": "SenseVoiceEncoderSmall",
        "encoder_conf": ENCODER,
        "tokenizer": "SentencepiecesTokenizer",
        "tokenizer_conf": {"bpemodel": None, "unk_symbol": "<unk>", "split_with_space": True},
        "frontend": "WavFrontend",
        "frontend_conf": {**FRONTEND, "lfr_m": 7, "lfr_n": 6, "cmvn_file": None},
    }
    (folder / "config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    files = {"tokenizer_conf": {"bpemodel": PIECES}, "frontend_conf": {"cmvn_file": "am.mvn"}}
    (folder / "configuration.json").write_text(
        json.dumps({"file_path_metas": {"init_param": "model.pt", "config": "config.yaml", **files}}),
        encoding="utf-8",
    )
    count = len(read_pieces((folder / PIECES).read_bytes()))
    shape = EncoderConfig(16, 2, 24, 2, 1, 5, 0)
    torch.save(waves(SenseVoiceSmall(560, shape, count).state_dict()), folder / "model.pt")
    return folder


@pytest.fixture
def folder(built: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(built, tmp_path / "SenseVoiceSmall"))


@pytest.fixture(scope="module")
def engine(built: Path) -> Engine:
    return load(built)


def load(folder: Path, **spec: object) -> Engine:
    return load_engine(EngineSpec(folder, device="cpu", threads=1, **spec))  # type: ignore[arg-type]


def hear(engine: Engine, *waveforms: Samples, **options: object) -> list[Hypothesis]:
    asked = RecognitionOptions(**options)  # type: ignore[arg-type]
    return engine.transcribe([Utterance(waveform, asked) for waveform in waveforms])


# Numbers


@torch.inference_mode()
def test_the_golden_numbers_of_funasr_are_computed(built: Path) -> None:
    golden = json.loads(GOLDEN.read_text(encoding="utf-8"))
    network, _ = load_sensevoice(SanmFolder(built))
    for case in golden:
        features, lengths = network.features(*pad_waveforms([sentence()[: round(16_000 * case["seconds"])]]))
        encoded, log_probs, lengths = network(features, lengths, [case["language"]], [case["itn"]])

        assert int(lengths) == case["frames"]
        assert log_probs[0].argmax(-1).tolist() == case["tokens"]
        np.testing.assert_allclose(encoded[0, ::5].flatten()[:40], case["encoded"], atol=1e-4)
        np.testing.assert_allclose(log_probs[0, ::5, :5].flatten()[:40], case["log_probs"], atol=1e-4)


@torch.inference_mode()
def test_a_padded_batch_gives_what_each_gives_alone(built: Path) -> None:
    network, _ = load_sensevoice(SanmFolder(built))
    waveforms = [tone(0.4), babble(1.7), sentence()]
    languages, itn = ["zh", "auto", "ko"], [True, False, True]
    features, lengths = network.features(*pad_waveforms(waveforms))
    _, together, lengths = network(features, lengths, languages, itn)
    for row, waveform in enumerate(waveforms):
        alone = network(*network.features(*pad_waveforms([waveform])), [languages[row]], [itn[row]])[1]
        torch.testing.assert_close(together[row, : lengths[row]], alone[0], atol=1e-4, rtol=0)


@needs_funasr
@torch.inference_mode()
@pytest.mark.parametrize("seed", [1, 2])
def test_random_weights_give_the_numbers_of_funasr(folder: Path, seed: int) -> None:
    from funasr import AutoModel

    torch.manual_seed(seed)
    state = torch.load(folder / "model.pt")
    torch.save({name: torch.randn_like(value) * 0.2 for name, value in state.items()}, folder / "model.pt")
    network, _ = load_sensevoice(SanmFolder(folder))
    theirs = AutoModel(model=str(folder), device="cpu", disable_update=True, frontend_conf={"dither": 0.0})
    heard: dict[str, torch.Tensor] = {}
    theirs.model.encoder.register_forward_hook(lambda *call: heard.update(encoded=call[2][0]))
    theirs.model.ctc.ctc_lo.register_forward_hook(lambda *call: heard.update(logits=call[2]))
    for language, itn, waveform in (("auto", True, sentence()), ("ja", False, babble(0.9))):
        theirs.generate([torch.tensor(waveform)], language=language, use_itn=itn)
        features, lengths = network.features(*pad_waveforms([waveform]))
        encoded, log_probs, _ = network(features, lengths, [language], [itn])

        torch.testing.assert_close(encoded, heard["encoded"], atol=1e-4, rtol=0)
        torch.testing.assert_close(log_probs, heard["logits"].log_softmax(-1), atol=1e-4, rtol=0)
        assert log_probs.argmax(-1).tolist() == heard["logits"].argmax(-1).tolist()


@pytest.mark.parametrize("dtype", ["float32", "int8"])
def test_a_precision_that_was_asked_for_is_applied_or_explained(built: Path, dtype: str) -> None:
    engine = load(built, dtype=dtype)
    [line] = [line for line in engine.info.receipt if line.name == "dtype"]

    assert line.applied == dtype or line.reason
    assert hear(engine, sentence())[0].text_raw is not None


def test_no_precision_rounds_the_features(built: Path) -> None:
    exact, rounded = (load_sensevoice(SanmFolder(built))[0] for _ in range(2))
    rounded.change(torch.device("cpu"), torch.bfloat16)
    waveforms, lengths = pad_waveforms([sentence()])

    assert torch.equal(rounded.features(waveforms, lengths)[0], exact.features(waveforms, lengths)[0])


# Answers


class Spoken:
    """A network that says what a test wants."""

    def __init__(self, tokens: list[int], rivals: dict[int, int], size: int) -> None:
        self.log_probs = torch.full((1, len(tokens), size), -20.0)
        for frame, token in enumerate(tokens):
            self.log_probs[0, frame, token] = -0.5
        for frame, token in rivals.items():
            self.log_probs[0, frame, token] = -1.5

    def features(self, *_: object) -> tuple[None, None]:
        return None, None

    def __call__(self, *_: object) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        return self.log_probs, self.log_probs, torch.tensor([self.log_probs.shape[1]])


def said(engine: Engine, pieces: list[str], rivals: dict[int, str] | None = None, **options: object) -> Hypothesis:
    """Return what is written of these pieces, one a frame; in some frames a rival is nearly as likely."""
    family = engine._family  # type: ignore[attr-defined]
    units = family._tokenizer.units
    unlikelier = {frame: units.index(piece) for frame, piece in (rivals or {}).items()}
    network = Spoken([units.index(piece) for piece in pieces], unlikelier, len(units))
    speaking = SenseVoice(network, family._tokenizer, torch.device("cpu"))  # type: ignore[arg-type]
    try:
        engine._family = speaking  # type: ignore[attr-defined]
        waveform = np.concatenate((tone(0.06 * len(pieces)), silence(1.5)))
        return hear(engine, waveform, **options)[0]
    finally:
        engine._family = family  # type: ignore[attr-defined]


def test_tags_are_fields_and_no_text(engine: Engine) -> None:
    answers = ["<|zh|>", "<|HAPPY|>", "<|BGM|>", "<|withitn|>"]
    heard = said(engine, [*answers, "今", "天", "\u2581", "h", "<|BGM|>"])

    assert heard.text == "今天 h"
    assert [word.text for word in heard.words] == ["今", "天", "h"]
    assert (heard.emotion, heard.events, heard.language) == ("happy", ("music",), "zh")


def test_a_language_that_was_told_is_not_said_to_be_heard(engine: Engine) -> None:
    heard = said(engine, ["<|zh|>", "<|NEUTRAL|>", "<|Speech|>", "<|withitn|>", "今"], language="zh")

    assert heard.language == ""


def test_ordinary_speech_is_no_event(engine: Engine) -> None:
    heard = said(engine, ["<|zh|>", "<|NEUTRAL|>", "<|Speech|>", "<|withitn|>", "今"])

    assert (heard.text, heard.emotion, heard.events) == ("今", "neutral", ())


def test_where_the_model_hears_no_speech_nothing_is_written(engine: Engine) -> None:
    heard = said(engine, ["<|nospeech|>", "<|NEUTRAL|>", "<|BGM|>", "<|withitn|>", "今"])

    assert (heard.text, heard.words, heard.dropped, heard.events) == ("", (), "no_speech", ("music",))


def test_without_digits_the_engine_itself_places_the_marks(engine: Engine) -> None:
    text = "今天气很好我们去公园"
    spoken = ["<|zh|>", "<|NEUTRAL|>", "<|Speech|>", "<|woitn|>", *text]

    assert said(engine, spoken, itn=False).text == f"{text}。"
    assert said(engine, spoken, itn=False, punctuation=False).text == text
    lines = {line.name: line.applied for line in engine.receipt(RecognitionOptions(itn=False))}
    assert (lines["itn"], lines["punctuation"]) == ("off", "pauses")


def test_the_beam_prefers_hotwords_and_fast_reads_greedily(engine: Engine) -> None:
    options = {"hotwords": parse_hotwords("公园")}
    lines = {line.name: line for line in engine.receipt(RecognitionOptions(**options))}  # type: ignore[arg-type]

    assert (lines["hotwords"].applied, lines["decoding"].applied) == ("公园", "prefix beam")
    fast = {line.name: line for line in engine.receipt(RecognitionOptions(quality="fast", **options))}  # type: ignore[arg-type]
    assert (fast["hotwords"].applied, fast["decoding"].applied) == ("", "greedy")
    spoken = ["<|zh|>", "<|NEUTRAL|>", "<|Speech|>", "<|withitn|>", "去", "公", "我"]
    assert said(engine, spoken, {6: "园"}).text == "去公我"
    assert said(engine, spoken, {6: "园"}, **options).text == "去公园"
    assert said(engine, spoken, {6: "园"}, quality="fast", **options).text == "去公我"


# Folders


@pytest.mark.parametrize("name", ["model.pt", "am.mvn", PIECES])
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()

    with pytest.raises(ModelFileMissing, match=name.replace(".", r"\.")):
        load(folder)


@pytest.mark.parametrize("name", ["model.pt", "am.mvn", PIECES, "config.yaml", "configuration.json"])
@pytest.mark.parametrize("damage", ["half", "foreign"])
def test_a_truncated_or_foreign_file_is_named(folder: Path, name: str, damage: str) -> None:
    content = (folder / name).read_bytes()
    foreign = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 9
    (folder / name).write_bytes(content[: len(content) * 3 // 5] if damage == "half" else foreign)

    with pytest.raises(ModelError) as caught:
        load(folder)

    assert name in str(caught.value) or "config.yaml" in str(caught.value)


def test_a_pickle_that_runs_code_is_refused(folder: Path, tmp_path: Path) -> None:
    class Bomb:
        def __reduce__(self) -> tuple[object, tuple[str, ...]]:
            return Path.touch, (Path(tmp_path / "exploded"),)  # type: ignore[return-value]

    (folder / "model.pt").write_bytes(pickle.dumps({"encoder": Bomb()}))

    with pytest.raises(ModelFileUnreadable, match=r"model\.pt"):
        load(folder)
    assert not (tmp_path / "exploded").exists()


def test_a_vocabulary_of_another_size_is_named(folder: Path) -> None:
    pieces = (folder / PIECES).read_bytes()
    (folder / PIECES).write_bytes(pieces + b"\x0a\x05\x0a\x03new")

    with pytest.raises(ModelWeightsMismatch, match=r"units, the network has \d+ outputs"):
        load(folder)


def test_a_model_for_another_rate_is_refused(folder: Path) -> None:
    config = yaml.safe_load((folder / "config.yaml").read_text(encoding="utf-8"))
    config["frontend_conf"]["fs"] = 8000
    (folder / "config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")

    with pytest.raises(ModelConfigUnsupported, match="fs is 8000"):
        load(folder)


def test_a_file_outside_the_folder_is_not_opened(folder: Path) -> None:
    named = {"file_path_metas": {"init_param": "../model.pt"}}
    (folder / "configuration.json").write_text(json.dumps(named), encoding="utf-8")

    with pytest.raises(ModelFileMissing):
        load(folder)


def test_the_pieces_are_those_of_sentencepiece(built: Path) -> None:
    sentencepiece = pytest.importorskip("sentencepiece")
    pieces = sentencepiece.SentencePieceProcessor(model_file=str(built / PIECES))

    expected = tuple(pieces.id_to_piece(id) for id in range(pieces.get_piece_size()))
    assert read_pieces((built / PIECES).read_bytes()) == expected


@pytest.mark.parametrize("content", [b"", b"\x0a", b"\x0a\xff", b"\x0a\x00", b"\x0f" * 9, b"\xff" * 20])
def test_what_is_no_sentencepiece_model_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError):
        read_pieces(content)
