#!/usr/bin/env bash
# Style, types, layers and the types of the front end.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/environment.sh

install dev --editable . --group dev
command -v npm >/dev/null || { as_root apt-get update -q && as_root apt-get install -y -q npm; } >/dev/null
[ -x node_modules/.bin/tsc ] || npm ci --silent --no-audit --no-fund

set -x
.venv/bin/ruff format --check .
.venv/bin/ruff check .
.venv/bin/mypy
.venv/bin/lint-imports
node_modules/.bin/tsc -p tsconfig.json
