"""faster-whisper folders: required files, and the languages of the vocabulary. Imports nothing heavy."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from app.domain.errors.base import N_
from app.domain.errors.models import ModelFileMissing, ModelFileUnreadable
from app.domain.languages import NATIVE_NAMES, TRADITIONAL
from app.engine.catalog.whisper_weights import WEIGHTS_FILE

CONFIG_FILE = "config.json"
TOKENIZER_FILE = "tokenizer.json"
VOCABULARY_FILES = ("vocabulary.txt", "vocabulary.json")
LARGEST_JSON_BYTES = 64 * 2**20  # the largest real one has 2.5 MB
OF_WHISPER = ("alignment_heads", "lang_ids", "suppress_ids", "suppress_ids_begin")
"""Keys of which a configuration of CTranslate2's Whisper has at least one."""
LANGUAGE_TOKEN = re.compile(r"<\|([a-z]{2,3})\|>")
SILENCE = "silence_seconds"
"""Our own configuration key; CTranslate2 ignores it."""
MOST_SILENCE_SECONDS = 30
NO_JSON = N_("it is no JSON")
NO_SILENCE = N_("its silence_seconds are no number between 0 and 30")


def is_whisper(folder: Path) -> bool:
    """Return whether this looks like a faster-whisper folder; CTranslate2's translators have no such configuration."""
    if not (folder / CONFIG_FILE).is_file() or (folder / "config.yaml").is_file():
        return False
    try:
        config = read_json(folder / CONFIG_FILE)
    except ModelFileUnreadable:
        return (folder / WEIGHTS_FILE).is_file()
    return any(key in config for key in OF_WHISPER)


def require_files(folder: Path) -> None:
    """Check that every file exists.

    Raises:
        ModelFileMissing, ModelFileUnreadable
    """
    for name in (WEIGHTS_FILE, CONFIG_FILE, TOKENIZER_FILE):
        if not (folder / name).is_file():
            raise ModelFileMissing(folder=str(folder), file=name)
    if not any((folder / name).is_file() for name in VOCABULARY_FILES):
        raise ModelFileMissing(folder=str(folder), file=VOCABULARY_FILES[0])


def languages_of(folder: Path) -> tuple[str, ...]:
    """Return the languages of its vocabulary, `zh` also in traditional characters; only `en` for an English model.

    Raises:
        ModelFileUnreadable: tokenizer.json is invalid.
    """
    file = folder / TOKENIZER_FILE
    return _languages_in(file, file.stat().st_mtime_ns)


@lru_cache(maxsize=32)
def _languages_in(file: Path, _changed: int) -> tuple[str, ...]:
    added = read_json(file).get("added_tokens")
    if not isinstance(added, list):
        raise ModelFileUnreadable(file=str(file), reason=N_("it lists no special tokens"))
    found = [LANGUAGE_TOKEN.fullmatch(str(token.get("content"))) for token in added if isinstance(token, dict)]
    codes = {match[1] for match in found if match}
    if "zh" in codes:
        codes.add(TRADITIONAL)
    return tuple(code for code in NATIVE_NAMES if code in codes) or ("en",)


def silence_of(folder: Path, usual: float) -> float:
    """Return the seconds of silence the network needs after a piece: `usual` unless the folder specifies it.

    Raises:
        ModelFileUnreadable: the value is not a number of seconds.
    """
    named = read_json(folder / CONFIG_FILE).get(SILENCE)
    if named is None:
        return usual
    if isinstance(named, bool) or not isinstance(named, int | float) or not 0 <= named <= MOST_SILENCE_SECONDS:
        raise ModelFileUnreadable(file=str(folder / CONFIG_FILE), reason=NO_SILENCE)
    return float(named)


def read_json(file: Path) -> Mapping[str, Any]:
    """Return the JSON object in a file.

    Raises:
        ModelFileUnreadable
    """
    try:
        if file.stat().st_size > LARGEST_JSON_BYTES:
            raise ModelFileUnreadable(file=str(file), reason=N_("it is far too large for a configuration"))
        content = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ModelFileUnreadable(file=str(file), reason=error.strerror or str(error)) from error
    except (ValueError, RecursionError) as error:
        raise ModelFileUnreadable(file=str(file), reason=NO_JSON) from error
    if not isinstance(content, dict):
        raise ModelFileUnreadable(file=str(file), reason=N_("it is not a table of keys and values"))
    return content
