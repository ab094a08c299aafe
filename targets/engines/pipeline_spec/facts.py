"""Facts about the PipelineSpec."""

from __future__ import annotations

import re

SCHEMA = "2.1.0"  # https://github.com/kubeflow/pipelines/blob/master/api/v2alpha1/pipeline_spec.proto#L40
SDK = "mlopsc"

MAX_NAME = 58
"""With `comp-` or `exec-` in front, a name still fits a Kubernetes label, which has at most 63 characters.
https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set"""

RETRY = {"backoffDuration": "0s", "backoffFactor": 2.0, "backoffMaxDuration": "3600s"}
"""The SDK's spacing of retries. https://kubeflow-pipelines.readthedocs.io/en/stable/source/dsl.html"""

SUBSTITUTED = re.compile(r"\{\{|\$[($]")
"""What Kubeflow (and Argo beneath it) and Kubernetes substitute in an argument or an image.
https://kubernetes.io/docs/tasks/inject-data-application/define-command-argument-container/"""
