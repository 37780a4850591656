#!/usr/bin/env bash
# Sets up what the tests need and runs them.
#   --fast      the quick tests and one way through each layer, for the developer at work
#   --coverage  tells afterwards which lines and branches of the program the tests have not reached
#   --newest    with the newest releases that pyproject.toml allows, in an environment of their own (.venv-newest)
#   --unlocked  the same in .venv
# With FUNASR_TEST_DATABASE=postgresql everything runs on a PostgreSQL server; without it only a part does.
# All other options go to pytest, and then the tests of FunASR's models are left out.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/environment.sh

take_unlocked "$@"
fast=
coverage=
pytest_options=()
for argument in ${arguments[@]+"${arguments[@]}"}; do
    case $argument in
        --fast) fast=yes ;;
        --coverage) coverage=yes ;;
        --newest) venv=.venv-newest FUNASR_UNLOCKED=1 ;;
        *) pytest_options+=("$argument") ;;
    esac
done
python=$venv/bin/python

apt_install() { { as_root apt-get update -q && as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q "$@"; } >/dev/null; }

packages=()
command -v espeak-ng >/dev/null || packages+=(espeak-ng)
if [ -z "$fast" ] && ! PATH=$PATH:/usr/sbin command -v nginx >/dev/null; then packages+=(nginx-light); fi
if [ -z "$fast" ] && ! compgen -G "/usr/lib/postgresql/*/bin/initdb" >/dev/null; then packages+=(postgresql); fi
if [ -z "$fast" ] && ! command -v caddy >/dev/null; then packages+=(caddy); fi
if [ -z "$fast" ] && ! [ -d /usr/share/fonts/opentype/noto ]; then packages+=(fonts-noto-cjk); fi
if [ ${#packages[@]} -gt 0 ] && command -v apt-get >/dev/null; then
    echo "Installing ${packages[*]} ..."
    apt_install "${packages[@]}" || echo "Without ${packages[*]} the tests that need them are skipped." >&2
fi
# The shell needs a third of the computing; not every system has it.
if [ -z "$fast" ] && ! { command -v chromium && command -v chromium-headless-shell; } >/dev/null && command -v apt-get >/dev/null; then
    echo "Installing chromium ..."
    apt_install chromium chromium-headless-shell 2>/dev/null || command -v chromium >/dev/null || apt_install chromium ||
        echo "Without chromium the tests in a browser are skipped." >&2
fi

if [ "$venv" = .venv-newest ]; then forget_states; fi
install dev
install_apart openai-2024 openai || echo "Without a client of 2024 (.venv-openai) its test is skipped." >&2
install_apart s3-server s3 || echo "Without moto's server (.venv-s3) the tests of object stores are skipped." >&2
install_node || echo "Without axe-core (npm ci) the tests of accessibility are skipped." >&2
unset PYTHONDONTWRITEBYTECODE  # the tests start a thousand interpreters: each would compile the program anew
# Slow tests wait for processes half of the time. A file stays in one worker, whose tests share a server and a browser.
per_processor=2
if [ -n "$fast" ]; then per_processor=1; fi
workers=$("$python" -c "import os; print(min(8, $per_processor * (os.cpu_count() or 2) + 1))")
together=(--numprocesses "$workers" --dist loadfile --no-loadscope-reorder --ignore tests/funasr --ignore tests/cluster)
of_queries=(tests/services/test_{edits,history,known_voices,queue,retry,segment_store}.py)  # what the services ask
if [ -n "$coverage" ]; then rm -f .coverage .coverage.*; fi

run_pytest() { "$python" ${coverage:+-m coverage run} -m pytest "$@"; }

# run_apart NAME [OPTION...]: the tests of tests/NAME in .venv-NAME. They have no cache: it tells which of the others failed.
run_apart() { "$venv-$1/bin/python" -m pytest -p no:cacheprovider "${@:2}" "tests/$1"; }

# start_apart NAME: the same while others run; what they print is kept for ended_apart.
start_apart() {
    if [ ${#apart[@]} -eq 0 ]; then
        printed=$(mktemp -d)
        trap stop_apart EXIT
    fi
    set -m  # a process group of its own: else an interrupt would pass it by
    run_apart "$1" >"$printed/$1" 2>&1 </dev/null &
    set +m
    apart+=("$1=$!")
}

# ended_apart NAME PID: waits for them, prints what they have printed and tells whether they have passed.
ended_apart() {
    local code=0
    wait "$2" || code=$?
    cat "$printed/$1"
    return "$code"
}

stop_apart() {
    local each
    for each in "${apart[@]}"; do kill -INT -- "-${each#*=}" 2>/dev/null || true; done
    wait
    rm -rf "$printed"
}

# Ends with what the tests have reached, if it was asked for.
finish() {
    if [ -n "$coverage" ]; then
        "$python" -m coverage combine --quiet 2>/dev/null || true  # it complains of the files of processes that were killed
        rm -f .coverage.*
        "$python" -m coverage report
    fi
    exit "$1"
}

failed=0
if [ -n "$fast" ]; then
    run_pytest "${together[@]}" -m "smoke or not slow" ${pytest_options[@]+"${pytest_options[@]}"} || failed=$?
    finish "$failed"
elif [ ${#pytest_options[@]} -gt 0 ]; then
    run_pytest "${pytest_options[@]}" || failed=$?
    finish "$failed"
fi
# What needs an environment of its own is tested beside all the rest, which leaves a processor idle now and then.
apart=()
if install_beside funasr "FunASR (750 MB)"; then
    start_apart funasr
else
    echo "FunASR could not be installed (the lines above say why); the tests of its models are skipped." >&2
fi
if install_beside cluster "Ray (600 MB)"; then
    start_apart cluster
else
    echo "Ray could not be installed (the lines above say why); the tests of clusters are skipped." >&2
fi
# What fails beside others on a busy machine gets one more try alone; its first failure stays in the output above.
run_pytest "${together[@]}" || run_pytest --last-failed --last-failed-no-failures none --ignore tests/funasr --ignore tests/cluster || failed=$?
if [ -z "${FUNASR_TEST_DATABASE:-}" ]; then  # those of the store have asked both databases
    FUNASR_TEST_DATABASE=postgresql run_pytest --numprocesses 2 --dist loadfile "${of_queries[@]}" || failed=$?
fi
for each in ${apart[@]+"${apart[@]}"}; do
    ended_apart "${each%=*}" "${each#*=}" || run_apart "${each%=*}" || failed=$?
done
finish "$failed"
