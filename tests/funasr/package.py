"""The package `funasr` as the reference of the tests: imported offline, with its side effects removed."""

from __future__ import annotations

import importlib
import io
import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from functools import cache
from pathlib import Path
from typing import Any

import torch

OFFLINE = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1"}


@contextmanager
def kept_process() -> Iterator[None]:
    """Run FunASR without what it leaves behind: the thread count, the root logger's level, lines on the output."""
    threads, root = torch.get_num_threads(), logging.getLogger()
    level, handlers = root.level, list(root.handlers)
    try:
        with warnings.catch_warnings(), redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        root.setLevel(level)
        root.handlers[:] = handlers
        if torch.get_num_threads() != threads:
            torch.set_num_threads(threads)


def import_funasr() -> Any:
    """Import `funasr`, told to keep off the network."""
    os.environ.update(OFFLINE)
    with kept_process():
        return importlib.import_module("funasr")


@cache
def automodel(folder: Path) -> Any:
    """Return FunASR's own interface to a folder."""
    funasr = import_funasr()
    with kept_process():
        return funasr.AutoModel(
            model=str(folder),
            device="cpu",
            disable_update=True,
            disable_pbar=True,
            frontend_conf={"dither": 0.0},  # else two readings of one waveform differ
            log_level="ERROR",
        )
