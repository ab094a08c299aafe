"""What stages ask of their pods and machines, by the platforms' own tools: fields that a tool does not know are an error."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
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
PODS = ROOT / "tests/golden/kubernetes/expected"
MOUNTS = {"/data", "/secrets", "/settings", "/scratch", "/dev/shm"}
KINDS = ("pvcMount", "secretAsVolume", "configMapAsVolume", "emptyDirMounts")
POD = """\
import json, runpy, sys
from kubernetes.client import ApiClient
tasks = runpy.run_path(sys.argv[1])["dag"].task_dict
pod = tasks["train"].build_pod_request_obj()
print(json.dumps(ApiClient().sanitize_for_serialization(pod)))
"""


def pod_of_airflow(dag: Path, folder: Path) -> dict[str, Any]:
    """The pod of the stage `train`: what the DAG asks for, joined by Airflow with what it starts anyway."""
    cluster = folder / "cluster.yaml"  # that nobody asks anything
    cluster.write_text(CLUSTER)
    home = {"KUBECONFIG": str(cluster), "AIRFLOW_HOME": str(folder), "AIRFLOW__CORE__LOAD_EXAMPLES": "False"}
    text = run(str(judge("airflow") / "python"), "-c", POD, str(dag), cwd=folder, **home).stdout
    return dict(json.loads(text.splitlines()[-1]))


def test_airflow_asks_for_the_machine(tmp_path: Path) -> None:
    spec = pod_of_airflow(GPU / "airflow/dags/gpu.py", tmp_path)["spec"]
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


def test_airflow_asks_for_the_pod(tmp_path: Path) -> None:
    pod = pod_of_airflow(PODS / "airflow/dags/pods.py", tmp_path)
    spec = pod["spec"]
    [container] = spec["containers"]
    assert pod["metadata"]["namespace"] == "ml-training"
    assert {"acme.com/team": "vision", "stage": "train"}.items() <= pod["metadata"]["labels"].items()
    assert spec["serviceAccountName"] == "trainer"
    assert spec["imagePullSecrets"] == [{"name": "ghcr"}]
    assert spec["nodeSelector"] == {
        "k8s.amazonaws.com/accelerator": "nvidia-tesla-v100",
        "node.kubernetes.io/instance-type": "p3.2xlarge",
    }
    assert spec["tolerations"] == [
        {"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"},
        {"key": "team", "operator": "Equal", "value": "vision", "effect": "NoExecute"},
    ]
    assert {volume["mountPath"] for volume in container["volumeMounts"]} == MOUNTS
    sources = [source for item in container["envFrom"] for source in item.values()]
    assert [source["name"] for source in sources] == ["tracking", "settings", "pods"]


def test_argo_asks_for_the_pod() -> None:
    """hera's models take the whole template (`test_hera_takes_it`); here what stages ask for is where Argo looks for it."""
    spec = yaml.safe_load((PODS / "argo/argo/pods.yaml").read_text())["spec"]
    train = next(template for template in spec["templates"] if template["name"] == "train")
    assert (spec["serviceAccountName"], spec["imagePullSecrets"]) == ("trainer", [{"name": "ghcr"}])
    assert train["metadata"]["labels"] == {"acme.com/team": "vision", "stage": "train"}
    assert {volume["mountPath"] for volume in train["container"]["volumeMounts"]} == MOUNTS
    assert len(train["volumes"]) == len(MOUNTS)


def test_kubeflow_asks_for_the_pod() -> None:
    platforms = loaded(PODS / "kubeflow/kubeflow/pods.yaml")[1]["platforms"]
    executor = platforms["kubernetes"]["deploymentSpec"]["executors"]["exec-train"]
    mounts = [mount for kind in KINDS for mount in executor[kind]]
    assert {mount["mountPath"] for mount in mounts} == MOUNTS
    assert executor["imagePullSecret"][0]["secretName"] == "ghcr"
    assert executor["podMetadata"]["labels"]["stage"] == "train"
