"""Reads Kubeflow's intermediate representation as its engine does: parameters into commands, secrets into environments."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from containers import Container


def documents(path: Path) -> list[dict[str, Any]]:
    """The pipeline, and behind it the part for a platform, if there is one."""
    return list(yaml.safe_load_all(path.read_text()))


def containers(path: Path, given: Mapping[str, str], secrets: Mapping[str, Mapping[str, str]]) -> list[Container]:
    """The tasks of a run with these parameters; ``secrets`` are those of the cluster, by name."""
    spec, *more = documents(path)
    declared = spec["root"]["inputDefinitions"]["parameters"]
    assert set(given) <= set(declared), "no such parameter"
    values = {name: given[name] if name in given else said["defaultValue"] for name, said in declared.items()}
    platform = more[0]["platforms"]["kubernetes"]["deploymentSpec"]["executors"] if more else {}
    found = []
    for name, task in spec["root"]["dag"]["tasks"].items():
        label = spec["components"][task["componentRef"]["name"]]["executorLabel"]
        container = spec["deploymentSpec"]["executors"][label]["container"]
        inputs = {
            f"{{{{$.inputs.parameters['{each}']}}}}": values[said["componentInputParameter"]]
            for each, said in task["inputs"]["parameters"].items()
        }
        env = {each["name"]: each["value"] for each in container["env"]}
        for source in platform.get(label, {}).get("secretAsEnv", ()):
            keys = secrets[source["secretName"]]
            env |= {each["envVar"]: keys[each["secretKey"]] for each in source["keyToEnv"] if each["secretKey"] in keys}
        command = [filled(word, inputs) for word in (*container["command"], *container["args"])]
        found.append(Container(name, command, env, task.get("dependentTasks", [])))
    return found


def filled(word: str, inputs: Mapping[str, str]) -> str:
    """A word of a command with the parameters in it: the launcher replaces text, without regard to what is around it."""
    for sign, value in inputs.items():
        word = word.replace(sign, value)
    return word
