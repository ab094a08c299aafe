"""A bump of a locked package runs exactly the stages whose code can load it: with real DVC, on each kind of lock."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import pytest
from cloned import commit
from conftest import run
from ruamel.yaml import YAML
from running import environment, ran

pytestmark = pytest.mark.real

SPEC = """\
mlops: 1
project: wine
stack: {ci: [], orchestrator: [dvc, make]}
stages:
  frame: {deps: [raw.csv], outs: [data/frame]}
  config: {deps: [raw.csv], outs: [data/config], wdir: .}
  plain: {deps: [raw.csv], outs: [data/plain]}
  inner: {cmd: python x.py, wdir: sub, outs: [out], infer: [code, packages]}
  word: {cmd: cp raw.csv data/word, deps: [raw.csv], outs: [data/word]}
"""
LOADS = {
    "src/frame.py": "pandas",
    "src/config.py": "ruamel.yaml",
    "src/plain.py": "json",
    "sub/x.py": "google.protobuf",
}
NEEDS = {"pandas": ["numpy", "pytz"], "boto3": ["botocore"], "ruamel.yaml": ["ruamel.yaml.clib"]}
VERSIONS = {
    "pandas": "2.2.0",
    "numpy": "1.26.4",
    "pytz": "2024.1",
    "ruamel.yaml": "0.18.0",
    "ruamel.yaml.clib": "0.2.8",
    "boto3": "1.34.0",
    "botocore": "1.34.0",
    "Protobuf": "5.26.0",
}
Versions = Mapping[str, str]


def uv(versions: Versions) -> str:
    text = """\
version = 1
revision = 2
requires-python = ">=3.11"

[[package]]
name = "wine"
version = "0"
source = { virtual = "." }
dependencies = [
    { name = "pandas" },
]

[package.dev-dependencies]
dev = [
    { name = "boto3" },
]
"""
    for name, version in versions.items():
        items = ", ".join(f"""{{ name = "{other}", marker = "os_name == 'nt'" }}""" for other in needs(name, versions))
        text += f"""
[[package]]
name = "{name}"
version = "{version}"
source = {{ registry = "https://example.org/simple" }}
dependencies = [{items}]
sdist = {{ url = "https://example.org/{name}.tar.gz", hash = "sha256:00", size = 1 }}
wheels = [
    {{ url = "https://example.org/{name}.whl", hash = "sha256:01", size = 2 }},
]
"""
    return text


def pylock(versions: Versions) -> str:
    text = """lock-version = "1.0"\nrequires-python = ">=3.11"\ncreated-by = "uv"\n"""
    for name, version in versions.items():
        items = ", ".join(f"""{{ name = "{other}" }}""" for other in needs(name, versions))
        text += f"""
[[packages]]
name = "{name}"
version = "{version}"
index = "https://example.org/simple"
dependencies = [{items}]
wheels = [{{ url = "https://example.org/{name}.whl", hashes = {{ sha256 = "01" }} }}]
"""
    return text


def poetry(versions: Versions) -> str:
    packages = "".join(
        f'[[package]]\nname = "{name}"\nversion = "{version}"\ndescription = ""\noptional = false\npython-versions = ">=3.9"\n'
        f'groups = ["main", "dev"]\nfiles = [\n    {{file = "{name}.whl", hash = "sha256:01"}},\n]\n\n[package.dependencies]\n'
        + "".join(
            f'"{other}" = [{{version = ">=1", markers = "python_version < \\"3.12\\""}}]\n'
            for other in needs(name, versions)
        )
        + "\n"
        for name, version in versions.items()
    )
    return f'{packages}[metadata]\nlock-version = "2.1"\npython-versions = "^3.11"\ncontent-hash = "00"\n'


def requirements(versions: Versions) -> str:
    lines = []
    for name, version in versions.items():
        lines += [f"{name}=={version} \\", "    --hash=sha256:01", "    # via"]
        lines += [f"    #   {other}" for other in NEEDS if name in NEEDS[other] and other in versions] or [
            "    #   -r in"
        ]
    return "\n".join([*lines, ""])


def needs(name: str, versions: Versions) -> Iterable[str]:
    return [other for other in NEEDS.get(name, ()) if other in versions]


LOCKS: dict[str, Callable[[Versions], str]] = {
    "uv.lock": uv,
    "pylock.toml": pylock,
    "poetry.lock": poetry,
    "requirements.txt": requirements,
}
BUMPS: dict[str, set[str]] = {
    "pandas": {"frame"},
    "numpy": {"frame"},
    "ruamel.yaml": {"config"},
    "ruamel.yaml.clib": {"config"},
    "boto3": set(),
    "botocore": set(),
    "Protobuf": {"x"},
}


def files(lock: str, text: str) -> dict[str, str]:
    code = {}
    for path, module in LOADS.items():
        name = Path(path).stem
        out = "out" if name == "x" else f"data/{name}"
        code[path] = f"""\
import os
def never():
    import {module}
open(os.environ["RAN"], "a").write("{name}\\n")
open("{out}", "w").write("{name}")
"""
    return {"mlops.yaml": SPEC, "raw.csv": "1\n", "data/.gitkeep": "", lock: text, **code}


@pytest.fixture(params=LOCKS)
def lock(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def root(repository: Callable[[Mapping[str, str]], Path], lock: str) -> Path:
    root = repository(files(lock, LOCKS[lock](VERSIONS)))
    run("mlopsc", "build", cwd=root)
    pipeline(root)
    commit(root)
    return root


def pipeline(root: Path) -> list[str]:
    """What the runner runs."""
    run("python3", ".mlops/scripts/run.py", cwd=root, **environment(root))
    return ran(root)


def rewrite(root: Path, lock: str, versions: Versions) -> None:
    (root / lock).write_text(LOCKS[lock](versions))


def test_a_bump_runs_what_can_load_the_package_and_nothing_else(root: Path, lock: str) -> None:
    assert pipeline(root) == []
    versions = dict(VERSIONS)
    for name, stages in BUMPS.items():
        versions[name] += ".post1"
        rewrite(root, lock, versions)
        assert pipeline(root) == sorted(stages), name
    versions["new"] = "1.0"
    rewrite(root, lock, versions)
    assert pipeline(root) == []
    run("mlopsc", "build", "--check", cwd=root)
    assert json.loads(run("dvc", "status", "--json", cwd=root).stdout) == {}


def test_the_reason_is_told_before_and_after_a_build(root: Path, lock: str) -> None:
    rewrite(root, lock, {**VERSIONS, "numpy": "2.3.0", "boto3": "2.0.0"})
    for command in ("affected", "diff", "plan"):
        told = run("mlopsc", command, cwd=root).stdout
        assert "numpy 1.26.4 -> 2.3.0" in told, command
        assert "boto3 1.34.0 -> 2.0.0" not in told
    compared = json.loads(run("mlopsc", "affected", "--format", "json", cwd=root).stdout)["stages"]
    reason = {"kind": "package", "what": "numpy", "before": "1.26.4", "after": "2.3.0", "cosmetic": False}
    assert [(stage["stage"], stage["runs"], stage["reasons"]) for stage in compared] == [("frame", True, [reason])]
    run("mlopsc", "build", cwd=root)
    assert list(json.loads(run("dvc", "status", "--json", cwd=root).stdout)) == ["frame"]
    assert "run frame: numpy 1.26.4 -> 2.3.0" in run("mlopsc", "plan", cwd=root).stdout
    assert "its code loads pandas" in run("mlopsc", "explain", "frame", cwd=root).stdout


def test_a_package_that_is_no_longer_locked_stops_no_pipeline(root: Path, lock: str) -> None:
    versions = {name: version for name, version in VERSIONS.items() if name != "pytz"}
    rewrite(root, lock, {**versions, "pandas": "3.0.0"})
    assert pipeline(root) == ["frame"]
    assert json.loads((root / ".mlops/packages.json").read_text())["pytz"] is None
    run("mlopsc", "build", cwd=root)
    assert "pytz" not in (root / "dvc.yaml").read_text() + (root / ".mlops/packages.json").read_text()
    assert pipeline(root) == []


def test_the_python_of_the_project_is_a_package_of_all_that_runs_python(root: Path, lock: str) -> None:
    (root / ".python-version").write_text("3.11.9\n")
    run("mlopsc", "build", cwd=root)
    pipeline(root)
    (root / ".python-version").write_text("3.12.4\n")
    assert pipeline(root) == ["config", "frame", "plain", "x"]


def test_what_dvc_reads_is_what_the_spec_means(root: Path) -> None:
    stages = YAML(typ="safe").load(root / "dvc.yaml")["stages"]
    python = [] if (root / "requirements.txt").exists() else ["python"]
    assert stages["frame"]["params"] == [{".mlops/packages.json": ["numpy", "pandas", *python, "pytz"]}]
    assert stages["inner"]["params"] == [{"../.mlops/packages.json": ["protobuf", *python]}]
    assert "params" not in stages["word"]
    lock = YAML(typ="safe").load(root / "dvc.lock")["stages"]
    assert lock["config"]["params"][".mlops/packages.json"]["ruamel-yaml-clib"] == "0.2.8"
