"""Converts intervals without text to REST API responses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.domain.errors.base import N_
from app.services.missing_text import Missing, Why
from app.web.answers.transcriptions import problem_answer
from app.web.schemas.vad import MissingList, MissingRule, MissingStretch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.i18n import Translate

TITLES = {
    Why.TOO_QUIET: N_("Too quiet"),
    Why.NOT_SPEECH: N_("Sound without speech"),
    Why.TOO_SHORT: N_("Speech too short"),
    Why.OTHER_SETTINGS: N_("Cut with other settings"),
    Why.NO_SPEECH: N_("No speech on second look"),
    Why.UNSURE: N_("Text withheld: too unsure"),
    Why.NOTHING_HEARD: N_("No word recognised"),
    Why.FAILED: N_("Recognition failed"),
    Why.PENDING: N_("Not read yet"),
}
ADVICE = {
    Why.TOO_QUIET: N_("Mostly below -60 dBFS: silence, or a voice too far away to be understood."),
    Why.NOT_SPEECH: N_(
        "The speech detection heard sound but no voice. If somebody speaks here, lower the threshold (of webrtcvad: the mode)."
    ),
    Why.TOO_SHORT: N_(
        "Less speech than the minimum, or too briefly to be told from music. If it is a word, lower the minimum speech."
    ),
    Why.OTHER_SETTINGS: N_("It was left out while recording; reading the recording again finds it."),
    Why.NO_SPEECH: N_("The larger speech model heard music or noise, so nothing was written."),
    Why.UNSURE: N_("The model was below its confidence floor: often noise, music or another language."),
    Why.NOTHING_HEARD: N_("The model heard the stretch and returned no word: laughter, breath or noise."),
    Why.FAILED: N_("The reason stands beside the stretch; trying again reads only such stretches."),
    Why.PENDING: N_("It will be read when its turn comes, or when the job is retried."),
}


def missing_answer(
    found: Sequence[Missing], rules: Sequence[Why] | None, offset: int, limit: int, translate: Translate
) -> MissingList:
    """Return one page of the intervals, and the totals per reason."""
    wanted = [each for each in found if not rules or each.why in rules]
    return MissingList(
        state="ready",
        total=len(wanted),
        offset=offset,
        rules=[_rule(why, found, translate) for why in Why if any(each.why is why for each in found)],
        items=[_stretch(each, translate) for each in wanted[offset : offset + limit]],
    )


def _rule(why: Why, found: Sequence[Missing], translate: Translate) -> MissingRule:
    lengths = [each.seconds for each in found if each.why is why]
    return MissingRule(
        rule=why,
        title=translate(TITLES[why]),
        advice=translate(ADVICE[why]),
        count=len(lengths),
        seconds=round(sum(lengths), 3),
    )


def _stretch(each: Missing, translate: Translate) -> MissingStretch:
    return MissingStretch(
        start=round(each.start, 3),
        end=round(each.end, 3),
        duration=round(each.seconds, 3),
        rule=each.why,
        error=problem_answer(each.error, translate),
    )
