"""How a text is wanted: the options that `transcribe` and `watch` share, derived from those of every transcription."""

from __future__ import annotations

import argparse
from dataclasses import dataclass

from app.formats import Format, find_format
from app.services.options import CHOICES, FORM_OPTIONS, SWITCHES, OptionsPatch

OPTIONS = tuple(name for name in FORM_OPTIONS if name != "model")
"""Which model reads is a setting on the command line: one process, one model."""


@dataclass(frozen=True, slots=True)
class TextRequest:
    """What the person asked for."""

    formats: tuple[Format, ...]
    options: OptionsPatch


def add_text_options(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--format",
        default="txt",
        metavar="FORMAT",
        help="txt, json, srt, vtt, csv or docx; several with commas (txt)",
    )
    for name in OPTIONS:
        add_option(command, name)


def add_option(command: argparse.ArgumentParser, name: str) -> None:
    """Let `command` take one option of a transcription."""
    described = OptionsPatch.model_fields[name].description or ""
    told = (described[:1].lower() + described[1:]).replace("`", "").rstrip(".")
    if name in SWITCHES:
        command.add_argument(f"--{name}", action=argparse.BooleanOptionalAction, help=told)
    elif name in CHOICES:
        command.add_argument(f"--{name}", choices=CHOICES[name], help=told)
    else:
        command.add_argument(f"--{name}", metavar=name.upper(), help=told)


def text_request(options: argparse.Namespace) -> TextRequest:
    """Return what `add_text_options` has read.

    Raises:
        UnknownFormat, UnknownLanguage, InvalidParameter
    """
    names = options.format.split(",")
    given = {name: getattr(options, name) for name in OPTIONS if getattr(options, name) is not None}
    return TextRequest(tuple(find_format(name.strip()) for name in names), OptionsPatch.of(**given))
