"""Compare how late texts are over OpenAI's realtime protocol and over `/api/v1/live`, on the same sound in one run.

    python benchmarks/realtime_latency.py [--streams 2] [--seconds 60] [--model DIR]

espeak-ng speaks. Each stream is played twice at the same time, once over each protocol, in real time: in chunks of 0.1 s,
as PCM of 24 kHz over the one and of 16 kHz over the other. Counted is, segment by segment, how much later than the
other's its first settled text and its whole text arrive, from the sending of the same sound.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import struct
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import websockets
from server import Server, serving
from spoken import spoken

from app.engine import SAMPLE_RATE
from app.paths import builtin_model_dir

CHUNK_SECONDS = 0.1
Waveform = npt.NDArray[np.float32]
RATES = {"live": SAMPLE_RATE, "realtime": 24_000}
TARGET_MS = 30
TRANSCRIPTION = "conversation.item.input_audio_transcription"


@dataclass
class Arrivals:
    """Seconds after the beginning of the stream at which the texts of each segment came."""

    settled: list[float] = field(default_factory=list)
    whole: list[float] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)


def main() -> None:
    options = _parse()
    sounds = [spoken(options.seconds, seed=stream) for stream in range(options.streams)]
    with tempfile.TemporaryDirectory() as name, serving(Path(name), options.model) as server:
        asyncio.run(_compare(server, spoken(5.0, seed=100)))  # warm
        pairs = [asyncio.run(_compare(server, sound)) for sound in sounds]
    _report(pairs)


async def _compare(server: Server, sound: Waveform) -> tuple[Arrivals, Arrivals]:
    began = time.monotonic() + 0.5
    return await asyncio.gather(_live(server, sound, began), _realtime(server, sound, began))


async def _live(server: Server, sound: Waveform, began: float) -> Arrivals:
    arrivals, seen = Arrivals(), set[int]()
    async with websockets.connect(f"ws://127.0.0.1:{server.port}/api/v1/live") as socket:
        await socket.send(json.dumps({"type": "audio-start", "session": None, "token": None}))
        numbers = iter(range(1 << 30))
        playing = asyncio.create_task(
            _play(sound, RATES["live"], began, lambda pcm: socket.send(struct.pack("<I", next(numbers)) + pcm))
        )
        playing.add_done_callback(
            lambda done: asyncio.ensure_future(socket.send(json.dumps({"type": "audio-stop", "chunks": done.result()})))
        )
        async for message in socket:
            told = json.loads(message)
            if told["type"] == "partial" and told["stable"]:
                _note_settled(arrivals, seen, told["segment"], began)
            elif told["type"] == "final":
                _note_whole(arrivals, seen, told["segment"], told["text"], began)
    return arrivals


async def _realtime(server: Server, sound: Waveform, began: float) -> Arrivals:
    arrivals, seen, items = Arrivals(), set[int](), dict[str, int]()
    address = f"ws://127.0.0.1:{server.port}/v1/realtime?intent=transcription"
    async with websockets.connect(address) as socket:

        def append(pcm: bytes) -> Awaitable[None]:
            audio = base64.b64encode(pcm).decode()
            return socket.send(json.dumps({"type": "input_audio_buffer.append", "audio": audio}))

        playing = asyncio.create_task(_play(sound, RATES["realtime"], began, append))
        while not playing.done() or len(arrivals.whole) < len(items):
            try:
                told: dict[str, Any] = json.loads(await asyncio.wait_for(socket.recv(), 1.0))
            except TimeoutError:
                continue
            if told["type"] == "input_audio_buffer.speech_started":
                items[told["item_id"]] = len(items)
            elif told["type"] == f"{TRANSCRIPTION}.delta":
                _note_settled(arrivals, seen, items[told["item_id"]], began)
            elif told["type"] == f"{TRANSCRIPTION}.completed":
                _note_whole(arrivals, seen, items[told["item_id"]], told["transcript"], began)
    return arrivals


async def _play(sound: Waveform, rate: int, began: float, send: Callable[[bytes], Awaitable[None]]) -> int:
    """Send the sound in real time, and then enough silence to end its last segment; return the number of chunks."""
    places = np.arange(0, len(sound), SAMPLE_RATE / rate)
    samples = np.interp(places, np.arange(len(sound)), sound)
    pcm = np.concatenate([samples, np.zeros(rate * 2)])
    chunk = round(rate * CHUNK_SECONDS)
    chunks = [(pcm[place : place + chunk] * 32767).astype("<i2").tobytes() for place in range(0, len(pcm), chunk)]
    for number, each in enumerate(chunks):
        await asyncio.sleep(began + (number + 1) * CHUNK_SECONDS - time.monotonic())
        await send(each)
    return len(chunks)


def _note_settled(arrivals: Arrivals, seen: set[int], segment: int, began: float) -> None:
    if segment not in seen:
        seen.add(segment)
        arrivals.settled.append(time.monotonic() - began)


def _note_whole(arrivals: Arrivals, seen: set[int], segment: int, text: str, began: float) -> None:
    _note_settled(arrivals, seen, segment, began)
    arrivals.whole.append(time.monotonic() - began)
    arrivals.texts.append(text)


def _report(pairs: list[tuple[Arrivals, Arrivals]]) -> None:
    for name in ("settled", "whole"):
        later = [
            (realtime - live) * 1000
            for one, other in pairs
            for live, realtime in zip(getattr(one, name), getattr(other, name), strict=False)
        ]
        p5, p50, p95 = np.percentile(later, [5, 50, 95])
        print(
            f"{name:8}: {len(later):4} texts, realtime later by p50 {p50:5.1f} ms (p5 {p5:.1f}, p95 {p95:.1f};"
            f" target {TARGET_MS})"
        )
    counts = [(len(one.texts), len(other.texts)) for one, other in pairs]
    same = sum(a == b for one, other in pairs for a, b in zip(one.texts, other.texts, strict=False))
    print(f"segments: {counts}; {same} texts are the same")


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--streams", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--model", type=Path, default=builtin_model_dir())
    return parser.parse_args()


if __name__ == "__main__":
    main()
