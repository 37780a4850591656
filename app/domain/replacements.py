"""Rules of replacement: `wrong => right`, applied to what was written; the model's own text stays as it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import regex

from app.domain.errors.base import N_
from app.domain.errors.requests import InvalidParameter

PLAIN, WORD, REGEX, SOUND = "plain", "word", "regex", "sound"
KINDS = (PLAIN, WORD, REGEX, SOUND)
ARROW = "=>"
LONGEST = 200  # characters of either side
MOST_RULES = 500
REWRITING = frozenset(("replacement", "remove_fillers"))
"""Lines of a receipt that tell of the wanted, and hold what people wrote."""
LONGEST_RULES = 100_000  # characters of their text
HAN = r"\p{Han}"
_LINE = regex.compile(
    rf"(?:(?P<kind>{WORD}|{REGEX}|{SOUND})\s*[:：]\s*)?(?P<wrong>.*?\S)\s*(?:=>|＝＞|⇒|→)\s*(?P<right>.*)"
)


@dataclass(frozen=True, slots=True)
class ReplacementRule:
    """What stands there wrongly, and what is to stand there.

    Raises:
        InvalidParameter: it cannot be applied.
    """

    wrong: str
    right: str
    kind: str = PLAIN
    """One of KINDS: the characters as they are, a whole word in any case, a regular expression, or whatever is
    pronounced like these Chinese characters."""

    def __str__(self) -> str:
        """Return its text form, a line of its own."""
        return f"{'' if self.kind == PLAIN else f'{self.kind}: '}{self.wrong} {ARROW} {self.right}".rstrip()

    def __post_init__(self) -> None:
        _require(self.kind in KINDS, N_("a rule is of an unknown kind"))
        _require(bool(self.wrong.strip()), N_("a rule replaces nothing"))
        _require(max(len(self.wrong), len(self.right)) <= LONGEST, N_("a rule is longer than 200 characters"))
        _require(not regex.search(r"\p{Cs}|[\r\n]", self.wrong + self.right), N_("a rule holds no proper text"))
        if self.kind == SOUND:
            is_chinese = regex.fullmatch(f"{HAN}+", self.wrong) is not None
            _require(is_chinese, N_("a rule by sound holds something else than Chinese characters"))
        if self.kind == REGEX:
            _require(_is_usable(self.wrong, self.right), N_("a rule is no regular expression"))


def _require(holds: bool, reason: str) -> None:
    if not holds:
        raise InvalidParameter(name="replacements", reason=reason)


def _is_usable(wrong: str, right: str) -> bool:
    try:
        pattern = regex.compile(wrong)
        regex.compile(f"(?:{wrong})|").sub(right, "", count=1)
    except (regex.error, IndexError, RecursionError):
        return False
    return pattern.fullmatch("", timeout=1.0) is None  # else it would be found between any two characters


def parse_rules(text: str) -> tuple[ReplacementRule, ...]:
    """Parse rules from text, one on each line: `wrong => right`, before it `word:`, `regex:` or `sound:`; # is a comment.

    Raises:
        InvalidParameter: a line is no rule, or there are too many.
    """
    lines = (line.strip() for line in text.splitlines())
    return checked_rules(_parsed(line) for line in lines if line and not line.startswith("#"))


def checked_text(text: str) -> str:
    """Return a text of rules.

    Raises:
        ValueError: a line is no rule, or there are too many.
    """
    try:
        parse_rules(text)
    except InvalidParameter as error:
        raise ValueError(str(error.params["reason"])) from error
    return text


def listed_rules(items: Iterable[str | Mapping[str, Any]]) -> tuple[ReplacementRule, ...]:
    """Read the items of a JSON list: a text is a line, an object has `wrong`, `right` and perhaps `kind`.

    Raises:
        InvalidParameter: an item is neither, or there are too many.
    """
    return checked_rules(_parsed(item) if isinstance(item, str) else _of_object(item) for item in items)


def checked_rules(rules: Iterable[ReplacementRule]) -> tuple[ReplacementRule, ...]:
    """Return each rule once.

    Raises:
        InvalidParameter: there are too many.
    """
    found = tuple(dict.fromkeys(rules))
    _require(len(found) <= MOST_RULES, N_("there are more than 500 rules"))
    return found


def stored_rules(items: Iterable[Mapping[str, Any]]) -> tuple[ReplacementRule, ...]:
    """Read rules from a row or a support case."""
    return tuple(ReplacementRule(**item) for item in items)


def _parsed(line: str) -> ReplacementRule:
    found = _LINE.fullmatch(line.strip())
    _require(found is not None, N_("a line has no “wrong => right”"))
    assert found  # noqa: S101 - for mypy
    return ReplacementRule(found["wrong"], found["right"], found["kind"] or PLAIN)


def _of_object(item: Mapping[str, Any]) -> ReplacementRule:
    is_rule = set(item) <= {"wrong", "right", "kind"} and all(isinstance(value, str) for value in item.values())
    _require(is_rule and "wrong" in item, N_("it is neither a text nor an object of wrong, right and kind"))
    return ReplacementRule(item["wrong"], item.get("right", ""), item.get("kind", PLAIN))
