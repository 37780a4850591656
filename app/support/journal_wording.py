"""Converts journal entries to sentences that another person can follow."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import pairwise

from app.domain.errors.base import N_
from app.i18n import Translate
from app.support.journal import Entry

MOST_STEPS = 60
REFUSED = 400  # the first error status


def tell_actions(entries: Sequence[Entry], requests: Collection[str], translate: Translate) -> list[str]:
    """Return one sentence per action, from the page on which a job was requested to the end.

    Args:
        entries: of one browser, in order.
        requests: ids of requests related to the job; if none is found, the latest entries are used.
        translate: into the user's language.
    """
    told = [
        sentence for entry in _last_changes(_around(entries, requests)) if (sentence := _sentence(entry, translate))
    ]
    return told[-MOST_STEPS:]


def _around(entries: Sequence[Entry], requests: Collection[str]) -> Sequence[Entry]:
    """Return the entries from the opening of the page that made the first of `requests`."""
    made = next((place for place, entry in enumerate(entries) if entry.request in requests), None)
    if made is None:
        return entries
    opened = [place for place, entry in enumerate(entries[:made]) if entry.kind == "page"]
    return entries[opened[-1] if opened else 0 :]


def _last_changes(entries: Sequence[Entry]) -> Iterator[Entry]:
    """Drop changes superseded by the next one: a moving slider, a text being typed."""
    for entry, following in pairwise((*entries, None)):
        is_repeated = (
            entry is not None
            and following is not None
            and entry.kind in ("change", "type")
            and (entry.kind, entry.page, entry.control) == (following.kind, following.page, following.control)
        )
        if entry is not None and not is_repeated:
            yield entry


def _sentence(entry: Entry, translate: Translate) -> str:
    values = {"page": entry.page, "control": entry.control, "value": entry.value, "status": entry.status}
    values["request"] = entry.request or "-"
    if entry.kind == "request":
        if 0 < entry.status < REFUSED:
            return ""  # automatic and successful requests are not steps
        text = (
            N_("The server answered {control} with status {status} (request {request}).")
            if entry.status
            else N_("The request {control} did not reach the server.")
        )
        return translate(text).format_map(values)
    text = SENTENCES.get(entry.kind, "")
    return translate(text).format_map(values) if text else ""


SENTENCES = {
    "page": N_("Open the page {page}."),
    "press": N_("Press “{control}”."),
    "change": N_("Set “{control}” to {value}."),
    "type": N_("Type into “{control}” ({value} characters)."),
    "files": N_("Choose files: {value}."),
    "key": N_("Press the keys {value}."),
    "error": N_("The browser reported: {value}"),
}
