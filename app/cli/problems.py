"""Prints errors on the command line."""

from __future__ import annotations

import sys

from app.domain.errors.base import Problem


def print_problem(problem: Problem, subject: str = "") -> None:
    """Print to standard error what happened and what to do."""
    text = problem.explained()
    prefix = f"{subject}: " if subject else ""
    print(f"{prefix}{text['message']} [{text['code']}]\n  -> {text['advice']}", file=sys.stderr)
