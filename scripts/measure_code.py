"""Measures the shape of the code: how long functions and modules are, how full folders, how ambiguous names.

    .venv/bin/python scripts/measure_code.py

`--check` exits with 1 where a function or module is longer than we want them, and names the longest. Functions count
from their first line to their last one, with decorators and docstrings, nested ones too; a lambda or an arrow function
that is only an argument does not count. JavaScript is left out where node or its packages are missing.
"""

from __future__ import annotations

import argparse
import ast
import json
import re
import shutil
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
MEDIAN, P90, LONGEST = 6, 15, 45  # lines of a function
LONGEST_MODULE = 350  # lines
FULLEST_FOLDER = 20  # modules
GROWS = "app/store/migrations/versions"  # one with every change of the schema
TABLES = "app/store/tables.py"  # lists its columns: as long as the schema is
SHOWN = 12  # of what stands out


@dataclass(frozen=True, slots=True)
class Function:
    path: str
    name: str
    line: int
    lines: int
    parameters: int

    @property
    def place(self) -> str:
        return f"{self.path}:{self.line} {self.name} ({self.lines})"


@dataclass(frozen=True, slots=True)
class Code:
    """What was measured in one language."""

    language: str
    functions: Sequence[Function]
    modules: Mapping[str, int]
    """Lines by path."""
    definitions: Mapping[str, frozenset[str]]
    """The modules that define a public name."""


def main() -> int:
    """Print the table; with `--check` return 1 where something is too long."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="exit with 1 where something is too long")
    only_check = parser.parse_args().check
    measured = [python_code(), *javascript_code()]
    excesses = [excess for code in measured for excess in excesses_of(code)]
    if not only_check:
        print(*report(measured), sep="\n")
    print(*excesses, sep="\n")
    return int(only_check and bool(excesses))


def python_code() -> Code:
    functions: list[Function] = []
    modules: dict[str, int] = {}
    definitions: defaultdict[str, set[str]] = defaultdict(set)
    for path in tracked("app/*.py"):
        text = (REPOSITORY / path).read_text(encoding="utf-8")
        tree = ast.parse(text)
        modules[path] = text.count("\n")
        functions += python_functions(path, tree)
        for node in tree.body:
            if isinstance(node, Definition) and not node.name.startswith("_"):
                definitions[node.name].add(path)
    return Code("Python", functions, modules, frozen(definitions))


def python_functions(path: str, tree: ast.Module) -> Iterator[Function]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = min([node.lineno, *(each.lineno for each in node.decorator_list)])
            names = [each.arg for each in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]
            parameters = len([name for name in names if name not in {"self", "cls"}])
            yield Function(path, node.name, first, (node.end_lineno or first) - first + 1, parameters)


def javascript_code() -> Iterator[Code]:
    """Yield what the scripts of the pages are; nothing where node or its packages are missing."""
    if not (shutil.which("node") and (REPOSITORY / "node_modules" / "acorn").is_dir()):
        return
    paths = tracked("static/js/*.js")
    command = ["node", str(REPOSITORY / "scripts" / "measure_javascript.js"), *paths]
    printed = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout
    texts = {path: (REPOSITORY / path).read_text(encoding="utf-8") for path in paths}
    definitions: defaultdict[str, set[str]] = defaultdict(set)
    for path, text in texts.items():
        for name in re.findall(r"^export (?:async )?(?:function\*?|class|const|let) (\w+)", text, re.MULTILINE):
            definitions[name].add(path)
    functions = [Function(**each) for each in json.loads(printed)]
    yield Code("JavaScript", functions, {path: text.count("\n") for path, text in texts.items()}, frozen(definitions))


def report(measured: Iterable[Code]) -> Iterator[str]:
    yield "| language | functions | median / p90 / longest | parameters median / p90 / most | modules | median / p90 / longest |"
    yield "|---|---|---|---|---|---|"
    for code in measured:
        lengths = shape([function.lines for function in code.functions])
        parameters = shape([function.parameters for function in code.functions])
        modules = shape(list(code.modules.values()))
        yield (
            f"| {code.language} | {len(code.functions)} | {lengths} | {parameters} | {len(code.modules)} | {modules} |"
        )
    yield f"\nMcCabe, largest: {largest_complexity()}"
    for code in measured:
        yield f"\n{code.language}"
        yield from details(code)


def details(code: Code) -> Iterator[str]:
    longest = sorted(code.functions, key=lambda function: -function.lines)[:SHOWN]
    yield "  longest functions: " + ", ".join(function.place for function in longest)
    folders = sorted(folders_of(code).items(), key=lambda item: -item[1])[:SHOWN]
    yield "  fullest folders: " + ", ".join(f"{folder} {count}" for folder, count in folders)
    shared = sorted(code.definitions.items(), key=lambda item: -len(item[1]))[:SHOWN]
    yield "  names with several definitions: " + ", ".join(
        f"{name} {len(paths)}" for name, paths in shared if len(paths) > 1
    )


def excesses_of(code: Code) -> Iterator[str]:
    lengths = sorted(function.lines for function in code.functions)
    for name, share, limit in (("median", 0.5, MEDIAN), ("p90", 0.9, P90)):
        if quantile(lengths, share) > limit:
            yield f"{code.language}: the {name} of functions is {quantile(lengths, share)} lines, not {limit}"
    for function in code.functions:
        if function.lines > LONGEST:
            yield f"{function.place}: more than {LONGEST} lines"
    for path, lines in code.modules.items():
        if lines > LONGEST_MODULE and path != TABLES:
            yield f"{path}: {lines} lines, more than {LONGEST_MODULE}"
    for folder, count in folders_of(code).items():
        if count > FULLEST_FOLDER and folder != GROWS:
            yield f"{folder}: {count} modules, more than {FULLEST_FOLDER}"


def folders_of(code: Code) -> dict[str, int]:
    counts: defaultdict[str, int] = defaultdict(int)
    for path in code.modules:
        counts[path.rpartition("/")[0]] += not path.endswith("__init__.py")
    return dict(counts)


def largest_complexity() -> int:
    """Return McCabe's number of the most branched Python function, as ruff counts it."""
    options = ["--select", "C901", "--config", "lint.mccabe.max-complexity=1", "--output-format", "json"]
    ruff = [
        sys.executable,
        "-m",
        "ruff",
        "check",
        "--no-cache",
        "--exit-zero",
        "--ignore-noqa",
        *options,
        "app",
    ]
    found = json.loads(subprocess.run(ruff, cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout)
    return max(int(re.findall(r"\((\d+) >", each["message"])[0]) for each in found)


def shape(values: Sequence[int]) -> str:
    ordered = sorted(values)
    return f"{quantile(ordered, 0.5)} / {quantile(ordered, 0.9)} / {ordered[-1]}"


def quantile(ordered: Sequence[int], share: float) -> int:
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)]


def frozen(sets: Mapping[str, set[str]]) -> dict[str, frozenset[str]]:
    return {name: frozenset(paths) for name, paths in sets.items()}


def tracked(pattern: str) -> list[str]:
    """Return the paths of files that git knows and that are there."""
    listed = subprocess.run(["git", "ls-files", pattern], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    return [path for path in listed.stdout.splitlines() if (REPOSITORY / path).is_file()]


Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef

if __name__ == "__main__":
    sys.exit(main())
