"""`python -m app compare`: the same recordings transcribed with several models, each by its own `transcribe` process.

Shows which model suits a person's recordings: texts below each other with differences marked, error rates if there is
a reference, speed and memory. Nothing is selected or stored.
"""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.cli.models import folder_of
from app.cli.transcribe import output_names
from app.composition import open_models
from app.domain.comparisons.scoring import error_rate, marked
from app.domain.errors.audio import FileUnreadable
from app.domain.errors.base import N_
from app.domain.errors.requests import InvalidParameter
from app.settings import Settings

BYTES_PER_MB = 1_000_000
RSS_UNIT = 1 if sys.platform == "darwin" else 1024  # bytes per unit reported by the kernel


@dataclass(frozen=True, slots=True)
class Comparison:
    """The request."""

    source: Path
    """A recording, or a folder of recordings."""
    models: tuple[str, ...]
    reference: Path | None = None
    """A table with the columns `path` and `text`."""
    language: str = "auto"
    quality: str = "accurate"


@dataclass(frozen=True, slots=True)
class Run:
    """The results of one model."""

    model: str
    texts: Mapping[str, str]
    """By recording name; empty if it failed."""
    audio_seconds: float
    wall_seconds: float
    memory_bytes: int


def compare(comparison: Comparison, settings: Settings) -> int:
    """Transcribe with every model and print the results.

    Raises:
        InvalidParameter: no recording, or no model.
        ModelUnknown, ModelAbsent, FileUnreadable: before anything is transcribed.
    """
    files = _recordings(comparison.source)
    said = _reference(comparison.reference)
    models = open_models(settings)
    folders = {name: folder_of(models, name) for name in comparison.models}
    if not folders:
        raise InvalidParameter(name="models", reason=N_("name at least one model"))
    runs = [_run(name, folder, files, comparison) for name, folder in folders.items()]
    for file in files:
        _print_texts(file.name, runs, said.get(file.name))
    _print_table(runs, said)
    return 0


# Reading


def _recordings(source: Path) -> list[Path]:
    if source.is_dir():
        found = sorted(path for path in source.iterdir() if path.is_file() and not path.name.startswith("."))
    else:
        found = [source] if source.is_file() else []
    if not found:
        raise InvalidParameter(name="FILE|DIR", reason=N_("there is no recording"))
    return found


def _reference(table: Path | None) -> dict[str, str]:
    """Return the reference texts by recording name."""
    if table is None:
        return {}
    try:
        with table.open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream, delimiter="\t", quoting=csv.QUOTE_NONE))
    except OSError as error:
        raise FileUnreadable(file=str(table), reason=error.strerror or str(error)) from error
    if not rows or not {"path", "text"} <= set(rows[0]):
        raise InvalidParameter(name="reference", reason=N_("its first line must name the columns path and text"))
    return {Path(row["path"]).name: row["text"] or "" for row in rows}


def _run(name: str, folder: Path, files: Sequence[Path], comparison: Comparison) -> Run:
    """Transcribe everything with one model in a child process, whose memory is measured."""
    print(f"{name} reads {len(files)} recordings ...", file=sys.stderr)
    with tempfile.TemporaryDirectory(prefix="funasr-compare-") as out:
        options = ["--language", comparison.language, "--quality", comparison.quality, "--model", str(folder)]
        command = [sys.executable, "-m", "app", "transcribe", *map(str, files), "--format", "json"]
        began = time.monotonic()
        child = subprocess.Popen([*command, "--output", out, *options], stdout=subprocess.DEVNULL)
        _, _, usage = os.wait4(child.pid, 0)
        child.returncode = 0  # already reaped; missing outputs show what failed
        seconds = time.monotonic() - began
        told = {
            file.name: _read(Path(out) / f"{output}.json")
            for file, output in zip(files, output_names(files), strict=True)
        }
    return Run(
        model=name,
        texts={file: str(found.get("text", "")) for file, found in told.items()},
        audio_seconds=sum(float(str(found.get("duration", 0.0))) for found in told.values()),
        wall_seconds=seconds,
        memory_bytes=usage.ru_maxrss * RSS_UNIT,
    )


def _read(file: Path) -> dict[str, object]:
    return dict(json.loads(file.read_text(encoding="utf-8"))) if file.is_file() else {}


# Showing


def _print_texts(name: str, runs: Sequence[Run], said: str | None) -> None:
    print(f"\n{name}")
    width = max(len(label) for label in ("said", *(run.model for run in runs)))
    first = said if said is not None else runs[0].texts[name]
    if said is not None:
        print(f"  {'said':<{width}}  {said}")
    for number, run in enumerate(runs):
        text = run.texts[name]
        shown = text if number == 0 and said is None else marked(first, text)
        print(f"  {run.model:<{width}}  {shown if text else '-'}")


def _print_table(runs: Sequence[Run], said: Mapping[str, str]) -> None:
    print("\n| model | errors | RTF | memory |\n|---|---|---|---|")
    for run in runs:
        pairs = [(said[name], text) for name, text in run.texts.items() if name in said]
        errors = f"{100 * error_rate(pairs):.2f} %" if pairs else "-"
        rtf = f"{run.wall_seconds / run.audio_seconds:.3f}" if run.audio_seconds else "-"
        print(f"| {run.model} | {errors} | {rtf} | {run.memory_bytes // BYTES_PER_MB} MB |")
