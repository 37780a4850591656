"""Schemathesis sends what the API's description allows and forbids, and compares each answer with the description."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from starlette.testclient import TestClient

from app.web.api.batch_uploads import SLICE_TYPE

API = "/api/v1"
SCHEMA = f"{API}/openapi.json"
CHECKS = [
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
]
LEFT_OUT = {
    "/api/v1/doctor/checks": "loads the model",
    "/api/v1/doctor/ticks": "waits a second",
    "/api/v1/system/devices": "asks the drivers, which takes seconds",
    "/api/v1/models/pull": "asks a hub",
    "/api/v1/models/{name}/pull": "asks a hub",
    "/api/v1/vad/events/install": "installs packages",
    "/api/v1/webhooks": "the addresses of its examples are public",
}
WAIT_FOR_THE_JOB = (
    "/v1/audio/transcriptions",
    "/openai/deployments/{deployment}/audio/transcriptions",
    "/asr",
    "/detect-language",
)
"""They answer when a job has ended, so that they need a worker."""
REQUEST = ("method", "url", "headers", "params", "data", "json", "files")
FORM = "multipart/form-data"
STREAM = "text/event-stream"  # never ends


@schemathesis.serializer(SLICE_TYPE)
def _as_it_is(_context: object, value: object) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode(errors="replace")


@dataclass(frozen=True)
class Finding:
    """An answer that the description does not tell of."""

    operation: str
    what: str

    def __str__(self) -> str:
        return f"{self.operation}: {self.what}"


def existing(client: TestClient) -> dict[str, str]:
    """Make one thing of each kind, and return its id by the beginning of its paths."""
    transcription = client.post(f"{API}/transcriptions", files={"file": ("a.wav", b"sound")}).json()["id"]
    batch = client.post(f"{API}/batches", json={"name": "calls"}).json()["id"]
    upload = client.post(f"{API}/batches/{batch}/uploads", json={"name": "a.wav", "size_bytes": 10}).json()["id"]
    hotwords = client.post(f"{API}/hotword-lists", json={"name": "words", "words": "one"}).json()["id"]
    rules = client.post(f"{API}/replacement-lists", json={"name": "rules", "rules": "a => b"}).json()["id"]
    return {
        f"{API}/transcriptions/": transcription,
        f"{API}/batches/": batch,
        f"{API}/uploads/": upload,
        f"{API}/hotword-lists/": hotwords,
        f"{API}/replacement-lists/": rules,
    }


def findings(
    client: TestClient, ids: Mapping[str, str], *, examples: int, start: int, has_worker: bool = False
) -> Iterator[Finding]:
    """Send `examples` requests of each kind to every operation; `ids` maps beginnings of paths to ids that exist.

    With a worker only those that wait for its jobs get requests, without one all others.
    """
    schema = schemathesis.openapi.from_dict(client.get(SCHEMA).json())
    for result in schema.get_all_operations():
        operation = result.ok()
        if operation.path in LEFT_OUT or _is_stream(operation) or (operation.path in WAIT_FOR_THE_JOB) != has_worker:
            continue
        for mode in _modes(operation):
            yield from _findings_of(client, operation, mode, ids, examples, start)


def _is_stream(operation: APIOperation) -> bool:
    described = operation.definition.raw["responses"].get("200", {})
    return set(described.get("content", {})) == {STREAM}


def _modes(operation: APIOperation) -> tuple[GenerationMode, ...]:
    """Return what can be sent: any text is an id, so that a path alone is never wrong."""
    has_more = operation.body or operation.query
    return (GenerationMode.POSITIVE, GenerationMode.NEGATIVE) if has_more else (GenerationMode.POSITIVE,)


def _findings_of(
    client: TestClient, operation: APIOperation, mode: GenerationMode, ids: Mapping[str, str], examples: int, start: int
) -> list[Finding]:
    found: dict[str, Finding] = {}

    @seed(start)
    @settings(
        max_examples=examples,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(operation.as_strategy(generation_mode=mode))
    def send(case: Case) -> None:
        if operation.method.upper() != "DELETE":
            _name_existing(case, ids)
        answer = _sent(client, case)
        if answer.status_code == HTTPStatus.INTERNAL_SERVER_ERROR:
            found.setdefault("500", Finding(operation.label, f"500: {_told(case)}"))
        is_form = case.media_type == FORM  # whose values are texts on their way, whatever they were
        is_refused = answer.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        try:
            case.validate_response(
                answer, checks=CHECKS, excluded_checks=[negative_data_rejection] if is_form or is_refused else []
            )
        except FailureGroup as group:
            for each in group.exceptions:
                title = each.title if isinstance(each, Failure) else str(each)
                what = f"{title}, status {answer.status_code}, {mode.value}: {_told(case)} {each}"
                found.setdefault(title, Finding(operation.label, what))

    try:
        send()
    except Unsatisfiable:
        return []  # nothing in it can be wrong
    return list(found.values())


def _told(case: Case) -> str:
    return f"body {case.body!r}, query {case.query!r}, path {case.path_parameters!r}"


def _name_existing(case: Case, ids: Mapping[str, str]) -> None:
    for beginning, id in ids.items():
        if case.operation.path.startswith(beginning) and "id" in case.path_parameters:
            case.path_parameters["id"] = id


def _sent(client: TestClient, case: Case) -> Any:
    wanted = case.as_transport_kwargs(base_url=str(client.base_url))
    prepared = requests.Request(**{name: wanted[name] for name in REQUEST if name in wanted}).prepare()
    return client.request(prepared.method, prepared.url, headers=prepared.headers, content=prepared.body)
