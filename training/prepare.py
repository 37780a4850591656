"""Real speech and its transcripts into packs.

Run: python -m training.prepare. Writes WORK/real-NAME for each manifest named in the configuration.
"""

import csv
from collections.abc import Iterator
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import av
import numpy as np

from app.engine.audio.resampling import MonoResampler
from training.config import Config, config_from_command_line
from training.normal_text import is_speakable, normal_text
from training.packing import Samples, writing
from training.syllables import syllables


def main() -> None:
    config = config_from_command_line(__doc__)
    with get_context("spawn").Pool(2) as pool:
        names = (*config.speech_train, *config.speech_dev)
        for name, hours in pool.imap_unordered(partial(pack_manifest, config), names):
            print(f"{name}: {hours:.1f} h", flush=True)


def pack_manifest(config: Config, name: str) -> tuple[str, float]:
    """Pack one manifest; utterances that are too long or hold digits or other scripts are left out."""
    seconds = 0.0
    with writing(config.work / f"real-{name}") as writer:
        for row in rows(config.speech / f"{name}.tsv"):
            if float(row["seconds"]) > config.max_seconds or not is_speakable(row["text"]):
                continue
            text = normal_text(row["text"])
            samples = read_audio(config.speech / row["path"])
            writer.add(
                samples,
                text=text,
                language=row["language"].split("-")[0],
                condition=f"real {name}",
                syllables=" ".join(syllables(text)),
            )
            seconds += float(row["seconds"])
    return name, seconds / 3600


def read_audio(path: Path) -> Samples:
    """int16 mono samples at 16 kHz, decoded and mixed as the product does it."""
    resampler = MonoResampler()
    with av.open(str(path)) as container:
        pieces = [piece for frame in container.decode(audio=0) for piece in resampler.push(frame)]
    pieces.extend(resampler.flush())
    wave = np.concatenate(pieces)
    return np.clip(np.round(wave * 32768), -32768, 32767).astype(np.int16)


def rows(manifest: Path) -> Iterator[dict[str, str]]:
    with manifest.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)


if __name__ == "__main__":
    main()
