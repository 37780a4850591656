"""fsmn-vad in our own engine against FunASR's code: random weights, random conversations, whole and in chunks."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from app.engine.sanm.vad import load_vad
from tests.engine.sanm.folders import conversation, hear_loudness, write_vad
from tests.engine.sanm.test_vad import stream_of, told
from tests.funasr.conftest import needs_funasr
from tests.funasr.package import automodel, kept_process
from tests.funasr.tiny_models import rewrite
from tests.funasr.write_golden import hear

pytestmark = needs_funasr


@pytest.mark.parametrize("seed", [11, 12])
def test_random_weights_give_the_segments_of_funasr(seed: int, tmp_path: Path) -> None:
    folder = write_vad(tmp_path)
    torch.manual_seed(seed)

    def randomly(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        found = {name: torch.randn_like(value) * 0.1 for name, value in state.items()}
        hear_loudness(found)
        return found

    rewrite(folder, randomly)
    vad = load_vad(folder)
    theirs = automodel(folder)
    with kept_process():
        for seconds, longest_ms, chunk_ms in (
            (130.0, 60_000, 60_000),
            (70.0, 4000, 60_000),
            (50.0, 60_000, 250),
        ):
            expected = hear(theirs, seconds, seed, longest_ms, chunk_ms)
            stream = stream_of(vad, longest_ms, chunk_ms)

            assert len(expected) > 3
            assert told(stream.feed(conversation(seconds, seed), is_last=True)) == expected
