#!/bin/sh
# Made by mlopsc. retrain.sh MONITOR [PATH...]: fetch the data anew, run the pipeline with its gates, push what it made, and
# put what changed on a branch of its own for people to merge: dvc.lock, .dvc files, and PATHs, the results that Git keeps.
# Where nothing comes out differently, no branch is made. What is killed half-way can be started again. Once the branch is there,
# monitoring/MONITOR.retrained has the dvc.lock that it began with, so that `monitor.py` asks for no second retraining of that.
set -eu
monitor=$1
shift
# The branch of a project in a folder names the folder: another project may have a monitor of the same name.
scope=$(git rev-parse --show-prefix | tr -c 'A-Za-z0-9\n' '-')
branch=$(git branch --show-current)
case $branch in
retrain-"$scope$monitor"-[0-9]*) ;;
*) branch=retrain-$scope$monitor-$(date -u +%Y%m%d%H%M%S) ;;
esac
# The dvc.lock that it began with, as monitor.py names it: one commit back where a try before this one has committed.
before() {
    from=HEAD
    case $(git branch --show-current)-$(git log -1 --format=%s) in
    retrain-"$scope$monitor"-[0-9]*"-Retrain: the monitor $monitor was breached") from=HEAD^ ;;
    esac
    git rev-parse --quiet --verify --short=12 "$from:./dvc.lock" || git rev-parse --short=12 "$from"
}
lock=$(before)
succeeded() {
    mkdir -p monitoring
    grep -qs "^$lock " "monitoring/$monitor.retrained" || echo "$lock $(date -u +%Y-%m-%dT%H:%M:%SZ)" >> "monitoring/$monitor.retrained"
}
others() { git status --porcelain --untracked-files=no -- :/ ':(exclude)monitoring' "$@"; }
unmade() {
    for path in "$@"; do
        set -- "$@" ":(exclude)$path"
        shift
    done
    others ':(exclude)dvc.lock' ':(exclude,glob)**/*.dvc' ':(exclude,glob)**/.gitignore' "$@"
}
if [ -n "$(unmade "$@")" ]; then
    unmade "$@" >&2
    echo "retrain.sh: commit these first, or the model would be made by code that nobody has" >&2
    exit 1
fi
if make -n data >/dev/null 2>&1; then
    make data
fi
make pipeline
for path in dvc.lock "$@" $(git ls-files --others --exclude-standard -- ':(glob)**/*.dvc'); do
    [ ! -e "$path" ] || git add -- "$path"
done
git add --update -- . ':(exclude)monitoring'
if ! git diff --cached --quiet; then
    if [ -n "$(dvc remote list)" ]; then
        dvc push --run-cache
    fi
    git checkout --quiet -B "$branch"
    git -c "user.name=$(git config user.name || echo retrain)" \
        -c "user.email=$(git config user.email || echo retrain@localhost)" \
        commit --quiet --message "Retrain: the monitor $monitor was breached"
elif [ "$(git branch --show-current)" != "$branch" ]; then
    echo "nothing came out differently: there is nothing to merge"
    exit 0
fi
echo "branch $branch has the result"
if [ "${MLOPS_PUSH:-yes}" != no ] && git remote get-url origin >/dev/null 2>&1; then
    git push --quiet origin "$branch"
fi
succeeded
