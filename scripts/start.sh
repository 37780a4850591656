#!/usr/bin/env bash
# Sets up what is missing, then starts the server.
#   --unlocked   with the newest packages instead of the tested ones
#   --no-models  fetch no model on a first start (neither does --model FOLDER)
# All other options go to `python -m app serve`.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/environment.sh

take_unlocked "$@"
set -- ${arguments[@]+"${arguments[@]}"}
options=() place=()
while [ $# -gt 0 ]; do
    case $1 in
        --no-models) export FUNASR_NO_MODELS=1 ;;
        --data-dir) place=(--data-dir "${2-}") ; options+=("$1") ;;
        --data-dir=*) place=("$1") ; options+=("$1") ;;
        --model | --model=*) export FUNASR_NO_MODELS=1 ; options+=("$1") ;;
        *) options+=("$1") ;;
    esac
    shift
done

is_first=true
if [ -e .venv/run.installed ]; then is_first=false; fi
install run
# The index was just reached for packages: so is the recommended model. Without it the start goes on.
if $is_first; then .venv/bin/python -m app models pull --recommended ${place[@]+"${place[@]}"} || true; fi
exec .venv/bin/python -m app serve ${options[@]+"${options[@]}"}
