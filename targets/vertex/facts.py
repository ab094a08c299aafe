"""Facts about Vertex AI Pipelines."""

from __future__ import annotations

ACCELERATOR = "NVIDIA_TESLA_T4"
"""The kind that most regions have. https://cloud.google.com/vertex-ai/docs/reference/rest/v1/MachineSpec#AcceleratorType"""

MAX_CPU, MAX_MEMORY = 96, 624 * 10**9
"""https://cloud.google.com/vertex-ai/docs/pipelines/machine-types"""
