# Made by mlopsc: tells make which stages have to run. It needs Python alone (and PyYAML to compare single keys of YAML).
"""states.py [--check | STAGE...]: compare stages with their last run.

.mlops/make/STAGE.state holds the commands, the content of the deps and the values of the params as they are now;
STAGE.stamp is a copy of it from the last run that succeeded. Where they differ or an output is missing, the state file gets
newer than the stamp, and make runs the stage. Without arguments all stages of .mlops/make.json are compared, by the
parameters in the environment (MLOPS_PARAM_NAME); with names, these stages, by the same parameters. --check writes nothing
and prints what would run.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import subprocess
import sys

STAGES = ".mlops/make.json"
FOLDER = ".mlops/make"
VALUES = FOLDER + "/values.json"
PACKAGES = ".mlops/scripts/packages.py"
PREFIX = "MLOPS_PARAM_"


class Missing(Exception):
    """A dep that does not exist."""


def load_stages(names):
    """The stages of these names, or all. The file has a line for each, so that one is read without the others."""
    with open(STAGES, encoding="utf-8") as file:
        if not names:
            return json.load(file)
        starts = tuple(json.dumps(name) + ": " for name in names)
        return json.loads("{" + ",".join(line.rstrip(",\n") for line in file if line.startswith(starts)) + "}")


@functools.cache
def digest(path):
    """The hash of a file's content, or of a directory's files and their names."""
    total = hashlib.sha256()
    if os.path.isdir(path):
        for folder, folders, files in os.walk(path):
            folders.sort()
            for name in sorted(files):
                file = os.path.join(folder, name)
                content = digest(file) if os.path.isfile(file) else "not a file"
                total.update(os.fsencode(f"{content} {os.path.relpath(file, path)}\0"))
    elif os.path.exists(path):
        with open(path, "rb") as file:
            for chunk in iter(lambda: file.read(1 << 20), b""):
                total.update(chunk)
    else:
        raise Missing(path)
    return total.hexdigest()


@functools.cache
def load_params(path):
    """The content of a parameter file. Raises any exception where this Python cannot read it."""
    with open(path, encoding="utf-8") as file:
        if path.endswith(".json"):
            return json.load(file)
        if path.endswith(".toml"):
            import tomllib

            return tomllib.loads(file.read())
        if path.endswith(".py"):
            raise ValueError("parameters in Python are compared as a whole")
        import yaml

        return yaml.load(file, getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def params(path, keys):
    """The values of dotted keys of a parameter file (none: of all); the file as a whole where they cannot be read."""
    try:
        values = {}
        for key in keys or [""]:
            value = load_params(path)
            for part in key.split(".") if key else ():
                value = value[int(part)] if isinstance(value, list) else value[part]
            values[f"param {path} {key}"] = json.dumps(value, sort_keys=True, default=str)
        return values
    except Exception:
        return {"params " + path: digest(path)}


def state(stage, values):
    """What a stage depends on, each under the name by which people know it. Raises Missing."""
    known = {f"command {number}": command for number, command in enumerate(stage["commands"], 1)}
    known.update({"parameter " + name: values.get(name, "") for name in stage["variables"]})
    known.update({"dep " + path: digest(path) for path in stage["deps"]})
    for path, keys in stage["params"].items():
        known.update(params(path, keys))
    return known


def file_of(name, end):
    """The path of the state or the stamp of a stage."""
    return f"{FOLDER}/{name}.{end}"


def last_run(name):
    """The state of a stage when it last succeeded, or None."""
    try:
        with open(file_of(name, "stamp"), encoding="utf-8") as file:
            return json.load(file)
    except (OSError, ValueError):
        return None


def write(path, data):
    """Write a JSON file completely, or not at all."""
    with open(path + ".new", "w", encoding="utf-8") as file:
        json.dump(data, file, indent=1)
    os.replace(path + ".new", path)


def has_outs(stage):
    """Whether all outputs of a stage exist."""
    return all(os.path.exists(path) for path in stage["outs"])


def record(name, stage, values):
    """Write the state file of a stage, newer than its stamp if it has to run. Raises Missing, and leaves none then."""
    path, stamp = file_of(name, "state"), file_of(name, "stamp")
    try:
        current = state(stage, values)
    except Missing:
        if os.path.exists(path):
            os.remove(path)
        raise
    finished = last_run(name)
    to_run = current != finished or not has_outs(stage)
    if to_run or not os.path.exists(path) or os.stat(path).st_mtime_ns > os.stat(stamp).st_mtime_ns:
        write(path, current)
        if finished is not None:
            last = os.stat(stamp).st_mtime_ns
            time = max(os.stat(path).st_mtime_ns, last + 1000000) if to_run else last
            os.utime(path, ns=(time, time))


def reason(name, stage, values, running):
    """Why a stage would run, or None."""
    if stage["always"]:
        return "runs every time"
    upstream = [parent for parent in stage["parents"] if parent in running]
    try:
        current, finished = state(stage, values), last_run(name)
    except Missing as error:
        return "after " + ", ".join(upstream) if upstream else f"{error} does not exist"
    if finished is None:
        return "has not succeeded yet"
    changed = [key for key in {**finished, **current} if finished.get(key) != current.get(key)]
    if changed:
        return "changed: " + ", ".join(changed)
    if not has_outs(stage):
        return "an output is missing"
    return "if the outs of " + ", ".join(upstream) + " change" if upstream else None


def check(values):
    """Print what would run, and why."""
    running = set()
    for name, stage in load_stages([]).items():
        why = reason(name, stage, values, running)
        if why is not None:
            running.add(name)
            print(f"{stage['name']}: {why}")
    if not running:
        print("nothing to run")


def main(arguments):
    """Record all stages, or those named. A missing dep is an error once nothing can write it any more."""
    values = {key[len(PREFIX) :]: value for key, value in os.environ.items() if key.startswith(PREFIX)}
    if arguments == ["--check"]:
        return check(values)
    os.makedirs(FOLDER, exist_ok=True)
    if not arguments and os.path.exists(PACKAGES):  # stages track the locked versions of packages
        subprocess.call([sys.executable, PACKAGES])
    if arguments:
        with open(VALUES, encoding="utf-8") as file:
            values = json.load(file)
    else:
        write(VALUES, values)
    for name, stage in load_stages(arguments).items():
        try:
            record(name, stage, values)
        except Missing as error:
            if arguments:
                return f"{error}: no such file, and no stage has written it"
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
