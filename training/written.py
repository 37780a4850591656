"""Real speech with its text as a person writes it: what Whisper is tuned on.

Run: python -m training.written [NAME ...]. Writes WORK/written-NAME for each manifest of `speech_train`.

Chinese texts keep their marks, in simplified characters and with numbers as the product writes them. Transcripts of
English corpora are capitals without marks: the model that is to be tuned lends its own capitals and marks to the words
that it hears as they stand there.
"""

from __future__ import annotations

import argparse
import re
import unicodedata
from difflib import SequenceMatcher
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import av
import ctranslate2
import numpy as np
from opencc import OpenCC
from tokenizers import Tokenizer

from app.engine.features.whisper_mel import LogMel, padded_frames
from app.engine.text.itn import normalise
from training.config import Config, load_config
from training.normal_text import is_speakable
from training.packing import SAMPLE_RATE, Samples, writing
from training.prepare import rows

WIDE = str.maketrans({"「": "“", "」": "”", "『": "‘", "』": "’", ",": "，", "?": "？", "!": "！"})
MARK = re.compile(r"[，。？！、；：,.?!;:]")
FORM = re.compile(r"[\u3400-\u9fff][^\w\s]*|[^\s\u3400-\u9fff]+\s*")
"""A Chinese character or a word of other letters, with the marks behind it."""
LONGEST_SECONDS = 26.0
MEL_BINS = 80


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="manifests; those of the configuration without any")
    parser.add_argument("--config", type=Path, default=Path("training/config.yaml"))
    parser.add_argument("--model", type=Path, default=Path("models/builtin-large"), help="that marks English")
    parser.add_argument("--one-in", type=int, default=1, help="take every so many-th recording")
    parser.add_argument("--processes", type=int, default=2)
    arguments = parser.parse_args()
    config = load_config(arguments.config)
    pack = partial(pack_written, config, arguments.model, arguments.one_in)
    with get_context("spawn").Pool(arguments.processes) as pool:
        for name, hours in pool.imap_unordered(pack, arguments.names or config.speech_train):
            print(f"{name}: {hours:.1f} h", flush=True)


def pack_written(config: Config, model: Path, one_in: int, name: str) -> tuple[str, float]:
    """Pack one manifest; recordings that are too long or hold digits or other scripts are left out."""
    marker = Marker(model)
    seconds = 0.0
    with writing(config.work / f"written-{name}") as writer:
        for row in list(rows(config.speech / f"{name}.tsv"))[::one_in]:
            if float(row["seconds"]) > LONGEST_SECONDS or not is_speakable(row["text"]):
                continue
            samples = read_quickly(config.speech / row["path"])
            language = row["language"].split("-")[0]
            text = row["text"]
            if not is_marked(text):
                text = marked(text, marker.heard(samples, language))
            if language == "zh":
                text = chinese_text(text)
            writer.add(samples, text=text, language=language, condition=name)
            seconds += float(row["seconds"])
    return name, seconds / 3600


def read_quickly(path: Path) -> Samples:
    """Return int16 mono samples at 16 kHz by FFmpeg's resampler, which takes half the time of the product's."""
    resampler = av.AudioResampler("s16", "mono", SAMPLE_RATE)
    with av.open(str(path)) as container:
        frames = [*container.decode(audio=0), None]
        pieces = [piece.to_ndarray()[0] for frame in frames for piece in resampler.resample(frame)]
    return np.concatenate(pieces)


def chinese_text(text: str) -> str:
    """Return the text as the product would write it."""
    simplified = OpenCC("t2s").convert(unicodedata.normalize("NFC", text.strip()))
    return normalise(simplified.translate(WIDE))


def is_marked(text: str) -> bool:
    return text not in (text.upper(), text.lower()) or bool(MARK.search(text))


def marked(said: str, heard: str) -> str:
    """Give the words of `said` the marks and capitals that the same words have in `heard`.

    Example: "WELL IT'S A SHIP" heard as "Well, it's a sheep." becomes "Well, it's a ship".
    """
    words, forms = FORM.findall(said.lower()), FORM.findall(heard)
    bare_words, bare_forms = ([_bare(word) for word in each] for each in (words, forms))
    match = SequenceMatcher(None, bare_words, bare_forms, autojunk=False)
    for block in match.get_matching_blocks():
        words[block.a : block.a + block.size] = forms[block.b : block.b + block.size]
    return "".join(words).strip()


def _bare(word: str) -> str:
    return re.sub(r"[^\w']", "", word.lower().replace("’", "'"))


class Marker:
    """Reads as quickly as it can: no beam, no times."""

    def __init__(self, model: Path) -> None:
        self._network = ctranslate2.models.Whisper(str(model), compute_type="int8", intra_threads=1)
        self._tokenizer = Tokenizer.from_file(str(model / "tokenizer.json"))
        self._mel = LogMel(MEL_BINS)

    def heard(self, samples: Samples, language: str) -> str:
        names = ("<|startoftranscript|>", f"<|{language}|>", "<|transcribe|>", "<|notimestamps|>")
        prompt = [self._tokenizer.token_to_id(name) for name in names]
        waveform = (samples / 32768).astype(np.float32)
        features = self._mel(waveform, padded_frames([waveform]))[None]
        [found] = self._network.generate(ctranslate2.StorageView.from_array(features), [prompt], beam_size=1)
        return str(self._tokenizer.decode(found.sequences_ids[0], skip_special_tokens=True))


if __name__ == "__main__":
    main()
