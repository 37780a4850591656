"""When each unit of real speech is spoken, as a model that already reads hears it: for a frame-wise start.

Run: python -m training.unit_times --model models/builtin NAME... Writes WORK/NAME.times beside each pack. Some 0.2 s of
error are no harm: the times only bring a new network past the plateau where CTC has not found anything yet.
"""

import argparse
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch

from app.engine.features.features import front_end, pad_waveforms
from app.engine.native.checkpoint import Checkpoint, load_checkpoint
from app.engine.tokens.alignment import align
from app.engine.tokens.words import FrameTimes
from training.config import load_config
from training.evaluate import as_waveform
from training.packing import TIMES_SUFFIX, Pack, Utterance
from training.vocabulary import Vocabulary, load_vocabulary

BATCH = 16


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", type=Path, default=Path("training/config.yaml"))
    parser.add_argument("--model", type=Path, default=Path("models/builtin"))
    parser.add_argument("packs", nargs="*", help="names of packs; all of real speech where none is given")
    arguments = parser.parse_args()
    config = load_config(arguments.config)
    torch.set_num_threads(config.training.threads)
    checkpoint = load_checkpoint(arguments.model, seal_padding=True)
    vocabulary = load_vocabulary(config.work)
    for name in arguments.packs or [f"real-{name}" for name in config.speech_train]:
        known = write_times(config.work / name, checkpoint, vocabulary)
        print(f"{name}: {known} utterances with times", flush=True)


def write_times(path: Path, checkpoint: Checkpoint, vocabulary: Vocabulary) -> int:
    """Write the times of one pack, in the order of its utterances; returns how many could be told."""
    pack = Pack(path)
    rows: dict[int, list[int]] = {}
    order = sorted(range(len(pack.utterances)), key=lambda index: pack.utterances[index].count)
    for start in range(0, len(order), BATCH):
        chosen = order[start : start + BATCH]
        times = unit_times(pack, [pack.utterances[index] for index in chosen], checkpoint, vocabulary)
        rows.update(zip(chosen, times, strict=True))
    lines = (json.dumps(rows[index]) + "\n" for index in range(len(order)))
    path.with_suffix(TIMES_SUFFIX).write_text("".join(lines), encoding="utf-8")
    return sum(bool(row) for row in rows.values())


@torch.inference_mode()
def unit_times(
    pack: Pack, utterances: Sequence[Utterance], checkpoint: Checkpoint, vocabulary: Vocabulary
) -> Iterator[list[int]]:
    """The middle (ms) of each unit; nothing where the frames are too few for the text."""
    config, model = checkpoint.config, checkpoint.model
    features = front_end(config.features, config.input_dim)
    waveforms = [as_waveform(pack.samples(utterance)) for utterance in utterances]
    _, log_probs, lengths = model(*features(*pad_waveforms(waveforms)))
    times = FrameTimes.of(model.encoder.convolutions, features.first_centre, features.shift)
    texts = vocabulary.encode([utterance.text for utterance in utterances])
    for frames, length, units in zip(log_probs, lengths.tolist(), texts, strict=True):
        try:
            spans = align(frames[:length], units, config.blank_id)
        except ValueError:
            spans = []
        middles = [(times.edge(span.start_frame) + times.edge(span.end_frame)) / 2 for span in spans]
        yield [round(1000 * middle) for middle in middles]


if __name__ == "__main__":
    main()
