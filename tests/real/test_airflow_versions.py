"""The DAG by each Airflow that it is for: imported, run, its clock, and what a team adds to it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cloned import STEP, project, ran
from conftest import judge, run
from test_airflow import spec

pytestmark = [pytest.mark.real, pytest.mark.full]

VERSIONS = {"airflow-2.10": "2.10.5", "airflow-2.11": "2.11.0", "airflow": "3."}
LOCAL = """\
from datetime import timedelta


def change(dag, tasks):
    dag.tags = {"ml"}
    tasks["left"].retry_delay = timedelta(seconds=7)
"""
ASK = """
import json, sys
import pendulum
sys.path.insert(0, "dags")
import airflow
import p
from airflow.timetables.base import TimeRestriction
dag = p.dag
timetable = getattr(dag, "timetable", None)
if isinstance(dag.schedule if hasattr(dag, "schedule") else None, str) and not hasattr(timetable, "next_dagrun_info"):
    from airflow.timetables.interval import CronDataIntervalTimetable
    timetable = CronDataIntervalTimetable(dag.schedule, dag.timezone)
restriction = TimeRestriction(earliest=dag.start_date, latest=None, catchup=dag.catchup)
following = timetable.next_dagrun_info(last_automated_data_interval=None, restriction=restriction)
print("ANSWER" + json.dumps({
    "version": airflow.__version__,
    "weekday": following.run_after.in_timezone("UTC").strftime("%a %H:%M"),
    "soon": following.run_after > pendulum.now("UTC").subtract(days=8),
    "tags": sorted(dag.tags),
    "delay": dag.get_task("left").retry_delay.total_seconds(),
}))
"""


@pytest.mark.parametrize("name", VERSIONS)
def test_each_version(name: str, tmp_path: Path, s3: str) -> None:
    tools = judge(name)
    log, root, home = tmp_path / "ran.log", tmp_path / "p", tmp_path / "home"
    files = {
        "step.py": STEP,
        "raw.txt": "raw",
        "params.yaml": "start: 1\nleft: two words\n",
        "mlops.yaml": spec(log) + 'schedule: "30 6 * * 1"\n',
        "dags/p_local.py": LOCAL,
    }
    environment = {
        **project(root, s3, f"{name.replace('.', '-')}-versions", files),
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(root / "dags"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__UNIT_TEST_MODE": "False",
    }
    run(str(tools / "airflow"), "db", "migrate", cwd=tmp_path, **environment)
    answer = run(str(tools / "python"), "-c", ASK, cwd=root, **environment).stdout
    said = json.loads(answer.partition("ANSWER")[2].splitlines()[0])
    assert said.pop("version").startswith(VERSIONS[name])
    assert said == {"weekday": "Mon 06:30", "soon": True, "tags": ["ml"], "delay": 7.0}
    run(str(tools / "airflow"), "dags", "test", "p", cwd=tmp_path, **environment)
    assert sorted(ran(log)) == ["a/start.txt", "b/left.txt", "d/1.txt", "d/2.txt", "e/one.txt", "m.json"]
