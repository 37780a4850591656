"""The API description is complete: it can be used without reading the code."""

import subprocess
import sys
from typing import Any

import pytest
from starlette.testclient import TestClient

from app.main import create_app
from app.settings import Settings
from app.web.forms.recording import FIELDS, WEBHOOK_URL

OPERATIONS = {
    "GET /health",
    "GET /metrics",
    "POST /api/v1/login",
    "POST /api/v1/logout",
    "POST /api/v1/welcome",
    "POST /api/v1/welcome/look",
    "GET /api/v1/account",
    "POST /api/v1/account/password",
    "POST /api/v1/account/logout-everywhere",
    "POST /api/v1/account/keys",
    "DELETE /api/v1/account/keys/{id}",
    "GET /api/v1/people",
    "POST /api/v1/people",
    "PATCH /api/v1/people/{id}",
    "DELETE /api/v1/people/{id}",
    "POST /api/v1/people/{id}/link",
    "POST /api/v1/people/{id}/logout",
    "GET /api/v1/audit",
    "GET /api/v1/audit/export",
    "GET /api/v1/transcriptions/{id}/shares",
    "POST /api/v1/transcriptions/{id}/shares/links",
    "POST /api/v1/transcriptions/{id}/shares/grants",
    "DELETE /api/v1/transcriptions/{id}/shares/{share}",
    "GET /api/v1/webhooks",
    "POST /api/v1/webhooks",
    "GET /api/v1/webhooks/secret",
    "GET /api/v1/webhooks/deliveries",
    "POST /api/v1/webhooks/deliveries/{id}/resend",
    "POST /api/v1/webhooks/{id}/test",
    "DELETE /api/v1/webhooks/{id}",
    "GET /ready",
    "GET /api/v1/transcriptions/{id}/speakers",
    "POST /api/v1/transcriptions/{id}/speakers",
    "PATCH /api/v1/transcriptions/{id}/speakers/{speaker}",
    "POST /api/v1/transcriptions/{id}/speakers/{speaker}/merge",
    "POST /api/v1/transcriptions/{id}/speakers/{speaker}/split",
    "PUT /api/v1/transcriptions/{id}/speakers/turns",
    "GET /api/v1/transcriptions/{id}/speakers/doubts",
    "POST /api/v1/transcriptions/{id}/speakers/decisions",
    "POST /api/v1/transcriptions/{id}/speakers/undo",
    "GET /api/v1/transcriptions/{id}/voices",
    "POST /api/v1/transcriptions/{id}/voices",
    "POST /api/v1/transcriptions/{id}/speakers/{speaker}/voice",
    "PUT /api/v1/transcriptions/{id}/speakers/{speaker}/voice",
    "GET /api/v1/voices",
    "GET /api/v1/voices/export",
    "POST /api/v1/voices/import",
    "PATCH /api/v1/voices/{id}",
    "DELETE /api/v1/voices/{id}",
    "GET /api/v1/health",
    "GET /api/v1/ready",
    "POST /api/v1/comparisons",
    "GET /api/v1/comparisons",
    "GET /api/v1/comparisons/{id}",
    "PUT /api/v1/comparisons/{id}/reference",
    "POST /api/v1/comparisons/{id}/cancel",
    "DELETE /api/v1/comparisons/{id}",
    "POST /api/v1/models/{name}/install",
    "GET /api/v1/system",
    "GET /api/v1/system/cluster",
    "GET /api/v1/system/devices",
    "POST /api/v1/system/model/load",
    "POST /api/v1/system/model/unload",
    "POST /api/v1/system/model/clear-cache",
    "GET /api/v1/settings/backup",
    "GET /api/v1/settings",
    "GET /api/v1/settings/retention",
    "POST /api/v1/settings/backup",
    "PATCH /api/v1/settings",
    "GET /api/v1/settings/storage",
    "GET /api/v1/live/sessions",
    "GET /api/v1/live/{id}/events",
    "GET /api/v1/journal/{browser}",
    "POST /api/v1/journal/{browser}",
    "DELETE /api/v1/journal/{browser}",
    "GET /api/v1/logs",
    "GET /api/v1/logs/download",
    "GET /api/v1/doctor/checks",
    "GET /api/v1/doctor/clock",
    "GET /api/v1/doctor/ticks",
    "POST /api/v1/doctor/upload",
    "GET /api/v1/models",
    "GET /api/v1/models/events",
    "POST /api/v1/models/pull",
    "POST /api/v1/models/folders",
    "GET /api/v1/models/{name}",
    "DELETE /api/v1/models/{name}",
    "POST /api/v1/models/{name}/pull",
    "POST /api/v1/models/{name}/cancel",
    "POST /api/v1/models/{name}/verify",
    "POST /api/v1/models/{name}/use",
    "GET /api/v1/transcriptions",
    "POST /api/v1/transcriptions",
    "GET /api/v1/transcriptions/events",
    "GET /api/v1/transcriptions/{id}",
    "PATCH /api/v1/transcriptions/{id}",
    "DELETE /api/v1/transcriptions/{id}",
    "POST /api/v1/transcriptions/{id}/cancel",
    "POST /api/v1/transcriptions/{id}/retry",
    "POST /api/v1/transcriptions/{id}/again",
    "POST /api/v1/transcriptions/{id}/replacements",
    "POST /api/v1/transcriptions/{id}/reread",
    "GET /api/v1/transcriptions/{id}/segments",
    "GET /api/v1/transcriptions/{id}/edits",
    "PATCH /api/v1/transcriptions/{id}/edits",
    "DELETE /api/v1/transcriptions/{id}/edits",
    "POST /api/v1/transcriptions/{id}/edits/by-speaker",
    "GET /api/v1/transcriptions/{id}/audio",
    "GET /api/v1/transcriptions/{id}/peaks",
    "GET /api/v1/transcriptions/{id}/export",
    "GET /api/v1/transcriptions/{id}/log",
    "GET /api/v1/transcriptions/{id}/events",
    "GET /api/v1/transcriptions/{id}/missing",
    "GET /api/v1/history/statistics",
    "GET /api/v1/history/speakers",
    "POST /api/v1/history/delete",
    "POST /api/v1/history/clear",
    "POST /api/v1/history/export",
    "GET /api/v1/trash",
    "DELETE /api/v1/trash",
    "POST /api/v1/trash/restore",
    "POST /api/v1/trash/remove",
    "POST /api/v1/trash/undo",
    "POST /api/v1/trash/{id}/restore",
    "DELETE /api/v1/trash/{id}",
    "GET /api/v1/batches",
    "POST /api/v1/batches",
    "GET /api/v1/batches/events",
    "GET /api/v1/batches/{id}",
    "DELETE /api/v1/batches/{id}",
    "POST /api/v1/batches/{id}/pause",
    "POST /api/v1/batches/{id}/resume",
    "POST /api/v1/batches/{id}/cancel",
    "POST /api/v1/batches/{id}/retry",
    "POST /api/v1/batches/{id}/items",
    "POST /api/v1/batches/{id}/order",
    "POST /api/v1/batches/{id}/folder",
    "POST /api/v1/batches/{id}/uploads",
    "GET /api/v1/batches/{id}/items",
    "GET /api/v1/batches/{id}/export",
    "GET /api/v1/uploads/{id}",
    "PATCH /api/v1/uploads/{id}",
    "DELETE /api/v1/uploads/{id}",
    "GET /api/v1/transcriptions/{id}/case",
    "GET /api/v1/transcriptions/{id}/findings",
    "GET /api/v1/requests/{request}/case",
    "GET /api/v1/requests/{request}/case/preview",
    "GET /api/v1/transcriptions/{id}/case/preview",
    "POST /api/v1/replay",
    "GET /api/v1/replay/{id}",
    "DELETE /api/v1/replay/{id}",
    "POST /api/v1/vad",
    "POST /api/v1/vad/events/install",
    "POST /api/v1/vad/transcriptions/{id}",
    "GET /api/v1/hotword-lists",
    "POST /api/v1/hotword-lists",
    "PUT /api/v1/hotword-lists/{id}",
    "DELETE /api/v1/hotword-lists/{id}",
    "GET /api/v1/replacement-lists",
    "POST /api/v1/replacement-lists",
    "PUT /api/v1/replacement-lists/{id}",
    "DELETE /api/v1/replacement-lists/{id}",
    "GET /api/v1/vad/{id}",
    "DELETE /api/v1/vad/{id}",
    "GET /api/v1/vad/{id}/peaks",
    "GET /api/v1/vad/{id}/audio",
    "GET /api/v1/vad/{id}/export",
    "POST /api/v1/vad/{id}/texts",
    "DELETE /api/v1/vad/{id}/texts",
    "POST /v1/audio/transcriptions",
    "POST /v1/audio/translations",
    "GET /v1/models",
    "GET /v1/models/{model}",
    "POST /openai/deployments/{deployment}/audio/transcriptions",
    "POST /asr",
    "POST /detect-language",
}
SHAPES = {
    "/v1/": "OpenAIErrorAnswer",
    "/openai/": "OpenAIErrorAnswer",
    "/asr": "AsrErrorAnswer",
    "/detect-language": "AsrErrorAnswer",
}
"""Of errors, by the beginnings of paths that other products have."""


@pytest.fixture(name="schema", scope="module")
def _schema() -> dict[str, Any]:
    return create_app(Settings(), start_worker=False).openapi()


def operations(schema: dict[str, Any]) -> dict[str, dict[str, Any]]:
    paths = schema["paths"].items()
    return {f"{method.upper()} {path}": told for path, methods in paths for method, told in methods.items()}


def test_every_operation_of_the_api_is_described(schema: dict[str, Any]) -> None:
    assert set(operations(schema)) == OPERATIONS
    assert all(told["description"] for told in operations(schema).values())


def test_every_error_has_the_shape_of_its_api_and_an_example(schema: dict[str, Any]) -> None:
    for operation, told in operations(schema).items():
        path = operation.partition(" ")[2]
        shape = next((shape for beginning, shape in SHAPES.items() if path.startswith(beginning)), "ErrorAnswer")
        for status, response in told["responses"].items():
            if int(status) >= 400:
                body = response["content"]["application/json"]
                assert body["schema"] == {"$ref": f"#/components/schemas/{shape}"}, (operation, status)
                assert body["examples"], (operation, status)
    assert "HTTPValidationError" not in schema["components"]["schemas"]


def test_every_change_tells_that_other_sites_are_refused(schema: dict[str, Any]) -> None:
    for operation, told in operations(schema).items():
        examples = told["responses"]["403"]["content"]["application/json"]["examples"]
        assert ("cross_site_request" in examples) == (not operation.startswith("GET ")), operation


def test_every_field_and_parameter_has_a_description_or_an_example(schema: dict[str, Any]) -> None:
    for name, model in schema["components"]["schemas"].items():
        for field, kind in model.get("properties", {}).items():
            assert {"description", "examples", "$ref"} & set(kind) or kind.get("items"), (name, field)
    for operation, told in operations(schema).items():
        for parameter in told.get("parameters", ()):
            assert parameter.get("description"), (operation, parameter["name"])


def test_the_upload_form_is_described_field_by_field(schema: dict[str, Any]) -> None:
    body = schema["paths"]["/api/v1/transcriptions"]["post"]["requestBody"]["content"]["multipart/form-data"]

    assert set(body["schema"]["properties"]) == {*FIELDS, WEBHOOK_URL}
    assert all(field["description"] for field in body["schema"]["properties"].values())


def test_the_description_and_its_page_need_no_other_server(client: TestClient) -> None:
    page = client.get("/docs").text

    assert client.get("/api/v1/openapi.json").json()["openapi"]
    assert all(operation in page for operation in OPERATIONS)
    assert "http://" not in page.replace("http://www.w3.org/", "")
    assert "https://" not in page.replace("https://example.com/", "")


def test_the_server_imports_neither_torch_nor_the_client_of_an_object_store() -> None:
    script = "import app.main, sys; print([name for name in sys.modules if name.startswith(('torch', 'obstore'))])"
    printed = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout

    assert printed.strip() == "[]"
