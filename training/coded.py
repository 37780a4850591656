"""Real speech once more, through the codecs and rates that recordings come in: losses that filters cannot imitate.

Run: python -m training.coded [--written]. Writes WORK/coded-NAME for each manifest of the training, one utterance in
`coded_one_in`; with --written WORK/written-NAME-coded from the packs of `training.written`, which Whisper is tuned on.
"""

import argparse
import random
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from training.codecs import ENCODINGS, Encoding, through
from training.config import Config, load_config
from training.packing import Pack, writing

LOW_RATES = (
    Encoding("MP3 16 kbit/s", "mp3", "libmp3lame", 16_000, 16_000),
    Encoding("AAC 24 kbit/s", "adts", "aac", 16_000, 24_000),
    Encoding("Opus 12 kbit/s", "ogg", "libopus", 48_000, 12_000),
    Encoding("WMA 32 kbit/s", "asf", "wmav2", 22_050, 32_000),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", type=Path, default=Path("training/config.yaml"))
    parser.add_argument("--written", action="store_true", help="from the packs of training.written")
    parser.add_argument("--processes", type=int, default=2)
    arguments = parser.parse_args()
    config = load_config(arguments.config)
    source, target = ("written-{}", "written-{}-coded") if arguments.written else ("real-{}", "coded-{}")
    names = [(source.format(name), target.format(name)) for name in config.speech_train]
    with get_context("spawn").Pool(arguments.processes) as pool:
        for name, count in pool.imap_unordered(partial(pack_coded, config), names):
            print(f"{name}: {count} utterances", flush=True)


def pack_coded(config: Config, names: tuple[str, str]) -> tuple[str, int]:
    """Write one pack from another; which utterances and codecs follows from the seed. Returns its name and size."""
    source, target = names
    pack = Pack(config.work / source)
    random_ = random.Random(f"{config.seed}/{source.partition('-')[2]}")
    count = 0
    with writing(config.work / target) as writer:
        for utterance in pack.utterances:
            if random_.randrange(config.coded_one_in):
                continue
            encoding = random_.choice(ENCODINGS + LOW_RATES)
            writer.add(
                through(pack.samples(utterance), encoding),
                text=utterance.text,
                language=utterance.language,
                condition=f"{utterance.condition}, {encoding.name}",
                syllables=utterance.syllables,
            )
            count += 1
    return target, count


if __name__ == "__main__":
    main()
