#!/usr/bin/env bash
# Renews uv.lock and requirements/*.txt: as far as pyproject.toml asks for it, or with --upgrade from the newest releases.
# All options go to `uv lock`, for example --upgrade-package torch.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/environment.sh

python=$(find_python)
uv=$(command -v uv) || uv=.venv-uv/bin/uv
if ! "$uv" --version >/dev/null 2>&1; then
    { "$python" -m venv --clear .venv-uv && .venv-uv/bin/python -m pip install -q --disable-pip-version-check uv; } ||
        fail "uv could not be installed." "Check the network or a proxy, then start again"
fi
"$uv" lock --python "$python" "$@"
"$python" scripts/write_requirements.py "$uv" "$torch_index"
