"""Writes numbered steps to reproduce a result, in plain Chinese or English.

User actions come from the journal; inputs and results come from the job.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app import __version__
from app.domain.errors.base import N_
from app.domain.states import JobState
from app.domain.transcription import SegmentRecord, Transcription
from app.i18n import Translate, translator

SOURCES = {
    "page": N_("the page"),
    "api": N_("the REST API"),
    "cli": N_("the command line"),
    "openai": N_("OpenAI's API"),
    "openai_live": N_("a realtime session of OpenAI's API"),
    "funasr": N_("a websocket of FunASR's protocol"),
    "asr": N_("the API of whisper-asr-webservice"),
    "mcp": N_("an assistant, by MCP"),
}


@dataclass(frozen=True, slots=True)
class Story:
    """The data for the steps."""

    job: Transcription
    segments: Sequence[SegmentRecord]
    changed_settings: Mapping[str, Any]
    """Settings that differ from the defaults."""
    name: str
    """Name of the recording in the case."""
    model: str
    device: str
    in_page: Callable[[Translate], Sequence[str]] = lambda _translate: ()
    """Returns the user actions, one sentence each, translated."""


def write_steps(story: Story, language: str) -> str:
    """Return the steps as Markdown."""
    say = _Sayer(translator(language))
    steps = numbered(_steps(story, say))
    return "\n".join(
        (
            "# " + say(N_("How to see it again")),
            "",
            *steps,
            "",
            "## " + say(N_("What happened")),
            "",
            *_outcome(story, say),
            "",
            "## " + say(N_("Quicker")),
            "",
            say(N_("This case can be run again without these steps:")),
            "",
            "    python -m app replay CASE.zip",
            "",
        )
    )


def numbered(steps: Iterable[str]) -> list[str]:
    return [f"{number}. {step}" for number, step in enumerate(steps, 1)]


class _Sayer:
    """Translates a sentence and fills in its values."""

    def __init__(self, translate: Translate) -> None:
        self.translate = translate

    def __call__(self, text: str, **values: Any) -> str:
        return self.translate(text).format_map(values)


def _steps(story: Story, say: _Sayer) -> Iterator[str]:
    job = story.job
    yield say(N_("Start Fun-ASR WebUI {version} with the model {model} on the device {device}."),
              version=__version__, model=story.model, device=story.device)  # fmt: skip
    if story.changed_settings:
        told = ", ".join(f"`{name}={value}`" for name, value in story.changed_settings.items())
        yield say(N_("Set these settings: {settings}."), settings=told)
    yield from story.in_page(say.translate)
    yield say(
        N_("Send the recording {name} ({size} bytes, SHA-256 beginning with {sha256}) by {source}."),
        name=story.name, size=job.size_bytes, sha256=job.sha256[:12], source=say(SOURCES.get(job.source, job.source)),
    )  # fmt: skip
    yield say(N_("Choose these options: {options}."), options=_options(job))
    if job.attempts > 1:
        yield say(N_("Try again until it has been tried {count} times."), count=job.attempts)
    yield say(N_("Wait until the job has ended.") if _has_ended(job) else N_("Look at the job."))


def _options(job: Transcription) -> str:
    told = job.options.to_dict()
    vad = told.pop("vad")
    flat = told | {f"vad.{name}": value for name, value in vad.items()}
    return ", ".join(f"`{name}={_plain(value)}`" for name, value in flat.items())


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _outcome(story: Story, say: _Sayer) -> Iterator[str]:
    job = story.job
    yield say(
        N_("The job is {state}. {done} of {total} segments are done, {failed} failed."),
        state=say(job.state.value), done=job.progress.segments_done, total=job.progress.segments_total,
        failed=job.progress.segments_failed,
    )  # fmt: skip
    if job.error is not None:
        told = job.error.explained(say.translate)
        yield ""
        yield f"{told['message']} `{told['code']}`"
    for segment in story.segments:
        if segment.state == "failed" and segment.error is not None:
            told = segment.error.explained(say.translate)
            yield ""
            yield say(
                N_("Segment {index} ({start}-{end} s): {message}"),
                index=segment.index, start=round(segment.start, 2), end=round(segment.end, 2),
                message=f"{told['message']} `{told['code']}`",
            )  # fmt: skip


def _has_ended(job: Transcription) -> bool:
    return job.state not in (JobState.QUEUED, JobState.RUNNING)
