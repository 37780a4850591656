"""Where things lie: resources inside the package or beside it, data in a folder of the person's choice."""

from __future__ import annotations

from pathlib import Path

from platformdirs import user_data_path

PACKAGE_DIR = Path(__file__).resolve().parent
CHECKOUT_DIR = PACKAGE_DIR.parent
APP_NAME = "funasr-webui"


def resource_dir(name: str) -> Path:
    """Return templates/ or static/: inside the wheel, else beside app/ in a checkout."""
    packaged = PACKAGE_DIR / name
    return packaged if packaged.is_dir() else CHECKOUT_DIR / name


def home_dir() -> Path:
    """Return the folder that data/, logs/ and models/ lie in: the checkout, else the user's data folder."""
    if (CHECKOUT_DIR / "pyproject.toml").is_file():
        return CHECKOUT_DIR
    return user_data_path(APP_NAME)


def builtin_model_dir() -> Path:
    return CHECKOUT_DIR / "models" / "builtin"
