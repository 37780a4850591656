#!/usr/bin/env bash
# Sets up what the tests need and runs them.
#   --fast    the quick tests and one way through each layer, for the developer at work
# All other options go to pytest, and then the tests of FunASR's models are left out.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/environment.sh

packages=()
command -v chromium >/dev/null || packages+=(chromium)
command -v espeak-ng >/dev/null || packages+=(espeak-ng)
[ -d /usr/share/fonts/opentype/noto ] || packages+=(fonts-noto-cjk)
if [ ${#packages[@]} -gt 0 ] && command -v apt-get >/dev/null; then
    echo "Installing ${packages[*]} ..."
    { as_root apt-get update -q && as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q "${packages[@]}"; } \
        >/dev/null || echo "Without ${packages[*]} the tests that need them are skipped." >&2
fi

install dev --editable . --group dev
install_node || echo "Without axe-core (npm ci) the tests of accessibility are skipped." >&2
unset PYTHONDONTWRITEBYTECODE  # the tests start a thousand interpreters: each would compile the program anew
# Most tests wait for processes. A file stays in one worker, whose tests share a server and a browser.
workers=$(.venv/bin/python -c 'import os; print(min(8, (os.cpu_count() or 2) + 1))')
together=(--numprocesses "$workers" --dist loadfile --no-loadscope-reorder --ignore tests/funasr)
if [ "${1:-}" = --fast ]; then exec .venv/bin/python -m pytest "${together[@]}" -m "smoke or not slow" "${@:2}"; fi
[ $# -eq 0 ] || exec .venv/bin/python -m pytest "$@"
failed=0
.venv/bin/python -m pytest "${together[@]}" || failed=$?
if install_funasr; then
    .venv-funasr/bin/python -m pytest tests/funasr || failed=$?
else
    echo "FunASR could not be installed (the lines above say why); the tests of its models were skipped." >&2
fi
exit "$failed"
