"""track.py STORE record: record the last run of each stage, from dvc.lock, in MLflow or Sacred.
track.py STORE run [STAGE...] [--set NAME=VALUE]...: run stages (default: all, in order) by the worker, and record each run.

Made by mlopsc. STORE is mlflow or sacred. Commands and code of the stages do not change: parameters, hashes and revision
come from DVC and Git. A run that the store has is not recorded again.
MLFLOW_TRACKING_URI is the address of MLflow; SACRED_DIR is the folder of Sacred's FileStorageObserver (default .sacred).
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
    """The content of a YAML, JSON, TOML or CSV file; of a CSV file, its last row."""
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
    """A nested value as pairs of dotted name and value."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from flat(inner, f"{name}.{key}" if name else str(key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from flat(inner, f"{name}.{index}")
    else:
        yield name, value


def numbers(root, paths):
    """The numbers in metrics files, by dotted name; a name that two files share gets that of the second file in front."""
    metrics = {}
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
            metrics[f"{stem}.{name}" if name in metrics or not name else name] = number
    return metrics


def parameters(record):
    """The parameters that DVC tracked, by dotted name, with the file in front unless it is params.yaml."""
    params = {}
    for path, values in (record.get("params") or {}).items():
        for name, value in values.items():
            for key, leaf in flat(value, name):
                params[key if path == "params.yaml" else f"{path}:{key}"] = leaf
    return params


def config(record):
    """The same, nested as Sacred takes them: no dots and no leading dollar signs in keys."""
    nested = {}
    for path, values in (record.get("params") or {}).items():
        start = [] if path == "params.yaml" else [path]
        for name, value in flat(values):
            *folders, last = [
                key.lstrip("$") or "_" for key in (*(file.replace(".", "_") for file in start), *name.split("."))
            ]
            level = nested
            for folder in folders:
                level = level.setdefault(folder, {})
                if not isinstance(level, dict):
                    break
            else:
                level[last] = value
    return nested


def locked(project):
    """A record of each stage in dvc.lock."""
    rev = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=False).stdout.strip()
    if not os.path.exists("dvc.lock"):
        sys.exit("track.py: no dvc.lock here: run the pipeline first")
    stages = loaded("dvc.lock").get("stages") or {}
    for name in project["stages"]:
        if name in stages:
            stage = stages[name]
            yield {
                "stage": name, "rev": rev, "cmd": stage["cmd"], "params": stage.get("params"),
                "deps": {dep["path"]: dep.get("md5") for dep in stage.get("deps", ())},
                "outs": {out["path"]: out.get("md5") for out in stage.get("outs", ())},
            }  # fmt: skip


def key_of(record):
    """The identity of a run: all of it but the revision, which changes with every commit."""
    text = json.dumps({name: record.get(name) for name in ("stage", "cmd", "params", "deps", "outs")}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def artifacts(project, record, root):
    """Metrics and plots files of a stage. DVC keeps data and models; their hashes are in the record."""
    stage = project["stages"].get(record["stage"], {})
    paths = [os.path.join(root, path) for path in (*stage.get("metrics", ()), *stage.get("plots", ()))]
    return [path for path in paths if os.path.exists(path)]


class Mlflow:
    """Runs of an MLflow experiment with the project's name; the runs of one pipeline are nested in a parent run."""

    def __init__(self, project):
        import mlflow

        self.mlflow, self.project = mlflow, project
        if not os.environ.get("MLFLOW_RUN_ID"):
            mlflow.set_experiment(project["project"])

    def known(self, key):
        runs = self.mlflow.search_runs(
            experiment_names=[self.project["project"]],
            filter_string=f"tags.`mlops.key` = '{key}'",
            output_format="list",
        )
        return bool(runs)

    def parent(self):
        """The run in which the others are nested: that of `mlflow run`, if it started this program."""
        return self.mlflow.start_run(run_name=None if os.environ.get("MLFLOW_RUN_ID") else self.project["project"])

    def keep(self, record, root, failed=False, current=False):
        mlflow = self.mlflow
        with mlflow.start_run() if current else mlflow.start_run(run_name=record["stage"], nested=True):
            tags = {
                "mlops.stage": record["stage"],
                "mlops.key": key_of(record),
                "mlflow.source.git.commit": record["rev"],
            }
            tags["mlops.cmd"] = str(record.get("cmd"))[:5000]
            mlflow.set_tags(tags)
            if params := parameters(record):
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

    def keep(self, record, root, failed=False, current=False):
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
                        file = os.path.join(folder, name)
                        _run.add_artifact(file, name=os.path.relpath(file, root).replace(os.sep, "__"))
            if failed:
                raise RuntimeError(f"stage {record['stage']} failed")
            return metrics

        try:
            experiment.run(options={"--name": record["stage"], "--loglevel": "ERROR"})
        except RuntimeError:
            if not failed:
                raise


def record(store, project):
    """Record every stage in dvc.lock whose run the store lacks."""
    new = [run for run in locked(project) if not store.known(key_of(run))]
    if new and isinstance(store, Mlflow):
        with store.parent():
            for run in new:
                store.keep(run, ".")
    else:
        for run in new:
            store.keep(run, ".")
    print(f"track.py: {len(new)} new runs", flush=True)


def worker(store, project, name, sets, current=False):
    """Run one stage by the worker and record it, in the current run of MLflow if ``current``; False if it failed."""
    with tempfile.TemporaryDirectory() as output:
        environment = {**os.environ, "MLOPS_OUTPUT": output}
        for variable in ("MLFLOW_RUN_ID", "MLFLOW_EXPERIMENT_ID"):  # a stage that uses MLflow has runs of its own
            environment.pop(variable, None)
        done = subprocess.run(["sh", os.path.join(HERE, "worker.sh"), name, *sets], env=environment, check=False)
        record = {"stage": name, "rev": os.environ.get("MLOPS_REV", "")}
        for file in os.listdir(output):
            if file.startswith("stage-") and file.endswith(".json"):
                record = {**loaded(os.path.join(output, file)), "stage": name}
        store.keep(record, output, failed=done.returncode != 0, current=current)
    return done.returncode == 0


def run(store, project, names, sets):
    """Run stages in order, and skip those downstream of one that failed."""
    stages = project["stages"]
    unknown = [name for name in names if name not in stages]
    if unknown:
        sys.exit(f"track.py: no stage is called {unknown[0]}")
    changed = [word for word in sets if project["params"].get(word.partition("=")[0]) != word.partition("=")[2]]
    if len(names) == 1:
        return worker(
            store, project, names[0], changed, current=isinstance(store, Mlflow) and "MLFLOW_RUN_ID" in os.environ
        )
    failed = []

    def run_all():
        for name in names or stages:
            if failed_parents := [parent for parent in stages[name]["upstream"] if parent in failed]:
                print(f"track.py: {name} is skipped, because {failed_parents[0]} failed", flush=True)
                failed.append(name)
            elif not worker(store, project, name, changed):
                failed.append(name)

    if isinstance(store, Mlflow):
        with store.parent():
            run_all()
            if failed:
                store.mlflow.end_run("FAILED")
    else:
        run_all()
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
        sys.exit(f"track.py: this Python has no {error.name}: pip install {words[0]}")
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
