"""Paths: resources inside the package or beside it, data in a configurable folder."""

from __future__ import annotations

import os
from pathlib import Path

from platformdirs import user_data_path, user_log_path

PACKAGE_DIR = Path(__file__).resolve().parent
CODE_ROOT = PACKAGE_DIR.parent
"""The checkout, or the folder of installed packages (site-packages)."""
APP_NAME = "funasr-webui"


def is_checkout() -> bool:
    """Return whether the program runs from a checkout; a wheel carries the resources inside the package."""
    return not (PACKAGE_DIR / "templates").is_dir()


def resource_dir(name: str) -> Path:
    """Return templates/, static/ or models/builtin/: inside the wheel, else beside app/ in a checkout."""
    return (CODE_ROOT if is_checkout() else PACKAGE_DIR) / name


def home_dir() -> Path:
    """Return the folder that contains data/ and models/: the checkout, else the user's data folder."""
    return CODE_ROOT if is_checkout() else user_data_path(APP_NAME, appauthor=False)


def logs_dir() -> Path:
    """Return the folder of app.log: logs/ of the checkout, else the platform's log folder."""
    return CODE_ROOT / "logs" if is_checkout() else user_log_path(APP_NAME, appauthor=False)


def requirements_dir() -> Path:
    """Return the folder of the requirement lock files; only in a checkout."""
    return CODE_ROOT / "requirements"


def builtin_model_dir() -> Path:
    return resource_dir("models/builtin")


def large_model_dir() -> Path | None:
    """Return the folder of the large built-in model; None in an installation without it."""
    folder = resource_dir("models/builtin-large")
    return folder if (folder / "model.bin").is_file() else None


def environment_of_children() -> dict[str, str]:
    """Return the environment in which `python -P -m app...` finds this installation.

    Without -P and this path, Python would prefer a folder `app` in the current directory.
    """
    path = filter(None, [str(CODE_ROOT), os.environ.get("PYTHONPATH")])
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path)}
