"""The machine's devices are probed in another process, and the result is cached."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.domain.errors.inference import DevicesUnseen
from app.services.inference.devices import Devices


def test_every_device_is_named_with_the_reason_where_it_cannot_be_used() -> None:
    devices = Devices()

    look = devices.list_all()

    found = {device.name: device for device in look}
    assert {"cuda", "mps", "cpu"} <= found.keys()
    assert not found["cpu"].reason
    for device in found.values():
        assert bool(device.label) != bool(device.reason)
    assert devices.list_all() is look


def test_a_look_that_dies_says_its_last_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "torch.py").write_text("raise ImportError('libcudart is broken')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    with pytest.raises(DevicesUnseen) as unseen:
        Devices().list_all()

    assert "libcudart is broken" in unseen.value.params["reason"]
