"""Finds the terms in a prompt: the text that Whisper's programs send along to show it how names are written.

A prompt may be a list of names, an earlier text, or a sentence that asks for a style. As hotwords only names and terms
help; the words of a sentence would be heard where nobody said them. So taken are

- the items of a list: short phrases between commas, semicolons or line breaks, after a heading with a colon if any;
- what stands in quotation marks or in 《》;
- single words with capitals or digits inside: iPhone, GPT-4, OAuth, ZyntriQix.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain

from app.domain.transcript import is_wide

MOST_TERMS = 100
LONGEST_PROMPT = 20_000  # characters; Whisper itself reads 224 tokens
LONGEST_TERM = 60  # characters
LONGEST_LIST_WORDS = 4  # of an item that has a capital or a digit; without, two
LONGEST_LIST_CHARACTERS = 8  # of a Chinese item

_ITEMS = re.compile(r"[,;，；、\n\t|]+")
_SENTENCE_END = re.compile(r"[.!?](?=\s|$)|[。！？…]")
_HEADING = re.compile(r"^[^:：,，、;；]{1,40}[:：]\s*")
_QUOTED = re.compile(r"[《「『“\"]([^《》「」『』“”\"\n]{2,40})[》」』”\"]")
_INNER_CAPITAL = re.compile(r"\b(?=\w*[a-z])(?=\w*[A-Z])\w+[A-Z]\w*\b|\b[A-Z]{2,}[a-z]*\b", re.ASCII)
_LETTERS_AND_DIGITS = re.compile(r"\b(?=[\w-]*[A-Za-z])(?=[\w-]*\d)[\w-]{2,}\b", re.ASCII)
_CHINESE_SENTENCE = re.compile(r"[的了是在我你他她们这那吗呢吧啊请和就都也很]")


def terms_of(prompt: str) -> tuple[str, ...]:
    """Return the names and terms in a prompt, in order and each once.

    >>> terms_of("Glossary: ZyntriQix, Digique Plus, 声学模型")
    ('ZyntriQix', 'Digique Plus', '声学模型')
    >>> terms_of("以下是普通话的句子。")
    ()
    """
    terms: list[str] = []
    read = prompt[:LONGEST_PROMPT]
    for term in (" ".join(found.split()) for found in chain(_listed(read), _marked(read))):
        if term and len(term) <= LONGEST_TERM and not any(term in longer for longer in terms):
            terms.append(term)
        if len(terms) == MOST_TERMS:
            break
    return tuple(terms)


def _listed(prompt: str) -> Iterator[str]:
    """Yield the items of each part of the prompt that is a list from beginning to end."""
    for part in filter(None, map(str.strip, _SENTENCE_END.split(prompt))):
        items = [item for item in map(str.strip, _ITEMS.split(_HEADING.sub("", part))) if item]
        has_heading = _HEADING.match(part) is not None
        if (len(items) > 1 or has_heading) and all(map(_is_item, items)):
            yield from items


def _is_item(text: str) -> bool:
    if any(map(is_wide, text)):
        return len(text) <= LONGEST_LIST_CHARACTERS and not _CHINESE_SENTENCE.search(text)
    words = text.split()
    is_named = words[0][0].isupper() or any(map(str.isdigit, text))
    return len(words) <= (LONGEST_LIST_WORDS if is_named else 2)


def _marked(prompt: str) -> Iterator[str]:
    yield from _QUOTED.findall(prompt)
    yield from (found[0] for found in _LETTERS_AND_DIGITS.finditer(prompt))
    yield from (found[0] for found in _INNER_CAPITAL.finditer(prompt))
