"""Whisper for two languages, a third of its size: the tokens of their texts alone, and weights of 8 bits.

Run: python -m training.prune_whisper --model models/whisper-base --out models/whisper-base-zh-en

Nothing is trained. Of the 50,257 tokens that spell something, most belong to other languages; those that the texts of
`data/text` need stay, in their order, with everything that they are merged from. Whatever lies outside is still spelled,
in shorter tokens and in the end in bytes. Weights are stored as CTranslate2 stores them for int8: each row with the scale
127 / its largest magnitude. The folder is one of faster-whisper.
"""

from __future__ import annotations

import argparse
import json
import struct
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from training.config import Config, load_config
from training.sentences import opened
from training.whisper import TYPES, read_ctranslate2

LANGUAGES = ("<|zh|>", "<|en|>")
END = "<|endoftext|>"
EMBEDDINGS = "decoder/embeddings/weight"
PROJECTION = "decoder/projection/weight"
BYTES = 256
FORMAT, NETWORK, REVISION = 6, "WhisperSpec", 3
AT_ONCE = 5000
CHINESE_WEIGHT = 1000  # all its 2,800 tokens stay: without one, a character is spelled as the network never spells it
FIRST_MERGE = "Ġ t"

Weights = Mapping[str, NDArray[np.generic]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", type=Path, default=Path("training/config.yaml"))
    parser.add_argument("--model", type=Path, default=Path("models/whisper-base"))
    parser.add_argument("--out", type=Path, default=Path("models/whisper-base-zh-en"))
    parser.add_argument("--tokens", type=int, default=18_000, help="the most tokens that spell something")
    parser.add_argument("--like", type=Path, help="a folder whose tokens are kept, instead of counting")
    parser.add_argument("--exact", action="store_true", help="weights as they are: to be tuned")
    arguments = parser.parse_args()
    tokenizer = whole_tokenizer(arguments.model / "tokenizer.json")
    if arguments.like:
        kept = ids_like(tokenizer, arguments.like)
    else:
        counts = count_tokens(Tokenizer.from_str(json.dumps(tokenizer)), load_config(arguments.config))
        kept = kept_ids(tokenizer, counts, arguments.tokens)
    write_folder(arguments.model, arguments.out, tokenizer, kept, exact=arguments.exact)
    print(f"{arguments.out}: {len(kept)} tokens of {len(tokenizer['model']['vocab'])} and their special ones")


def whole_tokenizer(file: Path) -> dict[str, Any]:
    """Return the tokenizer with the merge that published files have lost.

    Their list lacks its first line, "Ġ t", taken for a comment: "the" after a blank is then two tokens, which the network
    never writes so.
    """
    tokenizer: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    merges = tokenizer["model"]["merges"]
    if merges[:1] != [FIRST_MERGE] and FIRST_MERGE.replace(" ", "") in tokenizer["model"]["vocab"]:
        merges.insert(0, FIRST_MERGE)
    return tokenizer


def count_tokens(tokenizer: Tokenizer, config: Config) -> Counter[int]:
    """Count the tokens of the texts as Whisper writes them: also in traditional characters, small letters and titles."""
    from opencc import OpenCC

    to_traditional = OpenCC("s2t")
    chinese, english = _lines(Path(config.text.zh)), _lines(Path(config.text.en))
    variants: tuple[tuple[int, Iterable[str]], ...] = (
        (CHINESE_WEIGHT, chinese),
        (CHINESE_WEIGHT, (to_traditional.convert(line) for line in chinese)),
        (1, (f" {line}" for line in english)),
        (1, (f" {line.lower()}" for line in english)),
        (1, (f" {line.title()}" for line in english)),
    )
    counts: Counter[int] = Counter()
    for weight, variant in variants:
        lines = list(variant)
        for start in range(0, len(lines), AT_ONCE):
            for encoding in tokenizer.encode_batch(lines[start : start + AT_ONCE], add_special_tokens=False):
                for id in encoding.ids:
                    counts[id] += weight
    return counts


def kept_ids(tokenizer: Mapping[str, Any], counts: Counter[int], most: int) -> list[int]:
    """Return the ids of the tokens that stay, in their order: single bytes, and the most frequent with their parts."""
    ids: Mapping[str, int] = tokenizer["model"]["vocab"]
    parts = {left + right: (left, right) for left, right in _merges(tokenizer)}
    names = {id: token for token, id in ids.items()}
    kept = set(range(BYTES)) & set(names)
    for id, _ in counts.most_common():
        wanted = _with_parts(names[id], parts, ids) if id in names and names[id] != END else set()
        if len(kept | wanted) > most:
            break
        kept |= wanted
    return sorted(kept)


def ids_like(tokenizer: Mapping[str, Any], folder: Path) -> list[int]:
    """Return the ids of the tokens that another pruned folder of the same model has."""
    tokens = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))["model"]["vocab"]
    return sorted(tokenizer["model"]["vocab"][token] for token in tokens if token != END)


def _with_parts(token: str, parts: Mapping[str, tuple[str, str]], ids: Mapping[str, int]) -> set[int]:
    found = {ids[token]}
    for part in parts.get(token, ()):
        found |= _with_parts(part, parts, ids)
    return found


def write_folder(
    model: Path, out: Path, tokenizer: Mapping[str, Any], kept: Sequence[int], *, exact: bool = False
) -> None:
    """Write a folder of faster-whisper with the tokens `kept`, and the special ones but for other languages.

    Weights have 8 bits, or as many as before where they are to be `exact`.
    """
    out.mkdir(parents=True, exist_ok=True)
    weights = read_ctranslate2((model / "model.bin").read_bytes())
    lines = (model / "vocabulary.txt").read_bytes().rstrip(b"\n").split(b"\n")
    first_special = min(token["id"] for token in tokenizer["added_tokens"])
    special = [id for id in range(first_special, len(lines)) if not _is_other_language(lines[id])]
    rows = [*kept, *special]
    new = {old: at for at, old in enumerate(rows)}
    (out / "vocabulary.txt").write_bytes(b"\n".join(lines[row] for row in rows) + b"\n")
    _write_json(out / "tokenizer.json", _pruned_tokenizer(tokenizer, new))
    _write_json(out / "config.json", _pruned_config(json.loads((model / "config.json").read_text()), new))
    pruned = dict(weights) | {EMBEDDINGS: weights[EMBEDDINGS][rows]}
    write_weights(out / "model.bin", pruned if exact else quantised(pruned))


def write_weights(file: Path, weights: Weights) -> None:
    """Write a model.bin; see app/engine/catalog/whisper_weights.py for the format."""
    file.write_bytes(b"".join(_packed(weights)))


def quantised(weights: Weights) -> dict[str, NDArray[np.generic]]:
    """Return matrices in 8 bits with a scale for each row, and everything else as it is."""
    return dict(_quantised(weights))


def _is_other_language(line: bytes) -> bool:
    name = line.decode().strip("<|>")
    is_language = line.startswith(b"<|") and name.isalpha() and name.islower() and len(name) <= 3
    return is_language and line.decode() not in LANGUAGES


def _pruned_tokenizer(tokenizer: Mapping[str, Any], new: Mapping[int, int]) -> dict[str, Any]:
    model = tokenizer["model"]
    vocabulary = {token: new[id] for token, id in model["vocab"].items() if id in new}
    merges = [
        merge
        for merge, (left, right) in zip(model["merges"], _merges(tokenizer), strict=True)
        if {left, right, left + right} <= vocabulary.keys()
    ]
    added = [token | {"id": new[token["id"]]} for token in tokenizer["added_tokens"] if token["id"] in new]
    processor = json.loads(json.dumps(tokenizer["post_processor"]))
    for token in processor["special_tokens"].values() if processor else ():
        token["ids"] = [new[id] for id in token["ids"]]
    return dict(tokenizer) | {
        "added_tokens": added,
        "post_processor": processor,
        "model": model | {"vocab": vocabulary, "merges": merges},
    }


def _pruned_config(config: Mapping[str, Any], new: Mapping[int, int]) -> dict[str, Any]:
    lists = ("lang_ids", "suppress_ids", "suppress_ids_begin")
    return dict(config) | {name: [new[id] for id in config[name] if id in new] for name in lists}


def _merges(tokenizer: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the pairs, which older files write with a blank between."""
    pairs = (merge.split(" ") if isinstance(merge, str) else merge for merge in tokenizer["model"]["merges"])
    return [(left, right) for left, right in pairs]


def _quantised(weights: Weights) -> Iterator[tuple[str, NDArray[np.generic]]]:
    for name, values in weights.items():
        if not name.endswith("/weight") or values.ndim != 2:
            yield name, values
            continue
        exact = values.astype(np.float32)
        largest = np.abs(exact).max(axis=1)
        scale = (127.0 / np.where(largest > 0, largest, 127.0)).astype(np.float32)
        yield name, np.rint(exact * scale[:, None]).astype(np.int8)
        yield f"{name}_scale", scale


def _packed(weights: Weights) -> Iterator[bytes]:
    yield struct.pack("<I", FORMAT) + _text(NETWORK) + struct.pack("<II", REVISION, len(weights))
    for name, values in sorted(weights.items()):
        shape = struct.pack(f"<B{values.ndim}I", values.ndim, *values.shape)
        yield _text(name) + shape + struct.pack("<BI", TYPES.index(values.dtype.type), values.nbytes)
        yield values.tobytes()
    ends = [end for end in ("", "_scale") if f"{EMBEDDINGS}{end}" in weights]
    pairs = b"".join(_text(f"{PROJECTION}{end}") + _text(f"{EMBEDDINGS}{end}") for end in ends)
    yield struct.pack("<I", len(ends)) + pairs


def _text(text: str) -> bytes:
    data = text.encode() + b"\0"
    return struct.pack("<H", len(data)) + data


def _lines(file: Path) -> list[str]:
    with opened(file) as stream:
        return [line.rstrip("\n") for line in stream]


def _write_json(file: Path, content: Mapping[str, Any]) -> None:
    file.write_text(json.dumps(content, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
