#!/usr/bin/env bash
# Sets up what the tests need and runs them; options go to pytest, and then the tests of FunASR's models are left out.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/environment.sh

packages=()
command -v chromium >/dev/null || packages+=(chromium)
command -v espeak-ng >/dev/null || packages+=(espeak-ng)
PATH=$PATH:/usr/sbin command -v nginx >/dev/null || packages+=(nginx-light)
command -v caddy >/dev/null || packages+=(caddy)
[ -d /usr/share/fonts/opentype/noto ] || packages+=(fonts-noto-cjk)
if [ ${#packages[@]} -gt 0 ] && command -v apt-get >/dev/null; then
    echo "Installing ${packages[*]} ..."
    { as_root apt-get update -q && as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q "${packages[@]}"; } \
        >/dev/null || echo "Without ${packages[*]} the tests that need them are skipped." >&2
fi

install dev --editable . --group dev
install_node || echo "Without axe-core (npm ci) the tests of accessibility are skipped." >&2
[ $# -eq 0 ] || exec .venv/bin/python -m pytest "$@"
failed=0
# Most tests wait for processes, browsers most of all: both halves at once take little more than the longer one.
browser_log=$(mktemp)
.venv/bin/python -m pytest tests/browser >"$browser_log" 2>&1 &
browser=$!
.venv/bin/python -m pytest --ignore tests/browser --ignore tests/funasr || failed=$?
wait "$browser" || failed=$?
cat "$browser_log"
rm "$browser_log"
if install_funasr; then
    .venv-funasr/bin/python -m pytest tests/funasr || failed=$?
else
    echo "FunASR could not be installed (the lines above say why); the tests of its models were skipped." >&2
fi
exit "$failed"
