"""/docs: the REST API documentation, rendered from OpenAPI by this server, so that it works offline."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from fastapi import Request
from starlette.responses import HTMLResponse

from app.web.request import address_of
from app.web.routers import PageRouter
from app.web.templating import render

router = PageRouter()

Schema = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a request or response."""

    name: str
    kind: str
    description: str
    required: bool = False


@dataclass(frozen=True, slots=True)
class Operation:
    """One address and method."""

    id: str
    method: str
    path: str
    description: str
    fields: list[Field]
    """Parameters of the path and the query, and the fields of the body."""
    answers: list[Field]
    """Status, media types or model, and meaning."""
    example: str
    """The successful response; empty if it has no body."""


@router.get("/docs")
def api_docs(request: Request) -> HTMLResponse:
    """Show every operation and every model."""
    schema = request.app.openapi()
    models = schema["components"]["schemas"]
    paths = {address_of(request.scope, path): methods for path, methods in schema["paths"].items()}
    context = {
        "openapi_url": address_of(request.scope, request.app.openapi_url),
        "description": schema["info"]["description"].strip(),
        "operations": list(_operations(paths, models)),
        "models": {name: _fields(model) for name, model in models.items() if model.get("properties")},
    }
    return render(request, "pages/docs.html", context)


def _operations(paths: Schema, models: Schema) -> Iterator[Operation]:
    for path, methods in sorted(paths.items(), key=_main_things_first):
        for method, operation in methods.items():
            yield Operation(
                id=operation["operationId"],
                method=method.upper(),
                path=path,
                description=operation.get("description", ""),
                fields=[*map(_parameter, operation.get("parameters", ())), *_body_fields(operation, models)],
                answers=[_answer(status, told) for status, told in operation["responses"].items()],
                example=_example_answer(operation["responses"], models),
            )


def _main_things_first(path_and_methods: tuple[str, Schema]) -> tuple[bool, str]:
    path, methods = path_and_methods
    return all("transcriptions" not in told["tags"] for told in methods.values()), path


def _parameter(parameter: Schema) -> Field:
    return Field(
        parameter["name"],
        f"{parameter['in']}, {_kind(parameter['schema'])}",
        parameter.get("description", ""),
        parameter.get("required", False),
    )


def _body_fields(operation: Schema, models: Schema) -> list[Field]:
    bodies = operation.get("requestBody", {}).get("content", {})
    return [field for body in bodies.values() for field in _fields(_resolved(body["schema"], models))]


def _fields(schema: Schema) -> list[Field]:
    required = schema.get("required", ())
    properties = schema.get("properties", {}).items()
    return [Field(name, _kind(kind), kind.get("description", ""), name in required) for name, kind in properties]


def _answer(status: str, told: Schema) -> Field:
    bodies = told.get("content", {})
    kinds = [_kind(body.get("schema", {})) if kind == "application/json" else kind for kind, body in bodies.items()]
    return Field(status, ", ".join(kinds), told["description"])


def _kind(schema: Schema) -> str:
    """Return a short name of a type, for example `Segment list` or `number or null`."""
    if "$ref" in schema:
        return str(schema["$ref"].rpartition("/")[2])
    if "anyOf" in schema:
        return " or ".join(_kind(option) for option in schema["anyOf"])
    if "enum" in schema:
        return " | ".join(map(str, schema["enum"]))
    if schema.get("type") == "array":
        return f"{_kind(schema.get('items', {}))} list"
    return str(schema.get("format") or schema.get("const") or schema.get("type", "any"))


def _example_answer(responses: Schema, models: Schema) -> str:
    for status, told in responses.items():
        body = told.get("content", {}).get("application/json", {})
        if "schema" in body and int(status) < HTTPStatus.BAD_REQUEST:
            return json.dumps(_example(body["schema"], models), ensure_ascii=False, indent=2)
    return ""


def _example(schema: Schema, models: Schema) -> Any:
    """Build a value from the examples of the fields."""
    if "examples" in schema:
        return schema["examples"][0]
    schema = _resolved(schema, models)
    if "properties" in schema:
        return {name: _example(kind, models) for name, kind in schema["properties"].items()}
    if schema.get("type") == "array":
        return [_example(schema["items"], models)]
    return schema.get("example", schema.get("enum", [None])[0])


def _resolved(schema: Schema, models: Schema) -> Schema:
    return models[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
