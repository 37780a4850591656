import hashlib
from pathlib import Path

import pytest

from app.engine import EngineSpec
from app.engine.catalog.registry import factory_for
from app.engine.decoding.language_model import NGRAM_FILE, NgramModel
from app.support.selftest import run_selftest

MODEL = Path(__file__).parents[2] / "models" / "builtin"

pytestmark = [
    pytest.mark.weights,
    pytest.mark.skipif(not (MODEL / "final.pt").exists(), reason="models/builtin has no weights"),
]


def test_the_built_in_model_reads_its_golden_sample_exactly() -> None:
    result = run_selftest(EngineSpec(MODEL, device="cpu", threads=1))
    assert result.expected
    assert result.text == result.expected


def test_the_files_are_those_of_the_checksums_and_at_most_40_megabytes() -> None:
    lines = (MODEL / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    listed = dict(reversed(line.split("  ")) for line in lines)
    files = {path.name: path for path in MODEL.iterdir() if path.name != "SHA256SUMS"}
    assert listed == {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in files.items()}
    assert sum(path.stat().st_size for path in files.values()) <= 40_000_000


def test_its_n_grams_know_the_units_of_its_network() -> None:
    units = len((MODEL / "units.txt").read_text(encoding="utf-8").splitlines())
    model = NgramModel.load(MODEL / NGRAM_FILE, units)
    assert model.name == "4-gram"


LARGE = MODEL.with_name("builtin-large")


@pytest.mark.skipif(not (LARGE / "model.bin").exists(), reason="models/builtin-large has no weights")
def test_the_large_built_in_model_reads_its_sample_and_is_small() -> None:
    result = run_selftest(EngineSpec(LARGE, factory=factory_for(LARGE), device="cpu", threads=1))
    lines = (LARGE / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    listed = dict(reversed(line.split("  ")) for line in lines)
    files = {path.name: path for path in LARGE.iterdir() if path.name != "SHA256SUMS"}

    assert result.is_right
    assert listed == {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in files.items()}
    assert sum(path.stat().st_size for path in files.values()) <= 60_000_000
