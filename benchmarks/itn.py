"""How often the inverse text normalisation gives back the digits of written text: `python -m benchmarks.itn`.

Reads two files, line for line the same sentences: one with digits, one with the digits spelled out (.xz is
unpacked). Only lines that differ are counted. The first figure is what came back exactly as its source has it;
sources write small numbers now in words and now in digits, so the second figure counts the lines that name the same
numbers in the same places, however they were written.
"""

from __future__ import annotations

import argparse
import lzma
import random
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from app.engine.text.itn import normalise


def _lines(path: Path) -> list[str]:
    data = path.read_bytes()
    return (lzma.decompress(data) if path.suffix == ".xz" else data).decode().splitlines()


def _differing(spoken: Path, written: Path) -> list[tuple[str, str]]:
    return [(a, b) for a, b in zip(_lines(spoken), _lines(written), strict=True) if a != b]


def _wrong(pairs: list[tuple[str, str]]) -> list[tuple[str, str, str]]:
    found = ((spoken, written, normalise(spoken)) for spoken, written in pairs)
    return [(spoken, written, got) for spoken, written, got in found if got != written]


def _same_numbers(written: str, got: str) -> bool:
    """Whether both come out the same once whatever was left in words is put into digits, and commas are left out."""
    return _plain(written) == _plain(got)


def _plain(text: str) -> str:
    return normalise(text).replace(",", "").translate(_WORDS)


_WORDS = str.maketrans("零〇一二两三四五六七八九-至", "001223456789到到")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("spoken", type=Path, help="text with digits spelled out")
    parser.add_argument("written", type=Path, help="the same lines with digits")
    parser.add_argument("--show", type=int, default=0, help="print so many of the lines that differ")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    pairs = _differing(asked.spoken, asked.written)
    wrong = _wrong(pairs)
    same = sum(_same_numbers(written, got) for _, written, got in wrong)
    exact = len(pairs) - len(wrong)
    print(f"{len(pairs)} lines differ; exact {exact} ({exact / len(pairs):.1%}); ", end="")
    print(f"same numbers {exact + same} ({(exact + same) / len(pairs):.1%})")
    for spoken, written, got in random.Random(asked.seed).sample(wrong, min(asked.show, len(wrong))):
        print(f"\nspoken  {spoken}\nsource  {written}\nwritten {got}")


if __name__ == "__main__":
    main()
