"""Recordings that were broken on purpose, each told by a seed: for the tests a few, for benchmarks/hostile_files.py many."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.engine import sounds

KINDS = {
    "wav": ("pcm_s16le", "wav"),
    "flac": ("flac", "flac"),
    "mp3": ("libmp3lame", "mp3"),
    "m4a": ("aac", "mp4"),
    "ogg": ("libopus", "ogg"),
    "webm": ("libopus", "webm"),
    "mpg": ("mp2", "mpeg"),
    "ts": ("mp2", "mpegts"),
    "flv": ("aac", "flv"),
    "avi": ("pcm_s16le", "avi"),
    "aiff": ("pcm_s16be", "aiff"),
    "wma": ("wmav2", "asf"),
    "caf": ("pcm_s16be", "caf"),
    "au": ("pcm_s16be", "au"),
}
EXTREMES = (0, 1, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF)
HEAD_BYTES = 512
NAMES = ("a b", "..", "con", "名字", "-rf", "a'b\"c", "x" * 120, "%41", "\u202etxt", "\N{PILE OF POO}")


@dataclass(frozen=True)
class Hostile:
    """One file."""

    name: str
    content: bytes
    how: str


class Bases:
    """Whole recordings, one of each kind."""

    def __init__(self, folder: Path) -> None:
        self.contents = {}
        for ending, (codec, container) in KINDS.items():
            rate = 48_000 if codec == "libopus" else 16_000
            file = sounds.encode(
                folder / f"base.{ending}", sounds.tone(1.5, rate=rate), codec=codec, container=container, rate=rate
            )
            self.contents[ending] = file.read_bytes()


def hostile_files(bases: Bases, count: int, seed: int) -> Iterator[Hostile]:
    """Yield files; the same seed gives the same ones."""
    for number in range(count):
        chance = random.Random(f"{seed}-{number}")
        ending = chance.choice(list(KINDS))
        content = bytearray(bases.contents[ending])
        how = []
        for _ in range(chance.randint(1, 3)):
            break_it = chance.choice(WAYS)
            content = break_it(content, bases, chance)
            how.append(break_it.__name__)
        named = chance.choice((ending, *KINDS, "", "exe", "m3u8"))
        yield Hostile(
            f"{chance.choice(NAMES)}-{number}.{named}", bytes(content), f"{ending}: {', '.join(how)} ({seed}-{number})"
        )


def flip_bits(content: bytearray, _bases: Bases, chance: random.Random) -> bytearray:
    for _ in range(chance.randint(1, 60)):
        content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    return content


def break_the_head(content: bytearray, _bases: Bases, chance: random.Random) -> bytearray:
    for _ in range(chance.randint(1, 8)):
        at, size = chance.randrange(min(HEAD_BYTES, len(content) - 4)), chance.choice((1, 2, 4))
        value = chance.choice(EXTREMES) & (256**size - 1)
        content[at : at + size] = value.to_bytes(size, chance.choice(("little", "big")))
    return content


def cut(content: bytearray, _bases: Bases, chance: random.Random) -> bytearray:
    return content[: chance.randrange(8, len(content))] if len(content) > 8 else content


def lose_a_piece(content: bytearray, _bases: Bases, chance: random.Random) -> bytearray:
    at = chance.randrange(len(content))
    del content[at : at + chance.randrange(1, 3000)]
    return content or bytearray(b"\0" * 16)


def repeat_a_piece(content: bytearray, _bases: Bases, chance: random.Random) -> bytearray:
    at = chance.randrange(len(content))
    return content[:at] + content[at : at + 500] * chance.randint(1, 200) + content[at:]


def insert_noise(content: bytearray, _bases: Bases, chance: random.Random) -> bytearray:
    at = chance.randrange(len(content))
    return content[:at] + chance.randbytes(chance.randrange(1, 5000)) + content[at:]


def splice(content: bytearray, bases: Bases, chance: random.Random) -> bytearray:
    other = bases.contents[chance.choice(list(KINDS))]
    return content[: chance.randrange(len(content) + 1)] + other[chance.randrange(len(other)) :]


def join(content: bytearray, bases: Bases, chance: random.Random) -> bytearray:
    return content + bases.contents[chance.choice(list(KINDS))]


def empty_a_piece(content: bytearray, _bases: Bases, chance: random.Random) -> bytearray:
    at, size = chance.randrange(len(content)), chance.randrange(1, 4000)
    content[at : at + size] = bytes(min(size, len(content) - at))
    return content


def noise_behind_the_head(content: bytearray, _bases: Bases, chance: random.Random) -> bytearray:
    return content[: chance.randrange(4, 200)] + chance.randbytes(chance.randrange(10, 40_000))


WAYS: tuple[Callable[[bytearray, Bases, random.Random], bytearray], ...] = (
    *(flip_bits, break_the_head, cut, lose_a_piece, repeat_a_piece, insert_noise, splice, join, empty_a_piece),
    noise_behind_the_head,
)
