#!/bin/sh
# Set up what is missing and run the tests, on every core; with arguments, run pytest with these.
set -eu
cd "$(dirname "$0")/.."
sh dev/setup.sh
PATH=$PWD/.venv/bin:$PATH
export PATH
[ $# -gt 0 ] || set -- --numprocesses auto --dist loadfile --durations 15
exec python -m pytest "$@"
