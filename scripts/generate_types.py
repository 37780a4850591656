"""Writes the types of the REST API for the scripts of the pages, from its OpenAPI document.

    .venv/bin/python scripts/generate_types.py

`--check` only says whether they are up to date. openapi-typescript would do the same, but it is built on the compiler
API of TypeScript 5, which TypeScript 7 no longer has.
"""

from __future__ import annotations

import argparse
import json
import sys
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY))

from app.main import create_app  # noqa: E402 - found by the line above
from app.settings import Settings  # noqa: E402

TARGET = REPOSITORY / "static" / "js" / "api" / "api-types.d.ts"
HEAD = "// Written by scripts/generate_types.py from the OpenAPI document of the REST API.\n"
NAMES: Mapping[str, str] = {
    "string": "string",
    "integer": "number",
    "number": "number",
    "boolean": "boolean",
    "null": "null",
}
WIDTH = 116

Schema: TypeAlias = Mapping[str, Any]


def main() -> int:
    """Write the types, or with `--check` return 1 where they have drifted."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing, exit with 1 if they differ")
    only_check = parser.parse_args().check
    if TARGET.is_file() and TARGET.read_text(encoding="utf-8") == rendered():
        return 0
    print(("differs: " if only_check else "written: ") + str(TARGET.relative_to(REPOSITORY)))
    if not only_check:
        TARGET.write_text(rendered(), encoding="utf-8")
    return int(only_check)


def rendered() -> str:
    """Return the whole file."""
    document = create_app(Settings(), start_worker=False).openapi()
    schemas: Mapping[str, Schema] = document["components"]["schemas"]
    return "\n".join([HEAD, *(declaration(name, schemas[name]) for name in sorted(schemas))])


def declaration(name: str, schema: Schema) -> str:
    """Return one exported type with what the API says about it."""
    if "properties" not in schema:
        return f"{comment(schema)}export type {name} = {type_of(schema)};\n"
    fields = "".join(members(schema))
    return f"{comment(schema)}export interface {name} {{\n{fields}}}\n"


def members(schema: Schema) -> Iterator[str]:
    required = schema.get("required", ())
    for name, value in schema["properties"].items():
        yield f"{comment(value, '  ')}  {name}{'' if name in required else '?'}: {type_of(value)};\n"


def type_of(schema: Schema) -> str:
    """Return a schema as TypeScript writes it."""
    if "$ref" in schema:
        return str(schema["$ref"]).rsplit("/", 1)[-1]
    if "const" in schema or "enum" in schema:
        return union(json.dumps(value) for value in schema.get("enum", [schema.get("const")]))
    if "anyOf" in schema or "oneOf" in schema:
        return union(map(type_of, schema.get("anyOf") or schema["oneOf"]))
    if schema.get("type") == "array":
        return array(schema)
    if schema.get("type") == "object":
        values = schema.get("additionalProperties")
        return f"Record<string, {type_of(values) if isinstance(values, Mapping) else 'unknown'}>"
    return NAMES.get(schema.get("type", ""), "unknown")


def array(schema: Schema) -> str:
    if "prefixItems" in schema:
        return f"[{', '.join(map(type_of, schema['prefixItems']))}]"
    item = type_of(schema.get("items", {}))
    return f"({item})[]" if " | " in item else f"{item}[]"


def union(kinds: Iterator[str] | map[str]) -> str:
    return " | ".join(dict.fromkeys(kinds))


def comment(schema: Schema, indent: str = "") -> str:
    """Return the description of a schema as a comment; nothing where it has none."""
    text = " ".join(schema.get("description", "").split()).replace("*/", "*\\/")
    if not text:
        return ""
    if len(text) + len(indent) + 7 <= WIDTH:
        return f"{indent}/** {text} */\n"
    lines = textwrap.wrap(text, WIDTH - len(indent) - 3)
    return "\n".join([f"{indent}/**", *(f"{indent} * {line}" for line in lines), f"{indent} */\n"])


if __name__ == "__main__":
    sys.exit(main())
