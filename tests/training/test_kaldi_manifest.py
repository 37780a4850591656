"""A corpus in Kaldi's format becomes a manifest for the recipe."""

import csv
import wave
from pathlib import Path

import pytest

from training.kaldi_manifest import write_manifest


def test_every_recording_gets_a_row_with_its_length_and_text(tmp_path: Path) -> None:
    corpus = tmp_path / "ocean"
    for part, key in (("train", "0001"), ("test", "0002")):
        (corpus / part).mkdir(parents=True)
        (corpus / part / "text").write_text(f"{key}\tWE CALL IT BEAR\n", encoding="utf-8")
        (corpus / part / "wav.scp").write_text(f"{key}\tWAVE/{key}.WAV\n", encoding="utf-8")
        (corpus / "WAVE").mkdir(exist_ok=True)
        with wave.open(str(corpus / "WAVE" / f"{key}.WAV"), "wb") as file:
            file.setparams((1, 2, 16_000, 0, "NONE", ""))
            file.writeframes(bytes(2 * 24_000))
    manifest = tmp_path / "ocean.tsv"
    assert write_manifest(manifest, [corpus / "train", corpus / "test"], "en") == pytest.approx(3.0)
    with manifest.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    assert [row["path"] for row in rows] == ["ocean/WAVE/0001.WAV", "ocean/WAVE/0002.WAV"]
    assert rows[0] == {
        "path": "ocean/WAVE/0001.WAV",
        "seconds": "1.50",
        "text": "we call it bear",
        "language": "en",
    }
