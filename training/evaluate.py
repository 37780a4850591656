"""CER and WER of a model directory for each condition, measured through the product's own engine.

Run: python -m training.evaluate --model models/builtin. Prints a Markdown table for the model card.
"""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import jiwer
import numpy as np

from app.domain.options import RecognitionOptions
from app.engine import Engine, EngineSpec, Utterance, Waveform
from app.engine.native.recognizer import load_engine
from training.config import Config, load_config
from training.non_speech import non_speech
from training.normal_text import normal_text
from training.packing import Pack, Samples

NON_SPEECH_SEED_STEP = 1  # another seed than training's, so other sounds
NON_SPEECH_COUNT = 150


@dataclass(frozen=True)
class Score:
    """Errors of one condition; rates are fractions, `silent` counts utterances that got no text."""

    condition: str
    utterances: int
    silent: int
    cer: float
    wer: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", type=Path, default=Path("training/config.yaml"))
    parser.add_argument("--model", type=Path, default=Path("models/builtin"))
    parser.add_argument("--most", type=int, default=1000, help="utterances of each condition")
    parser.add_argument("--show", type=int, default=0, help="examples of each condition to print")
    arguments = parser.parse_args()
    config = load_config(arguments.config)
    engine = load_engine(EngineSpec(arguments.model))
    print("| condition | utterances | without text | CER | WER |\n|---|---|---|---|---|")
    for condition, waveforms, texts in conditions(config, arguments.most):
        heard = recognise(engine, waveforms)
        print(_row(score(condition, texts, heard)), flush=True)
        for said, written in list(zip(texts, heard, strict=True))[: arguments.show]:
            print(f"    {said}\n    {written}\n")
    print(_silence(engine, config.seed + NON_SPEECH_SEED_STEP))


def conditions(config: Config, most: int) -> Iterator[tuple[str, list[Waveform], list[str]]]:
    """Name, waveforms and normal texts of every test set, the synthetic ones apart by where the text is from."""
    packs = [f"test-{language}" for language in ("zh", "en", "mixed")]
    packs += [f"real-{name}" for name in config.speech_dev]
    for name in packs:
        pack = Pack(config.work / name)
        grammar = [u for u in pack.utterances if u.condition.endswith("grammar")]
        others = [u for u in pack.utterances if not u.condition.endswith("grammar")]
        for label, utterances in ((f"{name}, grammar", grammar), (name, others)):
            chosen = utterances[:most]
            if chosen:
                yield label, [as_waveform(pack.samples(u)) for u in chosen], [u.text for u in chosen]


def recognise(engine: Engine, waveforms: Sequence[Waveform]) -> list[str]:
    """Normal texts of what the engine says, without inverse text normalisation."""
    options = RecognitionOptions(itn=False)
    return [normal_text(engine.transcribe([Utterance(wave, options)])[0].text_raw) for wave in waveforms]


def score(condition: str, said: list[str], heard: list[str]) -> Score:
    """Characters include the blanks between English words, as jiwer counts them."""
    silent = sum(not text for text in heard)
    return Score(condition, len(said), silent, jiwer.cer(said, heard), jiwer.wer(said, heard))


def as_waveform(samples: Samples) -> Waveform:
    return (samples / 32768).astype(np.float32)


def _row(score: Score) -> str:
    wer = f"{score.wer:.1%}" if "en" in score.condition else "-"
    return f"| {score.condition} | {score.utterances} | {score.silent} | {score.cer:.1%} | {wer} |"


def _silence(engine: Engine, seed: int) -> str:
    generator = np.random.default_rng(seed)
    waves = [non_speech(generator).astype(np.float32) for _ in range(NON_SPEECH_COUNT)]
    texts = recognise(engine, waves)
    return f"| generated non-speech | {len(texts)} | {sum(not text for text in texts)} | - | - |"


if __name__ == "__main__":
    main()
