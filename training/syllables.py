"""Toned syllables of Chinese text, as espeak-ng reads it: the easier target that training adds inside the encoder.

3,500 characters share about 1,200 toned syllables, so a syllable is heard far more often than a character.
"""

from itertools import groupby

from training.espeak import espeak
from training.normal_text import is_han, tokens

_VOICE = "cmn-latn-pinyin"


def syllables(text: str) -> list[str]:
    """One syllable for each Han character, English words as they are.

    A character that espeak-ng reads with more or less than one syllable leaves its whole run as characters.
    """
    spoken: list[str] = []
    for is_chinese, group in groupby(tokens(text), is_han):
        run = list(group)
        spoken.extend(_read("".join(run)) if is_chinese else run)
    return spoken


def _read(characters: str) -> list[str]:
    phonemes = espeak().phonemes(characters, _VOICE).replace("'", "").replace(",", "")
    read = [syllable.strip("_|") for syllable in phonemes.split()]
    read = [syllable for syllable in read if syllable]
    return read if len(read) == len(characters) else list(characters)
