"""Writes the results of FunASR's code on the tiny folders of tests/engine/sanm, for tests that run without it.

.venv-funasr/bin/python -m tests.funasr.write_golden
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import torch

from tests.engine.sanm.folders import (
    GOLDEN,
    conversation,
    write_nano,
    write_punctuation,
    write_vad,
)
from tests.engine.sanm.paraformer_folders import CHARACTERS
from tests.engine.sounds import buzz, noise
from tests.funasr.package import automodel

PUNCTUATION_KINDS: list[dict[str, bool]] = [{}, {"has_dictionary": True}, {"sentences_end": False}]
VAD_KINDS = [  # seconds, seed, longest segment and chunk in milliseconds
    *((40.0, seed, 60_000, 60_000) for seed in (1, 2)),
    (40.0, 3, 3000, 60_000),
    (60.0, 4, 60_000, 60_000),
    (200.0, 5, 60_000, 60_000),
    (200.0, 6, 9000, 60_000),
    (0.03, 1, 60_000, 60_000),
    (0.5, 1, 60_000, 60_000),
    (90.0, 7, 60_000, 200),
    (90.0, 8, 60_000, 600),
    (90.0, 9, 7000, 330),
]


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
            theirs = automodel(write_punctuation(Path(folder), **kind))
            numbers = [3 + 5 * place % 30 for place in range(24)]
            with torch.inference_mode():
                scores, _ = theirs.model.punc_forward(torch.tensor([numbers]), torch.tensor([24]))
            found = {text: theirs.generate([f" {text}"])[0]["punc_array"].tolist() for text in texts()}
        marks = {text: "".join(map(str, numbers)) for text, numbers in found.items()}
        cases.append({"kind": kind, "numbers": numbers, "scores": rounded(scores), "marks": marks})
    write("punctuation.json", cases)


def speech() -> None:
    """Write the segments of whole recordings, and what chunks of them tell."""
    with tempfile.TemporaryDirectory() as folder:
        theirs = automodel(write_vad(Path(folder)))
        heard: list[torch.Tensor] = []
        listener = theirs.model.encoder.register_forward_hook(lambda *call: heard.append(call[2]))
        theirs.generate([torch.tensor(conversation(3.0, 1))])
        listener.remove()
        cases = [
            {"seconds": seconds, "seed": seed, "longest_ms": longest, "chunk_ms": chunk, "found": found}
            for seconds, seed, longest, chunk in VAD_KINDS
            for found in [hear(theirs, seconds, seed, longest, chunk)]
        ]
    write("vad.json", {"scores": rounded(heard[0][0, ::20]), "cases": cases})


def hear(theirs: Any, seconds: float, seed: int, longest_ms: int, chunk_ms: int) -> list[list[int]]:
    """Return the segments that FunASR finds, or with a chunk below 15 s what it tells from chunk to chunk."""
    theirs.model.vad_opts.max_single_segment_time = longest_ms
    waveform = torch.tensor(conversation(seconds, seed))
    if chunk_ms == 60_000:
        return theirs.generate([waveform])[0]["value"]
    size = chunk_ms * 16
    cache: dict[str, Any] = {}
    told = []
    for start in range(0, len(waveform), size):
        options = {"cache": cache, "chunk_size": chunk_ms, "is_final": start + size >= len(waveform)}
        [result] = theirs.generate([waveform[start : start + size]], **options)
        told += result["value"]
    return told


NANO_KINDS: list[dict[str, Any]] = [
    {"seconds": 0.4, "hotwords": [], "language": None, "itn": True},
    {"seconds": 2.3, "hotwords": ["公园", "hello"], "language": "中文", "itn": False},
    {"seconds": 3.1, "hotwords": [], "language": "英文", "itn": True},
]
CTC_TEXTS = ["hello hell  he'll", "今天 3.5天，OK!\n", " h", "\u0e01\u0e33 ½ é"]


def nano() -> None:
    """Write what the language model goes on with, what it writes, and what the CTC head says."""
    with tempfile.TemporaryDirectory() as folder:
        theirs = automodel(write_nano(Path(folder)))
        found = listen_to_nano(theirs.model)
        cases = []
        for kind in NANO_KINDS:
            asked = {name: value for name, value in kind.items() if name != "seconds"}
            theirs.generate(
                [torch.tensor(voice(kind["seconds"]))],
                max_length=24,
                llm_kwargs={"do_sample": False},
                **asked,
            )
            cases.append(
                {
                    **kind,
                    "vectors": found["vectors"].shape[1],
                    "prompt": rounded(found["vectors"][0, ::9, ::5]),
                    "log_probs": rounded(found["logits"][0].log_softmax(-1)[::4, ::31]),
                    "tokens": found["tokens"][0].tolist(),
                }
            )
        pairs = {text: theirs.model.ctc_tokenizer.encode(text) for text in CTC_TEXTS}
    write("nano.json", {"cases": cases, "pairs": pairs})


def voice(seconds: float) -> Any:
    """Return a voice over hiss: every band has sound, so that rounding does not matter."""
    return buzz(seconds) + noise(seconds, 0.01)


def listen_to_nano(network: Any) -> dict[str, torch.Tensor]:
    """Return what fills with the vectors, the tokens and the logits of each call."""
    found: dict[str, torch.Tensor] = {}
    generate = network.llm.generate

    def heard(**options: Any) -> Any:
        found["vectors"] = options["inputs_embeds"]
        found["tokens"] = generate(**options)
        return found["tokens"]

    network.llm.generate = heard
    network.audio_encoder.register_forward_hook(lambda *call: found.update(encoded=call[2][0]))
    network.ctc.ctc_lo.register_forward_hook(lambda *call: found.update(logits=call[2]))
    return found


if __name__ == "__main__":
    punctuation()
    speech()
    nano()
