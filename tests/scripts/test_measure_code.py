"""Limits for the length of functions and modules, and the script that measures them."""

from __future__ import annotations

import ast
import shutil
from importlib import import_module
from textwrap import dedent

import pytest

from tests.conftest import REPOSITORY

measure_code = import_module("scripts.measure_code")


def test_a_function_counts_from_its_first_decorator_to_its_last_line() -> None:
    tree = ast.parse(
        dedent(
            """
            class Clock:
                @property
                def now(self):
                    \"\"\"Return it.\"\"\"
                    return 1

            def add(left, /, right, *, third=0):
                return left + right + third
            """
        )
    )

    measured = [(f.name, f.line, f.lines, f.parameters) for f in measure_code.python_functions("a.py", tree)]

    assert sorted(measured) == [("add", 8, 2, 3), ("now", 3, 4, 0)]


@pytest.mark.skipif(
    not (shutil.which("node") and (REPOSITORY / "node_modules" / "acorn").is_dir()),
    reason="node or its packages are not installed",
)
def test_the_scripts_of_the_pages_are_made_of_small_pieces() -> None:
    (code,) = measure_code.javascript_code()

    assert len(code.functions) > 500
    assert list(measure_code.excesses_of(code)) == []
