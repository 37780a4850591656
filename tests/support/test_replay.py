"""A case is replayed: the result is the same, or the differences are reported."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from app.domain.errors.cases import CaseDamaged
from app.domain.errors.requests import InvalidParameter
from app.domain.options import TranscriptionOptions
from app.support.case import AudioChoice, CaseChoice
from app.support.replay import Verdict
from app.support.replay.bench import Bench
from app.support.replay.comparison import diff_of, distance
from app.support.replay.replay import Replayed, replay
from app.support.replay.report import as_dict, as_text
from app.support.replay.suite import CaseResult, Trend, as_junit, read_baseline, run_suite, write_baseline
from tests.engine import sounds
from tests.services.conftest import LIMITS, House, talk
from tests.support.cases import make, read
from tests.support.test_case import recognised


def bench(house: House, factory: str = "EchoEngine", **changes: str) -> Bench:
    return Bench(lambda _case: house.spec(factory), LIMITS, 30.0, changes)


def again(house: House, case: Path, factory: str = "EchoEngine", **changes: str) -> Replayed:
    with bench(house, factory, **changes).open() as opened:
        return replay(case, opened)


def forged(case: Path, target: Path, name: str, change: Callable[[Any], Any]) -> Path:
    """A case whose file `name` says something else, with a manifest that fits."""
    import hashlib

    with zipfile.ZipFile(case) as archive:
        files = {each: archive.read(each) for each in archive.namelist()}
    files[name] = json.dumps(change(json.loads(files[name]))).encode()
    manifest = json.loads(files["manifest.json"])
    for file in manifest["files"]:
        content = files[file["name"]]
        file |= {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    files["manifest.json"] = json.dumps(manifest).encode()
    with zipfile.ZipFile(target, "w") as archive:
        for each, content in files.items():
            archive.writestr(each, content)
    return target


@pytest.mark.smoke
def test_the_same_engine_says_the_same(house: House) -> None:
    replayed = again(house, make(house, recognised(house, 0.2, 0.5)))

    assert replayed.verdict is Verdict.REPRODUCED
    assert replayed.comparison.cer == 0
    assert replayed.comparison.timing_seconds == pytest.approx(0, abs=1e-3)
    assert replayed.plan_differs == ()
    assert "REPRODUCED" in as_text(replayed)


def test_a_text_that_differs_is_shown_word_by_word(house: House, tmp_path: Path) -> None:
    def misheard(segments: Any) -> Any:
        segments[1]["text_raw"] = "label 5"
        return segments

    case = forged(make(house, recognised(house, 0.2, 0.5)), tmp_path / "x.zip", "segmentation.json", misheard)
    replayed = again(house, case)

    assert replayed.verdict is Verdict.NOT_REPRODUCED
    assert as_dict(replayed)["segments"][1]["diff"][0] == {
        "recorded": "label ",
        "now": "level ",
        "kind": "replace",
    }
    assert "- [label ]5" in as_text(replayed)
    assert replayed.comparison.cer == pytest.approx(2 / 12)


def test_a_crash_is_reproduced_by_a_crash(house: House) -> None:
    replayed = again(house, make(house, recognised(house, 0.2, 0.95, factory="PoisonedEngine")), "PoisonedEngine")

    assert replayed.verdict is Verdict.REPRODUCED
    assert as_dict(replayed)["error"] == {
        "recorded": "segments_failed",
        "now": "inference_crashed",
        "is_same": True,
    }


def test_a_crash_that_is_cured_is_not_reproduced(house: House) -> None:
    replayed = again(house, make(house, recognised(house, 0.2, 0.95, factory="PoisonedEngine")))

    assert replayed.verdict is Verdict.NOT_REPRODUCED
    assert replayed.comparison.segments[1].now == "level 9"


def test_another_error_is_not_the_same_error(house: House) -> None:
    replayed = again(house, make(house, recognised(house, 0.95, factory="PoisonedEngine")), "FailingEngine")

    assert replayed.verdict is Verdict.NOT_REPRODUCED
    assert replayed.error == "inference_failed"


def test_a_recording_that_cannot_be_decoded_cannot_be_decoded_again(house: House) -> None:
    with house.working("EchoEngine"):
        job = house.end_of(house.submit(b"this is no sound", "notes.mp3").id).id

    assert again(house, make(house, job)).verdict is Verdict.REPRODUCED


def test_a_model_that_does_not_load_is_reproduced_and_cured(house: House) -> None:
    with house.working("refuse"):
        job = house.end_of(house.submit(talk(0.2)).id).id
    case = make(house, job)

    assert again(house, case, "refuse").verdict is Verdict.REPRODUCED
    assert again(house, case).verdict is Verdict.NOT_REPRODUCED


def test_a_stretch_is_run_with_the_samples_of_its_place(house: House) -> None:
    case = make(house, recognised(house, 0.2, 0.5, 0.3), CaseChoice(AudioChoice.STRETCH, segment=1))
    replayed = again(house, case)

    assert replayed.verdict is Verdict.REPRODUCED
    assert [each.text_raw for each in replayed.heard] == ["level 5"]


def test_without_sound_nothing_can_be_compared(house: House) -> None:
    replayed = again(house, make(house, recognised(house, 0.2), CaseChoice(AudioChoice.HASH)))

    assert (replayed.verdict, replayed.reason) == (Verdict.NOT_COMPARABLE, "The case has no sound.")


def test_a_case_of_another_model_cannot_be_compared(house: House, tmp_path: Path) -> None:
    case = forged(
        make(house, recognised(house, 0.2)),
        tmp_path / "x.zip",
        "model.json",
        lambda told: told | {"checksum": "ab"},
    )
    replayed = again(house, case)

    assert replayed.verdict is Verdict.NOT_COMPARABLE
    assert "model_checksum" in {each.name for each in replayed.differences}


def test_a_job_that_had_not_begun_cannot_be_compared(house: House) -> None:
    assert again(house, make(house, house.submit(talk(0.2)).id)).verdict is Verdict.NOT_COMPARABLE


def test_an_option_can_be_set_otherwise(house: House) -> None:
    case = make(house, recognised(house, 0.2))
    replayed = again(house, case, language="en")

    assert ("language", "auto", "en") in [(each.name, each.recorded, each.here) for each in replayed.differences]
    with pytest.raises(InvalidParameter):
        again(house, case, quality="best")


def test_a_case_with_a_broken_plan_is_refused(house: House, tmp_path: Path) -> None:
    case = forged(
        make(house, recognised(house, 0.2)), tmp_path / "x.zip", "segmentation.json", lambda _: [{"index": 1}]
    )

    with pytest.raises(CaseDamaged):
        again(house, case)


def test_a_suite_tells_better_from_worse(house: House, tmp_path: Path) -> None:
    folder = tmp_path / "cases"
    folder.mkdir()
    crash = make(house, recognised(house, 0.95, factory="PoisonedEngine"))
    crash.rename(folder / "crash.zip")
    make(house, recognised(house, 0.2)).rename(folder / "fine.zip")
    (folder / "broken.zip").write_bytes(b"no zip")
    baseline = tmp_path / "baseline.json"

    def trends(factory: str) -> tuple[list[CaseResult], dict[str, Trend]]:
        with bench(house, factory).open() as opened:
            results = run_suite(folder, opened, read_baseline(baseline), lambda _: None)
        return results, {each.name: each.trend for each in results}

    first, told = trends("PoisonedEngine")
    assert told == {"broken": Trend.BROKEN, "crash": Trend.NEW, "fine": Trend.NEW}
    write_baseline(baseline, first)
    cured, told = trends("EchoEngine")
    assert told == {"broken": Trend.BROKEN, "crash": Trend.BETTER, "fine": Trend.SAME}
    write_baseline(baseline, cured)
    worse, told = trends("PoisonedEngine")
    assert told["crash"] is Trend.WORSE

    junit = ET.fromstring(as_junit(worse))  # noqa: S314 - our own
    assert junit.attrib == {"name": "support cases", "tests": "3", "failures": "1", "errors": "1"}
    assert junit.find("testcase[@name='crash']/failure") is not None


def test_a_text_that_a_person_has_put_right_decides_what_is_better(house: House, tmp_path: Path) -> None:
    correct = {"corrections": [{"first": 0, "last": 0, "text": "Level 2."}]}
    folder = tmp_path / "cases"
    folder.mkdir()
    forged(make(house, recognised(house, 0.2)), folder / "x.zip", "result.json", lambda told: told | correct)
    baseline = tmp_path / "baseline.json"
    with bench(house).open() as opened:
        write_baseline(baseline, run_suite(folder, opened, {}, lambda _: None))

    assert read_baseline(baseline)["x"].corrected_cer == 0
    with bench(house, "UnsureEngine").open() as opened:
        [result] = run_suite(folder, opened, read_baseline(baseline), lambda _: None)
    assert result.trend is Trend.WORSE


def test_distances_are_those_of_levenshtein() -> None:
    assert distance("kitten", "sitting") == 3
    assert distance("", "abc") == 3
    assert distance("今天天气", "今日天气好") == 2
    assert diff_of("see you", "see me") == (("see ", "see ", "equal"), ("you", "me", "replace"))


def test_the_settings_of_the_case_are_told_with_what_is_here(house: House) -> None:
    case = make(house, recognised(house, 0.2), device="cuda:0")

    assert read(case, "settings.json")["device"]["value"] == "cuda:0"
    assert again(house, case, device="cpu").differences[-1].recorded == "cuda:0"


def test_channels_that_were_read_apart_are_run_apart(house: House) -> None:
    left, right = sounds.babble(0.8, level=0.2), sounds.babble(0.8, level=0.5)
    pause = sounds.silence(1.0)
    channels = np.stack([np.concatenate([pause, left, pause, pause]), np.concatenate([pause, pause, right, pause])])
    recording = sounds.wav_bytes((channels * 32767).astype(np.int16))
    with house.working("EchoEngine"), house.queue.receive("call.wav", 10**9) as incoming:
        incoming.write(recording)
        job = house.queue.submit(incoming, TranscriptionOptions(channels="separate"), "api").id
        house.end_of(job)
    whole = make(house, job)

    assert [each["channel"] for each in read(whole, "segmentation.json")] == [1, 2]
    assert again(house, whole).verdict is Verdict.REPRODUCED
    assert again(house, make(house, job, CaseChoice(AudioChoice.STRETCH, segment=1))).verdict is Verdict.REPRODUCED
