"""Gathers what is known of one job into the files of a case, and redacts every one of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from app.domain.edits import Edit
from app.domain.errors.base import N_, Problem
from app.domain.hotwords import outcomes
from app.domain.transcript import join_texts
from app.domain.transcription import SegmentRecord, Transcription
from app.support.case import CaseChoice, Installation, Part
from app.support.case.installation import About, Around
from app.support.diagnosis import diagnose, run_of
from app.support.journal_wording import tell_actions
from app.support.reproduction_steps import Story, write_steps


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
    """The files of a case of a job, but its audio."""

    def __init__(self, evidence: Evidence, choice: CaseChoice, surroundings: Installation) -> None:
        self._job = evidence.job
        self._segments = evidence.segments
        self._own_log = evidence.own_log
        self._edits = evidence.edits
        self._choice = choice
        self._surroundings = surroundings
        self._around = Around(_about(evidence, choice), choice, surroundings)
        self._json = self._around.json
        self.redactor = self._around.redactor

    def parts(self) -> list[Part]:
        """Return the files, redacted."""
        self._around.learn()
        return list(self._parts())

    def facts(self) -> dict[str, Any]:
        """Return what the manifest tells beside the list of files."""
        job = self._job
        return {
            "job": job.id,
            "state": job.state.value,
            "error": job.error.code if job.error else None,
            "requests": sorted(self._around.requests),
            "model_checksum": self._around.model.get("checksum"),
        }

    def _parts(self) -> Iterator[Part]:
        around = self._around
        yield from around.steps(self._steps)
        yield around.text("log/job.log", N_("The job's own log"), "\n".join(self._own_log))
        log = N_("The log of this job, of its requests and of the minutes around")
        yield around.text("log/app.log", log, "\n".join(around.log))
        yield self._json("job.json", N_("What was asked for, and how the job stands"), self._described_job())
        yield self._json(
            "options.json",
            N_("The options, and how speech was found"),
            self._job.options.to_dict(),
            is_content=True,
        )
        yield self._json("receipt.json", N_("What was asked, what was applied, and why"), self._receipt())
        yield self._json("findings.json", N_("What was noticed about the recording and its text"), self._findings())
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
        yield from around.parts()

    # The job

    def _described_job(self) -> dict[str, Any]:
        job = self._job
        told = {name: getattr(job, name) for name in ("id", "source", "size_bytes", "sha256", "duration")}
        told |= {name: getattr(job, name) for name in ("attempts", "language", "model", "device")}
        told |= {
            "name": self._name,
            "state": job.state.value,
            "stage": job.progress.stage,
            "warnings": list(map(str, job.warnings)),
            "error": _told(job.error),
        }
        told |= {name: _moment(getattr(job, name)) for name in ("created_at", "started_at", "finished_at")}
        counts = ("segments_total", "segments_done", "segments_failed", "seconds_done")
        told["progress"] = {name: getattr(job.progress, name) for name in counts}
        return told

    def _receipt(self) -> list[dict[str, Any]]:
        return [line.told() for line in self._job.receipt]

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
                "emotion": segment.emotion,
                "events": list(segment.events),
                "language": segment.language,
                "dropped": segment.dropped,
                "error": _told(segment.error),
                "words": [word.to_dict() for word in segment.words],
            }
            for segment in self._segments
        ]

    def _result(self) -> dict[str, Any]:
        job = self._job
        heard = [segment for segment in self._segments if segment.text]
        found = outcomes(job.options.hotwords, heard, job.receipt)
        return {
            "language": job.language,
            "text": join_texts(segment.text for segment in heard),
            "text_raw": join_texts(segment.text_raw for segment in heard),
            "corrections": [_correction(edit) for edit in self._edits],
            "hotwords": [{"word": each.word, "status": each.status.value} for each in found],
        }

    # Telling

    @cached_property
    def _name(self) -> str:
        """The name of the recording, or what stands for it."""
        if self._choice.keep_names:
            return self._job.name
        return self.redactor.text(self._job.name) + _suffix(self._job.name)

    def _steps(self, language: str) -> str:
        job, told = self._job, self._surroundings.settings.items()
        story = Story(
            job,
            self._segments,
            {name: each["value"] for name, each in told if each["value"] != each["default"]},
            name=self._name,
            model=job.model or self._surroundings.spec.model_dir.name,
            device=job.device or self._surroundings.spec.device,
            in_page=lambda translate: tell_actions(self._around.session.entries, self._around.requests, translate),
        )
        return write_steps(story, language)


def _about(evidence: Evidence, choice: CaseChoice) -> About:
    job = evidence.job
    moments = (job.created_at, job.started_at, job.finished_at)
    return About(
        job=job.id,
        moments=tuple(moment for moment in moments if moment),
        own_log=evidence.own_log,
        model=job.model or "",
        hidden_names=() if choice.keep_names else (job.name,),
    )


def _told(problem: Problem | None) -> dict[str, Any] | None:
    return problem.explained() | {"params": dict(problem.params)} if problem else None


def _correction(edit: Edit) -> dict[str, Any]:
    return {"first": edit.first, "last": edit.last, "text": join_texts(piece.text for piece in edit.pieces)}


def _moment(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="milliseconds") if moment else None


def _suffix(name: str) -> str:
    stem, dot, suffix = name.rpartition(".")
    return f".{suffix.lower()}" if stem and dot and suffix.isalnum() and len(suffix) <= 8 else ""
