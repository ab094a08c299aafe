"""Run examples/wine by every engine that runs on this machine, and compare what comes out. Names as arguments choose some.

The engines whose tasks are clones meet in a Git repository on disk and an S3 endpoint on loopback (moto's server); what
they made is then restored into one more clone, in which nothing may run.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests/real")]

import pytest  # noqa: E402
import yaml  # noqa: E402
from cloned import project, work  # noqa: E402
from conftest import AWS, BIN, answers, judge, run, tool  # noqa: E402
from services import acted, gitlab  # noqa: E402

WINE = ROOT / "examples/wine"
OWN = (
    "Makefile",
    "dvc.yaml",
    ".github",
    ".mlops",
    ".gitignore",
    ".dvc",
    "dvc.lock",
    "data",
    "models",
    "metrics",
    "plots",
)
OUTS = ("data", "models", "metrics", "plots")
SECRETS = f"ci: {{secrets: [{', '.join(AWS)}]}}"


@contextmanager
def s3(folder: Path) -> Iterator[str]:
    """The URL of an S3 endpoint, for as long as it is needed."""
    log = folder / "s3.log"
    with log.open("w") as out:
        server = subprocess.Popen([judge("moto") / "moto_server", "-H", "127.0.0.1", "-p", "0"], stdout=out, stderr=out)
    try:
        for _ in range(600):
            if (match := re.search(r"http://127\.0\.0\.1:\d+", log.read_text())) and answers(match.group()):
                break
            time.sleep(0.1)
        yield match.group() if match else ""
    finally:
        server.terminate()
        server.wait()


def wine(stack: str) -> dict[str, str]:
    """The example's own files, with another stack, and with what DVC needs for a remote on S3."""
    ours = {str(path.relative_to(WINE)): path for path in WINE.rglob("*") if path.is_file()}
    kept = {
        name: path.read_text()
        for name, path in ours.items()
        if name.split("/")[0] not in OWN and "__pycache__" not in name
    }
    kept["requirements.txt"] = kept["requirements.txt"].replace("dvc>=", "dvc[s3]>=")
    kept["mlops.yaml"] = kept["mlops.yaml"].replace(
        "project: wine\n", f"project: wine\nstack: {{{stack}}}\n{SECRETS}\n"
    )
    return kept


def outputs(root: Path) -> dict[str, str]:
    """The hash of every file that the pipeline makes."""
    files = [
        path for out in OUTS for path in sorted((root / out).rglob("*")) if path.is_file() and path.name != ".gitignore"
    ]
    return {str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def stages(root: Path) -> list[str]:
    """The stages of the pipeline, in an order that respects what they need."""
    return [line.split(maxsplit=1)[0] for line in run("dvc", "stage", "list", cwd=root).stdout.splitlines()]


def done(root: Path) -> int:
    """How many stages have run in a folder, as DVC's lock or make's stamps tell."""
    lock = root / "dvc.lock"
    if lock.exists():
        return len(yaml.safe_load(lock.read_text())["stages"])
    return len(list((root / ".mlops/make").glob("*.stamp")))


def by_dvc(root: Path, _: dict[str, str]) -> None:
    run("dvc", "repro", cwd=root)


def by_make(root: Path, _: dict[str, str]) -> None:
    run("make", "pipeline-parallel", "JOBS=2", cwd=root)


def by_native_make(root: Path, _: dict[str, str]) -> None:
    run("make", "-j2", "pipeline", cwd=root)


def by_worker(root: Path, environment: dict[str, str]) -> None:
    for stage in stages(root):
        work(stage, cwd=root.parent, **environment)


def by_airflow(root: Path, environment: dict[str, str]) -> None:
    airflow = str(judge("airflow") / "airflow")
    environment |= {"AIRFLOW_HOME": str(root.parent / "airflow-home"), "AIRFLOW__CORE__LOAD_EXAMPLES": "False"}
    environment |= {"AIRFLOW__CORE__DAGS_FOLDER": str(root / "dags")}
    run(airflow, "db", "migrate", cwd=root, **environment)
    run(airflow, "dags", "test", "wine", cwd=root, **environment)


def by_mlflow(root: Path, environment: dict[str, str]) -> None:
    place = judge("mlflow")
    environment |= {"MLFLOW_TRACKING_URI": f"sqlite:///{root.parent}/mlflow.db", "PATH": _path(place)}
    run(str(place / "mlflow"), "run", ".", "--env-manager", "local", cwd=root, **environment)


def by_sacred(root: Path, environment: dict[str, str]) -> None:
    environment |= {"SACRED_DIR": str(root.parent / "sacred-runs"), "PATH": _path(judge("mlflow"))}
    run("python", ".mlops/scripts/track.py", "sacred", "run", cwd=root, **environment)


def by_github(root: Path, environment: dict[str, str]) -> None:
    homes = SimpleNamespace(mktemp=lambda name: Path(tempfile.mkdtemp(prefix=name, dir=root.parent)))
    secrets = [word for name, value in AWS.items() for word in ("--secret", f"{name}={value}")]
    _good(acted(root, homes, "push", "--defaultbranch", "main", *secrets, UV_CACHE_DIR=str(_packages())))


def by_gitlab(root: Path, environment: dict[str, str]) -> None:
    home = root.parent / "gitlab-home"
    home.mkdir()
    (home / "uv").symlink_to(_packages())
    variables = {name: {"type": "variable", "values": {"mlops": value}} for name, value in AWS.items()}
    (root / ".gitlab-ci-local-variables.yml").write_text(yaml.safe_dump(variables))
    _good(gitlab(root, home))


def _packages() -> Path:
    """uv's cache: both services install what the example needs for each job, which is not what is compared."""
    return Path(run(tool("uv"), "cache", "dir", cwd=ROOT).stdout.strip())


def _good(done: subprocess.CompletedProcess[str]) -> None:
    if done.returncode:
        raise AssertionError(f"{done.args[0]} failed:\n{(done.stdout + done.stderr)[-5000:]}")


def _path(place: Path) -> str:
    return os.pathsep.join([str(place), str(BIN), os.environ["PATH"]])


Engine = Callable[[Path, dict[str, str]], None]
ENGINES: dict[str, tuple[str, Engine]] = {
    "dvc repro": ("orchestrator: [dvc, make], ci: []", by_dvc),
    "make by dvc": ("orchestrator: [dvc, make], ci: []", by_make),
    "native make": ("orchestrator: make, ci: []", by_native_make),
    "github": ("orchestrator: [dvc, make], ci: github", by_github),
    "gitlab": ("orchestrator: [dvc, make], ci: gitlab", by_gitlab),
    "worker": ("orchestrator: [dvc, airflow], ci: []", by_worker),
    "airflow": ("orchestrator: [dvc, airflow], ci: []", by_airflow),
    "mlflow": ("orchestrator: [dvc, mlflow], ci: []", by_mlflow),
    "sacred": ("orchestrator: [dvc, sacred], ci: []", by_sacred),
}
IN_PLACE = ("dvc repro", "make by dvc", "native make")
"""Those that leave what they make in the folder they were started in; with all others it is on the DVC remote."""
BY_PUSH = ("github", "gitlab")
UNCACHED = {"evaluate", "gate-evaluate"}
"""What runs once more in a clone behind these: they end with `dvc push --run-cache`, which leaves out what is not cached."""


def measure(name: str, folder: Path, url: str) -> tuple[int, float, dict[str, str]]:
    """Stages run, seconds, and the outputs of one engine."""
    stack, engine = ENGINES[name]
    slug = name.replace(" ", "-")
    root = folder / slug
    environment = project(root, url, f"engine-{slug}", wine(stack))
    start = time.perf_counter()
    engine(root, environment)
    seconds = time.perf_counter() - start
    if name in IN_PLACE:
        return done(root), seconds, outputs(root)
    clone = folder / f"{slug}-restored"
    run("git", "clone", "-q", str(root), str(clone), cwd=folder)
    said = run("dvc", "repro", "--pull", cwd=clone, **{**environment, "PATH": _path(BIN)}).stdout
    again = re.findall(r"Running stage '(.+)'", said)
    if set(again) - (UNCACHED if name in BY_PUSH else set()):
        raise AssertionError(f"{name} did not leave its results on the remote:\n{said}")
    return said.count("is cached") + len(again), seconds, outputs(clone)


def row(name: str, folder: Path, url: str, reference: dict[str, str]) -> bool:
    """Print an engine's line; whether what it made is what the first one made, which becomes the reference."""
    try:
        count, seconds, found = measure(name, folder, url)
    except pytest.skip.Exception as missing:
        print(f"| {name} | | | skipped: {missing} |", flush=True)
        return not os.environ.get("CI")
    except (AssertionError, subprocess.SubprocessError, pytest.fail.Exception) as error:
        print(f"| {name} | | | failed |", flush=True)
        print(error, file=sys.stderr, flush=True)
        return False
    if not reference:
        reference |= found
    differ = sorted(path for path in {*found, *reference} if found.get(path) != reference.get(path))
    says = f"differ: {', '.join(differ)}" if differ else "equal" if found else "none"
    print(f"| {name} | {count} | {seconds:.1f} | {says} |", flush=True)
    return says == "equal"


def main(names: list[str]) -> int:
    """Print the table; 1 where outputs differ or an engine fails."""
    folder = Path(tempfile.mkdtemp(prefix="engines-"))
    first, *others = ENGINES
    print("| engine | stages | seconds | outputs |\n|---|---|---|---|")
    try:
        with s3(folder) as url:
            reference: dict[str, str] = {}
            chosen = [first, *(each for each in others if not names or each in names)]
            good = [row(name, folder, url, reference) for name in chosen]
            return int(not all(good))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
