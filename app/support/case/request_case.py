"""The case of a failed request: there is no job, but a log, a browser and the actions in it."""

from __future__ import annotations

from typing import Any

from app.domain.errors.base import N_
from app.i18n import translator
from app.services.clients.refused_requests import RefusedRequests
from app.support.case import CaseChoice, Installation, Part, allowed
from app.support.case.client_request import AS_SENT, REQUEST, told_request
from app.support.case.installation import About, Around
from app.support.case.log import told_request_id
from app.support.journal_wording import tell_actions
from app.support.redaction import Redactor
from app.support.reproduction_steps import numbered

TITLE = N_("How to see it again")
NO_STEPS = N_("Nothing was noted of what was done in the page.")


class RequestContents:
    """The files of such a case."""

    def __init__(self, request: str, choice: CaseChoice, surroundings: Installation) -> None:
        self._request = request
        self._choice = choice
        self._surroundings = surroundings
        self._around = Around(About(requests=frozenset({request})), choice, surroundings)

    @property
    def redactor(self) -> Redactor:
        return self._around.redactor

    def parts(self) -> list[Part]:
        around = self._around
        around.learn()
        sent = RefusedRequests(self._surroundings.data_dir).find(self._request)
        log = N_("The log of this request, and how much else happened in the minutes around")
        return [
            *around.steps(self._steps),
            around.text("log/app.log", log, "\n".join(around.log)),
            *([around.json(REQUEST, AS_SENT, told_request(sent, self._choice), is_content=True)] if sent else []),
            *around.parts(),
        ]

    def facts(self) -> dict[str, Any]:
        return {
            "job": None,
            "state": None,
            "error": None,
            "requests": [told_request_id(self._request)],
            "model_checksum": self._around.model.get("checksum"),
            "audio": {"choice": "hash", "file": None, "note": ""},
        }

    def _steps(self, language: str) -> str:
        translate = translator(language)
        entries = [allowed.shown(entry) for entry in self._around.session.entries]
        told = tell_actions(entries, self._around.requests, translate)
        return "\n".join((f"# {translate(TITLE)}", "", *(numbered(told) or [translate(NO_STEPS)])))
