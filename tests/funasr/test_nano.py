"""Fun-ASR-Nano in our own engine against FunASR's code: random weights, with and without hotwords."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch

from app.engine.features.features import pad_waveforms
from app.engine.sanm.folder import SanmFolder
from app.engine.sanm.nano.nano import asked_in_words, load_nano
from tests.funasr.conftest import FindModel, needs_funasr
from tests.funasr.package import automodel, kept_process
from tests.funasr.tiny_models import rewrite
from tests.funasr.write_golden import listen_to_nano, voice

pytestmark = needs_funasr

HINTS: list[dict[str, object]] = [
    {"hotwords": [], "language": None, "itn": True},
    {"hotwords": ["公园", "hello"], "language": "日文", "itn": False},
]


@torch.inference_mode()
@pytest.mark.parametrize("seed", [1, 2])
def test_random_weights_give_the_numbers_and_tokens_of_funasr(seed: int, models: FindModel, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(models("nano_with_ctc"), tmp_path / "Fun-ASR-Nano-2512"))
    torch.manual_seed(seed)
    rewrite(folder, lambda state: {name: value + 0.02 * torch.randn_like(value) for name, value in state.items()})
    state = torch.load(folder / "model.pt")
    state["llm.lm_head.weight"] = state["llm.model.embed_tokens.weight"]
    torch.save(state, folder / "model.pt")
    nano, theirs = load_nano(SanmFolder(folder)), automodel(folder)
    found = listen_to_nano(theirs.model)
    for seconds in (0.7, 2.6):
        for hints in HINTS:
            waveform = voice(seconds)
            with kept_process():
                theirs.generate([torch.tensor(waveform)], max_length=30, llm_kwargs={"do_sample": False}, **hints)
            encoded, lengths = nano.network.encode(*pad_waveforms([waveform]))
            sounds = nano.network.sound_vectors(encoded, lengths)
            asked = asked_in_words(hints["hotwords"], hints["language"], itn=hints["itn"])  # type: ignore[arg-type]
            *_, [tokens] = nano.write(sounds, asked, [30])

            torch.testing.assert_close(nano.prompt(sounds[0], asked), found["vectors"][0], atol=1e-4, rtol=0)
            log_probs = nano.network.ctc_log_probs(encoded, lengths)
            torch.testing.assert_close(log_probs, found["logits"].log_softmax(-1), atol=1e-4, rtol=0)
            ended = [token for token in found["tokens"][0].tolist() if token not in nano.network.llm.config.ends]
            assert tokens == ended
