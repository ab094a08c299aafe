#!/bin/sh
# Compile examples/wine in a fresh repository, run it, show its metrics, and run it again: nothing to do.
set -eu
cd "$(dirname "$0")/.."
sh dev/setup.sh
PATH=$PWD/.venv/bin:$PATH
export PATH DVC_NO_ANALYTICS=1
say() { printf '\n$ %s\n' "$*"; }
demo=.cache/demo
rm -rf "$demo"
mkdir -p "$demo"
cp -R examples/wine "$demo/wine"
cd "$demo/wine"
git init --quiet
dvc init --quiet
say mlopsc build
mlopsc build
say dvc repro
dvc repro
git add --all
say dvc metrics show
dvc metrics show
say "dvc repro   # again: nothing to do"
dvc repro
printf '\nThe repository is in %s. Look at mlops.yaml, dvc.yaml, Makefile and .github/workflows.\n' "$demo/wine"
