"""Whisper's tokens: special ones that control it, and the text of the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.domain.errors.base import N_
from app.domain.errors.models import ModelFileMissing, ModelFileUnreadable, ModelWeightsMismatch
from app.domain.languages import NATIVE_NAMES
from app.engine.catalog.whisper_folder import LANGUAGE_TOKEN, TOKENIZER_FILE, VOCABULARY_FILES

START, END = "<|startoftranscript|>", "<|endoftext|>"
TRANSCRIBE, NO_TIMESTAMPS = "<|transcribe|>", "<|notimestamps|>"
BEFORE = "<|startofprev|>"
TIMESTAMPS = 1501  # 0 to 30 s, every 20 ms, after all other tokens
BROKEN = "\ufffd"  # how incomplete characters are decoded
LONGEST_CHARACTER = 6  # maximum tokens per character


@dataclass(frozen=True, slots=True)
class Piece:
    """Tokens that spell whole characters."""

    text: str
    first: int
    end: int
    """One past the last; both count the tokens of the text."""


class Vocabulary:
    """The tokens of one model."""

    def __init__(self, folder: Path, size: int) -> None:
        """Read the vocabulary.

        Args:
            folder: of the model.
            size: of the network's output.

        Raises:
            ModelFileUnreadable: tokenizer.json is invalid, or not Whisper's.
            ModelWeightsMismatch: it belongs to another network.
        """
        self._tokenizer = _load(folder / TOKENIZER_FILE)
        self._file = folder / TOKENIZER_FILE
        self.start = self._required(START)
        self.end = self._required(END)
        self.no_timestamps = self._required(NO_TIMESTAMPS)
        self.before = self._tokenizer.token_to_id(BEFORE)
        self._transcribe = self._tokenizer.token_to_id(TRANSCRIBE)
        self._languages = {
            code: id
            for code in NATIVE_NAMES
            if LANGUAGE_TOKEN.fullmatch(f"<|{code}|>")
            and (id := self._tokenizer.token_to_id(f"<|{code}|>")) is not None
        }
        needed = self.no_timestamps + 1 + TIMESTAMPS
        listed = _listed(folder)
        if size != needed or listed not in (None, size):
            reason = f"{TOKENIZER_FILE}: {needed}, vocabulary: {listed}, model: {size}"
            raise ModelWeightsMismatch(file=str(self._file), reason=reason)

    def prompt(self, language: str, before: Sequence[int] = ()) -> list[int]:
        """Return the prompt for transcription in a language; an English-only model has no languages and tasks.

        Args:
            language: one that the model knows.
            before: tokens of preceding text.
        """
        asked = [self.start]
        if self._transcribe is not None and language in self._languages:
            asked += [self._languages[language], self._transcribe]
        context = [self.before, *before] if before and self.before is not None else []
        return [*context, *asked, self.no_timestamps]

    def encode(self, text: str) -> list[int]:
        return list(self._tokenizer.encode(f" {text}", add_special_tokens=False).ids)

    def text_tokens(self, tokens: Sequence[int]) -> list[int]:
        """Drop tokens without text."""
        return [token for token in tokens if token < self.end]

    def pieces(self, tokens: Sequence[int]) -> list[Piece]:
        """Return the text of the tokens; those that share a character are grouped."""
        pieces: list[Piece] = []
        first = 0
        for end in range(1, len(tokens) + 1):
            text = self._tokenizer.decode(list(tokens[first:end]), skip_special_tokens=True)
            if text.endswith(BROKEN) and end - first < LONGEST_CHARACTER and end < len(tokens):
                continue
            pieces.append(Piece(text.replace(BROKEN, ""), first, end))
            first = end
        return pieces

    def _required(self, token: str) -> int:
        id = self._tokenizer.token_to_id(token)
        if id is None:
            raise ModelFileUnreadable(file=str(self._file), reason=N_("it is no vocabulary of Whisper"))
        return int(id)


def _load(file: Path) -> Any:
    from tokenizers import Tokenizer

    try:
        return Tokenizer.from_file(str(file))
    except Exception as error:  # its Rust raises nothing more precise
        if not file.is_file():
            raise ModelFileMissing(folder=str(file.parent), file=file.name) from error
        raise ModelFileUnreadable(file=str(file), reason=N_("it is no vocabulary of Whisper")) from error


def _listed(folder: Path) -> int | None:
    """Return the size of CTranslate2's own vocabulary."""
    text, table = (folder / name for name in VOCABULARY_FILES)
    if text.is_file():
        return len(text.read_bytes().rstrip(b"\n").split(b"\n"))
    if table.is_file():
        return _count_in(table)
    return None


def _count_in(file: Path) -> int:
    import json

    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelFileUnreadable(file=str(file), reason=N_("it is no JSON")) from error
    return len(content) if isinstance(content, list | dict) else 0
