"""The Dockerfile as a list of instructions, and those that can be run without a container engine."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import REPOSITORY


@dataclass(frozen=True)
class Instruction:
    """One instruction with the name of the stage that it stands in."""

    stage: str
    name: str
    text: str


def instructions() -> list[Instruction]:
    lines = [
        line
        for line in (REPOSITORY / "Dockerfile").read_text(encoding="utf-8").splitlines()
        if line.strip() and not line.lstrip().startswith("#")
    ]
    found, stage = [], ""
    for line in "\n".join(lines).replace("\\\n", " ").splitlines():
        name, _, text = line.strip().partition(" ")
        if name == "FROM":
            stage = text.rpartition(" AS ")[2]
        found.append(Instruction(stage, name, " ".join(text.split())))
    return found


def only(stage: str, name: str, part: str = "") -> str:
    """Return the text of the one instruction of this name in a stage, and with this part."""
    in_stage = [each.text for each in instructions() if (each.stage, each.name) == (stage, name)]
    [found] = [text for text in in_stage if part in text]
    return found


def run_step(part: str) -> str:
    """Return the one RUN instruction with this part."""
    found = {each.text for each in instructions() if each.name == "RUN" and part in each.text}
    [step] = found
    return step


def variables() -> dict[str, str]:
    """Return what ENV says in the stage that both images are made from."""
    return dict(pair.split("=", 1) for pair in only("runtime", "ENV").split())


def copied() -> list[str]:
    """Return the paths that COPY takes from the build context."""
    taken = [each.text.split()[:-1] for each in instructions() if each.name == "COPY"]
    return [path.rstrip("/") for paths in taken for path in paths if not paths[0].startswith("--from")]


def build_context(target: Path) -> None:
    """Copy what the paths of COPY name, as far as .dockerignore lets it through."""
    rules = (REPOSITORY / ".dockerignore").read_text(encoding="utf-8").split("\n")
    let_through = [rule[1:] for rule in rules if rule.startswith("!")]
    left_out = [rule.removeprefix("**/") for rule in rules if rule.startswith("**/")]
    for path in copied():
        if not any(path == rule or path.startswith(f"{rule}/") for rule in let_through):
            continue
        source, place = REPOSITORY / path, target / path
        place.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, place, ignore=shutil.ignore_patterns(*left_out), dirs_exist_ok=True)
        elif source.exists():
            shutil.copy(source, place)


def carry_out(step: str, places: Mapping[str, Path], programs: Path) -> None:
    """Run a step's command line with other places for the image's folders, and `programs` before all others."""
    for inside, outside in places.items():
        step = re.sub(rf"(?<![\w./]){inside}(?=/|\s|$)", f"'{outside}'", step)
    environment = os.environ | {"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}
    subprocess.run(["/bin/sh", "-ec", step], cwd=places["/build"], env=environment, check=True)


def command(text: str) -> Sequence[str]:
    """Return the words of the exec form, the only one that hands signals on."""
    words = json.loads(text[text.index("[") :])
    assert isinstance(words, list)
    return words
