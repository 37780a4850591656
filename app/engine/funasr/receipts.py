"""How a FunASR model applied the options of one recognition: requested, applied, why. Knows no tensors."""

from __future__ import annotations

from app.domain.hotwords import DEFAULT_WEIGHT, Hotword, unusable
from app.domain.options import RecognitionOptions
from app.domain.reasons import NO_HOTWORDS, NO_WEIGHTS, ONE_SEARCH, PUNCTUATES, WRITES_ITSELF
from app.domain.transcript import Applied
from app.engine.funasr.family import Family
from app.engine.receipts import (
    decoding_line,
    hotword_lines,
    language_line,
    listed,
    punctuation_line,
)


def option_lines(options: RecognitionOptions, family: Family, punctuator: str) -> tuple[Applied, ...]:
    """Return a line for each option, and one for each unusable hotword.

    Args:
        options: of one utterance.
        family: the network family.
        punctuator: name of the punctuator if the family has no punctuation.
    """
    return (
        language_line(options, family.languages),
        _decoding_line(options, family),
        *_hotword_lines(options, family),
        _itn_line(options, family),
        _punctuation_line(options, family, punctuator),
        *(() if "times" in family.abilities else (Applied("times", "on", "off", family.no_times),)),
    )


def _decoding_line(options: RecognitionOptions, family: Family) -> Applied:
    if not family.searches:
        return Applied("decoding", options.quality, "greedy", ONE_SEARCH)
    return decoding_line(options, family.searches[options.quality], can_rescore=False)


def _hotword_lines(options: RecognitionOptions, family: Family) -> tuple[Applied, ...]:
    hotwords = options.hotwords
    if "hotwords" in family.abilities and family.searches:
        return hotword_lines(options, family.unusable(hotwords))
    asked = listed(hotwords)
    if "hotwords" not in family.abilities:
        return (Applied("hotwords", asked, "", NO_HOTWORDS if hotwords else None),)
    unknown = family.unusable(hotwords)
    lost = {word for word, _ in unknown}
    used = listed([Hotword(word.text) for word in hotwords if word not in lost])
    reason = NO_WEIGHTS if any(word.weight != DEFAULT_WEIGHT for word in hotwords) else None
    return (Applied("hotwords", asked, used, reason), *(unusable(*pair) for pair in unknown))


def _itn_line(options: RecognitionOptions, family: Family) -> Applied:
    asked = "on" if options.itn else "off"
    return Applied("itn", asked, asked, WRITES_ITSELF if options.itn and "itn" in family.abilities else None)


def _punctuation_line(options: RecognitionOptions, family: Family, punctuator: str) -> Applied:
    if "punctuation" not in family.abilities or (family.marks_need_itn and not options.itn):
        return punctuation_line(options, punctuator)
    asked = "on" if options.punctuation else "off"
    return Applied("punctuation", asked, "on", None if options.punctuation else PUNCTUATES)
