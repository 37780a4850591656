"""Says what is odd about one run, with the evidence, and what helps: cheap checks of what is kept anyway.

Nothing is stored: findings are told anew from the recording's measures, the receipt and the segments whenever somebody
looks, so that they are there while a job runs, and better rules hold for old jobs too. False alarms are worse than
silence: every threshold lies well outside what benchmarks/findings.py measures on healthy recordings.
"""

from __future__ import annotations

from app.support.diagnosis import computing, language, sound, speech, words
from app.support.diagnosis.finding import Finding, Remedy, Run, run_of

__all__ = ["Finding", "Remedy", "Run", "diagnose", "run_of"]

CONSEQUENCES = frozenset({"unsure", "text_too_short"})
"""What follows from a bad recording or a wrong language, and need not be told beside it."""


def diagnose(run: Run) -> list[Finding]:
    """Return what is odd, the most telling first."""
    causes = [*language.findings(run), *sound.findings(run)]
    others = [finding for group in (speech, words, computing) for finding in group.findings(run)]
    return causes + [finding for finding in others if not (causes and finding.id in CONSEQUENCES)]
