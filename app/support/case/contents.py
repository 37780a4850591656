"""Gathers what is known of one job into the files of a case, and redacts every one of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from app.errors import N_, Problem
from app.hotwords import outcomes
from app.i18n import LANGUAGES
from app.jobs.edited import Edit
from app.jobs.queue import SegmentRecord, Transcription
from app.support.actions import tell_actions
from app.support.case import CaseChoice, Part, Surroundings
from app.support.case.archive import as_json
from app.support.diagnosis import diagnose, run_of
from app.support.doctor import Subject, examine, glance
from app.support.environment import describe_environment, installed_packages
from app.support.journal import FOLDER as JOURNAL_FOLDER
from app.support.journal import BrowserSession, Journal
from app.support.log_lines import LogEntry, Wanted, entries_of, merged, read_log, requests_of, select
from app.support.model_identity import describe_model
from app.support.private import private_values
from app.support.redaction import NAMELESS, Redactor
from app.support.repro import Story, write_steps
from app.transcript import join_texts


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is kept of the job itself."""

    job: Transcription
    segments: Sequence[SegmentRecord]
    own_log: Sequence[str]
    """Lines of job.log, which no rotation shortens."""
    edits: Sequence[Edit] = ()
    """What a person has put right."""


class Contents:
    """The files of a case but its audio. Everything is read once, when it is first asked for."""

    def __init__(self, evidence: Evidence, choice: CaseChoice, surroundings: Surroundings) -> None:
        self._job = evidence.job
        self._segments = evidence.segments
        self._own_log = evidence.own_log
        self._edits = evidence.edits
        self._choice = choice
        self._around = surroundings
        hidden = () if choice.keep_names else (evidence.job.name,)
        self.redactor = Redactor(private_values(hosts=surroundings.host_names, recordings=hidden))

    def parts(self) -> list[Part]:
        """Return the files, redacted."""
        return list(self._parts())

    def facts(self) -> dict[str, Any]:
        """Return what the manifest tells beside the list of files."""
        job = self._job
        return {
            "job": job.id,
            "state": job.state.value,
            "error": job.error.code if job.error else None,
            "requests": sorted(self._requests),
            "model_checksum": self._model.get("checksum"),
        }

    def _parts(self) -> Iterator[Part]:
        log = "\n".join(self._log)
        self.redactor.learn([log, str(self._around.settings), str(self._environment)])
        yield from self._steps()
        yield self._text("log/job.log", N_("The job's own log"), "\n".join(self._own_log))
        yield self._text(
            "log/app.log", N_("The log of this job, of its requests and of the minutes around"), log
        )
        yield self._json("job.json", N_("What was asked for, and how the job stands"), self._described_job())
        yield self._json(
            "options.json",
            N_("The options, and how speech was found"),
            self._job.options.to_dict(),
            is_content=True,
        )
        yield self._json("receipt.json", N_("What was asked, what was applied, and why"), self._receipt())
        yield self._json(
            "findings.json", N_("What was noticed about the recording and its text"), self._findings()
        )
        yield self._json(
            "recording.json",
            N_("How the recording was encoded, and how it sounds"),
            dict(self._job.recording),
        )
        yield self._json(
            "segmentation.json",
            N_("Every segment with its times, state and text"),
            self._plan(),
            is_content=True,
        )
        yield self._json("result.json", N_("The text"), self._result(), is_content=True)
        yield self._json("settings.json", N_("The settings"), dict(self._around.settings))
        yield self._json("environment.json", N_("System, memory and variables"), self._environment)
        yield Part("packages.json", N_("Versions of all packages"), as_json(installed_packages()))
        yield self._json("model.json", N_("The model and the checksums of its files"), self._model)
        yield self._json("doctor.json", N_("The doctor's report"), self._doctor())
        if self._session.entries:
            yield self._json(
                "browser.json", N_("The browser, and what it found"), dict(self._session.browser)
            )
            yield self._json("journal.json", N_("What was done in the page"), self._journal())

    # The job

    def _described_job(self) -> dict[str, Any]:
        job = self._job
        told = {name: getattr(job, name) for name in ("id", "source", "size_bytes", "sha256", "duration")}
        told |= {name: getattr(job, name) for name in ("attempts", "language", "model", "device")}
        told |= {
            "name": job.name if self._choice.keep_names else f"{NAMELESS}{_suffix(job.name)}",
            "state": job.state.value,
            "stage": job.progress.stage,
            "warnings": list(job.warnings),
            "error": _told(job.error),
        }
        told |= {name: _moment(getattr(job, name)) for name in ("created_at", "started_at", "finished_at")}
        counts = ("segments_total", "segments_done", "segments_failed", "seconds_done")
        told["progress"] = {name: getattr(job.progress, name) for name in counts}
        return told

    def _receipt(self) -> list[dict[str, Any]]:
        return [asdict(line) for line in self._job.receipt]

    def _findings(self) -> list[dict[str, Any]]:
        found = diagnose(run_of(self._job, self._segments))
        return [{"id": each.id, **each.explained(), "evidence": dict(each.evidence)} for each in found]

    def _plan(self) -> list[dict[str, Any]]:
        return [
            {
                "index": segment.index,
                "start": segment.start,
                "end": segment.end,
                "channel": segment.channel,
                "state": segment.state,
                "text": segment.text,
                "text_raw": segment.text_raw,
                "confidence": segment.confidence,
                "dropped": segment.dropped,
                "error": _told(segment.error),
                "words": [word.to_dict() for word in segment.words],
            }
            for segment in self._segments
        ]

    def _result(self) -> dict[str, Any]:
        job = self._job
        heard = [segment.heard for segment in self._segments if segment.text]
        found = outcomes(job.options.hotwords, heard, job.receipt)
        return {
            "language": job.language,
            "text": join_texts(segment.text for segment in heard),
            "text_raw": join_texts(segment.text_raw for segment in heard),
            "corrections": [_correction(edit) for edit in self._edits],
            "hotwords": [{"word": each.word, "status": each.status.value} for each in found],
        }

    # What is around it

    @cached_property
    def _environment(self) -> dict[str, Any]:
        return describe_environment()

    @cached_property
    def _model(self) -> dict[str, Any]:
        named = self._around.folder_of_model(self._job.model) if self._job.model else None
        in_use = self._around.spec.model_dir
        told = describe_model(named or in_use)
        if self._job.model and named is None:
            told["note"] = f"The job was recognised by {self._job.model}, which is not here any more."
        return told

    @cached_property
    def _session(self) -> BrowserSession:
        """What the browser told that asked for the job, or the one that asks for the case."""
        journal = Journal(self._around.data_dir / JOURNAL_FOLDER)
        return journal.read(journal.find(self._requests) or self._choice.browser)

    def _journal(self) -> list[dict[str, Any]]:
        return [asdict(entry) for entry in self._session.entries]

    def _doctor(self) -> dict[str, Any]:
        around = self._around
        subject = Subject(around.spec, around.data_dir, around.log_dir, around.host, around.port)
        checks = examine(subject) if around.with_recognition else glance(subject)
        return {"is_quick": not around.with_recognition, "checks": [check.explained() for check in checks]}

    @cached_property
    def _entries(self) -> list[LogEntry]:
        return list(read_log(self._around.log_dir))

    @cached_property
    def _requests(self) -> frozenset[str]:
        return requests_of(self._job.id, [*self._entries, *entries_of(self._own_log)])

    @cached_property
    def _log(self) -> list[str]:
        job = self._job
        moments = tuple(moment for moment in (job.created_at, job.started_at, job.finished_at) if moment)
        chosen, left_out = select(self._entries, Wanted(job.id, self._requests, moments))
        lines = merged(chosen, [entry.text for entry in entries_of(self._own_log)])
        return [f"({left_out} earlier entries were left out)", *lines] if left_out else lines

    def _steps(self) -> Iterator[Part]:
        job = self._job
        changed = {
            name: told["value"]
            for name, told in self._around.settings.items()
            if told["value"] != told["default"]
        }
        story = Story(
            job,
            self._segments,
            changed,
            name=job.name if self._choice.keep_names else f"{NAMELESS}{_suffix(job.name)}",
            model=job.model or self._around.spec.model_dir.name,
            device=job.device or self._around.spec.device,
            in_page=lambda translate: tell_actions(self._session.entries, self._requests, translate),
        )
        for language in LANGUAGES:
            what = (
                N_("Steps to see it again, in Chinese")
                if language == "zh"
                else N_("Steps to see it again, in English")
            )
            yield self._text(f"repro.{language}.md", what, write_steps(story, language))

    # Writing

    def _text(self, name: str, what: str, text: str) -> Part:
        return Part(name, what, (self.redactor.text(text).rstrip() + "\n").encode(errors="backslashreplace"))

    def _json(self, name: str, what: str, value: Any, *, is_content: bool = False) -> Part:
        return Part(name, what, as_json(self.redactor.value(value, is_content=is_content)))


def _told(problem: Problem | None) -> dict[str, Any] | None:
    return problem.explained() | {"params": dict(problem.params)} if problem else None


def _correction(edit: Edit) -> dict[str, Any]:
    return {"first": edit.first, "last": edit.last, "text": join_texts(piece.text for piece in edit.pieces)}


def _moment(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="milliseconds") if moment else None


def _suffix(name: str) -> str:
    stem, dot, suffix = name.rpartition(".")
    return f".{suffix.lower()}" if stem and dot and suffix.isalnum() and len(suffix) <= 8 else ""
