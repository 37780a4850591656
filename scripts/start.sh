#!/usr/bin/env bash
# Sets up what is missing, then starts the server; options go to `python -m app serve`.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/environment.sh

install run --editable '.[hub]'
exec .venv/bin/python -m app serve "$@"
