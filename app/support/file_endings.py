"""The endings of file names that say nothing about a person."""

from __future__ import annotations

ENDINGS = frozenset(
    {
        *(
            "3gp",
            "aac",
            "ac3",
            "aif",
            "aifc",
            "aiff",
            "amr",
            "ape",
            "asf",
            "au",
            "avi",
            "caf",
            "dss",
            "ds2",
            "dts",
            "flac",
        ),
        *("flv", "gsm", "m2ts", "m4a", "m4b", "m4v", "mka", "mkv", "mov", "mp2", "mp3", "mp4", "mpeg", "mpg", "mpga"),
        *(
            "mts",
            "mxf",
            "oga",
            "ogg",
            "ogv",
            "opus",
            "pcm",
            "ra",
            "raw",
            "rm",
            "rmvb",
            "snd",
            "sph",
            "spx",
            "silk",
            "slk",
        ),
        *(
            "ts",
            "tta",
            "txt",
            "vob",
            "voc",
            "vox",
            "w64",
            "wav",
            "weba",
            "webm",
            "wma",
            "wmv",
            "wv",
            "zip",
            "json",
            "srt",
        ),
    }
)
"""Of files that people send; anything else after the last dot may be part of a name."""


def ending_of(name: str) -> str:
    """Return the ending of a file name with its dot, if it is one of a kind of file."""
    stem, _, ending = name.rpartition(".")
    return f".{ending.lower()}" if stem and ending.lower() in ENDINGS else ""
