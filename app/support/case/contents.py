"""Collects everything about one job into the files of a case, and redacts each of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Any

from app.domain.client_request import ClientRequest
from app.domain.edits import Edit
from app.domain.errors.base import N_, Problem
from app.domain.hotwords import outcomes
from app.domain.options import TranscriptionOptions
from app.domain.transcript import Applied, join_texts
from app.domain.transcription import SegmentRecord, Transcription
from app.services.speaker_corrections import FoundSpeakers
from app.support.case import CaseChoice, Installation, Part, allowed
from app.support.case.client_request import AS_SENT, REQUEST, told_request
from app.support.case.installation import About, Around
from app.support.case.log import LEFT_OUT, told_request_id
from app.support.diagnosis import diagnose, run_of
from app.support.file_endings import ending_of
from app.support.journal import Entry
from app.support.journal_wording import tell_actions
from app.support.redaction import NAME, NAMELESS
from app.support.reproduction_steps import Story, write_steps

SPEAKERS = "speakers.json"
RECORDING_FACTS = (
    "sample_rate",
    "channels",
    "codec",
    "container",
    "bit_rate",
    "channel_levels",
    "track",
    "sound",
    "music_share",
)


@dataclass(frozen=True, slots=True)
class Evidence:
    """The stored data of the job itself."""

    job: Transcription
    segments: Sequence[SegmentRecord]
    own_log: Sequence[str]
    """Lines of job.log, which is not rotated."""
    edits: Sequence[Edit] = ()
    """Manual edits."""
    speakers: FoundSpeakers = field(default_factory=FoundSpeakers)
    request: ClientRequest | None = None
    """What a program sent in the dialect of another product's API."""


class Contents:
    """The files of a job's case, except audio."""

    def __init__(self, evidence: Evidence, choice: CaseChoice, surroundings: Installation) -> None:
        self._job = evidence.job
        self._segments = evidence.segments
        self._own_log = evidence.own_log
        self._edits = evidence.edits
        self._request = evidence.request
        self._speakers = evidence.speakers
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
        """Return the manifest fields besides the list of files."""
        job = self._job
        return {
            "job": job.id,
            "state": job.state.value,
            "error": job.error.code if job.error else None,
            "requests": sorted({*map(told_request_id, self._around.requests)}),
            "model_checksum": self._around.model.get("checksum"),
        }

    def _parts(self) -> Iterator[Part]:
        around = self._around
        yield from around.steps(self._steps)
        yield around.text("log/job.log", N_("The job's own log"), "\n".join(around.own_log))
        log = N_("The log of this job and its requests, and how much else happened in the minutes around")
        yield around.text("log/app.log", log, "\n".join(around.log))
        yield self._json("job.json", N_("What was asked for, and how the job stands"), self._described_job())
        if self._request is not None:
            sent = told_request(self._request, self._choice)
            yield self._json(REQUEST, AS_SENT, sent, is_content=True)
        yield self._json(
            "options.json",
            N_("The options, and how speech was found"),
            self._options.to_dict(),
            is_content=True,
        )
        yield self._json("receipt.json", N_("What was asked, what was applied, and why"), self._receipt())
        yield self._json("findings.json", N_("What was noticed about the recording and its text"), self._findings())
        yield self._json(
            "recording.json",
            N_("How the recording was encoded, and how it sounds"),
            self._recording(),
        )
        yield self._json(
            "segmentation.json",
            N_("Every segment with its times, state and text"),
            self._plan(),
            is_content=True,
        )
        yield self._json("result.json", N_("The text"), self._result(), is_content=True)
        if self._speakers.found.turns:
            yield self._json(
                SPEAKERS, N_("Who spoke when, as found and as corrected"), self._told_speakers(), is_content=True
            )
        yield from around.parts()

    # The job

    def _described_job(self) -> dict[str, Any]:
        job = self._job
        told = {name: getattr(job, name) for name in ("id", "source", "size_bytes", "sha256", "duration")}
        told |= {name: getattr(job, name) for name in ("attempts", "language", "device")}
        told["model"] = allowed.model_name(job.model or "")
        told |= {
            "name": self._name,
            "state": job.state.value,
            "stage": job.progress.stage,
            "warnings": list(map(allowed.reason, job.warnings)),
            "error": allowed.problem(job.error),
        }
        told |= {name: _moment(getattr(job, name)) for name in ("created_at", "started_at", "finished_at")}
        counts = ("segments_total", "segments_done", "segments_failed", "seconds_done")
        told["progress"] = {name: getattr(job.progress, name) for name in counts}
        return told

    def _receipt(self) -> list[dict[str, Any]]:
        return [
            {"name": line.name, **self._asked(line), "reason": allowed.reason(line.reason)}
            for line in self._job.receipt
        ]

    def _asked(self, line: Applied) -> dict[str, str]:
        """Return requested and applied values; hotwords and rules of replacement are private."""
        if line.name in ("hotwords", "replacement") and not self._choice.keep_text:
            return {name: LEFT_OUT if getattr(line, name) else "" for name in ("asked", "applied")}
        return {"asked": line.asked, "applied": line.applied}

    def _findings(self) -> list[dict[str, Any]]:
        found = diagnose(run_of(self._job, self._segments))
        worded = ((each, allowed.explained(each.id, each.fact, each.advice, each.params)) for each in found)
        return [
            {"id": each.id, "fact": told["message"], "advice": told["advice"], "evidence": dict(each.evidence)}
            for each, told in worded
        ]

    def _recording(self) -> dict[str, Any]:
        """Return the properties of the recording; its warnings are part of the job."""
        return {name: value for name, value in self._job.recording.items() if name in RECORDING_FACTS}

    def _plan(self) -> list[dict[str, Any]]:
        texts = self._pieces([segment.text for segment in self._segments])
        texts_raw = self._pieces([segment.text_raw for segment in self._segments])
        words = iter(self._pieces([word.text for segment in self._segments for word in segment.words]))
        return [
            {
                "index": segment.index,
                "start": segment.start,
                "end": segment.end,
                "channel": segment.channel,
                "state": segment.state,
                "text": text,
                "text_raw": text_raw,
                "confidence": segment.confidence,
                "emotion": segment.emotion,
                "events": list(segment.events),
                "language": segment.language,
                "dropped": segment.dropped,
                "error": allowed.problem(segment.error),
                "words": [replace(word, was="").to_dict() | {"text": next(words)} for word in segment.words],
            }
            for segment, text, text_raw in zip(self._segments, texts, texts_raw, strict=True)
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
            "hotwords": [
                {"word": each.word if self._choice.keep_text else f"[hotword {number}]", "status": each.status.value}
                for number, each in enumerate(found, 1)
            ],
        }

    def _told_speakers(self) -> dict[str, Any]:
        """Return the turns; names only with the unredacted text, and never what a voice is like."""
        told, names = self._speakers, self._speakers.corrected.names
        return {
            "model": told.model,
            "found": [turn.to_dict() for turn in told.found.turns],
            "corrected": [turn.to_dict() for turn in told.corrected.turns if turn not in told.found.turns],
            "named": sorted(names),
            "names": {str(number): name for number, name in names.items()} if self._choice.keep_text else {},
        }

    def _pieces(self, texts: list[str]) -> list[str]:
        return texts if self._choice.keep_text else self.redactor.pieces(texts)

    @property
    def _options(self) -> TranscriptionOptions:
        """The options; hotwords and replacements hold names, and are included only with the unredacted text."""
        options = self._job.options
        return options if self._choice.keep_text else replace(options, hotwords=(), replacements=())

    # Telling

    @cached_property
    def _done_in_page(self) -> list[Entry]:
        return [allowed.shown(entry) for entry in self._around.session.entries]

    @cached_property
    def _name(self) -> str:
        """The name of the recording, or its placeholder."""
        if self._choice.keep_names:
            return self._job.name
        self.redactor.count(NAME)
        return NAMELESS + ending_of(self._job.name)

    def _steps(self, language: str) -> str:
        job, told = self._job, allowed.settings(self._surroundings.settings).items()
        story = Story(
            replace(job, options=self._options, error=_safe(job.error)),
            [replace(segment, error=_safe(segment.error)) for segment in self._segments],
            {name: each["value"] for name, each in told if each["is_changed"]},
            name=self._name,
            model=allowed.model_name(job.model or self._surroundings.spec.model_dir.name),
            device=job.device or self._surroundings.spec.device,
            in_page=lambda translate: tell_actions(self._done_in_page, self._around.requests, translate),
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


def _safe(problem: Problem | None) -> Problem | None:
    return replace(problem, params=allowed.params(problem.params)) if problem else None


def _correction(edit: Edit) -> dict[str, Any]:
    return {"first": edit.first, "last": edit.last, "text": join_texts(piece.text for piece in edit.pieces)}


def _moment(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="milliseconds") if moment else None
