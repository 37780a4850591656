"""Sentences out of template files: `name = a | b {other}` defines a slot, every other line is a sentence.

The templates (grammar/*.txt) are the built-in model's home ground: times, numbers, meetings, customer service.
"""

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_SLOT = re.compile(r"\{(\w+)\}")
_DEFINITION = re.compile(r"^(\w+)\s*=\s*(.+)$")


@dataclass(frozen=True)
class Grammar:
    sentences: tuple[str, ...]
    slots: dict[str, tuple[str, ...]]

    def sentence(self, random_: random.Random) -> str:
        return self._fill(random_.choice(self.sentences), random_)

    def _fill(self, template: str, random_: random.Random) -> str:
        return _SLOT.sub(lambda slot: self._fill(random_.choice(self.slots[slot[1]]), random_), template)


def read_grammar(path: Path) -> Grammar:
    """Raises ValueError for a slot that is used and never defined."""
    slots: dict[str, tuple[str, ...]] = {}
    sentences: list[str] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        if definition := _DEFINITION.match(line):
            slots[definition[1]] = tuple(choice.strip() for choice in definition[2].split("|"))
        else:
            sentences.append(line.strip())
    _check(path, sentences, slots)
    return Grammar(tuple(sentences), slots)


def _check(path: Path, sentences: list[str], slots: dict[str, tuple[str, ...]]) -> None:
    templates = [*sentences, *(choice for choices in slots.values() for choice in choices)]
    used = {name for template in templates for name in _SLOT.findall(template)}
    if missing := sorted(used - slots.keys()):
        raise ValueError(f"{path}: slots without a definition: {', '.join(missing)}")


def distinct_sentences(grammar: Grammar, count: int, seed: int) -> Iterator[str]:
    """Up to `count` different sentences; fewer when the grammar has no more to say."""
    random_, seen = random.Random(seed), set[str]()
    for _ in range(20 * count):
        if len(seen) == count:
            return
        sentence = grammar.sentence(random_)
        if sentence not in seen:
            seen.add(sentence)
            yield sentence
