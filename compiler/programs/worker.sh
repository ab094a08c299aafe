#!/bin/sh
# worker.sh STAGE [[FILE:]KEY=VALUE...]: run one stage of the pipeline; made by mlopsc, the same for every project.
#
# With MLOPS_REPO (a Git URL) and MLOPS_REV (a commit) it works in a clone of its own, else in the repository it is
# called in. Optional: MLOPS_WORKDIR (where to clone; kept), MLOPS_SUBDIR (the project's folder in the repository),
# MLOPS_DEPTH (history to fetch; all), MLOPS_SET (more parameters, one a line), MLOPS_DEFAULTS (lines that count as not
# set), both also as NAME_1, NAME_2, ... where an engine limits their length, MLOPS_SETUP (a command that installs what the stage needs), MLOPS_REMOTE (a DVC remote other than the default),
# MLOPS_OUTPUT (a folder for metrics, plots and a record). Credentials come from the environment only: AWS_* and the
# like for DVC, GIT_USERNAME and GIT_PASSWORD for Git.
# Exit status: 0 done, 1 the stage failed, 2 misuse, 3 a result of another stage is missing, 4 Git or the remote failed.
set -eu
say() { echo "worker: $*" >&2; }
[ $# -gt 0 ] || { say "usage: worker.sh STAGE [[FILE:]KEY=VALUE...]"; exit 2; }
clone=
if [ -n "${MLOPS_REPO:-}" ]; then
    [ -n "${MLOPS_REV:-}" ] || { say "MLOPS_REV is not set: which commit?"; exit 2; }
    if [ -n "${MLOPS_WORKDIR:-}" ]; then
        clone=$MLOPS_WORKDIR
        MLOPS_KEEP=1
        mkdir -p "$clone"
    else
        clone=$(mktemp -d "${TMPDIR:-/tmp}/worker.XXXXXX")
        trap 'rm -rf "$clone"' EXIT
        trap 'exit 143' TERM INT
        MLOPS_KEEP=
    fi
    MLOPS_CLONE=$clone
    export MLOPS_CLONE MLOPS_KEEP
    # The address may hold a token: by the environment it reaches neither a log, nor .git/config.
    GIT_CONFIG_COUNT=2 GIT_TERMINAL_PROMPT=0
    GIT_CONFIG_KEY_0=remote.origin.url GIT_CONFIG_VALUE_0=$MLOPS_REPO
    GIT_CONFIG_KEY_1=credential.helper
    GIT_CONFIG_VALUE_1='!f() { test -z "$GIT_PASSWORD" || printf "username=%s\npassword=%s\n" "$GIT_USERNAME" "$GIT_PASSWORD"; }; f'
    export GIT_CONFIG_COUNT GIT_TERMINAL_PROMPT GIT_CONFIG_KEY_0 GIT_CONFIG_VALUE_0 GIT_CONFIG_KEY_1 GIT_CONFIG_VALUE_1
    cd "$clone"
    [ -d .git ] || git init --quiet .
    rm -f .git/index.lock .git/shallow.lock
    if ! { git fetch --quiet --tags ${MLOPS_DEPTH:+--depth "$MLOPS_DEPTH"} origin "+refs/heads/*:refs/remotes/origin/*" &&
        { git cat-file -e "$MLOPS_REV^{commit}" 2>/dev/null ||
            git fetch --quiet ${MLOPS_DEPTH:+--depth "$MLOPS_DEPTH"} origin "$MLOPS_REV"; }; } >git.log 2>&1; then
        sed 's#//[^/@ ]*@#//***@#g' git.log >&2
        say "the repository or its commit $MLOPS_REV cannot be fetched"
        exit 4
    fi
    rm -f git.log
    git -c advice.detachedHead=false checkout --quiet --force --detach "$MLOPS_REV"
    DVC_SITE_CACHE_DIR=${DVC_SITE_CACHE_DIR:-$clone/.git/dvc-site}
    export DVC_SITE_CACHE_DIR
fi
[ -z "${MLOPS_SUBDIR:-}" ] || cd "$MLOPS_SUBDIR"
if [ -n "${MLOPS_SETUP:-}" ]; then
    sh -c "$MLOPS_SETUP" >&2 || { say "MLOPS_SETUP failed"; exit 4; }
fi
# The Python that has DVC: that of the command dvc, else the first one there is.
python=
dvc=$(command -v dvc) && python=$(sed -n '1s/^#! *\([^ ]*\).*/\1/p;1q' "$dvc" 2>/dev/null) || python=
for try in "$python" "${dvc%/*}/python" python3 python; do
    case $try in ''|/python|*/env|*/sh) continue ;; esac
    if "$try" -c 'import importlib.util as u, sys; sys.exit(u.find_spec("dvc") is None)' 2>/dev/null; then
        trap - EXIT
        DVC_NO_ANALYTICS=1 exec "$try" -c "$(cat <<'PROGRAM'
@PROGRAM@
PROGRAM
)" "$@"
    fi
done
say "there is no Python with DVC here: install it into the image (pip install 'dvc[s3]'), or by MLOPS_SETUP"
exit 2
