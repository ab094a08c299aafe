"""track.py STORE record: keep what the last runs of the stages made, as dvc.lock tells, in MLflow or Sacred.
track.py STORE run [STAGE...] [--set NAME=VALUE]...: run stages (all, in order) by the worker, each a run of the store.

Made by mlopsc. STORE is mlflow or sacred. The stages' commands and code know nothing of it: parameters, hashes and
revision come from DVC and Git. A run that is in the store already is not kept twice.
MLFLOW_TRACKING_URI says where MLflow is; SACRED_DIR is the folder of Sacred's FileStorageObserver (default .sacred).
"""

import csv
import hashlib
import json
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))


def loaded(path):
    """The content of a YAML, JSON, TOML or CSV file; of a CSV file its last row."""
    ending = os.path.splitext(path)[1].lower()
    with open(path, encoding="utf-8", newline="") as file:
        if ending == ".json":
            return json.load(file)
        if ending in (".csv", ".tsv"):
            rows = list(csv.DictReader(file, delimiter="\t" if ending == ".tsv" else ","))
            return rows[-1] if rows else {}
        if ending == ".toml":
            import tomllib

            return tomllib.loads(file.read())
        try:
            from yaml import safe_load
        except ImportError:
            from ruamel.yaml import YAML

            safe_load = YAML(typ="safe").load
        return safe_load(file)


def flat(value, name=""):
    """A nested value as dotted names and what they stand for."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from flat(inner, f"{name}.{key}" if name else str(key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from flat(inner, f"{name}.{index}")
    else:
        yield name, value


def numbers(root, paths):
    """The numbers in metrics files, by dotted name; two files that share a name have theirs before it."""
    found = {}
    for path in paths:
        if not os.path.isfile(os.path.join(root, path)):
            continue
        try:
            values = dict(flat(loaded(os.path.join(root, path))))
        except (ValueError, UnicodeDecodeError):
            continue
        stem = os.path.splitext(os.path.basename(path))[0]
        for name, value in values.items():
            try:
                number = float(value)
            except (TypeError, ValueError):
                continue
            found[f"{stem}.{name}" if name in found or not name else name] = number
    return found


def params_of(record):
    """The parameters that DVC tracked, by dotted name; those of other files than params.yaml have the file before it."""
    found = {}
    for path, values in (record.get("params") or {}).items():
        for name, value in values.items():
            for inner, each in flat(value, name):
                found[inner if path == "params.yaml" else f"{path}:{inner}"] = each
    return found


def config(record):
    """The same as nested mappings, as Sacred takes them: no dots and no leading dollar signs in keys."""
    nested = {}
    for path, values in (record.get("params") or {}).items():
        start = [] if path == "params.yaml" else [path]
        for name, value in flat(values):
            *folders, last = [
                each.lstrip("$") or "_" for each in (*(one.replace(".", "_") for one in start), *name.split("."))
            ]
            inner = nested
            for folder in folders:
                inner = inner.setdefault(folder, {})
                if not isinstance(inner, dict):
                    break
            else:
                inner[last] = value
    return nested


def locked(project):
    """A record of each stage that dvc.lock knows."""
    rev = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=False).stdout.strip()
    if not os.path.exists("dvc.lock"):
        sys.exit("track.py: there is no dvc.lock: run the pipeline first")
    stages = loaded("dvc.lock").get("stages") or {}
    for name in project["stages"]:
        if name in stages:
            said = stages[name]
            yield {
                "stage": name, "rev": rev, "cmd": said["cmd"], "params": said.get("params"),
                "deps": {dep["path"]: dep.get("md5") for dep in said.get("deps", ())},
                "outs": {out["path"]: out.get("md5") for out in said.get("outs", ())},
            }  # fmt: skip


def key_of(record):
    """What tells one run of a stage from another: all but the revision, which changes with any commit."""
    text = json.dumps({name: record.get(name) for name in ("stage", "cmd", "params", "deps", "outs")}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def artifacts(project, record, root):
    """Metrics and plots files of a stage. Data and models stay with DVC; their hashes are in the record."""
    said = project["stages"].get(record["stage"], {})
    paths = [os.path.join(root, path) for path in (*said.get("metrics", ()), *said.get("plots", ()))]
    return [path for path in paths if os.path.exists(path)]


class Mlflow:
    """Runs of an MLflow experiment with the project's name; those of one pipeline are nested in a run of their own."""

    def __init__(self, project):
        import mlflow

        self.mlflow, self.project = mlflow, project
        if not os.environ.get("MLFLOW_RUN_ID"):
            mlflow.set_experiment(project["project"])

    def known(self, key):
        found = self.mlflow.search_runs(
            experiment_names=[self.project["project"]],
            filter_string=f"tags.`mlops.key` = '{key}'",
            output_format="list",
        )
        return bool(found)

    def whole(self):
        """The run that the others are nested in: the one that `mlflow run` has begun, where it has."""
        return self.mlflow.start_run(run_name=None if os.environ.get("MLFLOW_RUN_ID") else self.project["project"])

    def keep(self, record, root, failed=False, own=False):
        mlflow = self.mlflow
        with mlflow.start_run(run_name=record["stage"], nested=True) if not own else mlflow.start_run():
            tags = {
                "mlops.stage": record["stage"],
                "mlops.key": key_of(record),
                "mlflow.source.git.commit": record["rev"],
            }
            tags["mlops.cmd"] = str(record.get("cmd"))[:5000]
            mlflow.set_tags(tags)
            if params := params_of(record):
                mlflow.log_params(params)
            if metrics := numbers(root, self.project["stages"].get(record["stage"], {}).get("metrics", ())):
                mlflow.log_metrics(metrics)
            for path in artifacts(self.project, record, root):
                folder = os.path.dirname(os.path.relpath(path, root)) or None
                if os.path.isdir(path):
                    mlflow.log_artifacts(path, os.path.relpath(path, root))
                else:
                    mlflow.log_artifact(path, folder)
            mlflow.log_dict(record, "dvc.json")
            if failed:
                mlflow.end_run("FAILED")


class Sacred:
    """Runs of a Sacred experiment with the project's name, one for each stage."""

    def __init__(self, project):
        self.project, self.folder = project, os.environ.get("SACRED_DIR", ".sacred")

    def known(self, key):
        for name in os.listdir(self.folder) if os.path.isdir(self.folder) else ():
            path = os.path.join(self.folder, name, "info.json")
            if os.path.isfile(path) and loaded(path).get("key") == key:
                return True
        return False

    def keep(self, record, root, failed=False, own=False):
        from sacred import Experiment
        from sacred.observers import FileStorageObserver

        experiment = Experiment(self.project["project"], interactive=True, save_git_info=False)
        experiment.observers.append(FileStorageObserver(self.folder))
        if record.get("params"):
            experiment.add_config(config(record))

        @experiment.main
        def stage(_run):
            _run.info.update(key=key_of(record), git=record["rev"], stage=record["stage"], dvc=record)
            metrics = numbers(root, self.project["stages"].get(record["stage"], {}).get("metrics", ()))
            for name, value in metrics.items():
                _run.log_scalar(name, value)
            for path in artifacts(self.project, record, root):
                for folder, _, names in (
                    os.walk(path) if os.path.isdir(path) else [(os.path.dirname(path), (), [os.path.basename(path)])]
                ):
                    for name in names:
                        each = os.path.join(folder, name)
                        _run.add_artifact(each, name=os.path.relpath(each, root).replace(os.sep, "__"))
            if failed:
                raise RuntimeError(f"stage {record['stage']} failed")
            return metrics

        try:
            experiment.run(options={"--name": record["stage"], "--loglevel": "ERROR"})
        except RuntimeError:
            if not failed:
                raise


def record(store, project):
    """Keep every stage in dvc.lock that the store does not have."""
    new = [each for each in locked(project) if not store.known(key_of(each))]
    if new and isinstance(store, Mlflow):
        with store.whole():
            for each in new:
                store.keep(each, ".")
    else:
        for each in new:
            store.keep(each, ".")
    print(f"track.py: {len(new)} new runs", flush=True)


def worker(store, project, name, sets, own=False):
    """Run one stage by the worker, and keep it; False where it failed."""
    with tempfile.TemporaryDirectory() as output:
        environment = {**os.environ, "MLOPS_OUTPUT": output}
        for inner in ("MLFLOW_RUN_ID", "MLFLOW_EXPERIMENT_ID"):  # a stage that uses MLflow has runs of its own
            environment.pop(inner, None)
        done = subprocess.run(["sh", os.path.join(HERE, "worker.sh"), name, *sets], env=environment, check=False)
        found = [entry for entry in os.listdir(output) if entry.startswith("stage-") and entry.endswith(".json")]
        said = {"stage": name, "rev": os.environ.get("MLOPS_REV", "")}
        for entry in found:
            said = {**loaded(os.path.join(output, entry)), "stage": name}
        store.keep(said, output, failed=done.returncode != 0, own=own)
    return done.returncode == 0


def run(store, project, names, sets):
    """Run stages in order, and leave out what is behind one that failed."""
    stages = project["stages"]
    unknown = [name for name in names if name not in stages]
    if unknown:
        sys.exit(f"track.py: there is no stage {unknown[0]}")
    changed = [each for each in sets if project["params"].get(each.partition("=")[0]) != each.partition("=")[2]]
    if len(names) == 1:
        return worker(
            store, project, names[0], changed, own=isinstance(store, Mlflow) and "MLFLOW_RUN_ID" in os.environ
        )
    failed = []

    def each():
        for name in names or stages:
            if behind := [other for other in stages[name]["upstream"] if other in failed]:
                print(f"track.py: {name} is left out, because {behind[0]} has failed", flush=True)
                failed.append(name)
            elif not worker(store, project, name, changed):
                failed.append(name)

    if isinstance(store, Mlflow):
        with store.whole():
            each()
            if failed:
                store.mlflow.end_run("FAILED")
    else:
        each()
    return not failed


def main(words):
    """Read the command line."""
    if len(words) < 2 or words[0] not in ("mlflow", "sacred") or words[1] not in ("record", "run"):
        sys.exit(__doc__)
    project = loaded(os.path.join(HERE, "stages.json"))
    try:
        store = Mlflow(project) if words[0] == "mlflow" else Sacred(project)
        if words[0] == "sacred":
            import sacred  # noqa: F401
    except ImportError as error:
        sys.exit(f"track.py: {error.name} is not installed beside this Python: pip install {words[0]}")
    if words[1] == "record":
        record(store, project)
        return 0
    names, sets, rest = [], [], list(words[2:])
    while rest:
        word = rest.pop(0)
        if word == "--set" and rest:
            sets.append(rest.pop(0))
        else:
            names.append(word)
    return 0 if run(store, project, names, sets) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
