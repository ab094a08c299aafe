#!/bin/sh
# Made by mlopsc. watch.sh MONITOR [retrain]: run one monitor as a task of an engine, in a fresh clone, and nothing of the pipeline.
# It judges the gates of the monitor and keeps the history on the branch mlops-monitoring. After a breach the task fails, which
# is what the engine reports. With `retrain`, a breach that asks for it first runs `make retrain-MONITOR`, which pushes a branch.
#
# Exit status: 0 fine, 1 a breach, 2 misuse, 3 the monitor could not run, 4 its history could not be kept, 5 the retraining failed.
set -eu
monitor=${1:?usage: watch.sh MONITOR [retrain]} retrains=${2:-}
scripts=.mlops/scripts
fail() {
    status=$1
    shift
    echo "watch.sh: $*" >&2
    exit "$status"
}
if [ -n "${MLOPS_SETUP:-}" ]; then
    sh -c "$MLOPS_SETUP" >&2 || fail 3 "MLOPS_SETUP failed"
fi
sh $scripts/history.sh restore "$monitor" || fail 4 "the history of $monitor cannot be read from origin"
status=0
make "monitor-$monitor" || status=$?
breach=monitoring/$monitor.breach.md
if [ "$status" -ne 0 ] && [ ! -f "$breach" ]; then
    fail 3 "the monitor $monitor could not run"
fi
sh $scripts/history.sh keep "$monitor" || fail 4 "the history of $monitor cannot be kept: may this task push to origin?"
[ -f "$breach" ] || exit 0
if [ "$retrains" = retrain ] && [ "$(tail -n 1 "monitoring/$monitor.csv" | cut -d , -f 4)" = yes ]; then
    lock=$(tail -n 1 "monitoring/$monitor.csv" | cut -d , -f 5)
    make "retrain-$monitor" REPRO_FLAGS=--pull || fail 5 "the retraining failed: the next breach tries it again"
    ! grep -qs "^$lock " "monitoring/$monitor.retrained" ||  # nothing came out differently: later data may
        sh $scripts/history.sh retrained "$monitor" "$lock" || fail 4 "the retraining cannot be recorded: the next breach does it again"
fi
fail 1 "$monitor is breached"
