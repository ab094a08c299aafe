# Made by mlopsc from mlops.yaml: edit that, then run `mlopsc build`.
# The monitors of sink for Airflow 2.9 and newer, a DAG for each. How to run them: docs/engines/airflow.md of mlopsc.

from __future__ import annotations

import json
import os
import runpy
import urllib.request
from datetime import datetime, timezone

try:  # Airflow 3
    from airflow.providers.standard.operators.bash import BashOperator
    from airflow.sdk import DAG, Param
except ImportError:  # Airflow 2
    from airflow import DAG
    from airflow.models.param import Param
    from airflow.operators.bash import BashOperator

# A task clones the branch, runs the monitor, keeps its history on the branch mlops-monitoring, and fails after a breach.
WATCH = 'set -e; d=$(mktemp -d); trap \'rm -rf "$d"\' EXIT; trap \'exit 143\' TERM INT; git clone -q -- "$MLOPS_REPO" "$d"; cd "$d"; case $MLOPS_REV in -*) exit 2;; esac; git checkout -q "${MLOPS_REV:-main}" --; cd "./${MLOPS_SUBDIR:-}"; unset MLOPS_REPO MLOPS_REV MLOPS_SUBDIR; sh .mlops/scripts/watch.sh "$@"'
ENVIRONMENT = {"MLOPS_REV": "{{ params.git_revision }}"}
LOCAL = os.path.splitext(__file__)[0] + "_local.py"


def settings(schedule):
    """The clock of a DAG. No two runs of a monitor at a time, and none for times before it was switched on."""
    return {
        "schedule": schedule,
        "start_date": datetime(2024, 1, 1, tzinfo=timezone.utc),
        "catchup": False,
        "max_active_runs": 1,
        "on_failure_callback": notify,
        "params": {"git_revision": Param(os.environ.get("MLOPS_REV", "main"), description="a branch or a tag")},
    }


def monitor(*arguments, **options):
    """A task on an Airflow worker, whose environment holds MLOPS_REPO and credentials that may push to it."""
    names = [f"MLOPS_ARGUMENT_{number}" for number, _ in enumerate(arguments)]
    words = " ".join(f'"${name}"' for name in names)
    return BashOperator(
        task_id="monitor",
        bash_command=f'exec sh -c "$MLOPS_WATCH" watch {words} ',
        env={**ENVIRONMENT, "MLOPS_WATCH": WATCH, **dict(zip(names, arguments))},
        append_env=True,
        do_xcom_push=False,
        **options,
    )


def notify(context):
    """Tell the webhook whose URL is in the environment of Airflow. No message shows the URL."""
    url = os.environ.get("WEBHOOK")
    if not url:
        print("nobody is told: WEBHOOK is not set in the environment of Airflow")
        return
    text = f"{context['dag'].dag_id}: the run {context['run_id']} failed"
    data, headers = json.dumps({"text": text}).encode(), {"Content-Type": "application/json"}
    try:
        urllib.request.urlopen(urllib.request.Request(url, data, headers), timeout=30).close()
    except Exception as error:  # of any kind: a traceback and most messages hold the URL
        print(f"the webhook cannot be told: {type(error).__name__}")


dags = {}

with DAG("sink_monitor_drift", **settings(None)) as dags["drift"]:
    monitor("drift")

globals().update({dag.dag_id: dag for dag in dags.values()})  # where Airflow looks for DAGs
if os.path.exists(LOCAL):  # yours: it defines change(dags), which may change anything here
    runpy.run_path(LOCAL)["change"](dags)
