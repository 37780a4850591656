"""Explains what is odd about one run, with evidence and remedies: cheap checks on data that is stored anyway.

Nothing is stored: findings are derived on demand from the recording's measures, the receipt and the segments, so they
exist while a job runs, and better rules apply to old jobs too. False alarms are worse than silence: every threshold
lies well outside what benchmarks/findings.py measures on healthy recordings.
"""

from __future__ import annotations

from app.support.diagnosis import computing, language, sound, speech, words
from app.support.diagnosis.finding import Finding, Remedy, Run, run_of

__all__ = ["Finding", "Remedy", "Run", "diagnose", "run_of"]

CONSEQUENCES = frozenset({"unsure", "text_too_short"})
"""Consequences of a bad recording or a wrong language, not reported beside the cause."""


def diagnose(run: Run) -> list[Finding]:
    """Return the findings, most significant first."""
    causes = [*language.findings(run), *sound.findings(run)]
    others = [finding for group in (speech, words, computing) for finding in group.findings(run)]
    return causes + [finding for finding in others if not (causes and finding.id in CONSEQUENCES)]
