"""Tries torchaudio together with torch: `python -m app.engine.computing.torchaudio_probe` prints JSON.

Version numbers do not tell whether they match: builds for different CUDA versions often work together, and equal ones
may crash. So the function the engine uses is run once, in a separate process, because a mismatch may crash it.
"""

from __future__ import annotations

import json
import sys

from app.engine.tokens.alignment import load_torchaudio_search


def main() -> None:
    json.dump({"reason": why_unusable()}, sys.stdout)


def why_unusable() -> str:
    """Return why torchaudio does not work with this torch; empty if it does."""
    try:
        load_torchaudio_search()
    except Exception as error:  # noqa: BLE001 - a library made for another torch fails in many ways
        return str(error).splitlines()[0] if str(error) else type(error).__name__
    return ""


if __name__ == "__main__":
    main()
