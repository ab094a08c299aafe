"""What all tests share: repositories made of a dict, the real tools, and which tests `make test` runs.

`make test` runs every test that is not marked `full`, on a machine that has Python, git, make and what dev/setup.sh installs.
Such a test is never skipped and asks for nothing more; both are errors here, so the mark cannot be forgotten.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import Any

import pytest

BIN = Path(sys.executable).parent
ROOT = Path(__file__).parents[1]
JUDGES = ROOT / ".cache" / "judges"
LIMIT = float(os.environ.get("MLOPS_TEST_SECONDS", "300"))
"""Seconds that a command may take; more on a machine that has much else to do."""


def run(
    *command: str, cwd: Path, check: bool = True, seconds: float = LIMIT, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run a command with this Python's tools first on the path; its output is in the error where it fails."""
    path = f"{BIN}{os.pathsep}{os.environ['PATH']}"
    settings = {**os.environ, "PATH": path, "DVC_NO_ANALYTICS": "1", "NO_COLOR": "1", **environment}
    for name in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL"):  # the tests may run under make
        settings.pop(name, None)
    done = subprocess.run(command, cwd=cwd, env=settings, capture_output=True, text=True, timeout=seconds, check=False)
    if check and done.returncode:
        raise AssertionError(f"{' '.join(command)} gave {done.returncode}:\n{done.stdout}\n{done.stderr}")
    return done


def write(root: Path, files: Mapping[str, str]) -> Path:
    """Write files, with the folders they need."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def pytest_configure() -> None:
    """Make the tests independent of who starts them: no Git settings, and no signals that `nohup` or a script ignores."""
    os.environ["GIT_CONFIG_GLOBAL"] = os.devnull
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)


@cache
def _initialised() -> tempfile.TemporaryDirectory[str]:
    folder = tempfile.TemporaryDirectory()
    run("git", "init", "--quiet", "--initial-branch=main", cwd=Path(folder.name))
    run("dvc", "init", "--quiet", cwd=Path(folder.name))
    return folder


def initialise(root: Path) -> None:
    """Do as `git init` and `dvc init`, by a copy of what they made once: DVC takes half a second to start."""
    shutil.copytree(_initialised().name, root, dirs_exist_ok=True)


@pytest.fixture
def distribution(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Installs a distribution of somebody else's, with targets: its modules, and the entry points by name."""

    def install(name: str, targets: Mapping[str, str], files: Mapping[str, str] | None = None) -> Path:
        site = tmp_path / f"site-{name}"
        points = "".join(f"{target} = {value}\n" for target, value in targets.items())
        metadata = {
            f"{name}-1.0.dist-info/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
            f"{name}-1.0.dist-info/entry_points.txt": f"[mlopsc.targets]\n{points}",
        }
        write(site, {**metadata, **(files or {})})
        monkeypatch.syspath_prepend(site)
        return site

    return install


@pytest.fixture
def repository(tmp_path: Path) -> Callable[[Mapping[str, str]], Path]:
    """Makes a Git and DVC repository out of a dict of files."""

    def make(files: Mapping[str, str]) -> Path:
        write(tmp_path, files)
        initialise(tmp_path)
        return tmp_path

    return make


NEEDED = {"git", "make", "sh", "bash", "cat"}
"""What a machine has to have beside Python, and dev/setup.sh does not install."""

INSTALL = {
    "node": "install Node.js 20 or newer",
    "npm": "install Node.js 20 or newer, with npm",
    "ip": "install iproute2",
    "strace": "install strace",
    "nvim": "install neovim",
    "chromium": "install chromium",
    "busybox": "install busybox-static",
    **dict.fromkeys(("sbatch", "slurmctld", "slurmd"), "apt-get install slurm-wlm"),
    "munged": "apt-get install munge",
}
"""How to get the other tools."""

_test: ContextVar[pytest.Item | None] = ContextVar("_test", default=None)
"""The test that is running."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Remember which test is running."""
    token = _test.set(item)
    try:
        return (yield)
    finally:
        _test.reset(token)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail what was skipped, where nothing may be: in CI, with `--no-skip`, and what `make test` runs."""
    report = yield
    strict = item.config.getoption("--no-skip") or os.environ.get("CI") or not _is_full(item)
    if strict and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        report.outcome, report.longrepr = "failed", f"may not be skipped here. {reason}"
    return report


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--no-skip", action="store_true", help="fail tests that are skipped because a tool is missing")


def _is_full(item: pytest.Item) -> bool:
    return item.get_closest_marker("full") is not None


def only_in_full(what: str) -> None:
    """Fail a test that needs what dev/setup.sh does not install, and is not marked `full`."""
    item = _test.get()
    if item is not None and not _is_full(item):
        pytest.fail(f"dev/setup.sh does not install {what}: mark this test `full`, so that `make test` leaves it out")


def tool(name: str) -> str:
    """The path of a real tool. On a laptop a test that lacks it is skipped, by name; in CI it fails."""
    if (BIN / name).exists():
        return str(BIN / name)
    if name not in NEEDED:
        only_in_full(name)
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed: {INSTALL.get(name, f'install {name}')}")
    return found


@contextmanager
def alone(name: str) -> Iterator[None]:
    """Tests run at the same time, and only one of them may install a thing."""
    JUDGES.mkdir(parents=True, exist_ok=True)
    with (JUDGES / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def npm_tools() -> Path:
    """The folder whose node_modules has the packages of dev/tools.sh, installed on first use."""
    tool("node"), tool("npm")
    with alone("npm"):
        run("sh", "dev/tools.sh", cwd=ROOT)
    return ROOT / "tests/real/tools"


def judge(name: str) -> Path:
    """The ``bin`` folder of an environment of its own that holds a platform's own tools, made on first use.

    tests/real/judges/NAME.txt says what is in it (``uv pip compile --no-emit-index-url`` of NAME.in): the platforms'
    packages do not agree with each other, nor with ours.
    """
    only_in_full(f"the tools of {name}")
    packages = f"tests/real/judges/{name}.txt"
    wanted = (ROOT / packages).read_text()
    folder = JUDGES / name
    stamp = folder / "installed.txt"
    with alone(name):
        if not stamp.exists() or stamp.read_text() != wanted:
            uv = tool("uv")
            run(uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(folder), cwd=ROOT)
            install = (uv, "pip", "install", "--quiet", "--compile-bytecode", "--python", str(folder), "-r", packages)
            run(*install, cwd=ROOT, seconds=max(LIMIT, 1200))
            stamp.write_text(wanted)
    return folder / "bin"


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of an S3 endpoint on loopback (moto's server): any key and secret will do, buckets are made by `bucket`."""
    ready = tmp_path_factory.mktemp("s3") / "server.log"
    with ready.open("w") as log:
        server = subprocess.Popen([judge("moto") / "moto_server", "-H", "127.0.0.1", "-p", "0"], stdout=log, stderr=log)
    try:
        url = ""
        for _ in range(300):
            match = re.search(r"http://127\.0\.0\.1:\d+", ready.read_text())
            if match and answers(url := match.group()):
                break
            time.sleep(0.1)
        else:
            raise AssertionError(f"moto_server did not start:\n{ready.read_text()}")
        yield url
    finally:
        server.terminate()
        server.wait()


@pytest.fixture
def slurm(node: Any) -> Iterator[Any]:
    """A SLURM of one node with no jobs, `cluster.Cluster`."""
    yield node
    node.clear()


@pytest.fixture(scope="session")
def node() -> Iterator[Any]:
    """The SLURM that all tests share."""
    from cluster import cluster

    folder = Path(tempfile.mkdtemp(prefix="slurm-"))  # a short path: sockets have at most 107 characters
    with cluster(folder) as running:
        yield running


def answers(url: str) -> bool:
    """Whether a server answers at a URL."""
    try:
        urllib.request.urlopen(url, timeout=1)
    except OSError as error:
        return isinstance(error, urllib.error.HTTPError)
    return True


def bucket(s3: str, name: str) -> str:
    """Make a bucket, and give the ``s3://`` URL of it. Names have three letters or more."""
    urllib.request.urlopen(urllib.request.Request(f"{s3}/{name}", method="PUT"))
    return f"s3://{name}"


AWS = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_DEFAULT_REGION": "us-east-1"}
"""The environment that reaches `s3`; the DVC remote's ``endpointurl`` (or AWS_ENDPOINT_URL) says where it is."""
