"""Defaults of the jobs that every CI service runs."""

from __future__ import annotations

SHORT_MINUTES = 30
"""Timeout of a job that only checks or tests."""

GRACE_MINUTES = 60
"""Minutes that a stage's job has beyond the timeout of its command, to install packages and move data."""

PYTHON = "3.12"
"""The Python version if `ci.python` names none: https://devguide.python.org/versions (2026-11: security fixes until 2028)"""

UV = "0.12.4"
"""The version of uv that jobs install. The pinned release of astral-sh/setup-uv knows the checksums of its archives."""

ENVIRONMENT = "mlops"
"""The environment of the jobs that see secrets: its protection rules decide who may start them."""

WRITE_ENVIRONMENT = "mlops-write"
"""The environment of a token that may write to the service: no job with it runs code of the project."""

DURATIONS = ".mlops/state/durations.json"
"""How long stages took in earlier runs: by this the runner knows what a result that was restored has saved."""

PULL = "REPRO_FLAGS=--pull"
"""The variable that lets `make pipeline` and `dvc repro` fetch results that the run cache names."""
