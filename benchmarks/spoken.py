"""Recordings of any length for the benchmarks: sentences of espeak-ng, Chinese and English, with pauses between them."""

from __future__ import annotations

import functools
import io
import random
import subprocess
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from app.engine import SAMPLE_RATE, Waveform

Samples: TypeAlias = npt.NDArray[np.int16]

SENTENCES = {
    "cmn": (
        "大家好，我们今天开会讨论三个问题。",
        "第一个问题是明年的预算，请大家看一下手里的材料。",
        "上个月的销售额比去年同期增长了百分之十二。",
        "北京今天晴，最高气温二十五度，适合出门散步。",
        "请你把刚才说的地址再重复一遍，我没有听清楚。",
        "这本书讲的是一个年轻人离开家乡，去远方寻找自己的父亲，走了很多年才回来的故事。",
        "好的，谢谢。",
        "我觉得我们可以先把最重要的部分做完，然后再考虑其他的功能，这样大家都不会太累，也不会耽误后面的时间。",
    ),
    "en": (
        "Good morning everyone, and thank you for coming.",
        "The meeting begins at half past nine in the large room on the second floor.",
        "Could you please repeat the last number?",
        "Yes, of course.",
        "We measured the temperature every hour, wrote it down in a notebook, and compared it with the year before.",
        "The train to the north leaves in twenty minutes from platform four.",
    ),
}
PAUSE_SECONDS = (0.3, 1.6)
RATES = (150, 175, 200)  # words per minute


def spoken(seconds: float, seed: int = 1) -> Waveform:
    """Return so many seconds of speech and pauses."""
    waveform: Waveform = np.concatenate(list(_pieces(seconds, seed))).astype(np.float32) / np.float32(32768)
    return waveform


def write_spoken(file: Path, seconds: float, seed: int = 1) -> None:
    """Write a WAV of any length, piece by piece."""
    with wave.open(str(file), "wb") as wav:
        wav.setparams((1, 2, SAMPLE_RATE, 0, "NONE", ""))
        for piece in _pieces(seconds, seed):
            wav.writeframesraw(piece.tobytes())


def _pieces(seconds: float, seed: int) -> Iterator[Samples]:
    """Yield sentences and pauses that last `seconds` together; the last one is cut."""
    chance = random.Random(seed)
    sentences = [(voice, text) for voice, texts in SENTENCES.items() for text in texts]
    left = round(seconds * SAMPLE_RATE)
    while left:
        voice, text = chance.choice(sentences)
        pause = np.zeros(round(chance.uniform(*PAUSE_SECONDS) * SAMPLE_RATE), np.int16)
        for piece in (pause, _sentence(voice, text, chance.choice(RATES))):
            yield piece[:left]
            left -= min(left, len(piece))


@functools.cache
def _sentence(voice: str, text: str, rate: int) -> Samples:
    """Return a sentence at SAMPLE_RATE."""
    command = ["espeak-ng", "-v", voice, "-s", str(rate), "--stdout", text]
    said = subprocess.run(command, check=True, capture_output=True).stdout
    with wave.open(io.BytesIO(said)) as wav:
        samples = np.frombuffer(wav.readframes(wav.getnframes()), np.int16)
        positions = np.arange(0, len(samples) - 1, wav.getframerate() / SAMPLE_RATE)
    return np.interp(positions, np.arange(len(samples)), samples).astype(np.int16)
