"""Every FunASR family recognises a real waveform through the Engine interface, offline, without its known traps."""

from __future__ import annotations

import shutil
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Thread

import numpy as np
import pytest
import torch

from app.domain.errors.inference import InferenceFailed
from app.domain.hotwords import listed_hotwords, parse_hotwords
from app.domain.options import RecognitionOptions
from app.domain.transcript import Word
from app.engine import SAMPLE_RATE, Engine, EngineSpec, Hypothesis, Utterance
from app.engine.funasr import load_engine, nano
from app.engine.funasr.family import Reading
from app.engine.funasr.nano import clean
from app.services.inference.process import InferenceProcess, Recognition
from tests.engine.sounds import Samples, babble, silence, tone
from tests.funasr.conftest import FAMILIES, FindModel, LoadEngine, needs_funasr
from tests.funasr.package import automodel, kept_process

pytestmark = needs_funasr

FACTORY = "app.engine.funasr:load_engine"


def hear(engine: Engine, *waveforms: Samples, **options: object) -> list[Hypothesis]:
    asked = RecognitionOptions(**options)  # type: ignore[arg-type]
    return engine.transcribe([Utterance(waveform, asked) for waveform in waveforms])


def squeezed(text: str) -> str:
    return "".join(text.split())


@pytest.fixture(params=FAMILIES)
def engine(request: pytest.FixtureRequest, engines: LoadEngine) -> Engine:
    return engines(request.param)


# Reading


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_reads_a_sentence_without_a_network(
    family: str, models: FindModel, speech: Samples, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = models(family)

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    engine = load_engine(EngineSpec(folder, device="cpu", threads=1))
    [hypothesis] = hear(engine, speech)

    assert hypothesis.text
    assert engine.info.model == family
    assert engine.info.device == "cpu"
    assert engine.info.parameters > 50_000
    assert dict(engine.info.versions).keys() == {"torch"}


def test_every_family_reads_in_the_process_that_infers(models: FindModel, speech: Samples) -> None:
    families = FAMILIES[:4]
    answers: dict[str, Recognition] = {}

    def ask(family: str) -> None:
        spec = EngineSpec(models(family), device="cpu", threads=1, factory=FACTORY)
        inference = InferenceProcess(spec)
        try:
            answers[family] = inference.transcribe([Utterance(speech, RecognitionOptions())], 120)
        finally:
            inference.stop()

    threads = [Thread(target=ask, args=(family,)) for family in families]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    for family in families:
        assert answers[family].hypotheses[0].text, family
        names = [line.name for line in answers[family].receipts[0]]
        assert names[:4] == ["device", "dtype", "batch", "language"], family


def test_the_same_sound_is_read_the_same_twice(engine: Engine, speech: Samples) -> None:
    first, second = hear(engine, speech), hear(engine, speech)

    assert first == second


def test_several_at_once_are_read_as_each_alone(engines: LoadEngine, speech: Samples) -> None:
    waveforms = [speech, babble(1.3), speech[: len(speech) // 2], tone(0.7)]
    for family in FAMILIES:
        engine = engines(family, batch_seconds=120.0)
        together = hear(engine, *waveforms)
        alone = [hear(engine, waveform)[0] for waveform in waveforms]

        assert [each.text for each in together] == [each.text for each in alone], family
        times = [[(word.start, word.end) for word in each.words] for each in together]
        assert times == [[(word.start, word.end) for word in each.words] for each in alone], family


def test_what_holds_no_word_is_not_read(engine: Engine, speech: Samples) -> None:
    nothing = np.zeros(0, dtype=np.float32)
    empty, blink, hush, spoken = hear(engine, nothing, tone(0.01), silence(2.0), speech)

    assert [empty.text, blink.text, hush.text] == ["", "", ""]
    assert empty.confidence is None
    assert spoken.text


def test_the_waveform_is_left_as_it_was(engine: Engine, speech: Samples) -> None:
    before = speech.copy()
    hear(engine, speech)

    assert np.array_equal(before, speech)


@pytest.mark.parametrize("family", ["sensevoice", "paraformer", "seaco", "nano"])
def test_the_text_is_the_one_that_funasr_gives(
    family: str, engines: LoadEngine, models: FindModel, speech: Samples
) -> None:
    with kept_process(), torch.inference_mode():
        [result] = automodel(models(family)).generate([torch.tensor(speech)], itn=False)

    # FunASR takes the likeliest token of each frame; our own engine does so where it shall be fast.
    [ours] = hear(engines(family), speech, itn=False, punctuation=False, quality="fast")

    theirs = squeezed(clean(result["text"]))
    if family == "nano":  # which goes on and on where nobody stops it
        assert len(ours.text) > 20
        theirs = theirs[: len(squeezed(ours.text))]
    if family == "sensevoice":  # its first four frames are tags, where random weights say anything; we leave them out
        assert 20 < len(squeezed(ours.text)) < len(theirs) <= len(squeezed(ours.text)) + 4 * len("hello")
        theirs = theirs[-len(squeezed(ours.text)) :]
    assert squeezed(ours.text) == theirs


# Times


@pytest.mark.parametrize("family", ["sensevoice", "paraformer", "seaco", "nano_with_ctc"])
def test_words_have_times_in_order_inside_the_waveform(
    family: str, engines: LoadEngine, speech: Samples, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nano, "_most_tokens", lambda _: 6)  # its language model knows no end
    engine = engines(family)
    speech = np.tile(speech, 4)
    [hypothesis] = hear(engine, speech)
    bounds = [time for word in hypothesis.words for time in (word.start, word.end)]

    assert bounds
    assert squeezed("".join(word.text for word in hypothesis.words)) == squeezed(hypothesis.text)
    assert squeezed("".join(word.raw or word.text for word in hypothesis.words)) == squeezed(hypothesis.text_raw)
    assert bounds == sorted(bounds)
    assert bounds[0] >= 0
    assert bounds[-1] <= len(speech) / SAMPLE_RATE
    assert all(0 < word.confidence <= 1 for word in hypothesis.words)
    assert all(line.name != "times" for line in engine.receipt(RecognitionOptions()))


def test_a_text_that_is_longer_than_the_sound_has_no_times(
    engines: LoadEngine, speech: Samples, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nano, "_most_tokens", lambda _: 60)
    [hypothesis] = hear(engines("nano_with_ctc"), speech[:8000])

    assert hypothesis.text
    assert hypothesis.words == ()
    assert [(line.name, line.applied) for line in hypothesis.applied] == [("times", "off")]


@pytest.mark.parametrize(("family", "reason"), [("nano", "lack the part that gives times")])
def test_a_model_without_times_says_so(family: str, reason: str, engines: LoadEngine, speech: Samples) -> None:
    engine = engines(family)
    [hypothesis] = hear(engine, speech)
    [line] = [line for line in engine.receipt(RecognitionOptions()) if line.name == "times"]

    assert hypothesis.words == ()
    assert (line.asked, line.applied) == ("on", "off")
    assert reason in str(line.reason)


# Options


def test_hotwords_change_what_seaco_reads(engines: LoadEngine, speech: Samples) -> None:
    [plain] = hear(engines("seaco"), speech)
    [biased] = hear(engines("seaco"), speech, hotwords=parse_hotwords("公园 识别系统"))

    assert plain.text != biased.text


@pytest.mark.parametrize("word", ["http://127.0.0.1:9/words", "/etc/words.txt"])
def test_a_hotword_that_looks_like_an_address_is_not_opened(
    word: str, engines: LoadEngine, speech: Samples, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    [plain] = hear(engines("seaco"), speech)
    [asked] = hear(engines("seaco"), speech, hotwords=listed_hotwords([word]))

    assert asked.text == plain.text
    lines = engines("seaco").receipt(RecognitionOptions(hotwords=listed_hotwords([word])))
    assert [line.asked for line in lines if line.name == "hotword"] == [word]


def test_the_receipt_says_what_became_of_hotwords(engines: LoadEngine) -> None:
    options = RecognitionOptions(hotwords=parse_hotwords("今天:30 龘"))

    def lines(family: str) -> list[tuple[str, str]]:
        found = (line for line in engines(family).receipt(options) if line.name.startswith("hotword"))
        return [(line.applied, str(line.reason or "")) for line in found]

    assert lines("sensevoice") == [
        ("今天:30", ""),
        ("", "The model cannot write these characters: 龘"),
    ]
    assert lines("paraformer") == [("", "This model cannot prefer words.")]
    assert lines("nano") == [("今天, 龘", "This model takes hotwords without weights.")]
    assert lines("seaco") == [
        ("今天", "This model takes hotwords without weights."),
        ("", "The model cannot write these characters: 龘"),
    ]


def test_a_language_that_a_model_does_not_know_is_not_forced(engines: LoadEngine) -> None:
    options = RecognitionOptions(language="ko")

    applied = {family: engines(family).receipt(options)[0].applied for family in FAMILIES[:4]}

    assert applied == {"sensevoice": "ko", "paraformer": "auto", "seaco": "auto", "nano": "auto"}


def test_the_multilingual_nano_is_told_by_its_folder(models: FindModel, tmp_path: Path) -> None:
    folder = tmp_path / "Fun-ASR-MLT-Nano-2512"
    shutil.copytree(models("nano"), folder)

    engine = load_engine(EngineSpec(folder, device="cpu", threads=1))

    assert len(engine.info.languages) == 31
    assert engine.receipt(RecognitionOptions(language="sv"))[0].applied == "sv"


def test_a_precision_that_a_model_lacks_is_said(engines: LoadEngine, speech: Samples) -> None:
    plain = engines("nano", dtype="int8")
    half = engines("nano", dtype="bfloat16")

    [line] = [line for line in plain.info.receipt if line.name == "dtype"]
    assert (line.asked, line.applied, bool(line.reason)) == ("int8", "float32", True)
    [line] = [line for line in half.info.receipt if line.name == "dtype"]
    assert (line.applied, "Only the language model" in str(line.reason)) == ("bfloat16", True)
    assert hear(half, speech)[0].text


@pytest.mark.parametrize("family", ["paraformer", "seaco"])
def test_what_a_paraformer_says_is_written_with_figures_and_marks(
    family: str, engines: LoadEngine, speech: Samples, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = engines(family)
    said = tuple(Word(text, index / 8, (index + 1) / 8, 0.9) for index, text in enumerate("二零二五年很好"))
    monkeypatch.setattr(engine._family, "read", lambda *_: [Reading("二零二五年很好", said, 0.9)])  # type: ignore[attr-defined]

    [written] = hear(engine, speech)
    [spoken] = hear(engine, speech, itn=False, punctuation=False)

    assert written.text == "2025年很好。"
    assert written.text_raw == spoken.text == "二零二五年很好"
    assert [word.text for word in written.words] == ["2025", "年", "很", "好。"]


def test_two_who_ask_at_once_get_what_each_gets_alone(engines: LoadEngine, speech: Samples) -> None:
    engine = engines("sensevoice")
    languages = ("zh", "en") * 3
    alone = {language: hear(engine, speech, language=language)[0].text for language in ("zh", "en")}

    with ThreadPoolExecutor(len(languages)) as pool:
        found = list(pool.map(lambda language: hear(engine, speech, language=language)[0].text, languages))

    assert alone["zh"] != alone["en"]
    assert found == [alone[language] for language in languages]


def test_a_network_that_stumbles_fails_one_request(
    engines: LoadEngine, speech: Samples, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = engines("paraformer")

    def stumble(*_: object) -> None:
        raise KeyError("peaks")

    with monkeypatch.context() as patched:
        patched.setattr(engine._family._network, "fine_weights", stumble)  # type: ignore[attr-defined]
        with pytest.raises(InferenceFailed, match="KeyError: 'peaks'"):
            hear(engine, speech)
    assert hear(engine, speech)[0].text


def test_memory_that_runs_out_is_named_and_survived(
    engines: LoadEngine, speech: Samples, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = engines("paraformer")
    encoder = engine._family._network.encoder  # type: ignore[attr-defined]
    encode = encoder.forward

    def cramped(features: torch.Tensor, lengths: torch.Tensor) -> object:
        if features.shape[1] > 40:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 9 GiB.")
        return encode(features, lengths)

    monkeypatch.setattr(encoder, "forward", cramped)
    [hypothesis] = hear(engine, speech)

    assert hypothesis.text
    assert [line.name for line in hypothesis.applied] == ["batch"]
