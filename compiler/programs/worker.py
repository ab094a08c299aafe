import functools
import json
import os
import shutil
import signal
import subprocess
import sys


def fail(status, *lines):
    print("worker: " + "\n        ".join(lines), file=sys.stderr, flush=True)
    sys.exit(status)


def stop(number, frame):
    import psutil

    for child in psutil.Process().children(recursive=True):
        child.terminate()
    sys.exit(128 + number)


def set_params(words):
    # What `dvc exp run --set-param` does; a file whose values stay the same keeps its bytes.
    from dvc.utils.cli_parse import to_path_overrides
    from dvc.utils.hydra import apply_overrides
    from dvc.utils.serialize import LOADERS

    for path, overrides in to_path_overrides(words).items():
        load = LOADERS[os.path.splitext(path)[1].lower()]
        with open(path, "rb") as file:
            before, values = file.read(), load(path)
        apply_overrides(path, overrides)
        if load(path) == values:
            with open(path, "wb") as file:
                file.write(before)


class Worker:
    def __init__(self, name):
        from dvc.repo import Repo

        self.repo = Repo()
        # DVC makes a client of the remote for each thing it asks of it, at 0.2 s each: one will do.
        ask = functools.cache(self.repo.cloud.get_remote)
        self.repo.cloud.get_remote = lambda name=None, command="": ask(name)
        self.cache = self.repo.stage_cache
        self.remote = os.environ.get("MLOPS_REMOTE") or None
        self.target = self.repo.stage.get_target(name)
        self.made = {}  # path: what upstream stages made, and which did
        self.here = set()

    def store(self):
        # Where the remote keeps the run cache.
        odb = self.repo.cloud.get_remote_odb(self.remote, "push --run-cache", hash_name="md5-dos2unix")
        if odb.fs.protocol in ("http", "https"):
            fail(4, "a DVC remote by HTTP cannot keep the run cache: use S3, GS, Azure, SSH or a folder")
        return odb

    def key(self, stage):
        # What the run cache files the stage under; None where DVC does not keep its results.
        for dep in stage.deps:
            known = self.made.get(dep.fs_path) if dep.protocol == "local" else None
            if known:
                dep.hash_info, dep.meta = known[0].hash_info, known[0].meta
            else:
                if dep.protocol == "local":
                    self.bring(dep.fs_path)
                dep.save()
        return key_of(stage) if kept(stage) else None

    def entry(self, key):
        # The remote newest result under this key, copied to where DVC looks for it; None if there is none.
        store = self.store()
        folder = store.fs.join(store.path, "runs", key[:2], key)
        try:
            found = [
                (str(store.fs.info(path).get("mtime") or store.fs.info(path).get("LastModified")), path)
                for path in store.fs.find(folder)
            ]
        except FileNotFoundError:
            found = []
        if not found:
            return None
        path = max(found)[1]
        name = store.fs.name(path)
        local = self.cache._get_cache_path(key, name)
        os.makedirs(os.path.dirname(local), exist_ok=True)
        store.fs.get_file(path, local + ".part")
        os.replace(local + ".part", local)
        return self.cache._load_cache(key, name)

    def settle(self, stage):
        # Learn what an upstream stage made, without running it or fetching more than its record.
        from dvc.stage.cache import _get_cache_hash
        from dvc.stage.serialize import to_single_stage_lockfile

        if not stage.cmd:
            self.made.update((out.fs_path, (out, stage)) for out in stage.outs)
            return
        whole = all(item.hash_info for item in stage.outs) and all(dep.hash_info for dep in stage.deps)
        before = None if stage.cmd_changed or not whole else to_single_stage_lockfile(stage)
        if stage.frozen and all(out.hash_info for out in stage.outs):
            self.made.update((out.fs_path, (out, stage)) for out in stage.outs)
            return
        key = self.key(stage)
        if before and not key and not stage.always_changed:
            same = {dep["path"]: dep.get("md5") for dep in before.get("deps", ())} == {
                dep["path"]: dep.get("md5") for dep in to_single_stage_lockfile(stage).get("deps", ())
            }
            if same and before.get("params") == to_single_stage_lockfile(stage).get("params"):
                key = ""
        entry = self.entry(key) if key else None
        if entry is None and before and (key == "" or (key and _get_cache_hash(before.copy(), key=True) == key)):
            entry = to_single_stage_lockfile(stage)
        if entry is None:
            self.missing(stage, key)
        twin = self.cache._create_stage(entry, wdir=stage.wdir)
        for out, copy in zip(sorted(stage.outs, key=path), sorted(twin.outs, key=path)):
            out.hash_info, out.meta = copy.hash_info, copy.meta
            self.made[out.fs_path] = (out if out.use_cache else copy, stage)

    def missing(self, stage, key):
        name = stage.addressing
        why = f"run it first: worker {name}"
        if key is None:
            why = "DVC does not keep its results: it has no dep or no out, is always_changed, or an out is persist"
        fail(3, f"the remote lacks the result of stage {name}, which {self.target.addressing} needs", why)

    def bring(self, path):
        # Fetch and check out what upstream made at, in or around a path.
        for where, (out, stage) in self.made.items():
            if where in self.here or not overlap(where, path):
                continue
            if not stage.cmd:
                self.repo.pull([stage.addressing], remote=self.remote)
            else:
                self.pull(out)
                if out.changed_cache():
                    fail(
                        3,
                        f"the remote lacks {out}, which stage {stage.addressing} made",
                        f"run that again: worker {stage.addressing}",
                    )
                out.checkout(force=True)
            self.here.add(where)

    def pull(self, out):
        for odb, objects in out.get_used_objs(remote=self.remote).items():
            if self.repo.cloud.pull(objects, odb=odb, remote=self.remote).failed:
                fail(4, f"{out} could not be fetched from the remote")

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
                fail(3, f"stage {stage.addressing} needs {dep}, which neither Git, the remote nor a stage has")
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
        # DVC does not tell whether the command ran or its result was found: note the first start of it.
        from dvc.stage import run

        start = run._run

        def noted(*args, **kwargs):
            open(marker, "w").close()
            return start(*args, **kwargs)

        run._run = noted

    def push(self):
        # Data first: a record on the remote means that what it names is there too.
        from dvc.stage.cache import _get_cache_hash
        from dvc.stage.serialize import to_single_stage_lockfile

        stage = self.target
        can = kept(stage)
        outs = [out for out in stage.outs if out.can_push]
        if can:
            self.cache.save(stage)
            twin = self.cache._create_stage(to_single_stage_lockfile(stage), wdir=stage.wdir)
            pushed = {out.fs_path: out for out in outs}
            outs = [
                pushed[out.fs_path] if pushed[out.fs_path].use_cache else out
                for out in twin.outs
                if out.fs_path in pushed
            ]
        for out in outs:
            for odb, objects in out.get_used_objs(remote=self.remote).items():
                if self.repo.cloud.push(objects, odb=odb, remote=self.remote).failed:
                    fail(4, f"{out} could not be pushed to the remote")
        if not can:
            return
        store, key = self.store(), key_of(stage)
        name = _get_cache_hash(to_single_stage_lockfile(stage))
        there = store.fs.join(store.path, "runs", key[:2], key, name)
        if not store.fs.exists(there):
            store.fs.makedirs(store.fs.parent(there), exist_ok=True)
            store.fs.put_file(self.cache._get_cache_path(key, name), there)

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
                there = os.path.join(folder, os.path.relpath(out.fs_path, self.repo.root_dir))
                os.makedirs(os.path.dirname(there), exist_ok=True)
                copy = shutil.copytree if os.path.isdir(out.fs_path) else shutil.copy
                copy(out.fs_path, there, **({"dirs_exist_ok": True} if copy is shutil.copytree else {}))
        rev = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True).stdout.strip()
        outs = {out.def_path: out.hash_info.value for out in stage.outs}
        record = {
            "stage": stage.addressing,
            "rev": rev,
            "ran": ran,
            "cmd": stage.cmd,
            "params": {},
            "deps": {},
            "outs": outs,
            "metrics": sorted(metrics),
        }
        for dep in stage.deps:
            if isinstance(dep, ParamsDependency):
                record["params"][dep.def_path] = dep.hash_info.value
            else:
                record["deps"][dep.def_path] = dep.hash_info.value
        name = "".join(c if c.isalnum() or c in "-_." else "_" for c in stage.addressing)
        with open(os.path.join(folder, f"stage-{name}.json"), "w") as file:
            json.dump(record, file, indent=1)


def kept(stage):
    # DVC asks the same of a stage, but reads its deps for it, which need not be here.
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


def path(out):
    return out.def_path


def lines(name):
    # The lines of a variable, and of those that go on where an engine limits its length: NAME_1, NAME_2, ...
    return [
        line
        for key in sorted(os.environ)
        if key == name or key.startswith(name + "_")
        for line in os.environ[key].splitlines()
    ]


def overlap(one, other):
    return one == other or one.startswith(other + os.sep) or other.startswith(one + os.sep)


def main(name, *words):
    from dvc.exceptions import DvcException, ReproductionError
    from dvc.stage.exceptions import StageNotFound
    from dvc.ui import ui

    signal.signal(signal.SIGTERM, stop)
    ui.enable()
    try:
        same = lines("MLOPS_DEFAULTS")
        words = [*words, *lines("MLOPS_SET")]
        set_params([word for word in words if word and word not in same])
    except (DvcException, OSError, KeyError) as error:
        fail(2, f"parameters cannot be set: {error}")
    try:
        worker = Worker(name)
        ran = worker.run()
        worker.push()
        worker.report(ran)
    except StageNotFound as error:
        fail(2, str(error))
    except ReproductionError as error:
        cause = f": {error.__cause__}" if error.__cause__ else ""
        fail(1, f"{error}{cause}")
    except Exception as error:
        fail(4, f"{type(error).__name__}: {error}", "nothing is lost: the task can be run again")
    print(f"worker: {name} " + ("ran" if ran else "was done before: its result is restored"), flush=True)


work, leave = os.environ.get("MLOPS_CLONE"), os.environ.get("MLOPS_KEEP")
try:
    main(*sys.argv[1:])
finally:
    if work and not leave:
        os.chdir("/")
        shutil.rmtree(work, ignore_errors=True)
