"""Token ids of a batch: the units that are shipped, and the syllables of the middle head."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from app.engine.tokens.words import FrameTimes
from training.alignment import frame_targets, padded_targets, unit_targets
from training.batches import Item
from training.config import Config
from training.normal_text import is_han, tokens
from training.packing import Pack
from training.vocabulary import UNKNOWN, Vocabulary, load_vocabulary

_LIST = "syllables.txt"


@dataclass(frozen=True)
class Targets:
    vocabulary: Vocabulary
    syllables: dict[str, int]

    def of(self, batch: Sequence[Item]) -> tuple[list[list[int]], list[list[int]]]:
        """Ids of the units and ids of the syllables of each utterance."""
        texts = [item.utterance.text for item in batch]
        syllables = [self._syllable_ids(item.utterance.syllables) for item in batch]
        return self.vocabulary.encode(texts), syllables

    def of_frames(
        self,
        batch: Sequence[Item],
        shifts_ms: Sequence[float],
        frames: Sequence[int],
        longest: int,
        times: FrameTimes,
    ) -> tuple[Tensor, Tensor]:
        """Units and syllables of every frame of aligned utterances, (batch, longest) each."""
        rows: tuple[list[list[int]], list[list[int]]] = ([], [])
        for item, shift, count in zip(batch, shifts_ms, frames, strict=True):
            said = item.utterance
            if item.unit_times_ms:
                units = self.vocabulary.encode([said.text])[0]
                for row, ids in zip(rows, (units, self._syllable_ids(said.syllables)), strict=True):
                    row.append(unit_targets(item.unit_times_ms, ids, shift, count, times))
                continue
            tokens_units = [self.vocabulary.encode([token])[0] for token in tokens(said.text)]
            syllables = [self._syllable_ids(token) for token in said.syllables.split()]
            for row, token_ids in zip(rows, (tokens_units, syllables), strict=True):
                row.append(frame_targets(said.spans_ms, token_ids, shift, count, times))
        return padded_targets(rows[0], longest), padded_targets(rows[1], longest)

    def _syllable_ids(self, spoken: str) -> list[int]:
        units = syllable_units(spoken, self.vocabulary)
        return [self.syllables.get(unit, UNKNOWN) for unit in units]


def syllable_units(spoken: str, vocabulary: Vocabulary) -> list[str]:
    """Toned syllables hold digits and stay whole; English words are cut into the pieces of the vocabulary."""
    units: list[str] = []
    for token in spoken.split():
        whole = is_han(token) or any(c.isdigit() for c in token)
        units.extend([token] if whole else vocabulary.pieces.encode(token, out_type=str))
    return units


def load_targets(config: Config) -> Targets:
    """The list of syllables is counted once over the packs and kept beside them."""
    vocabulary = load_vocabulary(config.work)
    path = config.work / _LIST
    if not path.exists():
        path.write_text("\n".join(_frequent_syllables(config, vocabulary)), encoding="utf-8")
    units = ["<blank>", "<unk>", *path.read_text(encoding="utf-8").split("\n")]
    return Targets(vocabulary, {unit: number for number, unit in enumerate(units)})


def _frequent_syllables(config: Config, vocabulary: Vocabulary) -> list[str]:
    counts: Counter[str] = Counter()
    for index in sorted(config.work.glob("*-*.jsonl")):
        for utterance in Pack(index.with_suffix("")).utterances:
            counts.update(syllable_units(utterance.syllables, vocabulary))
    return [unit for unit, count in counts.most_common() if count >= 5]
