"""Was it computed on the requested device and precision? Judged by the receipt alone."""

from __future__ import annotations

from collections.abc import Iterator

from app.domain.errors.base import N_
from app.domain.reasons import CUT_IN_TWO, SMALLER_BATCHES
from app.domain.transcript import Applied
from app.support.diagnosis.finding import Finding, Remedy, Run


def findings(run: Run) -> Iterator[Finding]:
    for line in run.receipt:
        if line.name == "device" and _differs(line):
            yield Finding(
                "device_fallback",
                N_("The device {asked} was asked for, but {applied} computed: {reason}"),
                N_("The doctor says what the device lacks; the settings choose another one."),
                {"asked": line.asked, "applied": line.applied, "reason": line.reason},
                remedy=Remedy(N_("Ask the doctor"), page="/doctor"),
            )
        if line.name == "dtype" and _differs(line):
            yield Finding(
                "dtype_fallback",
                N_("The precision {asked} was asked for, but {applied} was used: {reason}"),
                N_("Nothing is wrong with the text; choose 'auto' to have the best precision for the device."),
                {"asked": line.asked, "applied": line.applied, "reason": line.reason},
                remedy=Remedy(N_("Open the settings"), page="/settings"),
            )
        if line.name == "batch" and line.reason in (SMALLER_BATCHES, CUT_IN_TWO):
            yield Finding(
                "memory_short",
                N_("Memory was short, so less was computed at once: {applied} instead of {asked}."),
                N_(
                    "No text was lost. End other programs on the device, choose a smaller model, or set a smaller batch."
                ),
                {"asked": line.asked, "applied": line.applied},
                remedy=Remedy(N_("Open the settings"), page="/settings"),
            )


def _differs(line: Applied) -> bool:
    return bool(line.reason) and line.asked not in ("auto", line.applied)
