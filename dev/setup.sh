#!/bin/sh
# Create .venv with everything that tests, lint and the demo need. Requires only Python 3.11 or newer.
set -eu
cd "$(dirname "$0")/.."
stamp=.venv/.ready
if [ -f "$stamp" ] && [ ! dev/requirements.txt -nt "$stamp" ] && [ ! pyproject.toml -nt "$stamp" ]; then
    exit 0
fi
python=${PYTHON:-python3}
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    echo "mlopsc needs Python 3.11 or newer; $python is older. Set PYTHON to a newer one, such as PYTHON=python3.12." >&2
    exit 1
}
echo "setting up .venv (once, about 200 MB) ..." >&2
[ -x .venv/bin/python ] || "$python" -m venv .venv
if ! uv=$(command -v uv); then
    [ -x .venv/bin/uv ] || .venv/bin/python -m pip install --quiet --disable-pip-version-check uv
    uv=.venv/bin/uv
fi
"$uv" pip install --quiet --compile-bytecode --python .venv -r dev/requirements.txt  # halves the start-up time of DVC
"$uv" pip install --quiet --python .venv --no-deps -e .
touch "$stamp"
