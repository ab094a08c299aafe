"""What stages ask of their pods and machines, by the platforms' own tools: fields that a tool does not know are an error."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from conftest import ROOT, judge, run
from mlopsc.targets.engines import pods
from test_kubeflow import loaded

pytestmark = [pytest.mark.real, pytest.mark.full]

GPU = ROOT / "tests/golden/gpu/expected"
CLUSTER = """\
apiVersion: v1
kind: Config
current-context: c
contexts: [{name: c, context: {cluster: c, user: u}}]
clusters: [{name: c, cluster: {server: "http://127.0.0.1:1"}}]
users: [{name: u, user: {}}]
"""
POD = """\
import json, runpy, sys
from kubernetes.client import ApiClient
tasks = runpy.run_path(sys.argv[1])["dag"].task_dict
pod = tasks["train"].build_pod_request_obj()
print(json.dumps(ApiClient().sanitize_for_serialization(pod.spec)))
"""


def test_airflow_makes_the_pod(tmp_path: Path) -> None:
    """Airflow joins what the DAG asks for with the pod that it starts anyway."""
    cluster = tmp_path / "cluster.yaml"  # that nobody asks anything
    cluster.write_text(CLUSTER)
    home = {"KUBECONFIG": str(cluster), "AIRFLOW_HOME": str(tmp_path), "AIRFLOW__CORE__LOAD_EXAMPLES": "False"}
    dag = GPU / "airflow/dags/gpu.py"
    text = run(str(judge("airflow") / "python"), "-c", POD, str(dag), cwd=tmp_path, **home).stdout
    spec = json.loads(text.splitlines()[-1])
    [container] = spec["containers"]
    assert container["image"] == "ghcr.io/acme/train:1"
    assert container["resources"] == {"limits": {"nvidia.com/gpu": "1"}, "requests": {"ephemeral-storage": "200Gi"}}
    assert container["volumeMounts"] == [{"name": "shm", "mountPath": "/dev/shm"}]
    assert spec["volumes"] == [{"name": "shm", "emptyDir": {"medium": "Memory", "sizeLimit": "16Gi"}}]
    assert spec["nodeSelector"] == {"cloud.google.com/gke-accelerator": "nvidia-tesla-a100"}
    assert [taint["key"] for taint in spec["tolerations"]] == [key for key, _ in pods.SPOT[: pods.TAINTED]]
    assert (
        len(spec["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"])
        == 4
    )


def test_kubeflow_reads_all_of_it() -> None:
    path = GPU / "kubeflow/kubeflow/gpu.yaml"
    executor = loaded(path)[1]["platforms"]["kubernetes"]["deploymentSpec"]["executors"]["exec-train"]
    assert executor["emptyDirMounts"] == [
        {"volumeName": "shm", "mountPath": "/dev/shm", "medium": "Memory", "sizeLimit": "16Gi"}
    ]
    assert executor["genericEphemeralVolume"][0]["size"] == "200Gi"
    assert len(executor["nodeAffinity"]) == len(pods.SPOT)
    assert len(executor["tolerations"]) == pods.TAINTED
