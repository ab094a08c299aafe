#!/bin/sh
# Set up what is missing and run the tests; arguments go to pytest.
set -eu
cd "$(dirname "$0")/.."
sh dev/setup.sh
PATH=$PWD/.venv/bin:$PATH
export PATH
exec python -m pytest "$@"
