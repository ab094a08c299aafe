"""A small spec for each construct of the language: what a pipeline of one stage is merged with to use it."""

from __future__ import annotations

from typing import Any

from mlopsc.compiler.emit.patch import patched
from mlopsc.compiler.model.target import Feature

FILES = {"params.yaml": "lr: 1\n", "in.txt": "", "sub/in.txt": "", "ci.yaml": ""}
"""The repository of these specs."""

IMAGE = f"ghcr.io/acme/e@sha256:{'0123456789abcdef' * 4}"
BASE: dict[str, Any] = {"cmd": "run", "deps": ["in.txt"], "outs": ["o.txt"], "metrics": ["b.json"]}
WITH: dict[Feature, dict[str, Any]] = {
    Feature.STAGES: {"stages": {"b": {"cmd": "other", "deps": ["in.txt"]}}},
    Feature.FOREACH: {"stages": {"b": {"foreach": [1, 2], "do": {"cmd": "run ${item}", "deps": ["in.txt"]}}}},
    Feature.MATRIX: {"stages": {"b": {"matrix": {"x": [1, 2]}, "cmd": "run ${item.x}", "deps": ["in.txt"]}}},
    Feature.TEMPLATES: {"a": {"cmd": "run ${lr}"}},
    Feature.VARS: {"vars": [{"v": 1}], "a": {"cmd": "run ${v}"}},
    Feature.WDIR: {"a": {"wdir": "sub"}},
    Feature.FROZEN: {"a": {"frozen": True}},
    Feature.ALWAYS_CHANGED: {"a": {"always_changed": True}},
    Feature.DESC: {"a": {"desc": "what it does"}},
    Feature.META: {"a": {"meta": {"k": 1}}},
    Feature.OUT_FLAGS: {"a": {"outs": [{"o.txt": {"persist": True}}]}},
    Feature.PARAMS: {"a": {"params": ["lr"]}},
    Feature.METRICS: {"a": {"metrics": ["m.json"]}},
    Feature.PLOTS: {"a": {"plots": ["p.csv"]}},
    Feature.ARTIFACTS: {"artifacts": {"m": {"path": "o.txt"}}},
    Feature.DATASETS: {"datasets": [{"name": "d", "type": "url", "url": "s3://b/x"}]},
    Feature.COMMAND_LISTS: {"a": {"cmd": ["run", "more"]}},
    Feature.SCRIPT: {"stages": {"b": {"script": "echo 1\n", "infer": "none"}}},
    Feature.ENV: {"a": {"env": {"A": "1"}}},
    Feature.TIMEOUT: {"a": {"timeout": "1m"}},
    Feature.RETRIES: {"a": {"retries": 2}},
    Feature.IMAGE: {"a": {"image": "python:3.12"}},
    Feature.UV: {"environments": {"e": {"uv": "sub"}}, "a": {"environment": "e"}},
    Feature.VENV: {"environments": {"e": {"venv": "in.txt"}}, "a": {"environment": "e"}},
    Feature.CONTAINER: {"environments": {"e": {"container": IMAGE}}, "a": {"environment": "e"}},
    Feature.PREFIX: {"environments": {"e": {"run": "conda run -n e"}}, "a": {"environment": "e"}},
    Feature.NETWORK: {"environments": {"e": {"network": False}}},
    Feature.CONTAINER_SHM: {"environments": {"e": {"shm": "1g"}}},
    Feature.CPU: {"a": {"resources": {"cpu": 2}}},
    Feature.MEMORY: {"a": {"resources": {"memory": "1Gi"}}},
    Feature.GPU: {"a": {"resources": {"gpu": 1}}},
    Feature.GPU_TYPE: {"a": {"resources": {"gpu_type": "nvidia-tesla-a100"}}},
    Feature.DISK: {"a": {"resources": {"disk": "400Gi"}}},
    Feature.SHM: {"a": {"resources": {"shm": "16Gi"}}},
    Feature.SPOT: {"a": {"resources": {"spot": True}}},
    Feature.INSTANCE: {
        "a": {
            "resources": {
                "instance": {
                    "sagemaker": "ml.p4d.24xlarge",
                    "vertex": "a2-highgpu-2g",
                    "azureml": "Standard_ND96asr_v4",
                }
            }
        }
    },
    Feature.KUBERNETES: {"kubernetes": {"node_selector": {"pool": "gpu"}}},
    Feature.STAGE_GATES: {"a": {"gates": {"m": "> 1"}}},
    Feature.REGISTRY: {"stack": {"registry": "s3://bucket/p"}},
    Feature.DATA: {"data": {"d": {"url": "https://example.org/x.csv"}}},
    Feature.MODELS: {"models": {"m": {"path": "o.txt", "from": "a"}}},
    Feature.EXPERIMENTS: {"experiments": {"e": {"set": {"lr": [1, 2]}}}},
    Feature.DEPLOY: {"deploy": {"prod": {"model": "m", "run": "make x"}}},
    Feature.MONITOR: {"monitor": {"m": {"schedule": "0 6 * * *", "cmd": "run"}}},
    Feature.NOTIFY: {"notify": {"on_failure": "WEBHOOK"}},
    Feature.SCHEDULE: {"schedule": "0 6 * * *"},
    Feature.SLURM: {"slurm": {"partition": "gpu"}},
    Feature.CI_TRIGGERS: {"ci": {"on": {"push": ["dev"]}}},
    Feature.CI_RUNNER: {"ci": {"runner": "big"}},
    Feature.CI_SECRETS: {"ci": {"secrets": ["KEY"]}},
    Feature.CI_OIDC: {"ci": {"oidc": {"aws": {"role": "arn:aws:iam::123456789012:role/ci", "region": "eu-west-1"}}}},
    Feature.CI_IMAGE: {"ci": {"image": "ghcr.io/acme/ci:1"}},
    Feature.CI_CACHE: {"ci": {"cache": ["data/cache"]}},
    Feature.CI_LOCK: {"ci": {"lock": "commit"}},
    Feature.FAN_OUT: {"stack": {"registry": "s3://bucket/p"}, "ci": {"fan-out": "stage"}},
    Feature.CI_RUNNERS: {"ci": {"runners": {"big": {"cpu": 64}}}},
}
"""By construct; the key `a` stands for `stages.a`, which is `BASE` without it."""

WITH_DVC = {Feature.REGISTRY, Feature.DATA, Feature.MODELS, Feature.EXPERIMENTS, Feature.DEPLOY, Feature.MONITOR}
"""Constructs that are DVC's own: without it no target writes them."""

RUNNERS = {"ci": {"runners": {"big": {"cpu": 64, "memory": "1Ti", "gpu": 8}}}}
IN_A_POD = {"a": {"image": "python:3.12", "kind": "train", "resources": {"gpu": 1}}}
TWO_MACHINES = {
    "small": {"cpu": 8, "disk": "100Gi", "gpu": 1, "gpu_type": "nvidia-tesla-t4"},
    "big": {"disk": "1Ti", "gpu": 1, "gpu_type": "nvidia-tesla-a100", "cpu": 64},
}
IN_CONTAINER = {"environments": {"e": {"container": IMAGE}}, "a": {"environment": "e"}}
NEEDS: dict[Feature, dict[str, Any]] = {
    Feature.NETWORK: IN_CONTAINER,
    Feature.CONTAINER_SHM: IN_CONTAINER,
    Feature.DEPLOY: {"models": {"m": {"path": "o.txt"}}},
    Feature.FAN_OUT: {"stack": {"registry": "s3://bucket/p"}},
    Feature.CPU: RUNNERS,
    Feature.MEMORY: RUNNERS,
    Feature.GPU: RUNNERS,
    Feature.GPU_TYPE: {**IN_A_POD, "ci": {"runners": TWO_MACHINES}},
    Feature.DISK: {**IN_A_POD, "ci": {"runners": TWO_MACHINES}},
    Feature.SHM: IN_A_POD,
    Feature.SPOT: IN_A_POD,
    Feature.INSTANCE: IN_A_POD,
    Feature.KUBERNETES: IN_A_POD,
    Feature.CI_RUNNERS: {"a": {"resources": {"cpu": 2}}},
}
"""What must be there for a construct to be valid; without and with it alike."""


def merged(data: Any, other: Any) -> Any:
    """A spec with another one merged into it, as `patches` merges."""
    return patched("mlops.yaml", data, other)[0]
