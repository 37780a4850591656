"""Real speech once more, through the codecs and rates that recordings come in: losses that filters cannot imitate.

Run: python -m training.coded. Writes WORK/coded-NAME for each manifest of the training, one utterance in `coded_one_in`.
"""

import random
from functools import partial
from multiprocessing import get_context

from training.codecs import ENCODINGS, Encoding, through
from training.config import Config, config_from_command_line
from training.packing import Pack, writing

LOW_RATES = (
    Encoding("MP3 16 kbit/s", "mp3", "libmp3lame", 16_000, 16_000),
    Encoding("AAC 24 kbit/s", "adts", "aac", 16_000, 24_000),
    Encoding("Opus 12 kbit/s", "ogg", "libopus", 48_000, 12_000),
    Encoding("WMA 32 kbit/s", "asf", "wmav2", 22_050, 32_000),
)


def main() -> None:
    config = config_from_command_line(__doc__)
    with get_context("spawn").Pool(2) as pool:
        for name, count in pool.imap_unordered(partial(pack_coded, config), config.speech_train):
            print(f"{name}: {count} utterances", flush=True)


def pack_coded(config: Config, name: str) -> tuple[str, int]:
    """Write the pack of one manifest; which utterances and codecs follows from the seed. Returns their number."""
    pack = Pack(config.work / f"real-{name}")
    random_ = random.Random(f"{config.seed}/{name}")
    count = 0
    with writing(config.work / f"coded-{name}") as writer:
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
    return name, count


if __name__ == "__main__":
    main()
