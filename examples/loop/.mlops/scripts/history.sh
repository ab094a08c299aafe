#!/bin/sh
# Made by mlopsc. history.sh restore|keep MONITOR: a monitor's history, across runs of CI that start from a fresh clone.
# It is on the branch mlops-monitoring of origin, apart from the code.
set -eu
branch=mlops-monitoring what=$1 monitor=$2
fetched() { git fetch --quiet --depth=1 origin "$branch" 2>/dev/null; }
case $what in
restore)
    if fetched && git cat-file -e "FETCH_HEAD:$monitor.csv" 2>/dev/null; then
        mkdir -p monitoring
        git show "FETCH_HEAD:$monitor.csv" > "monitoring/$monitor.csv"
    fi
    ;;
keep)
    folder=$(mktemp -d)
    trap 'rm -rf "$folder"' EXIT
    origin=$(git remote get-url origin)
    apart() { git --git-dir="$folder/.git" --work-tree="$folder" "$@"; }
    git init --quiet "$folder"
    if fetched; then
        apart fetch --quiet --depth=1 "$origin" "$branch"
        apart reset --quiet --hard FETCH_HEAD
    fi
    cp "monitoring/$monitor.csv" "monitoring/$monitor.html" "$folder/"
    apart add --all
    apart -c "user.name=$(git config user.name || echo monitor)" \
        -c "user.email=$(git config user.email || echo monitor@localhost)" commit --quiet --message "$monitor"
    apart push --quiet "$origin" "HEAD:refs/heads/$branch"
    ;;
*)
    echo "history.sh: $what is neither restore nor keep" >&2
    exit 2
    ;;
esac
