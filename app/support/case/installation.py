"""The files of a case about the installation, the log and the browser: the same for a job and a request."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from app.domain.errors.base import N_
from app.i18n import LANGUAGES
from app.services.models.model_identity import describe_model
from app.support.case import CaseChoice, Installation, Part, allowed
from app.support.case.archive import as_json
from app.support.case.log import counted, told
from app.support.doctor.examination import Examination
from app.support.environment import describe_environment, installed_packages
from app.support.journal import FOLDER as JOURNAL_FOLDER
from app.support.journal import BrowserSession, Journal
from app.support.log_lines import NO_JOB, LogEntry, LogFilter, around, entries_of, merged, read_log, requests_of, select
from app.support.private_values import private_values
from app.support.redaction import Redactor


@dataclass(frozen=True, slots=True)
class About:
    """The subject of the case, as identified in log and browser."""

    job: str = NO_JOB
    requests: frozenset[str] = frozenset()
    moments: tuple[datetime, ...] = ()
    own_log: Sequence[str] = ()
    """Lines of job.log, which is not rotated."""
    model: str = ""
    """The model that recognised it; empty for the active one."""
    hidden_names: tuple[str, ...] = ()


class Around:
    """The context of a job or a request. Everything is read once, on first use."""

    def __init__(self, about: About, choice: CaseChoice, surroundings: Installation) -> None:
        self._about = about
        self._choice = choice
        self._surroundings = surroundings
        self.redactor = Redactor(private_values(hosts=surroundings.host_names, recordings=about.hidden_names))

    def learn(self) -> None:
        """Collect personal names before anything is written."""
        logged = "\n".join(entry.text for entry in self._entries)
        self.redactor.learn([logged, str(self._surroundings.settings), str(describe_environment())])

    def parts(self) -> Iterator[Part]:
        """Yield the files in order, redacted."""
        yield self.json("settings.json", N_("The settings"), allowed.settings(self._surroundings.settings))
        yield self.json("environment.json", N_("System, memory and variables"), self._environment)
        yield Part("packages.json", N_("Versions of all packages"), as_json(installed_packages()))
        yield self.json("model.json", N_("The model and the checksums of its files"), allowed.model(self.model))
        report = self._surroundings.examination()
        yield self.json("doctor.json", N_("The doctor's report"), _report(report))
        if self.session.entries:
            browser = allowed.browser(self.session.browser)
            yield self.json("browser.json", N_("The browser, and what it found"), browser)
            journal = [allowed.entry(entry) for entry in self.session.entries]
            yield self.json("journal.json", N_("What was done in the page"), journal)

    def steps(self, write: Callable[[str], str]) -> Iterator[Part]:
        """Yield the steps written by `write` in each language."""
        for language in LANGUAGES:
            yield self.text(f"repro.{language}.md", N_("Steps to see it again"), write(language))

    def text(self, name: str, what: str, text: str) -> Part:
        redacted = self.redactor.text(text).rstrip() + "\n"
        return Part(name, what, redacted.encode(errors="backslashreplace"))

    def json(self, name: str, what: str, value: Any, *, is_content: bool = False) -> Part:
        is_kept = is_content and self._choice.keep_text
        return Part(name, what, as_json(value if is_kept else self.redactor.value(value, is_content=is_content)))

    @cached_property
    def requests(self) -> frozenset[str]:
        about = self._about
        if about.job == NO_JOB:
            return about.requests
        return about.requests | requests_of(about.job, [*self._entries, *entries_of(about.own_log)])

    @cached_property
    def log(self) -> list[str]:
        about = self._about
        wanted = LogFilter(about.job, self.requests)
        chosen, left_out = select(self._entries, wanted)
        own = [entry for entry in entries_of(about.own_log) if wanted.includes(entry)]
        lines = list(told(merged(chosen, own)))
        if left_out:
            lines.insert(0, f"({left_out} earlier entries were left out)")
        return [*lines, *counted(around(self._entries, wanted, self._moments))]

    @property
    def own_log(self) -> list[str]:
        """Lines of job.log, which no rotation shortens."""
        return list(told(entry for entry in entries_of(self._about.own_log) if entry.job == self._about.job))

    @cached_property
    def session(self) -> BrowserSession:
        """The session of the browser that made one of the requests, or that requests the case."""
        journal = Journal(self._surroundings.data_dir / JOURNAL_FOLDER)
        return journal.read(journal.find(self.requests) or self._choice.browser)

    @cached_property
    def model(self) -> dict[str, Any]:
        name = self._about.model
        named = self._surroundings.folder_of_model(name) if name else None
        found = describe_model(named or self._surroundings.spec.model_dir)
        if name and named is None:
            found["note"] = "The job was recognised by a model that is not here any more."
        return found

    @cached_property
    def _entries(self) -> list[LogEntry]:
        return list(read_log(self._surroundings.log_dir))

    @cached_property
    def _environment(self) -> dict[str, Any]:
        return allowed.environment(describe_environment())

    @property
    def _moments(self) -> tuple[datetime, ...]:
        """Return the times of the job, or of the requests."""
        if self._about.moments:
            return self._about.moments
        asked = [entry for entry in self._entries if entry.request in self.requests]
        return tuple(entry.moment for entry in asked if entry.moment)[-1:]


def _report(found: Examination) -> dict[str, Any]:
    checks = ((check, allowed.explained(check.id, check.fact, check.advice, check.params)) for check in found.checks)
    return found.to_dict() | {
        "checks": [
            {"id": check.id, "status": check.status.value, "fact": worded["message"], "advice": worded["advice"]}
            for check, worded in checks
        ]
    }
