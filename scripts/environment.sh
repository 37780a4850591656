# Makes .venv once and again whenever pyproject.toml changes. Sourced by the other scripts.

fail() { printf '\nERROR: %s\n  -> %s\n' "$1" "$2" >&2; exit 1; }

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; elif command -v sudo >/dev/null; then sudo "$@"; else return 1; fi; }

find_python() {
    for name in python3 python3.13 python3.12 python3.11; do
        if command -v "$name" >/dev/null && "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
            command -v "$name"
            return
        fi
    done
    fail "Python 3.11 or newer was not found." "On Debian: apt-get install python3 python3-venv"
}

# Tells whether .venv is whole: making it may have been broken off, and an upgrade of the system can take its Python away.
venv_works() { .venv/bin/python -c 'import pip' 2>/dev/null; }

make_venv() {
    if venv_works; then return; fi
    [ -w . ] || fail "The folder $PWD cannot be written." "Copy it to a place of your own, for example: cp -r '$PWD' ~/"
    local python
    python=$(find_python)
    echo "Making .venv with $($python --version) ..."
    # Debian keeps the venv module's installer in a package of its own.
    if ! "$python" -c 'import ensurepip' 2>/dev/null; then
        { as_root apt-get update -q && as_root apt-get install -y -q python3-venv; } >/dev/null ||
            fail "$python cannot make virtual environments." "apt-get install python3-venv, then start again"
    fi
    "$python" -m venv --clear .venv || fail "The folder .venv could not be made." "Check the free space and rights in $PWD"
}

# install STAMP PIP-ARGUMENTS...: runs pip unless this very pyproject.toml was installed before.
install() {
    local stamp=.venv/$1.installed
    shift
    if venv_works && cmp -s pyproject.toml "$stamp"; then return; fi
    make_venv
    echo "Installing packages (the first time this takes some minutes and 6 GB of disk) ..."
    { .venv/bin/python -m pip install -q --upgrade pip && .venv/bin/python -m pip install -q "$@"; } ||
        fail "The packages could not be installed." "The lines above say why; check the network or a proxy, then start again"
    cp pyproject.toml "$stamp"
}

# Makes node_modules again whenever package-lock.json changes: the compiler of the types and the checker of accessibility.
install_node() {
    if cmp -s package-lock.json node_modules/installed; then return; fi
    command -v npm >/dev/null || { as_root apt-get update -q && as_root apt-get install -y -q npm; } >/dev/null || return
    npm ci --silent --no-audit --no-fund || return
    cp package-lock.json node_modules/installed
}

# Makes .venv-funasr: the extra [funasr] beside what .venv has, so that torch is neither downloaded nor stored twice.
install_funasr() {
    local venv=.venv-funasr
    if "$venv/bin/python" -c 'import pip' 2>/dev/null && cmp -s pyproject.toml "$venv/installed"; then return; fi
    echo "Installing FunASR for its tests (the first time this takes a minute and 750 MB of disk) ..."
    "$venv/bin/python" -c 'import pip' 2>/dev/null || .venv/bin/python -m venv --clear "$venv" || return
    .venv/bin/python - "$venv" <<'PYTHON' || return
import sys, sysconfig
from pathlib import Path

own = Path(sysconfig.get_path("purelib", vars={"base": sys.argv[1]}))
(own / "first.pth").write_text(sysconfig.get_path("purelib") + "\n")
PYTHON
    .venv/bin/python - <<'PYTHON' | xargs -d '\n' "$venv/bin/python" -m pip install -q --disable-pip-version-check || return
import tomllib
from pathlib import Path

project = tomllib.loads(Path("pyproject.toml").read_text())["project"]
print(*project["optional-dependencies"]["funasr"], sep="\n")
PYTHON
    cp pyproject.toml "$venv/installed"
}
