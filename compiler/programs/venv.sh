#!/bin/sh
# venv.sh NAME REQUIREMENTS [COMMAND [ARG...]]: run a command in the virtual environment of a requirements file.
# The environment is .mlops/state/venv/NAME. It is made anew whenever the file, or one that it includes, has changed.
# Without a command it is only made.
set -eu
name=$1 requirements=$2
shift 2
here=$(cd "$(dirname "$0")/../.." && pwd)
venv=$here/.mlops/state/venv/$name
# The requirements, and those that they include by -r or -c.
contents() {
    cat "$1" || exit
    folder=$(dirname "$1")
    sed -n 's/^[[:space:]]*\(-r\|-c\|--requirement\|--constraint\)[[:space:]=]*\([^[:space:]#]*\).*/\2/p' "$1" | while read -r included; do
        case $included in *://*) continue ;; /*) ;; *) included=$folder/$included ;; esac
        (contents "$included")
    done
}
current() { [ -f "$venv/requirements.txt" ] && contents "$here/$requirements" | cmp -s - "$venv/requirements.txt"; }
if ! current; then
    mkdir -p "$here/.mlops/state/venv"
    [ -f "$here/.mlops/state/.gitignore" ] || echo '*' > "$here/.mlops/state/.gitignore"
    exec 9> "$venv.lock"
    python3 -c 'import fcntl; fcntl.flock(9, fcntl.LOCK_EX)'  # stages that run at the same time make it once
    if ! current; then
        echo "environment $name: installing $requirements" >&2
        rm -rf "$venv"
        if command -v uv >/dev/null; then
            uv venv --quiet "$venv" >&2
            uv pip install --quiet --python "$venv/bin/python" -r "$here/$requirements" >&2
        else
            python3 -m venv "$venv" >&2
            "$venv/bin/python" -m pip install --quiet --disable-pip-version-check -r "$here/$requirements" >&2
        fi
        contents "$here/$requirements" > "$venv/requirements.new"
        mv "$venv/requirements.new" "$venv/requirements.txt"  # last: an installation that was interrupted is made anew
    fi
    exec 9>&-
fi
[ $# -gt 0 ] || exit 0
unset PYTHONHOME
PATH=$venv/bin:$PATH VIRTUAL_ENV=$venv
export PATH VIRTUAL_ENV
exec "$@"
