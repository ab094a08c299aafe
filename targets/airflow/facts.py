"""Facts about Airflow."""

from __future__ import annotations

MAX_ID = 250  # https://airflow.apache.org/docs/apache-airflow/stable/_modules/airflow/utils/helpers.html#validate_key
GPU_POOL = "gpu"
"""The pool whose slots stand for GPUs: https://airflow.apache.org/docs/apache-airflow/stable/administration-and-deployment/pools.html"""
