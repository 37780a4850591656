"""The index and checkouts of these tests; creating an environment takes seconds, so most tests share one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.scripts.checkout import PIP, Checkout, from_index
from tests.scripts.package_index import PackageIndex, wheel_of_installed


@pytest.fixture(scope="module")
def index() -> Iterator[PackageIndex]:
    """An index that has two versions of `hello`, PyTorch with CUDA, and the CPU build in an index of its own."""
    index = PackageIndex()
    index.files["simple"][f"pip-{PIP}-py3-none-any.whl"] = wheel_of_installed("pip")
    for version in ("1.0", "2.0"):
        index.add("hello", version)
    index.add("torch", "2.0", requires=("nvidia-cudnn",))
    index.add("torchaudio", "2.0")
    index.add("nvidia_cudnn", "9")
    for name in ("torch", "torchaudio"):
        index.add(name, "2.0+cpu", folder="cpu")
    with index.serving():
        yield index


@pytest.fixture(scope="module")
def shared_checkout(index: PackageIndex, tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    checkout = from_index(index, tmp_path_factory.mktemp("scripts") / "check out")
    checkout.make_environment()
    return checkout


@pytest.fixture
def checkout(shared_checkout: Checkout) -> Iterator[Checkout]:
    """The shared checkout, locked to hello 1.0 and in a state that asks for an install."""
    shared_checkout.lock("run", ("hello", "1.0"))
    for state in shared_checkout.folder.glob(".venv/*.installed"):
        state.unlink()
    yield shared_checkout
    shared_checkout.index.missing.clear()
    shared_checkout.index.breaks.clear()
