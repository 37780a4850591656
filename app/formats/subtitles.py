"""Subtitles: SubRip (.srt) and WebVTT (.vtt)."""

from __future__ import annotations

from app.domain.transcript import Transcript
from app.formats.cues import Cue, cues


def render_srt(transcript: Transcript) -> str:
    return "\n".join(
        f"{number}\n{timestamp(cue.start, ',')} --> {timestamp(cue.end, ',')}\n{_with_name(cue)}\n"
        for number, cue in enumerate(cues(transcript), start=1)
    )


def render_vtt(transcript: Transcript) -> str:
    written = "".join(
        f"\n{timestamp(cue.start, '.')} --> {timestamp(cue.end, '.')}\n{_with_voice(cue)}\n" for cue in cues(transcript)
    )
    return f"WEBVTT\n{written}"


def timestamp(seconds: float, separator: str) -> str:
    """Write seconds as HH:MM:SS and milliseconds after `separator`.

    >>> timestamp(3661.0015, ",")
    '01:01:01,002'
    """
    milliseconds = round(seconds * 1000)
    whole, milliseconds = divmod(milliseconds, 1000)
    minutes, second = divmod(whole, 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours:02d}:{minute:02d}:{second:02d}{separator}{milliseconds:03d}"


def _with_name(cue: Cue) -> str:
    return f"{cue.voice}: {cue.text}" if cue.voice else cue.text


def _with_voice(cue: Cue) -> str:
    """Name the speaker as players expect it: <v Name>."""
    text = _escaped(cue.text)
    return f"<v {_escaped(cue.voice)}>{text}" if cue.voice else text


def _escaped(text: str) -> str:
    """Escape the characters that WebVTT reads as markup."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
