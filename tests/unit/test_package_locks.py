"""The locked versions of packages: what each kind of lock says, and what is made of one that is odd."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from mlopsc.compiler.programs import packages
from mlopsc.compiler.programs.packages import Lock, Unreadable, read_lock, text

UV = """\
version = 1
requires-python = ">=3.11"

[[package]]
name = "wine"
source = { virtual = "." }
dependencies = [{ name = "pandas" }]

[[package]]
name = "Pandas"
version = "2.2.0"
source = { registry = "https://example.org/simple" }
dependencies = [{ name = "numpy" }, { name = "python_dateutil", marker = "sys_platform == 'linux'" }]

[[package]]
name = "numpy"
version = "1.26.4"

[[package]]
name = "numpy"
version = "2.3.0"

[[package]]
name = "python-dateutil"
version = "2.9.0"

[[package]]
name = "theirs"
source = { git = "https://example.org/theirs.git?rev=main#0123456789" }
"""
PYLOCK = """\
lock-version = "1.0"
requires-python = ">=3.12"

[[packages]]
name = "pandas"
version = "2.2.0"
dependencies = [{ name = "numpy" }]

[[packages]]
name = "numpy"
version = "2.3.0"

[[packages]]
name = "here"
directory = { path = "." }
"""
POETRY = """\
[[package]]
name = "pandas"
version = "2.2.0"

[package.dependencies]
numpy = { version = ">=1.22", markers = "python_version < '3.13'" }

[[package]]
name = "numpy"
version = "2.3.0"

[metadata]
python-versions = "^3.11"
"""
REQUIREMENTS = """\
--index-url https://example.org/simple
-r more/base.txt
pandas[excel]==2.2.0 ; python_version > "3.8" \\
    --hash=sha256:00
    # via wine
numpy==2.3.0
    # via
    #   pandas
    #   scipy
scipy>=1.10  # not pinned
"""


def lock_of(files: dict[str, str | bytes]) -> Lock:
    contents = {name: body.encode() if isinstance(body, str) else body for name, body in files.items()}
    lock = read_lock(contents.get)
    assert lock is not None
    return lock


@pytest.mark.parametrize(
    ("name", "body", "python"),
    [("uv.lock", UV, ">=3.11"), ("pylock.toml", PYLOCK, ">=3.12"), ("poetry.lock", POETRY, "^3.11")],
)
def test_each_lock_says_versions_what_needs_what_and_the_python(name: str, body: str, python: str) -> None:
    lock = lock_of({name: body})
    assert lock.versions["pandas"] == ["2.2.0"]
    assert "2.3.0" in lock.versions["numpy"]
    assert {"pandas", "numpy"} <= set(lock.closure(["Pandas"]))
    assert lock.closure(["numpy"]) == ["numpy"]
    assert lock.entries()["python"] == python


def test_uv_has_every_version_and_none_of_the_project_itself() -> None:
    lock = lock_of({"uv.lock": UV})
    assert lock.entries()["numpy"] == "1.26.4, 2.3.0"
    assert "wine" not in lock.entries()
    assert lock.closure(["pandas"]) == ["numpy", "pandas", "python-dateutil"]
    assert "#0123456789" in lock.entries()["theirs"]


def test_requirements_are_read_as_pip_reads_them() -> None:
    lock = lock_of({"requirements.txt": REQUIREMENTS, "more/base.txt": "joblib == 1.4\n-r ../requirements.txt\n"})
    assert lock.entries() == {"joblib": "1.4", "numpy": "2.3.0", "pandas": "2.2.0"}
    assert lock.closure(["pandas"]) == ["numpy", "pandas"]
    assert lock.loose == {"scipy"}


def test_the_first_kind_counts_and_python_version_is_the_pinned_one() -> None:
    lock = lock_of({"requirements.txt": "numpy==1\n", "uv.lock": UV, ".python-version": "3.12.4\n"})
    assert (lock.source, lock.entries()["python"]) == ("uv.lock", "3.12.4")
    assert read_lock({}.get) is None


@pytest.mark.parametrize("body", [b"package = [", b"\xff\xfe", b"a = " + b"[" * 100_000])
def test_a_broken_lock_is_told(body: bytes) -> None:
    with pytest.raises(Unreadable, match=r"uv\.lock cannot be read"):
        lock_of({"uv.lock": body})


@pytest.mark.parametrize("body", [b"[[package]]\nname = 1\n", b"package = 3\n", b""])
def test_a_lock_of_another_form_says_nothing(body: bytes) -> None:
    assert lock_of({"uv.lock": body}).entries() == {}


def test_the_program_follows_the_lock_without_mlopsc(tmp_path: Path) -> None:
    program = Path(packages.__file__)
    (tmp_path / "uv.lock").write_text(UV)
    (tmp_path / ".mlops").mkdir()
    there = tmp_path / packages.PATH
    run = [sys.executable, "-I", str(program)]
    subprocess.run(run, cwd=tmp_path, check=True)
    assert not there.exists(), "only what a build has begun is kept up to date"
    there.write_text(text(lock_of({"uv.lock": UV})))
    (tmp_path / "uv.lock").write_text(UV.replace("2.2.0", "2.2.1"))
    subprocess.run(run, cwd=tmp_path, check=True)
    assert json.loads(there.read_text())["pandas"] == "2.2.1"
    (tmp_path / "uv.lock").write_text("[")
    before = there.read_bytes()
    done = subprocess.run(run, cwd=tmp_path, check=False, capture_output=True, text=True)
    assert (done.returncode, there.read_bytes()) == (1, before)
    assert "uv.lock cannot be read" in done.stderr


PLACES = {
    "git": ("""source = { git = "https://me:secret@example.org/x.git?rev=main#abc" }""", "1 https://example.org/x.git?rev=main#abc"),
    "url": (
        """source = { url = "https://t0ken@example.org/x.whl" }\nwheels = [\n    { url = "https://example.org/x.whl", hash = "sha256:07" },\n]""",
        "1 https://example.org/x.whl sha256:07",
    ),
    "path": ("""source = { path = "x.tar.gz" }\nsdist = { hash = "sha256:08" }""", "1 x.tar.gz sha256:08"),
    "index": ("""source = { registry = "https://example.org/simple" }\nsdist = { hash = "sha256:09" }""", "1"),
    "vcs of pylock": ("""vcs = { type = "git", url = "https://example.org/x.git", commit-id = "abc" }""", "1 abc https://example.org/x.git"),
    "archive of pylock": (
        """archive = { url = "https://example.org/x.zip", hashes = { sha256 = "0a" } }""",
        "1 https://example.org/x.zip sha256:0a",
    ),
    "git of poetry": (
        """[package.source]\ntype = "git"\nurl = "https://example.org/x.git"\nreference = "main"\nresolved_reference = "abc\"""",
        "1 abc https://example.org/x.git",
    ),
    "index of poetry": ("""[package.source]\ntype = "legacy"\nurl = "https://example.org/simple"\nreference = "x\"""", "1"),
}  # fmt: skip


@pytest.mark.parametrize(("body", "version"), PLACES.values(), ids=PLACES)
def test_what_is_not_from_an_index_has_what_identifies_its_content(body: str, version: str) -> None:
    for name, key in (("uv.lock", "package"), ("pylock.toml", "packages"), ("poetry.lock", "package")):
        table = body.replace("[package.", f"[{key}.")
        assert lock_of({name: f'[[{key}]]\nname = "x"\nversion = "1"\n{table}\n'}).entries() == {"x": version}


LINES = {
    "numpy==1.26.4": "1.26.4",
    "NumPy [x] == 1.26.4 ; python_version<'3.9'": "1.26.4",
    "numpy===1.26.4  # as ever": "1.26.4",
    "numpy @ https://me:secret@example.org/numpy.whl": "https://example.org/numpy.whl",
    "numpy @ git+https://example.org/numpy@0123456789": "git+https://example.org/numpy@0123456789",
    "-e git+https://example.org/numpy@0123456789#egg=numpy": "git+https://example.org/numpy@0123456789",
    "numpy @ git+https://example.org/numpy@main": None,
    "numpy==1.*": None,
    "numpy==1.26.4,<2": None,
    "numpy>=1": None,
    "numpy": None,
}


@pytest.mark.parametrize(("line", "version"), LINES.items())
def test_what_a_line_of_requirements_pins(line: str, version: str | None) -> None:
    lock = lock_of({"requirements.txt": f"{line}\n"})
    assert lock.entries() == ({} if version is None else {"numpy": version})
    assert lock.loose == (set() if version is not None else {"numpy"})


def test_comments_say_what_needs_what_in_both_styles() -> None:
    line = "numpy==1  # via pandas, scipy (x)\npandas==2  # via -r requirements.in\n# pandas\n"
    assert lock_of({"requirements.txt": line}).closure(["pandas"]) == ["numpy", "pandas"]
    other = "numpy==1\n# pandas is next\npandas==2\n    # via wine (pyproject.toml)\n"
    assert not any(lock_of({"requirements.txt": other}).needs.values())


def test_the_nearest_lock_above_counts_within_the_repository() -> None:
    files = {"../uv.lock": UV, "../../requirements.txt": "numpy==1\n", "../.python-version": "# ours\n3.12\n3.13\n"}
    contents = {name: body.encode() for name, body in files.items()}
    assert read_lock(contents.get) is None
    lock = read_lock(contents.get, 2)
    assert lock is not None
    assert (lock.source, lock.python) == ("../uv.lock", "3.12")


def test_a_package_that_is_gone_is_null_until_the_next_build() -> None:
    lock = lock_of({"requirements.txt": "numpy==1\n"})
    assert json.loads(text(lock, ["pytz", "numpy"])) == {"numpy": "1", "pytz": None}


def test_a_long_line_takes_no_time() -> None:
    body = "a" + " " * 2_000_000 + "b\n" + "-r" + " " * 9_000 + "\n" + "a" * 9_000 + "[" * 900 + "\n"
    assert lock_of({"requirements.txt": body * 3}).entries() == {}
