"""Detects Whisper's hallucinations: for music, noise and silence it writes what it learned from subtitles.

Source of the first two rules: Radford et al., 2022, section 4.5. The others and all thresholds were measured on
non-speech audio (training/non_speech.py) and on read speech; see docs/decisions.
"""

from __future__ import annotations

import re
import zlib
from collections import Counter
from dataclasses import dataclass

NO_SPEECH = "no_speech"
UNSURE = "unsure"

SILENT = 0.6  # no-speech probability above which a text must be well supported
SUPPORTED = -0.5  # mean log-probability of tokens from which it is
SUSPICIOUS = 0.25
LEAST_LOG_PROBABILITY = -1.0
SLOWEST = 0.5  # tokens a second; the slowest of the read speech measured has 0.87
SLOW_SECONDS = 3.0
FEW_TOKENS, FEW_SUPPORTED = 4, -0.7
MOST_COMPRESSION = 2.4
LONGEST_NGRAM, MOST_REPEATS = 6, 4
FEWEST_CRIES = 3
WORDS = re.compile(r"[^\W\d_]+|\d+")

SUBTITLES = frozenset(
    {
        "you",
        "thankyou",
        "thanks",
        "thankyouforwatching",
        "thanksforwatching",
        "thankyouverymuch",
        "bye",
        "byebye",
        "oh",
        "music",
        "applause",
        "谢谢观看",
        "谢谢大家",
        "谢谢收看",
        "感谢观看",
        "请不吝点赞订阅转发打赏支持明镜与点点栏目",
        "字幕由amaraorg社区提供",
        "优优独播剧场yoyotelevisionseriesexclusive",
        "中文字幕志愿者",
        "ご視聴ありがとうございました",
        "시청해주셔서감사합니다",
    }
)
"""What it learned to write where a video has no words, without white space and punctuation."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Evidence for or against a text."""

    text: str
    tokens: int
    seconds: float
    """Duration of the audio."""
    no_speech: float
    """Probability, 0 to 1, of no speech."""
    log_probability: float
    """Mean over the tokens."""


def why_withheld(evidence: Evidence) -> str:
    """Return why the text is suppressed, or an empty string."""
    if not any(map(str.isalnum, evidence.text)):
        return NO_SPEECH
    if evidence.no_speech > SILENT and evidence.log_probability < SUPPORTED:
        return NO_SPEECH
    if is_subtitle(evidence.text) and (evidence.no_speech > SUSPICIOUS or evidence.log_probability < SUPPORTED):
        return NO_SPEECH
    is_doubtful = evidence.no_speech > SUSPICIOUS and evidence.log_probability < SUPPORTED
    if is_doubtful and is_one_cry(evidence.text):
        return NO_SPEECH
    return UNSURE if _is_unsure(evidence) else ""


def _is_unsure(evidence: Evidence) -> bool:
    is_slow = evidence.seconds >= SLOW_SECONDS and evidence.tokens / evidence.seconds < SLOWEST
    is_short = evidence.tokens <= FEW_TOKENS and evidence.log_probability < FEW_SUPPORTED
    is_weak = evidence.log_probability < LEAST_LOG_PROBABILITY
    return is_slow or is_short or is_weak or repeats(evidence.text)


def is_subtitle(text: str) -> bool:
    return re.sub(r"[\W_]", "", text).casefold() in SUBTITLES


def is_one_cry(text: str) -> bool:
    """Return whether a text is one repeated word: people do that, but the network also does for a siren."""
    words = _units(text)
    return len(words) >= FEWEST_CRIES and len(set(words)) == 1


def repeats(text: str) -> bool:
    """Return whether a text loops, as no speaker does."""
    packed = text.encode()
    if len(packed) > 60 and len(packed) / len(zlib.compress(packed)) > MOST_COMPRESSION:
        return True
    words = _units(text)
    return any(_most_in_a_row(words, length) > MOST_REPEATS for length in range(1, LONGEST_NGRAM + 1))


def _units(text: str) -> list[str]:
    """Return Latin words, and other characters individually."""
    units: list[str] = []
    for word in WORDS.findall(text.casefold()):
        units += [word] if word.isascii() else list(word)
    return units


def _most_in_a_row(units: list[str], length: int) -> int:
    """Return the maximum number of consecutive repetitions of an n-gram."""
    most: Counter[int] = Counter()
    for offset in range(length):
        grams = [tuple(units[at : at + length]) for at in range(offset, len(units) - length + 1, length)]
        run, former = 0, None
        for gram in grams:
            run = run + 1 if gram == former else 1
            former = gram
            most[length] = max(most[length], run)
    return most[length]
