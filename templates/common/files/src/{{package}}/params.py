"""The parameters of the pipeline."""

from pathlib import Path
from typing import Any

import yaml


def load(section: str, path: Path = Path("params.yaml")) -> dict[str, Any]:
    """One section of params.yaml. A section that is missing is a KeyError that names it."""
    params: dict[str, dict[str, Any]] = yaml.safe_load(path.read_text())
    return params[section]
