"""`python -m app doctor`: print the doctor's report; the exit code is 1 where something fails."""

from __future__ import annotations

import json
from dataclasses import asdict

from app.composition import engine_spec
from app.settings import Settings
from app.support.doctor import Check, Status, Subject, examine

SYMBOLS = {Status.OK: "ok     ", Status.WARNING: "WARNING", Status.FAILURE: "FAILURE"}


def doctor(settings: Settings, *, as_json: bool) -> int:
    checks = examine(Subject(engine_spec(settings), settings.data_dir, settings.log_dir))
    print(_as_json(checks) if as_json else _as_text(checks))
    return 1 if any(check.status is Status.FAILURE for check in checks) else 0


def _as_json(checks: list[Check]) -> str:
    return json.dumps({"checks": [asdict(check) for check in checks]}, ensure_ascii=False, indent=2)


def _as_text(checks: list[Check]) -> str:
    width = max(len(check.id) for check in checks)
    lines = []
    for check in checks:
        lines.append(f"{SYMBOLS[check.status]}  {check.id:<{width}}  {check.fact}")
        if check.advice:
            lines.append(f"{'':<9}{'':<{width}}  -> {check.advice}")
    return "\n".join(lines)
