#!/bin/sh
# Made by mlopsc. history.sh restore|keep MONITOR: a monitor's history, across runs of CI that start from a fresh clone.
# history.sh retrained MONITOR LOCK: record that a retraining of this dvc.lock has succeeded, so that no breach starts another.
# Both are on the branch mlops-monitoring of origin, apart from the code.
set -eu
branch=mlops-monitoring what=$1 monitor=$2
# The projects of a repository share the branch: the history of one in a folder is in that folder there.
scope=${MLOPS_FOLDER-$(git rev-parse --show-prefix)}
scope=${scope%/}
kept=${scope:+$scope/}$monitor
# Whether there is a history; where that cannot be known nothing goes on, or a breach would look like the first one.
fetched() {
    git ls-remote --quiet --exit-code origin "refs/heads/$branch" >/dev/null && found=0 || found=$?
    [ "$found" -ne 2 ] || return 1
    [ "$found" -eq 0 ] && git fetch --quiet --depth=1 origin "$branch" || exit 1
}
case $what in
restore)
    if fetched; then
        for file in csv retrained; do
            if git cat-file -e "FETCH_HEAD:$kept.$file" 2>/dev/null; then
                mkdir -p monitoring
                git show "FETCH_HEAD:$kept.$file" > "monitoring/$monitor.$file"
            fi
        done
    fi
    ;;
keep | retrained)
    lock=${3:-}
    case $what-$lock in
    keep-) ;;
    retrained- | retrained-*[!0-9a-f]*)
        echo "history.sh: what $monitor was retrained for is no hash of a dvc.lock" >&2
        exit 2
        ;;
    esac
    # In CI these files come from a job that runs code of the project: a link could lead to a secret of this job.
    for file in monitoring "monitoring/$monitor.csv" "monitoring/$monitor.html"; do
        if [ "$what" = keep ] && [ -L "$file" ]; then
            echo "history.sh: $file is a link" >&2
            exit 1
        fi
    done
    folder=$(mktemp -d)
    trap 'rm -rf "$folder"' EXIT
    origin=$(git remote get-url origin)
    case $origin in ./* | ../*) origin=$(git rev-parse --show-toplevel)/$origin ;; esac
    apart() { git --git-dir="$folder/.git" --work-tree="$folder" "$@"; }
    git init --quiet "$folder"
    for try in 1 2 3 4 5; do
        if fetched; then
            apart fetch --quiet --depth=1 "$origin" "$branch"
            apart reset --quiet --hard FETCH_HEAD
        fi
        mkdir -p "$folder/$scope"
        if [ "$what" = keep ]; then
            cp "monitoring/$monitor.csv" "monitoring/$monitor.html" "$folder/$scope/"
        elif ! grep -qs "^$lock " "$folder/$kept.retrained"; then
            echo "$lock $(date -u +%Y-%m-%dT%H:%M:%SZ)" >> "$folder/$kept.retrained"
        fi
        apart add --all
        if apart diff --cached --quiet HEAD 2>/dev/null; then
            exit 0
        fi
        apart -c "user.name=$(git config user.name || echo monitor)" \
            -c "user.email=$(git config user.email || echo monitor@localhost)" commit --quiet --message "$kept"
        # Another monitor may have kept its own meanwhile.
        if apart push --quiet "$origin" "HEAD:refs/heads/$branch"; then
            exit 0
        fi
        sleep "$try"
    done
    echo "history.sh: $origin does not take the branch $branch" >&2
    exit 1
    ;;
*)
    echo "history.sh: $what is none of restore, keep, retrained" >&2
    exit 2
    ;;
esac
