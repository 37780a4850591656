"""`python -m app transcribe`: transcribe files in this process, without a server.

One bad file never stops the others; transcripts are written atomically.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tqdm import tqdm

from app.cli.options import TextRequest
from app.composition import decode_limits, engine_spec, speaker_model_dir, vad_options
from app.domain.errors.base import AppError, Problem
from app.domain.options import TranscriptionOptions
from app.domain.transcript import Transcript
from app.formats import Format
from app.services.transcriptions.direct import DirectResult, direct_transcriber
from app.settings import Settings
from app.store.files.output_files import write_whole
from app.store.files.storage_errors import storage_error
from app.support.diagnosis import Finding, Run, diagnose

Report = Callable[[Problem, str], None]


@dataclass(frozen=True, slots=True)
class Request:
    """The request."""

    files: tuple[Path, ...]
    text: TextRequest
    output: Path | None = None


def transcribe(request: Request, settings: Settings, report: Report) -> int:
    """Transcribe every file; return 0 only if all of them succeeded.

    Raises:
        ModelError, DeviceUnavailable: the model cannot be loaded.
    """
    options = request.text.options.apply(TranscriptionOptions(vad=vad_options(settings)))
    names = output_names(request.files)
    _make_folder(request.output)
    opening = direct_transcriber(
        engine_spec(settings), options, decode_limits(settings), lambda: speaker_model_dir(settings)
    )
    failures = 0
    with opening as transcriber, _progress_bar() as bar:
        for file, name in zip(request.files, names, strict=True):
            bar.set_description_str(file.name)
            try:
                result = transcriber.run(file, bar)
                _show_findings(file.name, diagnose(_run_of(result, options)))
                _deliver(result.transcript, request.text.formats, request.output, name)
            except AppError as error:
                failures += 1
                report(error.problem, str(file))
    return 1 if failures else 0


def _run_of(result: DirectResult, options: TranscriptionOptions) -> Run:
    transcript = result.transcript
    return Run(
        options=options,
        recording=result.prepared.described,
        duration=transcript.duration,
        segments=result.segments,
        segments_total=len(result.segments),
        receipt=transcript.receipt,
        is_over=True,
        model=transcript.model,
    )


def _show_findings(name: str, findings: Iterable[Finding]) -> None:
    """Print to standard error what is odd about a recording or its text."""
    for finding in findings:
        told = finding.explained()
        tqdm.write(f"{name}: {told['fact']} [{finding.id}]\n  -> {told['advice']}", file=sys.stderr)


def output_names(files: Iterable[Path]) -> list[str]:
    """Name the outputs after the files, numbering duplicates.

    >>> output_names([Path("a/call.mp3"), Path("b/call.mp3")])
    ['call.mp3', 'call.mp3.2']
    """
    taken: set[str] = set()
    names = []
    for file in files:
        name, number = file.name, 1
        while name.casefold() in taken:  # some file systems are case-insensitive
            number += 1
            name = f"{file.name}.{number}"
        taken.add(name.casefold())
        names.append(name)
    return names


def _make_folder(folder: Path | None) -> None:
    if folder is None:
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise storage_error(error, folder) from error


@contextmanager
def _progress_bar() -> Iterator[tqdm[Any]]:
    """Show a progress bar on a terminal, nothing elsewhere."""
    form = "{desc}: {percentage:3.0f}%|{bar}| {n:.0f}/{total:.0f} s [{elapsed}<{remaining}]"
    bar: tqdm[Any] = tqdm(total=1, disable=not sys.stderr.isatty(), bar_format=form, leave=False)
    with bar:
        yield bar


def _deliver(transcript: Transcript, formats: tuple[Format, ...], output: Path | None, name: str) -> None:
    for warning in transcript.warnings:
        print(f"{name}: {warning}", file=sys.stderr)
    for form in formats:
        content = form.content(transcript, name)
        if output is None:
            sys.stdout.buffer.write(content)
            sys.stdout.buffer.flush()  # so that a pipe gets each text immediately
        else:
            write_whole(output / f"{name}.{form.suffix}", content)
