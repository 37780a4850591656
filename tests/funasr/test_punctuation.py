"""ct-punc in our own engine against FunASR's code: random weights, random texts."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest
import torch

from app.engine.sanm.punctuation import CtPunc, load_punctuator
from tests.engine.sanm.folders import MARKS, write_punctuation
from tests.engine.sanm.test_punctuation import by_unit
from tests.funasr.conftest import FindModel, needs_funasr
from tests.funasr.package import automodel, kept_process
from tests.funasr.tiny_models import rewrite

pytestmark = needs_funasr

UNITS = (*"今天气很好我们去公园玩吧你喜欢语音识别系统龘", " hello ", " world ", " 3.5 ", " don't ", " A ")


def random_texts(seed: int) -> list[str]:
    chosen = random.Random(seed)
    return ["".join(chosen.choices(UNITS, k=length)) for length in (1, 7, 20, 41, 230, 700)]


@pytest.fixture(params=["characters", "words"])
def folder(request: pytest.FixtureRequest, models: FindModel, tmp_path: Path) -> Path:
    if request.param == "words":
        return write_punctuation(tmp_path / "ct-punc", has_dictionary=True)
    return Path(shutil.copytree(models("punctuation"), tmp_path / "ct-punc"))


@torch.inference_mode()
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_random_weights_give_the_scores_and_marks_of_funasr(folder: Path, seed: int) -> None:
    torch.manual_seed(seed)
    rewrite(folder, lambda state: {name: torch.randn_like(value) * 0.3 for name, value in state.items()})
    ours = load_punctuator(folder)
    assert isinstance(ours, CtPunc)
    theirs = automodel(folder)
    numbers = torch.randint(0, 30, (1, 57))
    lengths = torch.tensor([57])

    torch.testing.assert_close(
        ours._network(numbers, lengths), theirs.model.punc_forward(numbers, lengths)[0], atol=1e-4, rtol=0
    )
    for text in random_texts(seed):
        with kept_process():
            [found] = theirs.generate([f" {text}"])
        assert by_unit(*ours.predict(text)) == [MARKS[int(mark)] for mark in found["punc_array"]]
