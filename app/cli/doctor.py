"""`python -m app doctor`: print the doctor's report; the exit code is 1 where something fails."""

from __future__ import annotations

import json

from app.composition import engine_spec, subject_of
from app.settings import Settings
from app.support.doctor import Check, Status, examine, glance

SYMBOLS = {Status.OK: "ok     ", Status.NOTE: "note   ", Status.WARNING: "WARNING", Status.FAILURE: "FAILURE"}


def doctor(settings: Settings, *, as_json: bool, quick: bool) -> int:
    subject = subject_of(settings, engine_spec(settings))
    checks = glance(subject) if quick else examine(subject)
    print(_as_json(checks) if as_json else _as_text(checks))
    return 1 if any(check.status is Status.FAILURE for check in checks) else 0


def _as_json(checks: list[Check]) -> str:
    return json.dumps({"checks": [check.explained() for check in checks]}, ensure_ascii=False, indent=2)


def _as_text(checks: list[Check]) -> str:
    width = max(len(check.id) for check in checks)
    lines = []
    for check in checks:
        told = check.explained()
        lines.append(f"{SYMBOLS[check.status]}  {check.id:<{width}}  {told['fact']}")
        if told["advice"]:
            lines.append(f"{'':<9}{'':<{width}}  -> {told['advice']}")
    return "\n".join(lines)
