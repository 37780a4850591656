"""Decides from the words of a clause whether it may end or begin there, and whether it is a question. No timing.

When in doubt, a rule does nothing: a wrong comma or question mark is worse than none.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from app.domain.transcript import is_wide


def _listed(words: str) -> frozenset[str]:
    return frozenset(words.split())


_NUMERALS = frozenset("0123456789零〇一二三四五六七八九十百千万亿两幺")
_NUMBERS = _listed(
    "zero oh one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen"
    " seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred thousand million"
    " billion point"
)
_ENDS_NO_SENTENCE = frozenset("在和与跟把被从向往为以及或而且但因所如很太最更第这那每各") | _listed(
    "a an the of to in on at for from with by and or but as than if which my your our their its very be been has"
    " have had does did will would can could should may must mr mrs ms dr"
)
_ENDS_NO_CLAUSE = _ENDS_NO_SENTENCE.union("的地得给对是有不没") | _listed(
    "that this these those his her i we he she they am is are was were do not no"
)
_BEGINS_NO_CLAUSE = frozenset("的了着过吗呢吧啊们个年月日号点分秒块元岁")
_WHOLE_CLAUSES = frozenset("好对嗯行") | _listed("yes no ok okay hello hi well thanks")

_CHINESE_QUESTION = re.compile(
    r"吗$|[^什这那怎要多]么$|(?:好不好|对不对|行不行|是不是|能不能|可不可以|怎么样)$"
    r"|(?:谁|什么|哪|几|多少|怎么).*呢$|^.{1,3}(?<![没着还在才])呢$"
)
_ASKING = _listed("what who whom whose where when why how which")
_MEASURED = _listed("many much long far often old big soon")  # after how
_AUXILIARIES = _listed(
    "is are was were am do does did can could will would shall should may might must have has had isn't aren't"
    " wasn't weren't don't doesn't didn't can't couldn't won't wouldn't shouldn't haven't hasn't"
)
_PERSONS = _listed("i you he she we they anyone anybody someone everyone there")
_THINGS = _listed("it this that these those the my your his her our their")
_OF_COMMANDS = _listed("do don't have had may might")  # "do it now", "have the report ready"
_CONTRACTED = re.compile(r"(?:what|who|where|when|why|how)(?:'s|'re|'d|'ll)")


def may_end_clause(word: str) -> bool:
    """Return whether a comma may follow: not inside a number, nor after a word that needs a continuation."""
    return _last(word) not in _ENDS_NO_CLAUSE and not ends_with_number(word)


def may_end_sentence(word: str) -> bool:
    return _last(word) not in _ENDS_NO_SENTENCE


def may_begin_clause(word: str) -> bool:
    first = word[0] if is_wide(word[0]) else word.lower()
    return first not in _BEGINS_NO_CLAUSE and (is_wide(word[0]) or not begins_with_number(word))


def is_whole_clause(word: str) -> bool:
    """Return whether a word can be a clause by itself: yes, OK, 好."""
    return word.lower() in _WHOLE_CLAUSES


def ends_with_number(word: str) -> bool:
    return word[-1] in _NUMERALS or word.lower() in _NUMBERS


def begins_with_number(word: str) -> bool:
    return word[0] in _NUMERALS or word.lower() in _NUMBERS


def is_chinese_question(clause: str) -> bool:
    """Return whether a clause ends like a question; 什么, 这么 and 怎么 end statements as often."""
    return bool(_CHINESE_QUESTION.search(clause))


def is_english_question(words: Sequence[str]) -> bool:
    """Return whether a clause begins like a question: "could you ...", "what is ...", "how many ..."."""
    first, second = (*(word.lower() for word in words[:2]), "", "")[:2]
    if _CONTRACTED.fullmatch(first):
        return bool(second)
    if first in _ASKING:
        return second in _AUXILIARIES or (first == "how" and second in _MEASURED)
    if first not in _AUXILIARIES:
        return False
    return second in _PERSONS or (second in _THINGS and first not in _OF_COMMANDS)


def _last(word: str) -> str:
    """Return the last unit as the lists spell it: one Chinese character, or a whole Latin word."""
    return word[-1] if is_wide(word[-1]) else word.lower()
