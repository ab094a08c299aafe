"""What all tests share: repositories made of a dict, and the real tools."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

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
    settings.pop("MAKEFLAGS", None)
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
    """However the tests were started (`nohup`, in the background of a script): what is ignored is so for all children."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)


@pytest.fixture
def repository(tmp_path: Path) -> Callable[[Mapping[str, str]], Path]:
    """Makes a Git and DVC repository out of a dict of files."""

    def make(files: Mapping[str, str]) -> Path:
        write(tmp_path, files)
        run("git", "init", "--quiet", cwd=tmp_path)
        run("dvc", "init", "--quiet", cwd=tmp_path)
        return tmp_path

    return make


def tool(name: str, places: tuple[Path, ...] = ()) -> str:
    """The path of a real tool. On a laptop a test that lacks it is skipped, by name; in CI it fails."""
    for place in (BIN, *places):
        if (place / name).exists():
            return str(place / name)
    found = shutil.which(name)
    if found is None:
        if os.environ.get("CI"):
            pytest.fail(f"{name} is not installed, and CI has to have it")
        pytest.skip(f"{name} is not installed")
    return found


def judge(name: str) -> Path:
    """The ``bin`` folder of an environment of its own that holds a platform's own tools, made on first use.

    tests/real/judges/NAME.txt says what is in it (``uv pip compile --no-emit-index-url`` of NAME.in): the platforms'
    packages do not agree with each other, nor with ours.
    """
    wanted = (ROOT / "tests" / "real" / "judges" / f"{name}.txt").read_text()
    folder = JUDGES / name
    stamp = folder / "installed.txt"
    JUDGES.mkdir(parents=True, exist_ok=True)
    with (JUDGES / f"{name}.lock").open("w") as lock:  # tests run at the same time
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not stamp.exists() or stamp.read_text() != wanted:
            uv = tool("uv")
            run(uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(folder), cwd=ROOT)
            run(
                uv,
                "pip",
                "install",
                "--quiet",
                "--compile-bytecode",
                "--python",
                str(folder),
                "-r",
                f"tests/real/judges/{name}.txt",
                cwd=ROOT,
            )
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
