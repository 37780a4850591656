# Makes .venv and keeps it at the packages that requirements/*.txt lock. Sourced by the other scripts.
#
# FUNASR_TORCH        auto (the default): the CPU build of PyTorch where no NVIDIA card is found and its index can be reached, else
#                     PyPI's build; cpu: the CPU build or an error; cuda, default: PyPI's build
# FUNASR_TORCH_INDEX  where the CPU build comes from: PyTorch's own index or a mirror of it
# FUNASR_UNLOCKED     1: the newest packages that pyproject.toml allows, not tested together; 0: back to the locked ones
# shellcheck shell=bash

torch_index=${FUNASR_TORCH_INDEX:-https://download.pytorch.org/whl/cpu}
venv=.venv

fail() { printf '\nERROR: %s\n  -> %s\n' "$1" "$2" >&2; exit 1; }

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; elif command -v sudo >/dev/null; then sudo "$@"; else return 1; fi; }

# install run|dev: brings the environment to what requirements/$1.txt locks, unless it is there already.
install() {
    check_options
    if [ -z "$(venv_fault)" ] && is_installed "$1"; then return; fi
    is_unlocked || check_machine
    make_venv
    install_tools
    local torch wanted
    torch=$(choose_torch) || exit 1
    wanted="$(lock_sum) $(is_unlocked && echo unlocked || echo locked) $torch"
    forget_other_states "$1" "$wanted"
    if is_unlocked; then install_unlocked "$1" "$torch"; else install_locked "$1" "$torch"; fi
    if [ "$torch" = cpu ] && ! loads_torch; then
        [ "${FUNASR_TORCH:-auto}" = auto ] || fail "The CPU build of PyTorch cannot be loaded." "FUNASR_TORCH=default installs the larger build"
        echo "The CPU build of PyTorch cannot be loaded here; the larger build takes its place."
        FUNASR_TORCH=default install "$1"
        return
    fi
    check_packages | sed 's/^/    /' | grep . >&2 &&
        fail "The packages above are not whole." "Check the disk, then start again: what is missing is installed anew"
    echo "$wanted" >"$venv/$1.installed"
    note_unlocked
}

# What was asked for

# Puts the options that are not the script's own into `arguments`.
take_unlocked() {
    local argument
    arguments=()
    for argument in "$@"; do
        if [ "$argument" = --unlocked ]; then FUNASR_UNLOCKED=1; else arguments+=("$argument"); fi
    done
}

is_unlocked() { [ "${FUNASR_UNLOCKED:-0}" = 1 ]; }

check_options() {
    case "${FUNASR_UNLOCKED:-0}" in 0 | 1) ;; *) fail "FUNASR_UNLOCKED=$FUNASR_UNLOCKED is unknown." "Use 1 or 0" ;; esac
    case "${FUNASR_TORCH:-auto}" in
        auto | cpu | default) ;;
        cuda) [ "$(uname -s)" = Linux ] || fail "FUNASR_TORCH=cuda: CUDA needs Linux." "Leave FUNASR_TORCH out" ;;
        *) fail "FUNASR_TORCH=$FUNASR_TORCH is unknown." "Use auto, cpu, cuda or default" ;;
    esac
}

check_machine() {
    case "$(uname -s) $(uname -m)" in
        'Linux x86_64' | 'Linux aarch64' | 'Darwin arm64') ;;
        *) fail "The locked packages are for Linux (x86-64, arm64) and macOS (arm64); this is $(uname -sm)." "$unlocked_advice" ;;
    esac
}

unlocked_advice="FUNASR_UNLOCKED=1 bash scripts/$(basename "$0") installs what the index has, not tested together"

# Whether the packages are there as asked; a card that was put in since asks for the larger build.
is_installed() {
    local lock packages torch
    read -r lock packages torch 2>/dev/null <"$venv/$1.installed" && [ "$lock" = "$(lock_sum)" ] || return
    case "${FUNASR_UNLOCKED:-}" in
        1) [ "$packages" = unlocked ] || return ;;
        0) [ "$packages" = locked ] || return ;;
        *) [ "$packages" = locked ] || note_unlocked ;;
    esac
    case "${FUNASR_TORCH:-auto}" in
        auto) [ "$torch" = default ] || ! has_nvidia_card / ;;
        cpu) [ "$torch" = cpu ] || [ "$(uname -s)" != Linux ] ;;
        *) [ "$torch" = default ] ;;
    esac
}

lock_sum() { cat pyproject.toml requirements/*.txt | cksum | tr ' ' -; }

# A state that the coming change makes untrue is forgotten before it, so that what breaks off is not taken for whole.
forget_other_states() {
    local state
    for state in "$venv"/*.installed; do
        if [ "$state" = "$venv/$1.installed" ] || [ "$(cat "$state" 2>/dev/null)" != "$2" ]; then rm -f "$state"; fi
    done
}

forget_states() { rm -f "$venv"/*.installed; }

note_unlocked() {
    ! is_unlocked && [ -n "${FUNASR_UNLOCKED:-}" ] || ! grep -qs ' unlocked ' "$venv"/*.installed ||
        echo "Note: the packages in $venv are not the tested ones (FUNASR_UNLOCKED=0 brings those)."
}

# Python and the environment

find_python() {
    local name version newer=
    for name in python3 python3.13 python3.12 python3.11; do
        version=$("$name" -c 'import sys; print("%d.%02d" % sys.version_info[:2])' 2>/dev/null) || continue
        case $version in
            3.11 | 3.12 | 3.13) command -v "$name"; return ;;
            3.1[4-9] | 3.[2-9]?) newer=${newer:-$name} ;;
        esac
    done
    [ -n "$newer" ] || fail "Python 3.11, 3.12 or 3.13 was not found." "On Debian: apt-get install python3 python3-venv"
    is_unlocked || fail "Only $("$newer" --version) was found; the tested versions are 3.11 to 3.13." \
        "Install one of them (Debian: apt-get install python3.13-venv; or: uv python install 3.13), or try this one: $unlocked_advice"
    command -v "$newer"
}

# Says why the environment cannot be used as it is; nothing where it can.
venv_fault() {
    if ! [ -e "$venv/pyvenv.cfg" ]; then echo "does not exist"
    elif ! "$venv/bin/python" -c '' 2>/dev/null; then echo "has a Python that does not start here"
    elif [ -e "$venv/machine" ] && [ "$(cat "$venv/machine")" != "$(uname -sm)" ]; then echo "was made on another machine"
    elif grep -q '^command =' "$venv/pyvenv.cfg" && ! grep -qF " $(pwd -P)/$venv" "$venv/pyvenv.cfg"; then echo "was made for another folder"
    elif ! "$venv/bin/python" -c 'import pip' 2>/dev/null; then echo "is unfinished"
    elif ! is_unlocked && ! "$venv/bin/python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))'; then
        grep -qs ' unlocked ' "$venv"/*.installed && [ -z "${FUNASR_UNLOCKED:-}" ] || echo "has a Python for which nothing is locked"
    fi
}

make_venv() {
    local fault python
    fault=$(venv_fault)
    if [ -z "$fault" ]; then return; fi
    [ ! -L "$venv" ] || fail "$venv is a link to an environment that $fault." "Remove the link (rm $venv), then start again"
    [ -w . ] || fail "The folder $PWD cannot be written." "Copy it to a place of your own, for example: cp -r '$PWD' ~/"
    python=$(find_python) || exit 1
    [ ! -e "$venv" ] || echo "$venv $fault."
    echo "Making $venv with $("$python" --version) ..."
    # Debian keeps the venv module's installer in a package of its own.
    if ! "$python" -c 'import ensurepip' 2>/dev/null; then
        { as_root apt-get update -q && as_root apt-get install -y -q python3-venv; } >/dev/null ||
            fail "$python cannot make virtual environments." "apt-get install python3-venv, then start again"
    fi
    { "$python" -m venv --clear "$venv" && uname -sm >"$venv/machine"; } ||
        fail "The folder $venv could not be made." "Check the free space and rights in $PWD"
}

# The build of PyTorch

# Prints cpu or default.
choose_torch() {
    case "$(uname -s) ${FUNASR_TORCH:-auto}" in
        'Linux auto') if has_nvidia_card /; then echo default; return; fi ;;
        'Linux cpu') ;;
        *) echo default; return ;;
    esac
    if has_cpu_builds; then echo cpu; return; fi
    [ "${FUNASR_TORCH:-auto}" = auto ] || fail "The index $torch_index cannot be reached or lacks the CPU build of PyTorch." \
        "Check the network, name a mirror of it with FUNASR_TORCH_INDEX, or take the larger build: FUNASR_TORCH=default"
    echo "No NVIDIA card was found, but $torch_index cannot be reached or lacks the CPU build: the larger build with CUDA's libraries is taken." >&2
    echo default
}

# has_nvidia_card ROOT: whether a driver shows a card.
has_nvidia_card() {
    nvidia-smi -L 2>/dev/null | grep '^GPU' >/dev/null || compgen -G "$1proc/driver/nvidia/gpus/*" >/dev/null ||
        compgen -G "$1dev/nvidia[0-9]*" >/dev/null
}

has_cpu_builds() {
    local requirement version
    while read -r requirement; do
        version=${requirement#*==}
        if is_unlocked; then version=+cpu; fi
        "$venv/bin/python" -m pip index versions "${requirement%%==*}" --index-url "$torch_index" --timeout 5 --retries 0 2>/dev/null |
            grep -F -- "$version" >/dev/null || return  # not -q, which leaves pip with a broken pipe
    done < <(sed -n 's/^\(torch[a-z]*==[^ ;\\]*\).*/\1/p' requirements/torch-cpu.txt)
}

loads_torch() { "$venv/bin/python" -c 'import torch, torchaudio' 2>/dev/null; }

# pip

install_locked() {
    if [ "$2" = cpu ]; then
        echo "Installing the locked packages with the CPU build of PyTorch (the first time: some minutes, 1.4 GB of disk) ..."
        grep -q -- --hash= requirements/torch-cpu.txt ||
            echo "Note: the lock has no hashes of the CPU build; its files are checked against those that $torch_index states."
        run_pip --no-deps --index-url "$torch_index" --requirement requirements/torch-cpu.txt
        run_pip --no-deps --require-hashes --requirement "requirements/$1.txt"
        remove_cuda
    else
        echo "Installing the locked packages (the first time: some minutes, 6 GB of disk) ..."
        # 2.14.1+cpu would do for "2.14.1".
        ! has_cpu_torch || run_pip --no-deps --force-reinstall --require-hashes --requirement requirements/torch.txt
        run_pip --no-deps --require-hashes --requirement requirements/torch.txt --requirement "requirements/$1.txt"
    fi
    run_pip --no-deps --no-build-isolation --editable .
}

install_unlocked() {
    local what=(--editable '.[hub]')
    [ "$1" = run ] || what=(--editable . --group dev)
    [ "$2" != cpu ] || what+=(--extra-index-url "$torch_index")
    echo "Installing the newest packages that pyproject.toml allows, not tested together (some minutes) ..."
    run_pip --upgrade --upgrade-strategy eager "${what[@]}"
}

# The locked pip goes on with a download that broke off, and the locked build tool needs no environment of its own.
install_tools() {
    : >"$venv/install.log" || fail "The folder $venv cannot be written." "Check the free space and rights in $PWD"
    check_packages >/dev/null
    if is_unlocked; then
        pip_logged install -q --upgrade pip || explain_failure
    else
        pip_logged install -q --require-hashes --requirement requirements/install.txt || explain_failure
    fi
}

has_cpu_torch() { [ -d "$(echo "$venv"/lib/python3*/site-packages/torch-*+cpu.dist-info)" ]; }

remove_cuda() {
    sed -n 's/^\([a-z0-9-]*\)==.*/\1/p' requirements/torch.txt | grep -vx -e torch -e torchaudio |
        xargs "$venv/bin/python" -m pip uninstall -q -y 2>/dev/null
}

run_pip() { pip_logged install --resume-retries 20 --progress-bar raw "$@" | show_progress || explain_failure; }

# Of pip's many lines those that tell how far it is: files that come, of large ones every tenth, and the packages that are put in place.
show_progress() {
    awk '
        $1 == "Downloading" || $1 == "Using" { print "  " $0; shown = 0 }
        $1 == "Progress" && $4 > 20e6 && int(10 * $2 / $4) > shown { shown = int(10 * $2 / $4); printf "    %d %%\n", 10 * shown }
        /^Installing collected packages/ { printf "  Putting %d packages in place ...\n", NF - 3 }
        { fflush() }'
}

pip_logged() { "$venv/bin/python" -m pip "$@" --log "$venv/install.log" --disable-pip-version-check --no-input; }

# Takes away the entries of packages whose files are not all there, so that pip installs them again, and prints their names.
check_packages() { "$venv/bin/python" scripts/broken_packages.py; }

# Ends with what pip's log says in a sentence.
explain_failure() {
    local log=$venv/install.log lacking folder
    lacking=$(sed -n 's/.*No matching distribution found for \([^ ]*\).*/\1/p' "$log" | head -1)
    for folder in "$venv" "${TMPDIR:-/tmp}"; do
        if grep -q 'No space left on device' "$log" && [ "$(df -Pk "$folder" | awk 'NR == 2 { print $4 }')" -lt 1000000 ]; then
            fail "The disk is full where $folder lies." "Make room (6 GB, or 2 GB for PyTorch's CPU build), then start again"
        fi
    done
    if grep -q 'No space left on device' "$log"; then
        fail "The disk was full." "Make room (6 GB, or 2 GB for PyTorch's CPU build), then start again"
    elif grep -qE 'DO NOT MATCH THE HASHES|Hash mismatch' "$log" && ! is_unlocked; then
        fail "The package index has another file than the one that the program was tested with." \
            "Compare the hashes above with pypi.org; if you trust the index: $unlocked_advice"
    elif grep -qE 'connection (error|broken)|Max retries exceeded|timed out|IncompleteDownload|IncompleteRead|ProxyError' "$log"; then
        fail "The package index could not be reached, or the line broke." \
            "Check the network or a proxy (HTTPS_PROXY), then start again: what was loaded is kept"
    elif [ -n "$lacking" ] && ! is_unlocked; then
        fail "The package index lacks a package that the program was tested with: $lacking." \
            "Ask its keeper for it, or: $unlocked_advice"
    elif grep -qE 'HTTP error 4|[45][0-9][0-9] Client Error' "$log" && ! is_unlocked; then
        fail "The package index did not give a file that it lists." "Ask its keeper for it, or: $unlocked_advice"
    fi
    fail "The packages could not be installed." "The lines above say why (all of them: $log); then start again"
}

# What only the tests need

# Makes node_modules again whenever package-lock.json changes: the compiler of the types and the checker of accessibility.
install_node() {
    if cmp -s package-lock.json node_modules/installed; then return; fi
    command -v npm >/dev/null || { as_root apt-get update -q && as_root apt-get install -y -q npm; } >/dev/null || return
    npm ci --silent --no-audit --no-fund || return
    cp package-lock.json node_modules/installed
}

# install_beside NAME WHAT: makes .venv-NAME with requirements/NAME.txt beside what .venv has, for the tests of tests/NAME.
install_beside() {
    local beside=$venv-$1 wanted
    wanted="$(cat "$venv/dev.installed")"
    if "$beside/bin/python" -c 'import pip' 2>/dev/null && [ "$(cat "$beside/installed" 2>/dev/null)" = "$wanted" ]; then return; fi
    echo "Installing $2 for its tests (the first time: a minute) ..."
    make_beside "$beside" || return
    group_requirements "$1" | xargs -d '\n' "$beside/bin/python" -m pip install -q --disable-pip-version-check || return
    echo "$wanted" >"$beside/installed"
}

# make_beside FOLDER: an environment that has what .venv has, too, so that torch is neither downloaded nor stored twice.
make_beside() {
    "$venv/bin/python" -m venv --clear "$1" || return
    "$venv/bin/python" - "$1" <<'PYTHON'
import sys, sysconfig
from pathlib import Path

own = Path(sysconfig.get_path("purelib", vars={"base": sys.argv[1]}))
first = sysconfig.get_path("purelib")
# Its own .pth files count, too: without them Python 3.12 has no distutils, which FunASR imports.
(own / "first.pth").write_text(f"import site; site.addsitedir({first!r})\n")
PYTHON
}

# install_apart GROUP ENDING: makes .venv-ENDING with a dependency group that does not fit beside the others, or brings too much.
#   openai-2024  a client as programs of that year have it
#   s3-server    moto's server of an object store
install_apart() {
    local beside=$venv-$2
    if cmp -s "requirements/$1.txt" "$beside/installed"; then return; fi
    "$venv/bin/python" -m venv --clear "$beside" || return
    group_requirements "$1" | xargs -d '\n' "$beside/bin/python" -m pip install -q --disable-pip-version-check || return
    cp "requirements/$1.txt" "$beside/installed"
}

group_requirements() {
    if ! is_unlocked; then printf '%s\n' --no-deps --require-hashes --requirement "requirements/$1.txt"; return; fi
    "$venv/bin/python" - "$1" <<'PYTHON'
import sys, tomllib
from pathlib import Path

project = tomllib.loads(Path("pyproject.toml").read_text())
groups = project["dependency-groups"] | project["project"]["optional-dependencies"]
print(*groups[sys.argv[1]], sep="\n")
PYTHON
}
