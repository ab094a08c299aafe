#!/bin/sh
# Made by mlopsc. register.sh MODEL [VERSION [TARGET]]: check that dvc.lock is what this commit makes as far as TARGET,
# push what the pipeline made, then give this commit the registry tag MODEL@VERSION (GTO's: https://dvc.org/doc/gto), and
# push that. Doing it again with the same VERSION changes nothing.
set -eu
# GTO names a model of a folder FOLDER:MODEL, and FOLDER=MODEL in tags.
folder=$(git rev-parse --show-prefix)
folder=${folder%/}
artifact=${folder:+$folder:}$1 model=${folder:+$folder=}$1 version=${2:-} target=${3:-}
case $version in
'') ;;
*[!0-9A-Za-z.+-]*) echo "register.sh: $version is not a version, such as v1.2.3" >&2; exit 1 ;;
v[0-9]*) ;;
*) echo "register.sh: $version is not a version, such as v1.2.3" >&2; exit 1 ;;
esac
if [ -n "$(git status --porcelain --untracked-files=no)" ]; then
    git status --short --untracked-files=no >&2
    echo "register.sh: commit these first: a tag names a commit" >&2
    exit 1
fi
# A stale dvc.lock names a model that this commit does not make.
case $target in *.dvc) [ -e "$target" ] || target= ;; esac
if [ -n "$target" ]; then
    why=$(python .mlops/scripts/locked.py "$target" 2>&1) || { echo "register.sh: $why" >&2; exit 1; }
fi
dvc push
if [ -n "$version" ] && commit=$(git rev-parse --verify --quiet "refs/tags/$model@$version^{commit}"); then
    if [ "$commit" != "$(git rev-parse HEAD)" ]; then
        echo "register.sh: $model@$version is commit $commit already; take another version" >&2
        exit 1
    fi
elif [ -n "$version" ]; then
    gto register --repo "$(git rev-parse --show-toplevel)" "$artifact" HEAD --version "$version"
elif [ -n "$(git tag --points-at HEAD --list "$model@*")" ]; then
    echo "this commit is registered as $(git tag --points-at HEAD --list "$model@*" | tr '\n' ' ')"
else
    gto register --repo "$(git rev-parse --show-toplevel)" "$artifact" HEAD
fi
if git remote get-url origin >/dev/null 2>&1; then
    git push --quiet origin $(git tag --points-at HEAD --list "$model@*")
fi
