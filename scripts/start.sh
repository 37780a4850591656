#!/usr/bin/env bash
# Sets up what is missing, then starts the server. --unlocked: with the newest packages instead of the tested ones; all other options
# go to `python -m app serve`.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/environment.sh

take_unlocked "$@"
install run
exec .venv/bin/python -m app serve ${arguments[@]+"${arguments[@]}"}
