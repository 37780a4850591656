"""fsmn-vad in our own engine: FunASR's numbers and segments, whole and in chunks, and what a folder may lack."""

from __future__ import annotations

import json
import shutil
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from app.domain.errors.models import ModelConfigUnsupported, ModelFolderMissing, ModelWeightsMismatch
from app.domain.options import RecognitionOptions
from app.engine import SAMPLE_RATE, EngineSpec, Utterance
from app.engine.process.child import load
from app.engine.sanm.endpoints import EndpointDetector, EndpointRules, FrameJudge, silence_after
from app.engine.sanm.vad import FsmnStream, FsmnVad, SpeechEvent, _StreamedFeatures, load_vad
from tests.engine.sanm.bad_folders import DAMAGES, names_a_damaged_file, runs_no_code
from tests.engine.sanm.folders import GOLDEN, change_config, conversation, write_vad
from tests.engine.sounds import Samples, babble
from tests.engine.tiny_model import build_tiny_model

GOLDEN_VAD = json.loads((GOLDEN / "vad.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_vad(tmp_path_factory.mktemp("vad") / "fsmn-vad")


@pytest.fixture
def folder(built: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(built, tmp_path / "fsmn-vad"))


@pytest.fixture(scope="module")
def vad(built: Path) -> FsmnVad:
    return load_vad(built)


def stream_of(vad: FsmnVad, longest_ms: int, chunk_ms: int) -> FsmnStream:
    rules = vad._rules.with_longest(longest_ms / 1000)
    return FsmnStream(vad._network, vad._frontend, rules, chunk_ms, tells_starts=chunk_ms < 15_000)


def told(events: list[SpeechEvent]) -> list[list[int]]:
    """Return events as FunASR tells them."""
    bounds = ((event.start_ms, event.end_ms) for event in events)
    return [[-1 if bound is None else bound for bound in pair] for pair in bounds]


# Numbers


@torch.inference_mode()
def test_the_golden_probabilities_of_funasr_are_computed(vad: FsmnVad) -> None:
    waveform = torch.from_numpy(conversation(3.0, 1))
    features, levels = _StreamedFeatures(vad._frontend).compute(waveform, is_last=True)
    scores, _ = vad._network(features, vad._network.no_memories())

    assert len(levels) == scores.shape[1] == 298
    golden = torch.tensor(GOLDEN_VAD["scores"])
    torch.testing.assert_close(scores[0, ::20].flatten(), golden, atol=1e-4, rtol=0)


@pytest.mark.parametrize(
    "case", GOLDEN_VAD["cases"], ids=lambda case: f"{case['seconds']}-{case['seed']}-{case['chunk_ms']}"
)
def test_the_golden_segments_of_funasr_are_found(case: dict[str, Any], vad: FsmnVad) -> None:
    stream = stream_of(vad, case["longest_ms"], case["chunk_ms"])

    assert told(stream.feed(conversation(case["seconds"], case["seed"]), is_last=True)) == case["found"]


@torch.inference_mode()
def test_chunks_give_the_features_and_probabilities_of_the_whole(vad: FsmnVad) -> None:
    waveform = torch.from_numpy(conversation(2.0, 3))
    whole, levels = _StreamedFeatures(vad._frontend).compute(waveform, is_last=True)
    expected, _ = vad._network(whole, vad._network.no_memories())
    features, memories = _StreamedFeatures(vad._frontend), vad._network.no_memories()
    scores, loud = [], []
    for start in range(0, len(waveform), 777):
        part, part_levels = features.compute(waveform[start : start + 777], is_last=start + 777 >= len(waveform))
        loud += part_levels
        if part_levels:
            found, memories = vad._network(part, memories)
            scores.append(found)

    torch.testing.assert_close(torch.cat(scores, 1), expected, atol=1e-5, rtol=0)
    np.testing.assert_allclose(loud, levels, atol=1e-3)


@pytest.mark.parametrize("piece", [100, 4000, 16_000, 123_457])
def test_pieces_of_any_length_tell_the_same(piece: int, vad: FsmnVad) -> None:
    waveform = conversation(40.0, 7)
    expected = vad.stream(400).feed(waveform, is_last=True)
    stream = vad.stream(400)
    events: list[SpeechEvent] = []
    for start in range(0, len(waveform), piece):
        events += stream.feed(waveform[start : start + piece])
    events += stream.feed(np.zeros(0, dtype=np.float32), is_last=True)

    assert events == expected
    assert len(expected) > 8


# Segments


@pytest.mark.parametrize("longest_seconds", [1.0, 5.0, 30.0])
def test_spans_are_in_order_inside_and_no_longer_than_asked(longest_seconds: float, vad: FsmnVad) -> None:
    waveform = conversation(70.0, 2)
    spans = vad.spans(waveform, longest_seconds=longest_seconds)
    bounds = [bound for span in spans for bound in span]

    assert len(spans) > 5
    assert bounds == sorted(bounds)
    assert bounds[0] >= 0
    assert bounds[-1] <= len(waveform) / SAMPLE_RATE
    assert all(end - start <= longest_seconds for start, end in spans)


def test_voices_are_spans_and_silences_are_not(vad: FsmnVad) -> None:
    hush = 1e-4 * np.random.default_rng(1).standard_normal(5 * SAMPLE_RATE).astype(np.float32)
    waveform = np.concatenate((hush, babble(3.0), hush, babble(2.0), hush))
    spans = vad.spans(waveform)

    assert [round(start) for start, _ in spans] == [5, 13]
    assert all(after[0] - before[1] > 2 for before, after in pairwise(spans))


@pytest.mark.parametrize("samples", [0, 160, 399])
def test_nothing_is_heard_in_nothing(samples: int, vad: FsmnVad) -> None:
    assert vad.spans(np.zeros(samples, dtype=np.float32)) == ()


def test_the_longer_a_segment_lasts_the_less_silence_ends_it() -> None:
    assert [silence_after(lasted) for lasted in (0, 10_000, 10_001, 45_000, 60_001)] == [
        2000,
        2000,
        1000,
        400,
        100,
    ]


def test_speech_begins_before_it_is_certain_and_ends_after_it() -> None:
    detector = EndpointDetector(EndpointRules())
    detector.silence_ms = 500
    for frame in range(300):
        detector.feed(is_speech=100 <= frame < 180, is_last=frame == 299)

    # 15 of 20 frames are speech at 114; 40 frames before that it begins. At 184 they are 15 again, 10 frames more are kept.
    assert [(segment.start, segment.end) for segment in detector.segments] == [(74, 196)]


def test_a_segment_that_is_open_ends_with_the_recording() -> None:
    detector = EndpointDetector(EndpointRules())
    detector.silence_ms = 500
    for frame in range(100):
        detector.feed(is_speech=frame >= 20, is_last=frame == 99)

    assert [(segment.start, segment.end, segment.is_ended) for segment in detector.segments] == [(0, 100, True)]


def test_speech_must_be_louder_than_the_noise_where_the_rules_ask_for_it() -> None:
    judge = FrameJudge(EndpointRules(snr_db=20.0))
    quiet = list(judge.classify([-50.0] * 3, [0.9] * 3))

    assert quiet == [False] * 3
    assert list(judge.classify([-40.0, -20.0, -120.0], [0.0, 0.0, 0.0])) == [False, True, False]


def test_pieces_without_speech_get_no_text(built: Path, tmp_path: Path) -> None:
    engine = load(EngineSpec(build_tiny_model(tmp_path), device="cpu", threads=1, vad_model=built))
    hush = 1e-4 * np.random.default_rng(1).standard_normal(SAMPLE_RATE).astype(np.float32)
    [hypothesis] = engine.transcribe([Utterance(hush, RecognitionOptions())])

    assert (hypothesis.text, hypothesis.dropped) == ("", "no_speech")
    assert "speech_check" in {line.name for line in engine.receipt(RecognitionOptions())}


# Folders


@pytest.mark.parametrize("name", ["model.pt", "am.mvn", "config.yaml"])
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_file_that_is_not_whole_is_named(folder: Path, name: str, damage: str) -> None:
    names_a_damaged_file(load_vad, folder, name, damage)


def test_a_pickle_that_runs_code_is_refused(folder: Path) -> None:
    runs_no_code(load_vad, folder, "encoder")


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"encoder": "DFSMN"}, "encoder"),
        ({"encoder_conf": {"rorder": 2}}, "rorder"),
        ({"encoder_conf": {"use_softmax": False}}, "use_softmax"),
        ({"encoder_conf": {"pooling": 2}}, "pooling"),
        ({"encoder_conf": {"input_dim": 80}}, "input_dim"),
        ({"encoder_conf": {"lorder": 0}}, "lorder"),
        ({"frontend_conf": {"fs": 8000}}, "fs is 8000"),
        ({"frontend_conf": {"lfr_n": 6}}, "lfr_n"),
        ({"model_conf": {"sample_rate": 8000}}, "sample_rate"),
        ({"model_conf": {"detect_mode": 0}}, "detect_mode"),
        ({"model_conf": {"sil_pdf_ids": [9], "silence_pdf_num": 1}}, "sil_pdf_ids"),
        ({"model_conf": {"silence_pdf_num": 3}}, "silence_pdf_num"),
        ({"model_conf": {"window_size_ms": 0}}, "window_size_ms"),
        ({"model_conf": {"snr_thres": "loud"}}, "snr_thres"),
        ({"model_conf": {"max_single_segment_time": float("nan")}}, "max_single_segment_time"),
        ({"model": "CTTransformer"}, "CTTransformer"),
    ],
)
def test_what_is_not_known_is_refused_by_name(folder: Path, changes: dict[str, object], named: str) -> None:
    change_config(folder, **changes)

    with pytest.raises(ModelConfigUnsupported, match=named):
        load_vad(folder)


def test_weights_of_another_shape_are_refused(folder: Path) -> None:
    change_config(folder, encoder_conf={"proj_dim": 9})

    with pytest.raises(ModelWeightsMismatch, match=r"has the shape"):
        load_vad(folder)


def test_a_folder_that_is_not_there_is_no_name_of_a_hub() -> None:
    with pytest.raises(ModelFolderMissing):
        load_vad(Path("fsmn-vad"))


def test_samples_are_left_as_they_were(vad: FsmnVad) -> None:
    waveform: Samples = babble(1.0)
    before = waveform.copy()
    vad.spans(waveform)

    np.testing.assert_array_equal(waveform, before)
