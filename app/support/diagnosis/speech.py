"""Was speech found where people speak, split where they pause, and understood?"""

from __future__ import annotations

from collections.abc import Iterator

from app.domain.errors.base import N_
from app.domain.transcript import SPOKEN
from app.support.diagnosis.finding import Finding, Remedy, Run

MOSTLY_SILENCE = 0.05  # share of speech in the recording
LEAST_SILENCE_SECONDS = 60.0
CUT_SHARE = 0.5  # of the segments have the maximum length
LEAST_CUTS = 4
NEARLY_SECONDS = 1.5  # segments are cut where it is quietest, before the maximum length
SURE = 0.12  # the built-in model scores real voices 0.15 and more
LEAST_SPEECH_SECONDS = 6.0
UNITS_PER_SECOND = 0.4  # a slow speaker says 2 characters or 1.5 words


def findings(run: Run) -> Iterator[Finding]:
    yield from _silence(run)
    yield from _cuts(run)
    if run.is_over:
        short = list(_short(run))
        yield from short
        if not short:
            yield from _unsure(run)


def _silence(run: Run) -> Iterator[Finding]:
    """Report a recording with hardly any speech; one without any has its own warning."""
    if not run.is_over or not run.duration or run.duration < LEAST_SILENCE_SECONDS or not run.segments:
        return
    share = run.speech_seconds / run.duration
    if share < MOSTLY_SILENCE:
        yield Finding(
            "mostly_silence",
            N_("Only {percent} % of the recording is speech: {seconds} s."),
            N_("Check that it is the right file, and hear what was left out on the page of speech detection."),
            {"percent": round(100 * share, 1), "seconds": round(run.speech_seconds)},
            {"speech_share": round(share, 4)},
            Remedy(N_("Look at the speech detection"), page="/vad"),
        )


def _cuts(run: Run) -> Iterator[Finding]:
    vad = run.options.vad
    longest = vad.max_segment_ms / 1000 - NEARLY_SECONDS
    cut = [segment for segment in run.segments if segment.seconds > longest]
    if run.is_over and len(cut) >= LEAST_CUTS and len(cut) > CUT_SHARE * len(run.segments):
        yield Finding(
            "cut_at_maximum",
            N_("{cut} of {total} segments were cut because they reached the greatest length of {seconds} s."),
            N_("There are few pauses of {silence} ms. A shorter silence or a stricter mode on the settings page parts better."),
            {"cut": len(cut), "total": len(run.segments), "seconds": vad.max_segment_ms // 1000,
             "silence": vad.min_silence_ms},
            {"cut_share": round(len(cut) / len(run.segments), 3)},
            Remedy(N_("Look at the speech detection"), page="/vad"),
        )  # fmt: skip


def _short(run: Run) -> Iterator[Finding]:
    seconds = run.speech_seconds
    units = len(SPOKEN.findall(run.text_raw))
    if seconds < LEAST_SPEECH_SECONDS or units >= UNITS_PER_SECOND * seconds:
        return
    withheld = sum(bool(segment.dropped) for segment in run.segments)
    yield Finding(
        "text_too_short",
        N_("{seconds} s of speech were found, but only {units} words or characters came out of them; {withheld} segments were withheld."),
        N_("What was taken for speech may be music or noise, or another language than the model knows. Listen to it, or try another model."),
        {"seconds": round(seconds), "units": units, "withheld": withheld},
        {"units_per_second": round(units / seconds, 3), "withheld_segments": float(withheld)},
        Remedy(N_("Choose another model"), page="/models"),
    )  # fmt: skip


def _unsure(run: Run) -> Iterator[Finding]:
    confidence = run.confidence
    if confidence is None or run.speech_seconds < LEAST_SPEECH_SECONDS or confidence >= SURE:
        return
    yield Finding(
        "unsure",
        N_("The model {model} was unsure throughout: {percent} % on average."),
        N_("Check that it knows the language that is spoken, or try a larger model."),
        {"model": run.model, "percent": round(100 * confidence)},
        {"confidence": round(confidence, 3)},
        Remedy(N_("Choose another model"), page="/models"),
    )
