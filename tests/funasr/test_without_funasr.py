"""What does not need the package `funasr`: imports, missing folders, and pure computations."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from app.domain.errors.models import ModelFileUnreadable, ModelFolderMissing, ModelWeightsMismatch
from app.engine import EngineSpec
from app.engine.funasr import load_engine
from app.engine.funasr.paraformer import fire
from app.engine.sanm.weights import check_weights, read_tensors, shapes_of
from tests.conftest import REPOSITORY


def test_the_package_imports_neither_torch_nor_funasr() -> None:
    program = "import sys, app.engine.funasr; print([name for name in ('torch', 'funasr') if name in sys.modules])"
    found = subprocess.run([sys.executable, "-c", program], cwd=REPOSITORY, capture_output=True, text=True, check=True)

    assert found.stdout.strip() == "[]"


def test_a_hub_id_is_not_downloaded_but_explained() -> None:
    with pytest.raises(ModelFolderMissing) as caught:
        load_engine(EngineSpec(Path("iic/SenseVoiceSmall")))

    assert "models pull" in caught.value.problem.explained()["advice"]


def test_a_token_fires_where_its_weights_add_up() -> None:
    weights = torch.tensor([0.0, 0.5, 0.5, 0.0, 0.25, 0.75, 1.0, 0.0])

    assert fire(weights, 3) == [2, 5, 6]
    assert fire(weights * 0.9, 3) == [2, 5, 6]  # the sum is 2.7, rounded it is 3
    assert len(fire(torch.zeros(4), 2)) == 2


def test_a_table_of_no_tensors_is_no_checkpoint(tmp_path: Path) -> None:
    torch.save([1, 2], tmp_path / "model.pt")

    with pytest.raises(ModelFileUnreadable, match="not a table of tensors"):
        read_tensors(tmp_path / "model.pt")


def test_old_files_of_pytorch_are_read(tmp_path: Path) -> None:
    file = tmp_path / "model.pt"
    torch.save({"weight": torch.zeros(2, 3)}, file, _use_new_zipfile_serialization=False)

    assert shapes_of(read_tensors(file)) == {"weight": (2, 3)}


def test_only_the_first_misfits_are_named(tmp_path: Path) -> None:
    network = torch.nn.Linear(2, 3)

    check_weights(tmp_path, {"weight": (3, 2), "bias": (3,)}, network)
    with pytest.raises(ModelWeightsMismatch) as caught:
        check_weights(tmp_path, {"weight": (9, 2), "a": (1,), "b": (1,), "c": ()}, network)

    assert "weight has the shape 9x2, the configuration says 3x2" in str(caught.value)
    assert "the layer bias is missing" in str(caught.value)
    assert "(and 2 more)" in str(caught.value)
