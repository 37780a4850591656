"""The whole engine on a tiny model with random weights: its text is meaningless, its behaviour is not."""

from typing import Any

import numpy as np
import pytest
import torch
import yaml

from app.domain.errors.inference import DeviceUnavailable, OutOfMemory
from app.domain.errors.models import ModelFileMissing, ModelFileUnreadable, ModelWeightsMismatch
from app.domain.hotwords import parse_hotwords
from app.domain.options import QUALITIES, RecognitionOptions
from app.engine import EngineSpec, Utterance
from app.engine.computing.device import memory_errors_named
from app.engine.decoding import Decoded
from app.engine.decoding.language_model import NGRAM_FILE
from app.engine.native.recognizer import load_engine
from tests.engine.tiny_model import UNITS, WHISPER, build_tiny_model

AUTO = RecognitionOptions()


def asked(*waveforms, options=AUTO):
    return [Utterance(waveform, options) for waveform in waveforms]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return build_tiny_model(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="module")
def engine(folder):
    return load_engine(EngineSpec(folder, device="cpu"))


SHORT = Utterance(np.zeros(0, np.float32), AUTO)


def noise(seconds, seed=0):
    return (0.1 * np.random.default_rng(seed).standard_normal(int(16_000 * seconds))).astype(np.float32)


def sounds():
    return [noise(seconds, seed) for seed, seconds in enumerate((2.0, 0.7, 3.1, 0.0, 0.01, 1.3))]


def test_the_engine_says_what_it_is(engine):
    info = engine.info
    assert (info.model, info.device, info.dtype, info.languages) == ("tiny", "cpu", "float32", ("zh", "en"))
    assert info.parameters > 1000
    assert dict(info.versions)["torch"] == torch.__version__
    assert {line.name for line in info.receipt} == {"device", "dtype", "batch"}


def test_hypotheses_come_in_the_order_of_the_waveforms(engine):
    together = engine.transcribe(asked(*sounds()))
    alone = [engine.transcribe(asked(waveform))[0] for waveform in sounds()]
    assert [hypothesis.text_raw for hypothesis in together] == [hypothesis.text_raw for hypothesis in alone]
    assert any(hypothesis.text_raw for hypothesis in together)


@pytest.mark.parametrize("dtype", ["float32", "int8"])
def test_an_encoder_of_whisper_hears_a_batch_as_it_hears_each_alone(tmp_path, dtype):
    folder = build_tiny_model(tmp_path / "whispers", **WHISPER, halve_after_block=1)
    engine = load_engine(EngineSpec(folder, device="cpu", dtype=dtype))
    options = RecognitionOptions(hotwords=parse_hotwords("你好 hello"))
    together = engine.transcribe(asked(*sounds(), options=options))
    alone = [engine.transcribe(asked(waveform, options=options))[0] for waveform in sounds()]
    assert [hypothesis.text_raw for hypothesis in together] == [hypothesis.text_raw for hypothesis in alone]
    assert any(hypothesis.text_raw for hypothesis in together)
    for hypothesis, waveform in zip(together, sounds(), strict=True):
        assert all(0 <= word.start < word.end <= len(waveform) / 16_000 for word in hypothesis.words)


@pytest.mark.parametrize("samples", [0, 1, 399, 400, 1359])
def test_a_waveform_too_short_for_one_frame_gives_no_text(engine, samples):
    [hypothesis] = engine.transcribe(asked(np.zeros(samples, np.float32)))
    assert (hypothesis.text, hypothesis.confidence, hypothesis.dropped) == ("", None, "")


def test_no_waveforms_give_no_hypotheses(engine):
    assert engine.transcribe([]) == []


def test_a_language_forbids_the_script_of_the_other(engine):
    said = {
        language: "".join(
            h.text_raw for h in engine.transcribe(asked(*sounds(), options=RecognitionOptions(language=language)))
        )
        for language in ("auto", "zh", "en")
    }
    han, latin = set("".join(UNITS[3:12])), set("heloworldabing")
    assert said["zh"]
    assert said["en"]
    assert not set(said["zh"]) & latin
    assert not set(said["en"]) & han
    assert set(said["auto"]) & han
    assert set(said["auto"]) & latin


def test_text_is_written_as_people_do_only_where_asked(tmp_path):
    folder = build_tiny_model(tmp_path / "numbers")
    units = [f"{unit} {number}" for number, unit in enumerate(("<blank>", *["三百二十五"] * (len(UNITS) - 1)))]
    (folder / "units.txt").write_text("\n".join(units), encoding="utf-8")
    engine = load_engine(EngineSpec(folder, device="cpu"))
    [spoken] = engine.transcribe(asked(noise(0.1), options=RecognitionOptions(itn=False)))
    [written] = engine.transcribe(asked(noise(0.1), options=RecognitionOptions(itn=True)))
    assert spoken.text == spoken.text_raw == written.text_raw == "三百二十五"
    assert written.text == "325"


def test_text_that_the_model_is_unsure_of_is_withheld(folder, tmp_path):
    unsure = build_tiny_model(tmp_path / "unsure")
    config = yaml.safe_load((unsure / "train.yaml").read_text(encoding="utf-8"))
    config["recognition"]["minimum_confidence"] = 0.999
    (unsure / "train.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    [hypothesis] = load_engine(EngineSpec(unsure, device="cpu")).transcribe(asked(noise(2)))
    assert (hypothesis.text, hypothesis.text_raw, hypothesis.dropped) == ("", "", "unsure")
    assert 0 < hypothesis.confidence < 0.999


def said(count, probability):
    """Return the same character so many times, with blanks between, and posteriors that say how sure that is."""
    log_probs = torch.full((2 * count, len(UNITS)), -20.0)
    log_probs[::2, 5] = np.log(probability)
    log_probs[1::2, 0] = 0.0
    return Decoded((5,) * count, tuple(range(0, 2 * count, 2)), (probability,) * count), log_probs


def test_a_lone_word_must_be_surer_than_a_sentence(tmp_path):
    engine: Any = load_engine(EngineSpec(build_tiny_model(tmp_path / "lone"), device="cpu"))
    engine._minimum_confidence = 0.1
    assert engine._write(SHORT, *said(1, 0.3)).dropped == "unsure"
    assert engine._write(SHORT, *said(6, 0.3)).dropped == ""
    assert engine._write(SHORT, *said(1, 0.9)).text_raw


def lines(engine, options):
    return {line.name: line for line in engine.receipt(options)}


def test_the_receipt_says_that_fast_leaves_hotwords_out_and_why(engine):
    options = RecognitionOptions("zh", parse_hotwords("你好 天气"), itn=False, quality="fast")
    receipt = lines(engine, options)
    assert (receipt["hotwords"].asked, receipt["hotwords"].applied) == ("你好, 天气", "")
    assert "Fast" in str(receipt["hotwords"].reason)
    assert [receipt[name].applied for name in ("language", "itn", "decoding")] == ["zh", "off", "greedy"]


def test_each_quality_has_its_own_search(engine, tmp_path):
    names = [lines(engine, RecognitionOptions(quality=quality))["decoding"].applied for quality in QUALITIES]
    assert names == ["greedy", "prefix beam", "attention rescoring"]
    ctc_alone = load_engine(EngineSpec(build_tiny_model(tmp_path / "ctc", decoder=None), device="cpu"))
    line = lines(ctc_alone, RecognitionOptions(quality="accurate"))["decoding"]
    assert (line.asked, line.applied) == ("accurate", "prefix beam")
    assert "decoder" in str(line.reason)


def test_utterances_of_several_people_keep_their_own_options(engine):
    options = [RecognitionOptions(language, quality=quality) for language in ("zh", "en") for quality in QUALITIES]
    mixed = [Utterance(noise(2.0), each) for each in options]
    together = engine.transcribe(mixed)
    assert [h.text_raw for h in together] == [engine.transcribe([each])[0].text_raw for each in mixed]
    assert together[0].text_raw != together[3].text_raw


def test_a_language_that_the_model_does_not_know_is_not_forced(tmp_path):
    folder = build_tiny_model(tmp_path / "chinese")
    units = [f"{unit} {number}" for number, unit in enumerate(("<blank>", *["好"] * (len(UNITS) - 1)))]
    (folder / "units.txt").write_text("\n".join(units), encoding="utf-8")
    engine = load_engine(EngineSpec(folder, device="cpu"))
    line = engine.receipt(RecognitionOptions("en"))[0]
    assert (line.asked, line.applied) == ("en", "auto")
    assert line.reason
    assert engine.transcribe(asked(noise(2), options=RecognitionOptions("en")))[0].text


def test_units_that_do_not_fit_the_network_are_refused(tmp_path):
    folder = build_tiny_model(tmp_path / "odd")
    (folder / "units.txt").write_text("<blank> 0\n", encoding="utf-8")
    with pytest.raises(ModelWeightsMismatch, match=r"units\.txt.*1 units.*17 outputs"):
        load_engine(EngineSpec(folder, device="cpu"))
    (folder / "units.txt").unlink()
    with pytest.raises(ModelFileMissing, match=r"units\.txt"):
        load_engine(EngineSpec(folder, device="cpu"))


def test_memory_that_is_short_for_one_waveform_is_said(engine):
    with pytest.raises(OutOfMemory), memory_errors_named():
        torch.empty(2**60, dtype=torch.uint8)
    with pytest.raises(OutOfMemory), memory_errors_named():
        raise RuntimeError("could not create a primitive")  # oneDNN's words
    with pytest.raises(RuntimeError), memory_errors_named():
        raise RuntimeError("could not create a primitive descriptor for a convolution")
    with pytest.raises(ValueError, match="other"), memory_errors_named():
        raise ValueError("other")


@pytest.mark.parametrize("device", ["cuda:97", "tpu", ""])
def test_a_device_that_is_absent_is_refused_with_the_reason(folder, device):
    with pytest.raises(DeviceUnavailable) as refused:
        load_engine(EngineSpec(folder, device=device))
    assert refused.value.params["reason"]


def test_hotwords_that_the_model_cannot_write_are_named(engine):
    receipt = engine.receipt(RecognitionOptions(hotwords=parse_hotwords("你好 营业天气")))
    by_name = {line.name: line for line in receipt}
    assert (by_name["hotwords"].asked, by_name["hotwords"].applied) == ("你好, 营业天气", "你好")
    assert by_name["hotword"].asked == "营业天气"
    assert str(by_name["hotword"].reason).endswith(": 营业")


def test_damaged_ngrams_beside_the_weights_are_refused_by_name(tmp_path):
    folder = build_tiny_model(tmp_path / "ngrams")
    (folder / NGRAM_FILE).write_bytes(b"PK no archive at all")
    with pytest.raises(ModelFileUnreadable, match=NGRAM_FILE):
        load_engine(EngineSpec(folder, device="cpu"))
