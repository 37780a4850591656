"""Writes the parts of docs/ that follow from the code. `--check` only says whether they are up to date.

    .venv/bin/python scripts/generate_docs.py

A generated part stands between two comments, `<!-- generated: NAME -->` and `<!-- end -->`; the text around it is
written by hand.
"""

from __future__ import annotations

import argparse
import pkgutil
import re
import sys
from collections.abc import Callable, Mapping
from enum import Enum
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY))

from app.cli.main import build_parser  # noqa: E402 - found by the line above
from app.domain import errors  # noqa: E402
from app.domain.errors.base import AppError  # noqa: E402
from app.login_settings import LoginSettings  # noqa: E402
from app.setting_rules import ON_PAGE, Effect  # noqa: E402
from app.settings import Settings, variable  # noqa: E402

DOCS = REPOSITORY / "docs"
GENERATED = re.compile(r"(<!-- generated: (\w+) -->\n)(.*?)(<!-- end -->)", re.DOTALL)
EFFECTS: Mapping[Effect, str] = {
    Effect.AT_ONCE: "at once",
    Effect.RELOAD: "reloads the model",
    Effect.RESTART: "after a restart",
}
FOLDER_DEFAULTS: Mapping[str, str] = {
    "models_dir": "models",
    "data_dir": "data",
    "log_dir": "logs",
}


def main() -> int:
    """Write the pages, or with `--check` return 1 where one has drifted."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing, exit with 1 where something differs")
    only_check = parser.parse_args().check
    drifted = [page for page in pages() if page.read_text(encoding="utf-8") != rendered(page)]
    for page in drifted:
        print(("differs: " if only_check else "written: ") + str(page.relative_to(REPOSITORY)))
        if not only_check:
            page.write_text(rendered(page), encoding="utf-8")
    return int(only_check and bool(drifted))


def pages() -> list[Path]:
    """Return the pages that have a generated part."""
    return [page for page in sorted(DOCS.glob("*.md")) if GENERATED.search(page.read_text(encoding="utf-8"))]


def rendered(page: Path) -> str:
    """Return the page with its generated parts made anew."""
    return GENERATED.sub(
        lambda found: f"{found[1]}\n{PARTS[found[2]]()}\n\n{found[4]}", page.read_text(encoding="utf-8")
    )


def settings_table() -> str:
    """Return every setting with its default, its meaning and when a change on the page takes effect."""
    rows = ["| Variable | Default | Meaning | On the page |", "|---|---|---|---|"]
    fields = Settings.model_fields.items()
    for name, field in sorted(fields, key=lambda each: each[0] in LoginSettings.model_fields):
        effect = EFFECTS[ON_PAGE[name]] if name in ON_PAGE else "no"
        default = _default(name, field.default)
        rows.append(f"| `{variable(name)}` | {default} | {field.description} | {effect} |")
    return "\n".join(rows)


def _default(name: str, value: Any) -> str:
    if name in FOLDER_DEFAULTS:
        return f"`{FOLDER_DEFAULTS[name]}`"
    if isinstance(value, Enum):
        value = value.value
    return f"`{value}`" if value not in (None, "") else "none"


def command_tables() -> str:
    """Return each command with its arguments and options; not `--help` itself, whose layout depends on the Python."""
    return "\n\n".join(_command(name, command, 2) for name, command in _subcommands(build_parser()))


def _subcommands(parser: argparse.ArgumentParser) -> list[tuple[str, argparse.ArgumentParser]]:
    found = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]  # noqa: SLF001
    return [item for action in found for item in action.choices.items()]


def _command(name: str, command: argparse.ArgumentParser, level: int) -> str:
    rows = [_option(action) for action in command._actions if _is_shown(action)]  # noqa: SLF001
    table = "\n".join(["| Argument or option | Meaning |", "|---|---|", *rows])
    parts = [f"{'#' * level} {name}", *([table] if rows else [])]
    parts += [_command(f"{name} {sub}", parser, level + 1) for sub, parser in _subcommands(command)]
    return "\n\n".join(parts)


def _is_shown(action: argparse.Action) -> bool:
    hidden = isinstance(action, argparse._HelpAction | argparse._SubParsersAction)  # noqa: SLF001
    return not hidden and action.help != argparse.SUPPRESS


def _option(action: argparse.Action) -> str:
    takes = action.nargs != 0
    choices = "\\|".join(map(str, action.choices)) if action.choices else ""
    value = str(action.metavar or choices or action.dest.upper()) if takes else ""
    names = action.option_strings if isinstance(action, argparse.BooleanOptionalAction) else action.option_strings[-1:]
    shown = " ".join(filter(None, (", ".join(names), value)))
    meaning = (action.help or "").replace("|", "\\|")
    return f"| `{shown}` | {meaning} |"


def error_tables() -> str:
    """Return a table for each family of errors."""
    families = (name for name in sorted(each.name for each in pkgutil.iter_modules(errors.__path__)))
    return "\n\n".join(_family(import_module(f"{errors.__name__}.{name}")) for name in families)


def _family(module: ModuleType) -> str:
    heading = (module.__doc__ or "").rstrip(".")
    kinds = [kind for kind in vars(module).values() if isinstance(kind, type) and issubclass(kind, AppError)]
    own = [kind for kind in kinds if kind.__module__ == module.__name__ and "code" in vars(kind)]
    rows = [f"| `{kind.code}` | {kind.status} | {_cell(kind.message)} | {_cell(kind.advice)} |" for kind in own]
    return "\n".join((f"## {heading}\n", "| Code | Status | What happened | What to do |", "|---|---|---|---|", *rows))


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


PARTS: Mapping[str, Callable[[], str]] = {
    "settings": settings_table,
    "commands": command_tables,
    "errors": error_tables,
}

if __name__ == "__main__":
    sys.exit(main())
