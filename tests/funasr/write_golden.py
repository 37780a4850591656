"""Writes what FunASR's own code computes on the tiny folders of tests/engine/sanm, for the tests that run without it.

.venv-funasr/bin/python -m tests.funasr.write_golden
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import torch
from funasr import AutoModel

from tests.engine.sanm.folders import CHARACTERS, GOLDEN, write_punctuation

PUNCTUATION_KINDS: list[dict[str, bool]] = [{}, {"has_dictionary": True}, {"sentences_end": False}]


def load(folder: Path) -> Any:
    return AutoModel(
        model=str(folder), device="cpu", disable_update=True, disable_pbar=True, log_level="ERROR"
    )


def write(name: str, content: object) -> None:
    GOLDEN.mkdir(exist_ok=True)
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    (GOLDEN / name).write_text(text.replace("},{", "},\n{") + "\n", encoding="utf-8")


def rounded(tensor: torch.Tensor) -> list[float]:
    return [round(float(value), 6) for value in tensor.flatten()]


def texts() -> list[str]:
    """Return texts of one character up to many windows, with Latin words, figures and unknown characters."""
    letters = [*CHARACTERS, " hello ", " world ", "龘", " 3.5 ", " don't "]
    mixed = [
        "".join(letters[(7 * place + place**2 * length) % len(letters)] for place in range(length))
        for length in (1, 2, 19, 20, 21, 60, 150, 480)
    ]
    return [*mixed, "hello", "我们去hello world公园", "系统3 ."]


def punctuation() -> None:
    cases = []
    for kind in PUNCTUATION_KINDS:
        with tempfile.TemporaryDirectory() as folder:
            theirs = load(write_punctuation(Path(folder), **kind))
            numbers = [3 + 5 * place % 30 for place in range(24)]
            with torch.inference_mode():
                scores, _ = theirs.model.punc_forward(torch.tensor([numbers]), torch.tensor([24]))
            found = {text: theirs.generate([f" {text}"])[0]["punc_array"].tolist() for text in texts()}
        marks = {text: "".join(map(str, numbers)) for text, numbers in found.items()}
        cases.append({"kind": kind, "numbers": numbers, "scores": rounded(scores), "marks": marks})
    write("punctuation.json", cases)


if __name__ == "__main__":
    punctuation()
