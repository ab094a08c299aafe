#!/bin/sh
# Set up .venv if necessary, and run tests on all cores.
#
#   sh dev/test.sh              tests that need only Python, git, make and what dev/setup.sh installs: `make test`
#   sh dev/test.sh --all        all tests: `make test-all`
#   sh dev/test.sh --rest       those of the others that CI runs: all but the `long` ones
#   sh dev/test.sh ARGUMENTS    pytest with these arguments
set -eu
cd "$(dirname "$0")/.."
sh dev/setup.sh
PATH=$PWD/.venv/bin:$PATH
export PATH
case "$*" in
    "") tests='not full' ;;
    --all) tests='full or not full' ;;
    --rest) tests='full and not long' ;;
    *) exec python -m pytest "$@" ;;
esac
exec python -m pytest -m "$tests" --numprocesses auto --dist loadfile --durations 15 -r s
