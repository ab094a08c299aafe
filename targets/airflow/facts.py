"""Facts about Airflow."""

from __future__ import annotations

MAX_ID = 250  # https://airflow.apache.org/docs/apache-airflow/stable/_modules/airflow/utils/helpers.html#validate_key
GPU_POOL = "gpu"
"""The pool whose slots stand for GPUs: https://airflow.apache.org/docs/apache-airflow/stable/administration-and-deployment/pools.html"""

START_TIMEOUT = 900
"""Seconds that a pod may wait for a node and its image. Airflow's own two minutes are less than a node with GPUs takes to start:
https://airflow.apache.org/docs/apache-airflow-providers-cncf-kubernetes/stable/operators.html"""
