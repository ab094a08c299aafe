#!/bin/sh
# Made by mlopsc. retrain.sh MONITOR: fetch the data anew, run the pipeline with its gates, push what it made, and put the
# new lock on a branch of its own for people to merge. Where nothing comes out differently, no branch is made.
set -eu
branch=retrain-$1-$(date -u +%Y%m%d%H%M%S)
if make -n data >/dev/null 2>&1; then
    make data
fi
make pipeline
if [ -z "$(git status --porcelain)" ]; then
    echo "nothing came out differently: there is nothing to merge"
    exit 0
fi
if [ -n "$(dvc remote list)" ]; then
    dvc push --run-cache
fi
git checkout --quiet -b "$branch"
git add --all -- . ':(exclude)monitoring' ':(exclude)report.md'
git -c "user.name=$(git config user.name || echo retrain)" -c "user.email=$(git config user.email || echo retrain@localhost)" \
    commit --quiet --message "Retrain: the monitor $1 was breached"
echo "branch $branch has the result"
if [ "${MLOPS_PUSH:-yes}" != no ] && git remote get-url origin >/dev/null 2>&1; then
    git push --quiet origin "$branch"
fi
