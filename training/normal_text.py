"""What a transcript looks like to the model: Han characters, lower-case English words, nothing else.

Pure. The same rule makes the training targets, the vocabulary and the reference texts of an evaluation.
"""

import re
import unicodedata

_WORD_OR_HAN = re.compile(r"[a-z]+(?:'[a-z]+)*|[\u3400-\u4dbf\u4e00-\u9fff〇]")
_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff〇]")
_DIGIT = re.compile(r"\d")


def normal_text(text: str) -> str:
    """`"Hello 你好, World!"` gives `"hello 你好 world"`: blanks only beside English words."""
    folded = unicodedata.normalize("NFKC", text).lower().replace("’", "'")
    written = ""
    for token in _WORD_OR_HAN.findall(folded):
        glued = is_han(token) and (not written or is_han(written[-1]))
        written += token if glued or not written else f" {token}"
    return written


def token_places(text: str) -> list[tuple[int, int]]:
    """First and one-past-last index in `text` of each token of its normal text."""
    folded = "".join(_folded(c) for c in text)
    return [match.span() for match in _WORD_OR_HAN.finditer(folded)]


def _folded(character: str) -> str:
    """One character for one, so that places stay."""
    folded = unicodedata.normalize("NFKC", character).lower().replace("’", "'")
    return folded if len(folded) == 1 else character


def is_han(character: str) -> bool:
    return bool(_HAN.match(character))


def tokens(text: str) -> list[str]:
    """Han characters one by one and English words whole, of a normal text."""
    return _WORD_OR_HAN.findall(text)


def is_speakable(text: str) -> bool:
    """Digits and scripts other than Han and Latin have no agreed reading; such lines are left out."""
    if _DIGIT.search(text):
        return False
    letters = [c for c in unicodedata.normalize("NFKC", text) if c.isalpha()]
    return bool(letters) and all(is_han(c) or (c.isascii()) for c in letters)
