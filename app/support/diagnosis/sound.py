"""Is the recording good enough? Judged by the measures of app/engine/audio/measures.py."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from app.domain.errors.base import N_
from app.support.diagnosis.finding import Finding, Run

# Healthy recordings: see `python -m benchmarks.findings`. The worst of 650 healthy ones lies on the other side of each.
TELEPHONE_DROP_DB = 48.0
TELEPHONE_RATE = 8000
CLIPPED_SHARE = 0.002
QUIET_DB = -50.0
BACKGROUND = ((0.04, 28.0), (0.005, 17.5))
"""Pairs: steady tones for more than this share of the time, and quiet frames less than this many dB below loud ones."""
MUSIC_SHARE = 0.5  # clean speech has at most 0.06, with noise 0.26; with music at 10 dB at least 0.62
ENOUGH_SECONDS = 1.5  # of speech: a single vowel has nothing above 4 kHz and a constant pitch
SILENT_CHANNEL_DB = -75.0
AUDIBLE_CHANNEL_DB = -55.0
SEPARATE_VOICE = N_("Use a recording without it, or separate the voice first; words are lost where it is loud.")


def findings(run: Run) -> Iterator[Finding]:
    yield from _channels(run)
    for measured in run.sounds:
        found = list(_of_one(run, measured))
        yield from found
        if found:
            return  # all channels share the microphone


def _of_one(run: Run, measured: Mapping[str, float]) -> Iterator[Finding]:
    loud = measured["loud_db"]
    if loud < QUIET_DB:
        yield Finding(
            "too_quiet",
            N_("The recording is almost silent: its loud parts have {level} dBFS, ordinary speech about -20."),
            N_("Record nearer to the microphone or with more gain; check that the right input was chosen."),
            {"level": round(loud)},
            {"loud_db": loud},
        )
        return  # nothing else can be judged
    if measured["clipped_share"] > CLIPPED_SHARE:
        yield Finding(
            "clipped",
            N_("The recording is overdriven: {percent} % of it is cut off at the greatest loudness."),
            N_(
                "Record with less gain. What is cut off cannot be brought back; a less loud original helps, if there is one."
            ),
            {"percent": _percent(measured["clipped_share"])},
            {"clipped_share": measured["clipped_share"]},
        )
    yield from _telephone(run, measured)
    if _has_enough(run):
        yield from _background(run, measured)


def _background(run: Run, measured: Mapping[str, float]) -> Iterator[Finding]:
    music, distance = run.music_share, measured["loud_db"] - measured["floor_db"]
    if music is not None and music > MUSIC_SHARE:
        yield Finding(
            "background",
            N_("Music plays under {percent} % of the speech."),
            SEPARATE_VOICE,
            {"percent": _percent(music)},
            {"music_share": music},
        )
    elif any(measured["tones_share"] > share and distance < least for share, least in BACKGROUND):
        yield Finding(
            "background",
            N_(
                "Music or another steady sound lies under the speech, {distance} dB below it; tones go on in {percent} % of the time."
            ),
            SEPARATE_VOICE,
            {"percent": _percent(measured["tones_share"]), "distance": round(distance)},
            {"tones_share": measured["tones_share"], "distance_db": round(distance, 1)},
        )


def _telephone(run: Run, measured: Mapping[str, float]) -> Iterator[Finding]:
    rate = int(run.recording.get("sample_rate") or 0)
    drop = measured["band_drop_db"]
    if 0 < rate <= TELEPHONE_RATE or (_has_enough(run) and drop > TELEPHONE_DROP_DB):
        yield Finding(
            "telephone",
            N_("This is telephone sound: the file has {rate} Hz, and there is nothing above 4 kHz in it."),
            N_(
                "Use the original if there is one. Models for 16 kHz hear less in such sound; one for telephones hears more."
            ),
            {"rate": rate},
            {"sample_rate": float(rate), "band_drop_db": drop},
        )


def _has_enough(run: Run) -> bool:
    """Return whether there is enough audio to judge its kind."""
    return run.speech_seconds >= ENOUGH_SECONDS


def _channels(run: Run) -> Iterator[Finding]:
    levels = list(run.recording.get("channel_levels") or ())
    silent = [number for number, level in enumerate(levels, 1) if level < SILENT_CHANNEL_DB]
    if len(levels) > 1 and 0 < len(silent) < len(levels) and max(levels) > AUDIBLE_CHANNEL_DB:
        yield Finding(
            "silent_channel",
            N_("Channel {channel} of {channels} is silent; everything is on the others."),
            N_("If somebody spoke there, check the cable, the microphone or the recorder."),
            {"channel": ", ".join(map(str, silent)), "channels": len(levels)},
            {f"channel_{number}_db": level for number, level in enumerate(levels, 1)},
        )


def _percent(share: float) -> float:
    return round(100 * share, 1 if share < 0.1 else None)
