"""What the program runs on: system, processor, memory, packages, and the variables that affect it."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Mapping
from importlib.metadata import distributions
from typing import Any

import psutil

from app import __version__

TELLING_PREFIXES = (
    *(
        "FUNASR_",
        "CUDA_",
        "NVIDIA_",
        "PYTORCH_",
        "TORCH_",
        "OMP_",
        "MKL_",
        "OPENBLAS_",
        "HF_",
        "MODELSCOPE_",
        "LC_",
    ),
    *("PYTHON", "KMP_"),
)
TELLING_VARIABLES = frozenset(
    {
        "LANG",
        "LANGUAGE",
        "TZ",
        "TMPDIR",
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "ALL_PROXY",
        "NO_PROXY",
        "LD_LIBRARY_PATH",
    }
)


def describe_environment(variables: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """Return facts without names of the machine or its users; the values of variables are not redacted yet."""
    return {
        "program": __version__,
        "python": sys.version,
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "processors": {"logical": psutil.cpu_count(), "physical": psutil.cpu_count(logical=False)},
        "memory_bytes": psutil.virtual_memory().total,
        "memory_free_bytes": psutil.virtual_memory().available,
        "in_container": os.path.exists("/.dockerenv"),  # noqa: PTH110 - a single check
        "variables": {name: value for name, value in sorted(variables.items()) if _is_telling(name)},
    }


def installed_packages() -> dict[str, str]:
    """Return every installed distribution with its version."""
    found = {str(each.metadata["Name"]).lower(): each.version for each in distributions() if each.metadata["Name"]}
    return dict(sorted(found.items()))


def _is_telling(name: str) -> bool:
    return name.upper() in TELLING_VARIABLES or name.startswith(TELLING_PREFIXES)
