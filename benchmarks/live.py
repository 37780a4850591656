"""Play recordings through the socket of live recognition, in real time, and measure how late the texts are.

    python benchmarks/live.py [--folder DIR] [--streams 4] [--seconds 60] [--jobs 1] [--model DIR]

Without a folder of recordings espeak-ng speaks. Latencies are the client's: of a partial text from the sending of the
chunk with its last sound; of a final text from the sending of the chunk that makes the silence long enough. `--jobs`
sends recordings to be transcribed at the same time. CPU is that of server and inference, in cores.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import struct
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

import numpy as np
import websockets
from server import Server, serving
from spoken import Samples, spoken, write_spoken

from app.domain.options import VadOptions
from app.engine import SAMPLE_RATE
from app.engine.audio.decoding import decode
from app.engine.audio.facts import DecodeLimits
from app.paths import builtin_model_dir

CHUNK_SECONDS = 0.1
CHUNK = round(SAMPLE_RATE * CHUNK_SECONDS)
PAUSE_SECONDS = (0.8, 1.6)  # between the recordings of a folder
LIMITS = DecodeLimits(3600, 600, 2048)
TARGET_MS = {"partial": 250, "final": 300}


@dataclass
class Heard:
    """What one stream has been told, in seconds from the moment when it was due."""

    partial: list[float] = field(default_factory=list)
    final: list[float] = field(default_factory=list)
    own_partial: list[float] = field(default_factory=list)  # as the server measures it
    own_final: list[float] = field(default_factory=list)
    characters: int = 0
    """Of finals."""
    settled: int = 0
    """Characters that partials called stable."""
    changed: int = 0
    """Of these, those that the final has otherwise."""
    problems: list[str] = field(default_factory=list)


def main() -> None:
    options = _parse()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sounds = list(_sounds(options, folder))
        with serving(folder, options.model, threads=options.threads) as server:
            asyncio.run(_play(server, sounds[:1], options, 5.0))  # warm
            for number in range(options.jobs):
                write_spoken(folder / f"{number}.wav", 1800, seed=100 + number)
                server.submit(folder / f"{number}.wav")
            before, began = sum(server.computing_seconds()), time.monotonic()
            heard = asyncio.run(_play(server, sounds, options, options.seconds))
            cores = (sum(server.computing_seconds()) - before) / (time.monotonic() - began)
            _report(heard, cores, options)
            if options.jobs:
                print("Recordings read meanwhile:", *_progress(server))


def _sounds(options: argparse.Namespace, folder: Path) -> Iterator[Samples]:
    """Yield the sound of each stream."""
    for stream in range(options.streams):
        if options.folder is None:
            yield (spoken(options.seconds, seed=stream) * 32767).astype("<i2")
        else:
            yield _recordings(sorted(options.folder.rglob("*.*")), options.seconds, stream, folder / "a.s16")


def _recordings(files: list[Path], seconds: float, seed: int, pcm: Path) -> Samples:
    """Return recordings in a random order with pauses between them."""
    chance = random.Random(seed)
    parts: list[Samples] = []
    while sum(map(len, parts)) < seconds * SAMPLE_RATE:
        decode(chance.choice(files), pcm, LIMITS)
        silence = np.zeros(round(chance.uniform(*PAUSE_SECONDS) * SAMPLE_RATE), "<i2")
        parts += [silence, np.fromfile(pcm, "<i2")]
    return np.concatenate(parts)[: round(seconds * SAMPLE_RATE)]


async def _play(server: Server, sounds: list[Samples], options: argparse.Namespace, seconds: float) -> list[Heard]:
    """Play all streams at once; they begin at different moments, as people do."""
    starts = [CHUNK_SECONDS * place / len(sounds) for place in range(len(sounds))]
    wanted = [
        _stream(server, sound[: round(seconds * SAMPLE_RATE)], options, start)
        for sound, start in zip(sounds, starts, strict=True)
    ]
    return await asyncio.gather(*wanted)


async def _stream(server: Server, sound: Samples, options: argparse.Namespace, start: float) -> Heard:
    await asyncio.sleep(start)
    heard, sent = Heard(), list[float]()
    async with websockets.connect(f"ws://127.0.0.1:{server.port}/api/v1/live") as socket:
        vad = {"min_silence_ms": options.silence, "max_segment_ms": options.longest}
        first = {"type": "audio-start", "session": None, "token": None, "vad": vad}
        await socket.send(json.dumps(first | {"options": {"quality": options.quality}}))
        listening = asyncio.create_task(_listen(socket, heard, sent, options.silence / 1000))
        began = time.monotonic()
        chunks = range(0, len(sound), CHUNK)
        for number, place in enumerate(chunks):
            await asyncio.sleep(began + (number + 1) * CHUNK_SECONDS - time.monotonic())
            sent.append(time.monotonic())
            await socket.send(struct.pack("<I", number) + sound[place : place + CHUNK].tobytes())
        await socket.send(json.dumps({"type": "audio-stop", "chunks": len(chunks)}))
        await listening
    return heard


async def _listen(socket: websockets.ClientConnection, heard: Heard, sent: list[float], silence: float) -> None:
    stable: dict[int, str] = {}
    async for message in socket:
        now, told = time.monotonic(), json.loads(message)
        if told["type"] == "partial":
            heard.partial.append(now - _sent_at(sent, told["end"]))
            heard.own_partial.append(told["latency_ms"] / 1000)
            stable[told["segment"]] = told["text"][: told["stable"]]
        elif told["type"] == "final":
            due = told["end"] - VadOptions().speech_pad_ms / 1000 + silence
            if due * SAMPLE_RATE < len(sent) * CHUNK:  # not one that the end of the sound cut
                heard.final.append(now - _sent_at(sent, due))
            heard.own_final.append(told["latency_ms"] / 1000)
            _compare(heard, stable.get(told["segment"], ""), told["text"])
        elif told["type"] == "problem":
            heard.problems.append(told["code"])


def _sent_at(sent: list[float], seconds: float) -> float:
    return sent[min(int((seconds - 1e-6) / CHUNK_SECONDS), len(sent) - 1)]


def _compare(heard: Heard, stable: str, text: str) -> None:
    """Count the settled characters that the final does not have at their place."""
    matcher = SequenceMatcher(None, stable, text[: len(stable) + 10], autojunk=False)
    heard.characters += len(text)
    heard.settled += len(stable)
    heard.changed += len(stable) - sum(block.size for block in matcher.get_matching_blocks())


def _report(streams: list[Heard], cores: float, options: argparse.Namespace) -> None:
    print(f"{len(streams)} streams of {options.seconds:.0f} s, {options.jobs} recordings beside them")
    for name, target in TARGET_MS.items():
        for whose, prefix in (("client", ""), ("server", "own_")):
            values = [value * 1000 for stream in streams for value in getattr(stream, prefix + name)]
            if values:
                p50, p95 = np.percentile(values, [50, 95])
                print(
                    f"{name:8} {whose}: {len(values):5} texts, p50 {p50:5.0f} ms, p95 {p95:5.0f} ms (target {target})"
                )
    total, settled, changed = (
        sum(getattr(stream, name) for stream in streams) for name in ("characters", "settled", "changed")
    )
    print(f"{total} characters; {settled} were called stable before the final, {changed} of them not as there")
    problems = [problem for stream in streams for problem in stream.problems]
    print(f"CPU: {cores:.2f} cores; problems: {problems or 'none'}")


def _progress(server: Server) -> Iterator[str]:
    items: list[dict[str, Any]] = server.ask("/transcriptions?limit=50")["items"]
    for item in items:
        if item["source"] == "api":
            yield f"{item['progress']['seconds_done']:.0f} of {item['duration'] or 0:.0f} s;"


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--folder", type=Path, help="recordings; without it espeak-ng speaks")
    parser.add_argument("--streams", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--jobs", type=int, default=0, help="recordings of half an hour sent beside")
    parser.add_argument("--model", type=Path, default=builtin_model_dir())
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--quality", default="accurate")
    parser.add_argument("--silence", type=int, default=VadOptions().min_silence_ms)
    parser.add_argument("--longest", type=int, default=VadOptions().max_segment_ms)
    return parser.parse_args()


if __name__ == "__main__":
    main()
