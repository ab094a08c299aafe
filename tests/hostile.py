"""A repository in which everything that could be run is planted: whatever runs, leaves a file in the canary's folder."""

from __future__ import annotations

import hashlib
import json
import shlex
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

DVC_YAML = """\
stages:
  fetch:
    cmd: cat in > raw
    deps: [in, remote://bucket/data.csv, remote://dav/data.csv, remote://shell/data.csv, "s3://evil/data.csv"]
    outs: [raw]
  train:
    cmd: python src/train.py
    deps: [raw, src/train.py]
    params: [depth, params.py: [DEPTH]]
    outs: [model]
"""
USERS = "a file of the user\n"
MODULES = (
    "json subprocess tempfile typing dataclasses enum re os shutil contextlib logging ast importlib sitecustomize usercustomize"
    " dvc mlopsc yaml pydantic networkx jinja2 ruamel conftest setup copier git"
).split()
"""Modules that would shadow those of Python, DVC or mlopsc, if the repository's folder were on the path."""
PROGRAMS = "dvc git python python3 make sh bash env uv pip strace conda poetry hydra".split()


def plant(root: Path, canary: Path) -> None:
    """Make ``root`` a Git and DVC repository that is hostile."""
    root.mkdir()
    canary.mkdir()
    subprocess.run(["git", "init", "--quiet", "--initial-branch=main", "."], cwd=root, check=True)
    for path, text in _files(root, canary):
        full = root / path
        full.parent.mkdir(parents=True, exist_ok=True)
        full.write_text(text)
        if text.startswith("#!"):
            full.chmod(0o755)
    commit = ["git", "-c", "user.name=x", "-c", "user.email=x@localhost", "commit", "--quiet", "-m", "one"]
    subprocess.run(["git", "add", "--all", "--force", "."], cwd=root, check=True)
    subprocess.run(commit, cwd=root, check=True)
    (root / "src/train.py").write_text(_python(canary, "train-edited"))
    _git_settings(root, canary)


def _files(root: Path, canary: Path) -> Iterator[tuple[str, str]]:
    yield from {"dvc.yaml": DVC_YAML, "in": "1", "params.yaml": "depth: 3\n"}.items()
    for name in PROGRAMS:
        for folder in ("", "bin/", ".venv/bin/", "venv/bin/"):
            yield f"{folder}{name}", _shell(canary, f"{folder}{name}")
    yield ".venv/bin/dvc", f"#!{root}/.venv/bin/python3\nimport dvc\n"
    yield ".venv/pyvenv.cfg", "home = /usr/bin\n"
    for name in MODULES:
        for folder in ("", "src/", ".venv/lib/python3.11/site-packages/"):
            yield f"{folder}{name}.py", _python(canary, f"{folder}{name}.py")
    yield "params.py", _python(canary, "params.py") + "DEPTH = 3\n"
    yield "src/train.py", _python(canary, "train")
    yield "evil.pth", f"import os; os.system('touch {canary}/pth')\n"
    yield ".venv/lib/python3.11/site-packages/evil.pth", f"import os; os.system('touch {canary}/venv-pth')\n"
    points = "[mlopsc.targets]\nevil = evil_target:Target\ndvc = evil_target:Target\n[fsspec.specs]\ns3 = evil_target:Target\n"
    for folder in ("", ".venv/lib/python3.11/site-packages/"):
        yield f"{folder}evil-1.0.dist-info/entry_points.txt", points
        yield f"{folder}evil-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: evil\nVersion: 1.0\n"
        yield f"{folder}evil_target.py", _python(canary, f"{folder}evil_target")
    yield "Makefile", makefile(canary)
    yield ".gitattributes", "* filter=evil diff=evil merge=evil\n"
    yield ".gitmodules", f'[submodule "x"]\n\tpath = x\n\turl = ext::sh -c "touch {canary}/submodule"\n'
    yield "aws.ini", f"[default]\nregion = us-east-1\ncredential_process = {_command(canary, 'credential_process')}\n"
    yield "imported.dvc", _imported(f"ext::sh -c 'touch {canary}/git-ext'")
    yield "other.dvc", _imported(f"ssh://-oProxyCommand=touch${{IFS}}{canary}/git-ssh/x")
    yield ".dvcignore", ""
    yield ".dvc/.gitignore", "/tmp\n/cache\n"
    yield ".dvc/config", _dvc_settings(root, canary)
    yield ".dvc/config.local", _dvc_settings(root, canary)
    yield "gone.txt", USERS
    yield "kept.txt", USERS
    yield ".mlops/lock.json", _lock(canary)
    yield ".mlops/state/journal.json", _journal()
    yield ".mlops/state/txn/0", "overwritten\n"


def _dvc_settings(root: Path, canary: Path) -> str:
    command = _command(canary, "bearer_token_command")
    return f"""\
[core]
    site_cache_dir = {root}/site
    remote = bucket
    autostage = true
[hydra]
    enabled = true
    plugins_path = {root}
[cache]
    dir = {canary}/cache
['remote "bucket"']
    url = s3://bucket/x
    configpath = {root}/aws.ini
    credentialpath = {root}/aws.ini
['remote "dav"']
    url = webdavs://127.0.0.1:1/x
    bearer_token_command = {command}
['remote "shell"']
    url = ssh://localhost:1/x
    keyfile = {root}/key
"""


def _git_settings(root: Path, canary: Path) -> None:
    """Hooks and settings by which Git would run programs."""
    hooks = root / ".git/hooks"
    for name in "pre-commit post-commit post-checkout post-index-change fsmonitor-watchman reference-transaction pre-auto-gc".split():
        (hooks / name).write_text(_shell(canary, f"hook-{name}"))
        (hooks / name).chmod(0o755)

    def command(name: str) -> str:
        return json.dumps(f"touch {canary}/git-{name}; cat")

    settings = "".join(
        f"[{section}]\n\t{key} = {command(f'{key}-{index}')}\n"
        for index, (section, key) in enumerate(
            (
                ("core", "fsmonitor"), ("core", "pager"), ("core", "editor"), ("core", "sshCommand"), ("core", "askPass"),
                ("core", "alternateRefsCommand"), ("core", "gitProxy"), ("sequence", "editor"), ("diff", "external"),
                ('diff "evil"', "textconv"), ('diff "evil"', "command"), ('filter "evil"', "clean"),
                ('filter "evil"', "smudge"), ('filter "evil"', "process"), ('merge "evil"', "driver"), ("pager", "ls-files"),
                ("pager", "status"), ("pager", "rev-parse"), ("gpg", "program"), ("credential", "helper"),
                ("interactive", "diffFilter"), ("uploadpack", "packObjectsHook"), ('remote "origin"', "uploadpack"),
                ('trailer "x"', "command"),
            )
        )
    )  # fmt: skip
    settings += f'[remote "origin"]\n\turl = {root}\n\tpromisor = true\n\tpartialclonefilter = blob:none\n'
    with (root / ".git/config").open("a") as file:
        file.write(settings)


def _imported(url: str) -> str:
    return (
        f"deps:\n- path: x\n  repo:\n    url: {json.dumps(url)}\n    rev_lock: '{'0' * 40}'\nouts:\n- path: {hashlib.md5(url.encode()).hexdigest()}\n"
        f"  md5: '{'0' * 32}'\n"
    )


def makefile(canary: Path) -> str:
    """A Makefile that runs something as soon as make reads it."""
    return f"X := $(shell touch {canary}/make)\nserve:\n\techo $(X)\n"


def _lock(canary: Path) -> str:
    """A lock that claims that mlopsc wrote files of the user."""
    contents = {"gone.txt": USERS, "Makefile": makefile(canary), "dvc.yaml": DVC_YAML}
    files = {path: f"sha256:{hashlib.sha256(text.encode()).hexdigest()}" for path, text in contents.items()}
    return json.dumps({"version": 1, "files": files})


def _journal() -> str:
    old = hashlib.sha256(USERS.encode()).hexdigest()
    new = hashlib.sha256(b"overwritten\n").hexdigest()
    entries = [
        {"path": "gone.txt", "old": old, "new": None},
        {"path": "kept.txt", "old": old, "new": new, "staged": "0"},
    ]
    return json.dumps({"version": 1, "entries": entries})


def _command(canary: Path, name: str) -> str:
    return f"touch {canary}/{name}"


def _shell(canary: Path, name: str) -> str:
    return f"#!/bin/sh\n/usr/bin/touch {shlex.quote(f'{canary}/{_flat(name)}')}\n"


def _python(canary: Path, name: str) -> str:
    return f"open({f'{canary}/{_flat(name)}'!r}, 'w').close()\n"


def _flat(name: str) -> str:
    return name.replace("/", "-")


def works(canary: Path, root: Path) -> bool:
    """Whether what is planted would leave its mark, if it were run."""
    program = root / "dvc"
    assert program.stat().st_mode & stat.S_IXUSR
    subprocess.run([program], check=True)
    marked = (canary / "dvc").exists()
    (canary / "dvc").unlink()
    return marked
