"""Files made of data: YAML under a header, JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ..model.target import HEADER, File
from .yaml import dump


def yaml_file(
    path: str, data: Mapping[str, Any], header: str = HEADER, gap: int = 0, apart: tuple[str, ...] = ()
) -> File:
    """A YAML file under a comment that says what generated it; ``gap`` as for `emit.yaml.dump`.

    The keys in ``apart`` stand in a second document of the file.
    """
    second = {key: data[key] for key in apart if key in data}
    text = dump({key: value for key, value in data.items() if key not in second}, gap)
    if second:
        text += f"---\n{dump(second, gap)}"
    return File(path, header + text, data=data, header=header, apart=apart)


def json_file(path: str, data: Mapping[str, Any]) -> File:
    """A JSON file. JSON has no comments, so it has no header."""
    return File(path, json.dumps(data, indent=1) + "\n", data=data)
