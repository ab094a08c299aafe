#!/bin/sh
# report.sh COMMAND [ARG...]: run a command with the programs in envs/bin, as `conda run` does with those of an environment.
set -eu
[ "$1" != --setup ] || exec echo "report: $(cat "$(dirname "$0")/report.lock")"
PATH=$(cd "$(dirname "$0")/bin" && pwd):$PATH
export PATH
exec "$@"
