"""How often the diagnosis is wrong: false alarms on healthy recordings, and how many planted faults it finds.

    python -m benchmarks.findings FOLDER [--healthy TSV ...] [--count 100] [--json FILE]

FOLDER has a manifest.tsv (path, text, language, ...). Healthy are its recordings of clear speech and those that the TSV
files of transcribed speech name. Faults are made of healthy ones: gain, a telephone's band, music beneath, an empty
channel, silence around, the other language, hotwords that the model cannot write.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt

from app.composition import decode_limits, engine_spec
from app.domain.hotwords import Hotword
from app.domain.options import TranscriptionOptions
from app.domain.transcript import Applied, merge_receipts
from app.engine import Engine, Utterance
from app.engine.audio.decoding import read_waveform
from app.engine.preparation.preparation import prepare
from app.engine.process.child import load
from app.services.transcriptions.segment_store import recognised_segment
from app.settings import Settings
from app.support.diagnosis import Finding, Run, diagnose

RATE = 44_100
HEALTHY_FOLDERS = ("short", "codecs")  # telephone codecs and empty channels are faults of their own
SEED = 5

Samples = npt.NDArray[np.float32]
"""Shape (channels, num_samples) at RATE."""


@dataclass(frozen=True)
class Trial:
    """One recording and what has to be found in it."""

    name: str
    source: Path
    options: TranscriptionOptions
    expected: str | None
    """Id of the finding; None for healthy ones."""


def main() -> None:
    arguments = _arguments()
    settings = Settings()
    engine = load(engine_spec(settings))
    with tempfile.TemporaryDirectory() as name:
        trials = list(_trials(arguments, Path(name)))
        results = [(trial, _findings(trial, engine, settings, Path(name))) for trial in trials]
    told = _report(results)
    if arguments.json:
        arguments.json.write_text(json.dumps(told, ensure_ascii=False, indent=2), encoding="utf-8")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--healthy", type=Path, nargs="*", default=[])
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--faults", type=int, default=8, help="recordings that each fault is planted in")
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


# Trials


def _trials(arguments: argparse.Namespace, scratch: Path) -> Iterator[Trial]:
    manifest = list(csv.DictReader((arguments.folder / "manifest.tsv").open(encoding="utf-8"), delimiter="\t"))
    for row in manifest:
        path = arguments.folder / row["path"]
        kind = row["path"].split("/")[0]
        if kind in HEALTHY_FOLDERS and "wav8k" not in row["path"]:
            yield Trial(row["path"], path, TranscriptionOptions(), None)
        elif "music" in row["path"]:
            yield Trial(row["path"], path, TranscriptionOptions(), "background")
        elif "wav8k" in row["path"]:
            yield Trial(row["path"], path, TranscriptionOptions(), "telephone")
    speech = _speech(arguments.healthy)
    for row, path in speech[: arguments.count]:
        yield Trial(f"healthy {row['path']}", path, TranscriptionOptions(language=_language(row)), None)
    music = next(path for path in sorted((arguments.folder / "nonspeech").iterdir()) if "dance" in path.name)
    for number, (row, path) in enumerate(speech[-arguments.faults :]):
        yield from _faults(row, path, _read(music), scratch / f"{number}")


def _speech(tables: list[Path]) -> list[tuple[dict[str, str], Path]]:
    rows = [
        (row, table.parent / row["path"])
        for table in tables
        for row in csv.DictReader(table.open(encoding="utf-8"), delimiter="\t")
    ]
    random.Random(SEED).shuffle(rows)
    return rows


def _language(row: dict[str, str]) -> str:
    return row["language"].partition("-")[0]


def _faults(row: dict[str, str], path: Path, music: Samples, scratch: Path) -> Iterator[Trial]:
    language = _language(row)
    options = TranscriptionOptions(language=language)
    speech = _read(path)
    changes: dict[str, Callable[[Samples], Samples]] = {
        "clipped": lambda x: np.clip(x / np.abs(x).max() * 6, -1, 1),
        "too_quiet": lambda x: x / np.abs(x).max() * 0.008,
        "telephone": _through_telephone,
        "background": lambda x: _mixed(x, music),
        "silent_channel": lambda x: np.concatenate([x, np.zeros_like(x)]),
        "mostly_silence": lambda x: np.pad(x, ((0, 0), (RATE * 150, RATE * 150))),
    }
    for id, change in changes.items():
        target = scratch.with_name(f"{scratch.name}-{id}.wav")
        _write(target, change(speech))
        yield Trial(f"{id} {row['path']}", target, options, id)
    other = {"zh": "en", "en": "zh"}[language]
    yield Trial(f"wrong_language {row['path']}", path, replace(options, language=other), "wrong_language")
    unknown = replace(options, hotwords=(Hotword("Жизнь"), Hotword("안녕하세요")))
    yield Trial(f"hotword_unknown {row['path']}", path, unknown, "hotword_unknown")


def _through_telephone(speech: Samples) -> Samples:
    spectrum = np.fft.rfft(speech)
    hertz = np.fft.rfftfreq(speech.shape[1], 1 / RATE)
    spectrum[:, (hertz < 250) | (hertz > 3600)] = 0
    return np.fft.irfft(spectrum, speech.shape[1]).astype(np.float32)


def _mixed(speech: Samples, music: Samples) -> Samples:
    """Put music 8 dB below the speech."""
    beneath = np.resize(music[0], speech.shape[1])
    gain = np.sqrt(np.square(speech).mean() / np.square(beneath).mean()) * 10 ** (-8 / 20)
    mixed: Samples = (speech + gain * beneath).astype(np.float32)
    return mixed / max(1.0, float(np.abs(mixed).max()))


def _read(path: Path) -> Samples:
    with av.open(str(path)) as container:
        resampler = av.AudioResampler("flt", "mono", RATE)
        frames = [part for frame in container.decode(audio=0) for part in resampler.resample(frame)]
        frames += resampler.resample(None)
    return np.concatenate([frame.to_ndarray() for frame in frames], axis=1)


def _write(path: Path, samples: Samples) -> None:
    integers = (samples * 32767).astype("<i2")
    layout = "stereo" if len(samples) == 2 else "mono"
    with av.open(str(path), "w", format="wav") as container:
        stream = container.add_stream("pcm_s16le", rate=RATE)
        stream.codec_context.layout = layout
        frame = av.AudioFrame.from_ndarray(integers.T.reshape(1, -1), "s16", layout)
        frame.sample_rate = RATE
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


# Running


def _findings(trial: Trial, engine: Engine, settings: Settings, scratch: Path) -> list[Finding]:
    pcm = scratch / "audio.s16"
    prepared = prepare(
        trial.source, pcm, scratch / "peaks.json", trial.options.vad, decode_limits(settings), lambda: False
    )
    options = trial.options.recognition
    waveforms = [read_waveform(pcm, span.start, span.end) for span in prepared.spans]
    heard = engine.transcribe([Utterance(waveform, options) for waveform in waveforms])
    receipt: tuple[Applied, ...] = merge_receipts(engine.info.receipt, engine.receipt(options))
    segments = [
        recognised_segment(index, span, each)
        for index, (span, each) in enumerate(zip(prepared.spans, heard, strict=True))
    ]
    run = Run(
        options=trial.options,
        recording=prepared.described,
        duration=prepared.facts.duration,
        segments=segments,
        segments_total=len(segments),
        receipt=receipt,
        is_over=True,
        model=engine.info.model,
    )
    return diagnose(run)


def _report(results: list[tuple[Trial, list[Finding]]]) -> dict[str, Any]:
    healthy = [(trial, found) for trial, found in results if trial.expected is None]
    alarmed = [(trial, found) for trial, found in healthy if found]
    print(f"healthy recordings: {len(healthy)}; with a finding: {len(alarmed)} ({len(alarmed) / len(healthy):.1%})")
    for trial, found in alarmed:
        print(f"  {trial.name}: {', '.join(f'{each.id} {dict(each.evidence)}' for each in found)}")
    planted = Counter(trial.expected for trial, _ in results if trial.expected)
    named = Counter(trial.expected for trial, found in results if trial.expected in {each.id for each in found})
    for expected, count in planted.items():
        print(f"{expected}: {named[expected]} of {count} found")
    for trial, found in results:
        if trial.expected and trial.expected not in {each.id for each in found}:
            print(f"  missed {trial.name}: {[each.id for each in found]}")
    return {
        "healthy": len(healthy),
        "false_alarms": dict(Counter(each.id for _, found in healthy for each in found)),
        "planted": dict(planted),
        "found": dict(named),
    }


if __name__ == "__main__":
    main()
