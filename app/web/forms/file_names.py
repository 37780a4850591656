"""Untrusted file names, made safe to display, store and send as a download.

A display name is never used as a path.
"""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import quote

LONGEST_NAME = 255  # characters; what file systems allow
LONGEST_STEM_BYTES = 200  # of a download's name, leaving room for the extension
NAMELESS = "recording"

# These can make `exe.mp3` look like `3pm.exe`.
_BIDI_CONTROLS = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_FORBIDDEN_IN_FILES = re.compile(r'[\\/:*?"<>|]')
_SUFFIX = re.compile(r"\.[A-Za-z0-9]{1,8}$")


def display_name(sent: str) -> str:
    """Return the display name of an upload: the last part of the sent name, cleaned.

    `../../etc/passwd` gives `passwd`, a name of only dots gives `recording`.
    """
    last_part = re.split(r"[\\/]", sent)[-1]
    name = clean_name(last_part)
    return name if name.strip(". ") else NAMELESS


def clean_path(sent: str) -> str:
    """Return a name including the folders it was selected from: for display, never opened.

    `../calls/./north/a.wav` gives `calls/north/a.wav`.
    """
    parts = [clean_name(part) for part in re.split(r"[\\/]", sent)]
    return "/".join(part for part in parts if part.strip(". ")) or NAMELESS


def clean_name(name: str) -> str:
    """Return `name` in NFC on one line of at most LONGEST_NAME characters, keeping the extension."""
    composed = unicodedata.normalize("NFC", _BIDI_CONTROLS.sub("", name))
    printable = "".join(" " if _is_control(character) else character for character in composed)
    return _shortened(" ".join(printable.split()))


def stem(name: str) -> str:
    """Return `name` without its extension (`会议 (1).MP3` gives `会议 (1)`)."""
    return _SUFFIX.sub("", name) or name


def export_name(name: str, suffix: str) -> str:
    """Return the file name of an export of the recording `name`."""
    cut = stem(name).encode()[:LONGEST_STEM_BYTES].decode(errors="ignore")
    return f"{cut}.{suffix}"


def content_disposition(kind: str, name: str) -> str:
    """Return the header that names a download (RFC 6266), with the UTF-8 form of RFC 5987 beside an ASCII one."""
    safe = _FORBIDDEN_IN_FILES.sub("_", clean_name(name))  # a name from a disk may hold line breaks
    plain = "".join(character if character.isascii() else "_" for character in safe)
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(safe, safe='')}"


def _is_control(character: str) -> bool:
    """Return whether this is a control character, line separator or lone surrogate."""
    return unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"}


def _shortened(name: str) -> str:
    if len(name) <= LONGEST_NAME:
        return name
    match = _SUFFIX.search(name)
    ending = match[0] if match else ""
    return name[: LONGEST_NAME - len(ending)] + ending
