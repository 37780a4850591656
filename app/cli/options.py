"""How a text is wanted: the options that `transcribe` and `watch` share, derived from those of every transcription."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

from app.domain.options import DETECTORS, SILERO
from app.domain.transcript import ExportStyle
from app.formats import FORMATS, Format, find_format
from app.services.options import CHOICES, FORM_OPTIONS, SWITCHES, OptionsPatch

Commands = argparse._SubParsersAction  # noqa: SLF001 - argparse has no public name for it

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
        help=f"{', '.join(FORMATS)}; several with commas (txt)",
    )
    for name in OPTIONS:
        add_option(command, name)
    add_style_options(command)


def add_style_options(command: argparse.ArgumentParser) -> None:
    """Let `command` say how subtitles are cut and what channels are called."""
    command.add_argument(
        "--line-length",
        type=int,
        metavar="N",
        help="of subtitles: columns of a line; a Chinese character takes two (42)",
    )
    command.add_argument("--lines", type=int, metavar="N", help="of subtitles: lines of a cue, 1 to 4 (1)")
    command.add_argument(
        "--cue-min",
        type=float,
        metavar="S",
        help="of subtitles: a shorter cue stays so long, or until the next one (0)",
    )
    command.add_argument("--cue-max", type=float, metavar="S", help="of subtitles: longer speech is cut (7)")
    command.add_argument(
        "--channel-names", default="", metavar="NAMES", help="who speaks on the channels, parted by commas"
    )


def add_option(command: argparse.ArgumentParser, name: str) -> None:
    """Let `command` take one option of a transcription."""
    described = OptionsPatch.model_fields[name].description or ""
    told = (described[:1].lower() + described[1:]).replace("`", "").rstrip(".")
    flag = f"--{name.replace('_', '-')}"
    if name in SWITCHES:
        command.add_argument(flag, action=argparse.BooleanOptionalAction, help=told)
    elif name in CHOICES:
        command.add_argument(flag, choices=CHOICES[name], help=told)
    else:
        command.add_argument(flag, metavar=name.upper(), help=told)


def text_request(options: argparse.Namespace) -> TextRequest:
    """Return what `add_text_options` has read.

    Raises:
        UnknownFormat, UnknownLanguage, InvalidParameter
    """
    names = options.format.split(",")
    given = {name: getattr(options, name) for name in OPTIONS if getattr(options, name) is not None}
    style = export_style(options)
    return TextRequest(tuple(find_format(name.strip()).styled(style) for name in names), OptionsPatch.of(**given))


def export_style(options: argparse.Namespace) -> ExportStyle:
    """Return what `add_style_options` has read.

    Raises:
        InvalidParameter
    """
    return ExportStyle.of(
        options.channel_names,
        line_length=options.line_length,
        lines=options.lines,
        cue_min_s=options.cue_min,
        cue_max_s=options.cue_max,
    )


def add_detector_options(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--vad-detector",
        choices=list(DETECTORS),
        help=f"what finds speech: {', '.join(f'{name} {kind.strength}' for name, kind in DETECTORS.items())} ({SILERO})",
    )
    command.add_argument(
        "--vad-threshold",
        type=float,
        metavar="P",
        help="of silero: how likely a moment must be speech, 0 to 1; more leaves out more (0.7)",
    )
    command.add_argument(
        "--vad-mode",
        type=int,
        metavar="N",
        help="of webrtcvad, which it chooses: 0 keeps most sound, 3 drops most (2)",
    )


def add_engine_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("--device", help="auto (CUDA, then MPS, then CPU), cpu, cuda, cuda:N or mps")
    command.add_argument(
        "--allow-device-fallback",
        action="store_true",
        default=None,
        help="compute on the CPU where that device is absent or broken, and say so",
    )
    command.add_argument("--dtype", help="auto, float32, bfloat16, float16 or int8 (auto)")
    command.add_argument("--model", type=Path, metavar="DIR", help="folder of the model (the one in use)")
    command.add_argument("--threads", type=int, help="CPU threads of the inference (physical cores less one)")


def add_folder_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("--data-dir", type=Path, metavar="DIR", help="folder of database and recordings (data)")
    command.add_argument("--log-dir", type=Path, metavar="DIR", help="folder of app.log (logs)")
    command.add_argument("--log-level", help="DEBUG, INFO, WARNING or ERROR (INFO)")
