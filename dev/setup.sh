#!/bin/sh
# Make .venv with everything that testing, linting and the demo need. Needs Python 3.11 or newer and nothing else.
set -eu
cd "$(dirname "$0")/.."
stamp=.venv/.ready
if [ -f "$stamp" ] && [ ! dev/requirements.txt -nt "$stamp" ] && [ ! pyproject.toml -nt "$stamp" ]; then
    exit 0
fi
python=${PYTHON:-python3}
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    echo "mlopsc needs Python 3.11 or newer; $python is older. Set PYTHON to a newer one." >&2
    exit 1
}
echo "setting up .venv (once, about 200 MB) ..." >&2
[ -x .venv/bin/python ] || "$python" -m venv .venv
if ! uv=$(command -v uv); then
    [ -x .venv/bin/uv ] || .venv/bin/python -m pip install --quiet --disable-pip-version-check uv
    uv=.venv/bin/uv
fi
"$uv" pip install --quiet --compile-bytecode --python .venv -r dev/requirements.txt  # DVC starts in half the time
"$uv" pip install --quiet --python .venv --no-deps -e .
touch "$stamp"
