# Made by mlopsc from mlops.yaml: edit that, then run `mlopsc build`.
# The pipeline gpu for Airflow 2.9 and newer. How to run it: docs/engines/airflow.md of mlopsc.

from __future__ import annotations

import os
import re
import runpy
from datetime import timedelta

try:  # Airflow 3
    from airflow.providers.standard.operators.bash import BashOperator
    from airflow.sdk import DAG, Param
except ImportError:  # Airflow 2
    from airflow import DAG
    from airflow.models.param import Param
    from airflow.operators.bash import BashOperator
from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator
from airflow.providers.cncf.kubernetes.pod_generator import PodGenerator
from kubernetes.client import models as k8s

PARAMS = {}
SECRET = os.environ.get("MLOPS_SECRET", "gpu")
WORKER = """\
#!/bin/sh
# worker.sh STAGE [[FILE:]KEY=VALUE...]: run one stage of the pipeline. Made by mlopsc; the same for every project.
#
# With MLOPS_REPO (a Git URL) and MLOPS_REV (a commit) it works in a clone of its own, otherwise in the repository in which it is
# called. Exit status: 0 done, 1 the stage failed, 2 misuse, 3 a result of another stage is missing, 4 Git or the remote failed.
#
# Optional:
#   MLOPS_WORKDIR    where to clone; the clone is kept
#   MLOPS_SUBDIR     the folder of the project in the repository
#   MLOPS_DEPTH      the depth of history to fetch (default: all)
#   MLOPS_SET        more parameters, one per line
#   MLOPS_DEFAULTS   lines of MLOPS_SET to ignore: the values that are in the repository
#   MLOPS_SETUP      a command that installs what the stage needs
#   MLOPS_REMOTE     a DVC remote other than the default
#   MLOPS_OUTPUT     a folder for metrics, plots and a record of the run
# MLOPS_SET and MLOPS_DEFAULTS may continue in NAME_1, NAME_2, ... for engines that limit the length of a variable.
# Credentials come from the environment only: AWS_* and others for DVC, GIT_USERNAME and GIT_PASSWORD for Git.
set -eu
say() { echo "worker: $*" >&2; }
[ $# -gt 0 ] || { say "usage: worker.sh STAGE [[FILE:]KEY=VALUE...]"; exit 2; }
clone=
if [ -n "${MLOPS_REPO:-}" ]; then
    [ -n "${MLOPS_REV:-}" ] || { say "MLOPS_REV is not set: name the commit"; exit 2; }
    if [ -n "${MLOPS_WORKDIR:-}" ]; then
        clone=$MLOPS_WORKDIR
        MLOPS_KEEP=1
        mkdir -p "$clone"
    else
        clone=$(mktemp -d "${TMPDIR:-/tmp}/worker.XXXXXX")
        trap 'rm -rf "$clone"' EXIT
        trap 'exit 143' TERM INT
        MLOPS_KEEP=
    fi
    MLOPS_CLONE=$clone
    export MLOPS_CLONE MLOPS_KEEP
    # The URL may contain a token. Passed through the environment, it appears in no log and not in .git/config.
    GIT_CONFIG_COUNT=2 GIT_TERMINAL_PROMPT=0
    GIT_CONFIG_KEY_0=remote.origin.url GIT_CONFIG_VALUE_0=$MLOPS_REPO
    GIT_CONFIG_KEY_1=credential.helper
    GIT_CONFIG_VALUE_1='!f() { test -z "$GIT_PASSWORD" || printf "username=%s\\npassword=%s\\n" "$GIT_USERNAME" "$GIT_PASSWORD"; }; f'
    export GIT_CONFIG_COUNT GIT_TERMINAL_PROMPT GIT_CONFIG_KEY_0 GIT_CONFIG_VALUE_0 GIT_CONFIG_KEY_1 GIT_CONFIG_VALUE_1
    cd "$clone"
    [ -d .git ] || git init --quiet .
    rm -f .git/index.lock .git/shallow.lock
    # Git would take `--upload-pack=...` as an option: it sees a hash, or a branch or tag that exists by exactly this name.
    case $MLOPS_REV in
    *[!0-9a-f]*) named=yes ;;
    *) case $(expr "$MLOPS_REV" : '.*') in 40|64) named= ;; *) named=yes ;; esac ;;
    esac
    case ${MLOPS_DEPTH:-1} in *[!0-9]*) say "MLOPS_DEPTH is not a number"; exit 2 ;; esac
    resolve() {
        [ -n "$named" ] || return 0
        for ref in "refs/tags/$MLOPS_REV" "refs/remotes/origin/$MLOPS_REV"; do
            if git show-ref --verify --quiet "$ref"; then
                MLOPS_REV=$(git rev-parse --verify "$ref^{commit}") && return 0
            fi
        done
        return 1
    }
    if ! { git fetch --quiet --tags ${MLOPS_DEPTH:+--depth "$MLOPS_DEPTH"} origin "+refs/heads/*:refs/remotes/origin/*" &&
        resolve &&
        { git cat-file -e "$MLOPS_REV^{commit}" 2>/dev/null ||
            git fetch --quiet ${MLOPS_DEPTH:+--depth "$MLOPS_DEPTH"} origin "$MLOPS_REV"; }; } >git.log 2>&1; then
        sed 's#//[^/@ ]*@#//***@#g' git.log >&2
        say "cannot fetch the repository or its commit $MLOPS_REV"
        exit 4
    fi
    rm -f git.log
    git -c advice.detachedHead=false checkout --quiet --force --detach "$MLOPS_REV"
    DVC_SITE_CACHE_DIR=${DVC_SITE_CACHE_DIR:-$clone/.git/dvc-site}
    export DVC_SITE_CACHE_DIR
fi
[ -z "${MLOPS_SUBDIR:-}" ] || cd "$MLOPS_SUBDIR"
if [ -n "${MLOPS_SETUP:-}" ]; then
    sh -c "$MLOPS_SETUP" >&2 || { say "MLOPS_SETUP failed"; exit 4; }
fi
# The Python that has DVC: the one of the command dvc, otherwise the first on the path.
python=
dvc=$(command -v dvc) && python=$(sed -n '1s/^#! *\\([^ ]*\\).*/\\1/p;1q' "$dvc" 2>/dev/null) || python=
for candidate in "$python" "${dvc%/*}/python" python3 python; do
    case $candidate in ''|/python|*/env|*/sh) continue ;; esac
    if "$candidate" -c 'import importlib.util as u, sys; sys.exit(u.find_spec("dvc") is None)' 2>/dev/null; then
        trap - EXIT
        DVC_NO_ANALYTICS=1 exec "$candidate" -c "$(cat <<'PROGRAM'
import contextlib
import functools
import json
import os
import shutil
import signal
import subprocess
import sys


def fail(status, *lines):
    print("worker: " + "\\n        ".join(lines), file=sys.stderr, flush=True)
    sys.exit(status)


def stop(number, frame):
    import psutil

    for child in psutil.Process().children(recursive=True):
        child.terminate()
    sys.exit(128 + number)


# OmegaConf resolves templates: oc.env reads the environment, with its secrets. (In two parts, as engines have templates, too.)
RESOLVED = "$" + "{"


def set_params(words):
    # As `dvc exp run --set-param` does, but a file whose values stay the same keeps its bytes.
    from dvc.utils.cli_parse import to_path_overrides
    from dvc.utils.hydra import apply_overrides
    from dvc.utils.serialize import LOADERS

    for word in words:
        if RESOLVED in word:
            fail(2, f"the parameter {word.partition('=')[0]} has a template as its value: only plain values can be set")
    for path, overrides in to_path_overrides(words).items():
        check_params_file(path)
        load = LOADERS[os.path.splitext(path)[1].lower()]
        with open(path, "rb") as file:
            before, values = file.read(), load(path)
        apply_overrides(path, overrides)
        if load(path) == values:
            with open(path, "wb") as file:
                file.write(before)


def check_params_file(path):
    # Parameters may come from whoever starts the pipeline: they set values in params files of the repository, and no commands.
    top = subprocess.run(["git", "rev-parse", "--show-toplevel"], capture_output=True, text=True, check=True).stdout
    place = os.path.relpath(os.path.realpath(path), os.path.realpath(top.rstrip("\\n")))
    parts = place.split(os.sep)
    if parts[0] == ".." or any(part.startswith(".") for part in parts) or parts[-1] in ("dvc.yaml", "mlops.yaml"):
        fail(2, f"{path} is not a params file of the repository")
    with open(path, "rb") as file:
        if RESOLVED.encode() in file.read():
            fail(2, f"{path} contains templates, which setting a parameter would resolve: keep them in another file")


class Worker:
    def __init__(self, name):
        from dvc.repo import Repo

        self.repo = Repo()
        # DVC creates a client of the remote for each question, which takes 0.2 s: share one.
        get_remote = functools.cache(self.repo.cloud.get_remote)
        self.repo.cloud.get_remote = lambda name=None, command=\"": get_remote(name)
        for remote in self.repo.config["remote"].values():
            remote["verify"] = True  # DVC believes what S3 gives it otherwise
        self.cache = self.repo.stage_cache
        self.remote = os.environ.get("MLOPS_REMOTE") or None
        self.target = self.repo.stage.get_target(name)
        self.results = {}  # path: the out of an upstream stage, and the stage
        self.present = set()  # paths of results that are checked out

    def store(self):
        # The remote, as the store of the run cache.
        odb = self.repo.cloud.get_remote_odb(self.remote, "push --run-cache", hash_name="md5-dos2unix")
        if odb.fs.protocol in ("http", "https"):
            fail(4, "an HTTP remote cannot store the run cache of DVC: use S3, GS, Azure, SSH or a folder")
        return odb

    def key(self, stage):
        # The key of the stage in the run cache; None if DVC does not store its result.
        for dep in stage.deps:
            result = self.results.get(dep.fs_path) if dep.protocol == "local" else None
            if result:
                dep.hash_info, dep.meta = result[0].hash_info, result[0].meta
            else:
                if dep.protocol == "local":
                    self.bring(dep.fs_path)
                dep.save()
        return key_of(stage) if cacheable(stage) else None

    def entry(self, key):
        # The first result with this key on the remote, copied to where DVC looks for it; None if there is none.
        name = self.first(key)
        if name is None:
            return None
        store = self.store()
        local = self.cache._get_cache_path(key, name)
        os.makedirs(os.path.dirname(local), exist_ok=True)
        store.fs.get_file(self.records(key, name), local + ".part")
        os.replace(local + ".part", local)
        return self.checked(key, name)

    def checked(self, key, name):
        # A record of the run cache bears the hash of what it says.
        from dvc.stage.cache import _get_cache_hash

        entry = self.cache._load_cache(key, name)
        if not entry or _get_cache_hash(entry.copy()) != name or _get_cache_hash(entry.copy(), key=True) != key:
            shutil.rmtree(os.path.dirname(self.cache._get_cache_path(key, name)), ignore_errors=True)
            fail(4, f"the record runs/{key[:2]}/{key}/{name} on the remote is not what was written: remove it there")
        return entry

    def records(self, key, *name):
        store = self.store()
        return store.fs.join(store.path, "runs", key[:2], key, *name)

    def first(self, key):
        # The name of the result that counts: the one that was claimed first. Where none was claimed, as by `dvc push`
        # or by other versions, the oldest is claimed now, so that all workers take the same.
        store = self.store()
        times = {}
        with contextlib.suppress(FileNotFoundError):
            infos = {store.fs.name(path): store.fs.info(path) for path in store.fs.find(self.records(key))}
            times = {name: str(info.get("mtime") or info.get("LastModified")) for name, info in infos.items()}
        oldest = min(times, key=lambda name: (times[name], name), default=None)
        return oldest and self.claim(key, oldest, set(times))

    def claim(self, key, name, there):
        # Put-if-absent, where the remote has it. A claim for a result that is there no more is void.
        store = self.store()
        path = store.fs.join(store.path, "mlops", "first", key[:2], key)
        try:
            claimed = store.fs.fs.cat_file(path).decode()
            if claimed in there:
                return claimed
            store.fs.fs.rm_file(path)
        except FileNotFoundError:
            store.fs.makedirs(store.fs.parent(path), exist_ok=True)
        with contextlib.suppress(FileExistsError):
            create(store.fs, path, name.encode())
        return store.fs.fs.cat_file(path).decode()

    def settle(self, stage):
        # Find the result of an upstream stage, without running it and fetching only its record.
        from dvc.stage.cache import _get_cache_hash
        from dvc.stage.serialize import to_single_stage_lockfile

        if not stage.cmd:
            self.results.update((out.fs_path, (out, stage)) for out in stage.outs)
            return
        whole = all(item.hash_info for item in stage.outs) and all(dep.hash_info for dep in stage.deps)
        before = None if stage.cmd_changed or not whole else to_single_stage_lockfile(stage)
        if stage.frozen and all(out.hash_info for out in stage.outs):
            self.results.update((out.fs_path, (out, stage)) for out in stage.outs)
            return
        key = self.key(stage)
        if before and not key and not stage.always_changed:
            same = {dep["path"]: dep.get("md5") for dep in before.get("deps", ())} == {
                dep["path"]: dep.get("md5") for dep in to_single_stage_lockfile(stage).get("deps", ())
            }
            if same and before.get("params") == to_single_stage_lockfile(stage).get("params"):
                key = \""
        entry = self.entry(key) if key else None
        if entry is None and before and (key == \"" or (key and _get_cache_hash(before.copy(), key=True) == key)):
            entry = to_single_stage_lockfile(stage)
        if entry is None:
            self.missing(stage, key)
        for out, copy in self.adopt(stage, entry):
            self.results[out.fs_path] = (out if out.use_cache else copy, stage)

    def adopt(self, stage, entry):
        # Give the outs of a stage the hashes of a record; yields each with its copy, which is in DVC's cache whatever the out is.
        twin = self.cache._create_stage(entry, wdir=stage.wdir)
        for out, copy in zip(sorted(stage.outs, key=str), sorted(twin.outs, key=str)):
            out.hash_info, out.meta = copy.hash_info, copy.meta
            yield out, copy

    def missing(self, stage, key):
        name = stage.addressing
        advice = f"run it first: worker {name}"
        if key is None:
            advice = "DVC stores no result of it: it has no deps or outs, is always_changed, or has an out with persist"
        fail(3, f"the remote lacks the result of stage {name}, which {self.target.addressing} needs", advice)

    def bring(self, path):
        # Fetch and check out the upstream results at, in or around a path.
        for where, (out, stage) in self.results.items():
            if where in self.present or not overlap(where, path):
                continue
            if not stage.cmd:
                self.repo.pull([stage.addressing], remote=self.remote)
            else:
                self.pull(out)
                if out.changed_cache():
                    name = stage.addressing
                    fail(3, f"the remote lacks {out}, a result of stage {name}", f"run that stage again: worker {name}")
                out.checkout(force=True)
            self.present.add(where)

    def pull(self, out):
        for odb, objects in out.get_used_objs(remote=self.remote).items():
            if self.repo.cloud.pull(objects, odb=odb, remote=self.remote).failed:
                why = f"the remote lacks its object {out.hash_info.value}, or holds something else there"
                fail(4, f"cannot fetch {out}: {why}")

    def run(self):
        import networkx
        from dvc.repo.reproduce import get_active_graph

        stage = self.target
        for other in networkx.dfs_postorder_nodes(get_active_graph(self.repo.index.graph), stage):
            if other is not stage:
                self.settle(other)
        for dep in stage.deps:
            if dep.protocol == "local":
                self.bring(dep.fs_path)
            if not dep.exists:
                why = "it is not in Git, not on the remote, and no stage makes it"
                fail(3, f"stage {stage.addressing} needs {dep}: {why}")
        if stage.frozen or not stage.cmd:
            self.repo.pull([stage.addressing], remote=self.remote)
            return False
        key = self.key(stage)
        entry = self.entry(key) if key else None
        if entry:
            twin = self.cache._create_stage(entry, wdir=stage.wdir)
            for out in twin.outs:
                self.pull(out)
        marker = os.path.abspath(os.path.join(self.repo.tmp_dir, "ran"))
        self.watch(marker)
        self.repo._reset()
        self.repo.reproduce([stage.addressing], single_item=True)
        self.target = self.repo.stage.get_target(stage.addressing)
        return os.path.exists(marker)

    def watch(self, marker):
        # DVC does not report whether the command ran or its result was restored: mark when it starts.
        from dvc.stage import run

        start = run._run

        def marked(*args, **kwargs):
            open(marker, "w").close()
            return start(*args, **kwargs)

        run._run = marked

    def push(self):
        # Data first: a record on the remote promises that its data is there too.
        from dvc.stage.cache import _get_cache_hash
        from dvc.stage.serialize import to_single_stage_lockfile

        stage = self.target
        recorded = cacheable(stage)
        outs = [out for out in stage.outs if out.can_push]
        if recorded:
            self.cache.save(stage)
            twin = self.cache._create_stage(to_single_stage_lockfile(stage), wdir=stage.wdir)
            pushed = {out.fs_path: out for out in outs}
            twins = [out for out in twin.outs if out.fs_path in pushed]
            outs = [pushed[out.fs_path] if pushed[out.fs_path].use_cache else out for out in twins]
        for out in outs:
            for odb, objects in out.get_used_objs(remote=self.remote).items():
                if self.repo.cloud.push(objects, odb=odb, remote=self.remote).failed:
                    fail(4, f"cannot push {out} to the remote")
        if not recorded:
            return
        store, key = self.store(), key_of(stage)
        name = _get_cache_hash(to_single_stage_lockfile(stage))
        record = self.records(key, name)
        if not store.fs.exists(record):
            store.fs.makedirs(store.fs.parent(record), exist_ok=True)
            store.fs.put_file(self.cache._get_cache_path(key, name), record)
        if self.first(key) != name:
            said = f"worker: {stage.addressing} is not deterministic: an earlier run on the same inputs made something else"
            print(f"{said}, and the stages below use that", flush=True)
            for _, first in self.adopt(stage, self.entry(key)):  # the report is about the result that counts
                self.pull(first)
                first.checkout(force=True)

    def report(self, ran):
        from dvc.dependency import ParamsDependency

        stage = self.target
        metrics = {}
        for out in stage.outs:
            if out.metric and out.protocol == "local" and os.path.isfile(out.fs_path):
                metrics[out.def_path] = out.fs_path
                with open(out.fs_path, errors="replace") as file:
                    print(f"metrics {out}: {file.read(10000).strip()}", flush=True)
        folder = os.environ.get("MLOPS_OUTPUT")
        if not folder:
            return
        os.makedirs(folder, exist_ok=True)
        for out in stage.outs:
            if (out.metric or out.plot) and out.protocol == "local" and os.path.exists(out.fs_path):
                destination = os.path.join(folder, os.path.relpath(out.fs_path, self.repo.root_dir))
                os.makedirs(os.path.dirname(destination), exist_ok=True)
                copy = shutil.copytree if os.path.isdir(out.fs_path) else shutil.copy
                copy(out.fs_path, destination, **({"dirs_exist_ok": True} if copy is shutil.copytree else {}))
        rev = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True).stdout.strip()
        record = {"stage": stage.addressing, "rev": rev, "ran": ran, "cmd": stage.cmd, "params": {}, "deps": {}}
        for dep in stage.deps:
            kind = "params" if isinstance(dep, ParamsDependency) else "deps"
            record[kind][dep.def_path] = dep.hash_info.value
        record["outs"] = {out.def_path: out.hash_info.value for out in stage.outs}
        record["metrics"] = sorted(metrics)
        name = \"".join(c if c.isalnum() or c in "-_." else "_" for c in stage.addressing)
        with open(os.path.join(folder, f"stage-{name}.json"), "w") as file:
            json.dump(record, file, indent=1)


def create(fs, path, data):
    # Write a file only if it is not there yet; FileExistsError if it is.
    if fs.protocol == "local":
        with open(path + f".{os.getpid()}", "wb") as file:
            file.write(data)
        try:
            os.link(file.name, path)  # a link is made whole, and never over another file
        finally:
            os.remove(file.name)
        return
    try:
        fs.fs.pipe_file(path, data, mode="create")
    except (NotImplementedError, TypeError, ValueError):  # an old or another file system: the last one to look decides
        if fs.exists(path):
            raise FileExistsError(path) from None
        fs.fs.pipe_file(path, data)


def cacheable(stage):
    # As DVC's _can_hash, which reads the deps for it; here they may be absent.
    return (
        stage.cmd
        and stage.deps
        and stage.outs
        and not stage.always_changed
        and all(dep.protocol == "local" and dep.def_path and dep.hash_info for dep in stage.deps)
        and all(out.protocol == "local" and out.def_path and not out.persist and out.is_in_repo for out in stage.outs)
    )


def key_of(stage):
    from dvc.stage.cache import _get_cache_hash
    from dvc.stage.serialize import to_single_stage_lockfile

    return _get_cache_hash(to_single_stage_lockfile(stage), key=True)


def lines(name):
    # The lines of a variable, continued in NAME_1, NAME_2, ... for engines that limit its length.
    keys = [key for key in sorted(os.environ) if key == name or key.startswith(name + "_")]
    return [line for key in keys for line in os.environ[key].splitlines()]


def overlap(one, other):
    return one == other or one.startswith(other + os.sep) or other.startswith(one + os.sep)


def main(name, *words):
    from dvc.exceptions import DvcException, ReproductionError
    from dvc.stage.exceptions import StageNotFound
    from dvc.ui import ui

    signal.signal(signal.SIGTERM, stop)
    ui.enable()
    if os.path.exists(".mlops/scripts/packages.py"):  # stages track the versions that this commit locks
        subprocess.call([sys.executable, ".mlops/scripts/packages.py"])
    try:
        defaults = lines("MLOPS_DEFAULTS")
        words = [*words, *lines("MLOPS_SET")]
        set_params([word for word in words if word and word not in defaults])
    except (DvcException, OSError, KeyError) as error:
        fail(2, f"cannot set parameters: {error}")
    try:
        worker = Worker(name)
        ran = worker.run()
        worker.push()
        worker.report(ran)
    except StageNotFound as error:
        fail(2, str(error))
    except ReproductionError as error:
        cause = f": {error.__cause__}" if error.__cause__ else \""
        fail(1, f"{error}{cause}")
    except Exception as error:
        fail(4, f"{type(error).__name__}: {error}", "nothing is lost: run the task again")
    print(f"worker: {name} " + ("ran" if ran else "was done before: its result is restored"), flush=True)


clone, keep = os.environ.get("MLOPS_CLONE"), os.environ.get("MLOPS_KEEP")
try:
    main(*sys.argv[1:])
finally:
    if clone and not keep:
        os.chdir("/")
        shutil.rmtree(clone, ignore_errors=True)
PROGRAM
)" "$@"
    fi
done
say "no Python here has DVC: install it in the image (pip install 'dvc[s3]') or through MLOPS_SETUP"
exit 2
"""
tasks = {}


def settings(params):
    """The parameters that differ from their defaults, one per line, as `dvc exp run --set-param` takes them."""
    lines = [f"{name}={hydra(params[name])}" for name, value in PARAMS.items() if params[name] != value]
    return "\n".join([*lines, *params["set_params"]])


def hydra(value):
    """A value in Hydra's grammar: https://hydra.cc/docs/advanced/override_grammar/basic/"""
    if value is None or isinstance(value, bool):
        return str(value).lower().replace("none", "null")
    if isinstance(value, str) and not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_./:@-]*", value):
        return "'" + re.sub(r"(\\*)'", r"\1\1\'", value) + "'"
    return str(value)


ENVIRONMENT = {
    "MLOPS_REV": "{{ ti.xcom_pull(task_ids='git_revision') }}",
    "MLOPS_SET": "{{ settings(params) }}",
    "MLOPS_RETRIES": "0",  # Airflow retries
}


def pod(name, *parents, image, task_id=None, requests=None, limits=None, start=900, manifest=None, **options):
    """A task in a pod. The Kubernetes secret SECRET holds MLOPS_REPO and credentials. `manifest` is more of the pod."""
    if manifest:
        options["full_pod_spec"] = PodGenerator.deserialize_model_dict(manifest)
    tasks[name] = KubernetesPodOperator(
        task_id=task_id or name,
        image=image,
        cmds=["sh", "-c", 'exec sh -c "$MLOPS_WORKER" worker "$MLOPS_STAGE"'],
        env_vars={**ENVIRONMENT, "MLOPS_WORKER": WORKER, "MLOPS_STAGE": name, "MLOPS_IMAGE": image},
        env_from=[k8s.V1EnvFromSource(secret_ref=k8s.V1SecretEnvSource(name=SECRET))],
        container_resources=k8s.V1ResourceRequirements(requests=requests, limits=limits),
        startup_timeout_seconds=start,  # for a node and its image
        do_xcom_push=False,
        **options,
    )
    [tasks[parent] for parent in parents or ("git_revision",)] >> tasks[name]


LOCAL = os.path.splitext(__file__)[0] + "_local.py"

with DAG(
    "gpu",
    schedule=None,
    catchup=False,
    max_active_runs=1,
    params={
        **PARAMS,
        "set_params": Param([], type="array", description="KEY=VALUE or FILE:KEY=VALUE, one per line"),
        "git_revision": Param(os.environ.get("MLOPS_REV", "main"), description="a branch, a tag or a commit"),
    },
    user_defined_macros={"settings": settings},
) as dag:
    # One commit for all tasks, even if somebody pushes while they run.
    tasks["git_revision"] = BashOperator(
        task_id="git_revision",
        bash_command='set -- /dev/null; set -eu; found=$(git ls-remote "$MLOPS_REPO" "refs/heads/$REVISION" "refs/tags/$REVISION"); commit=$(echo "$found" | head -n 1 | cut -f 1); printf %s "${commit:-$REVISION}" | tee "$1"',
        env={"REVISION": "{{ params.git_revision }}"},
        append_env=True,
    )
    pod("train", image="ghcr.io/acme/train:1", requests={"ephemeral-storage": "200Gi"}, limits={"nvidia.com/gpu": "1"}, manifest={"spec": {"nodeSelector": {"cloud.google.com/gke-accelerator": "nvidia-tesla-a100"}, "tolerations": [{"key": "cloud.google.com/gke-spot", "operator": "Equal", "value": "true", "effect": "NoSchedule"}, {"key": "kubernetes.azure.com/scalesetpriority", "operator": "Equal", "value": "spot", "effect": "NoSchedule"}], "affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [{"matchExpressions": [{"key": "cloud.google.com/gke-spot", "operator": "In", "values": ["true"]}]}, {"matchExpressions": [{"key": "kubernetes.azure.com/scalesetpriority", "operator": "In", "values": ["spot"]}]}, {"matchExpressions": [{"key": "eks.amazonaws.com/capacityType", "operator": "In", "values": ["SPOT"]}]}, {"matchExpressions": [{"key": "karpenter.sh/capacity-type", "operator": "In", "values": ["spot"]}]}]}}}, "volumes": [{"name": "shm", "emptyDir": {"medium": "Memory", "sizeLimit": "16Gi"}}], "containers": [{"name": "base", "volumeMounts": [{"name": "shm", "mountPath": "/dev/shm"}]}]}})
    pod("tune", "train", image="ghcr.io/acme/train:1", limits={"nvidia.com/gpu": "2"})

if os.path.exists(LOCAL):  # yours: it defines change(dag, tasks), which may change anything here
    runpy.run_path(LOCAL)["change"](dag, tasks)
