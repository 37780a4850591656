#!/usr/bin/env bash
# Style, types and layers of the Python, style and types of the front end.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/environment.sh

install dev
install_node || fail "The packages of package.json could not be installed." "Check the network or a proxy, then start again"

set -x
.venv/bin/ruff format --check .
.venv/bin/ruff check .
.venv/bin/mypy
.venv/bin/mypy --explicit-package-bases tests  # several have one name, in folders of their own
.venv/bin/lint-imports
.venv/bin/python scripts/generate_types.py --check
node_modules/.bin/biome ci .
node_modules/.bin/tsc -p tsconfig.json
node_modules/.bin/tsc -p tests/js
for sums in models/*/SHA256SUMS; do  # the card of a model is one of its files
  (cd "$(dirname "$sums")" && sha256sum --check --quiet SHA256SUMS)
done
