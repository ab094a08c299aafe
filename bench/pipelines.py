"""Generated repositories of three stages, run for real: by `dvc repro`, by the runner, and all anew by a shell.

Each edit is made in all three, so that what a stage should have made is known byte by byte.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

import edits
import traits

BIN = Path(sys.executable).parent
NAMES = ("first", "second", "third")
SPEC = """\
mlops: 1
stack: {ci: []}
infer: [code, packages]
stages:
  first: {cmd: python src/first.py raw/numbers.txt out/first.txt, deps: [raw/numbers.txt], params: [params.json: [rate]], outs: [out/first.txt]}
  second: {cmd: python src/second.py out/first.txt out/second.txt, deps: [out/first.txt], outs: [out/second.txt]}
  third: {cmd: python src/third.py raw/numbers.txt out/third.txt, deps: [raw/numbers.txt], outs: [out/third.txt]}
"""
STAGE = '''\
"""The {name} stage."""

import json
import sys

import common
{imports}

def work(numbers, rate=2):
    """Scale the numbers."""
    total = 0
    values = []
    for number in numbers:
        total = total + number * rate
        values.append(total % 97)
    return values


def main():
    source, target = sys.argv[1], sys.argv[2]
    numbers = [int(word) for word in open(source).readline().split()]
    rate = json.load(open("params.json"))["rate"] if {is_first} else {weight}
    with open(target, "w") as file:
        file.write(" ".join(map(str, common.scale(work(numbers, rate)))) + "\\n")
        {extra}


main()
'''
COMMON = '"""What stages share."""\n\n\ndef scale(numbers, by=3):\n    """Multiply each number."""\n    return [number * by for number in numbers]\n'
LOG = {
    "version": 1,
    "formatters": {"f": {"format": "%(lineno)d"}},
    "handlers": {"h": {"class": "logging.FileHandler", "filename": ".log", "formatter": "f"}},
    "loggers": {"e": {"handlers": ["h"]}},
}
PACKAGES = ("alpha", "beta", "gamma")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one stage after one edit."""

    seed: int
    number: int
    edit: str
    trait: str
    stage: str
    ran_by_bytes: bool
    ran_by_meaning: bool
    changed: bool
    """Whether what it makes is another text than before the edit."""
    wrong_by_bytes: bool
    wrong_by_meaning: bool
    """Whether the out is not what the commands make when all of them run."""
    failed: bool
    """Whether the edit breaks the code, so that all three ways fail."""


def files(rng: Random) -> tuple[dict[str, str], str]:
    """A repository, and what its third stage does with its own code. `second` and `third` load packages."""
    kind, (trait, modules) = rng.choice(
        [
            ("plain", _pick(rng, traits.PLAIN)),
            ("plain", _pick(rng, traits.PLAIN)),
            ("reading", _pick(rng, traits.READING)),
            ("split", _pick(rng, traits.SPLIT)),
        ]
    )
    _, (plain,) = _pick(rng, traits.PLAIN)
    place = f"reads {trait}" if kind != "plain" else "plain"
    code = {
        "src/common.py": COMMON,
        "src/helper.py": modules[0],
        "src/other.py": plain,
        "src/first.py": _stage("first", rng, "", ""),
        "src/second.py": _stage("second", rng, "import alpha\nimport other\n", "other.extra() + alpha.NAME"),
        "src/third.py": _stage("third", rng, "import gamma\nimport helper\n", "helper.extra() + gamma.NAME"),
    }
    if len(modules) > 1:
        code["src/files.py"] = modules[1]
    numbers = " ".join(str(rng.randrange(50)) for _ in range(6))
    params = {"rate": 2, **({"source": "src/common.py"} if trait == "a name in params" else {})}
    data = {
        "raw/numbers.txt": f"{numbers}\n",
        "out/keep": "",
        "raw/log.json": json.dumps(LOG),
        "params.json": json.dumps(params),
    }
    return {"mlops.yaml": SPEC, "requirements.lock": _lock(dict.fromkeys(PACKAGES, "1.0")), **code, **data}, place


def _pick(rng: Random, known: dict[str, str] | dict[str, tuple[str, str]]) -> tuple[str, tuple[str, ...]]:
    name = rng.choice(sorted(known))
    modules = known[name]
    return name, (modules,) if isinstance(modules, str) else modules


def _stage(name: str, rng: Random, imports: str, extra: str) -> str:
    write = f'file.write({extra} + "\\n")' if extra else "file.flush()"
    return STAGE.format(name=name, imports=imports, extra=write, is_first=name == "first", weight=rng.randrange(2, 9))


def _lock(versions: dict[str, str], comment: str = "") -> str:
    needed = {"alpha": "    # via gamma\n"}
    return comment + "".join(f"{name}=={versions[name]}\n{needed.get(name, '')}" for name in PACKAGES)


class Pipeline:
    """One repository in three copies, and the packages that its lock names, installed beside them."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.seed, self.rng = seed, Random(seed)
        self.files, self.trait = files(self.rng)
        self.versions = dict.fromkeys(PACKAGES, "1.0")
        self.site = folder / "site"
        self.bytes, self.meaning, self.truth = folder / "bytes", folder / "meaning", folder / "truth"
        self._install()
        for root in (self.meaning, self.truth):
            self._write(root, self.files)
        self._run(self.meaning, "git", "init", "-q", ".")
        self._run(self.meaning, "dvc", "init", "-q")
        self._run(self.meaning, "mlopsc", "build")
        shutil.copytree(self.meaning, self.bytes, symlinks=True)
        self._by_bytes()
        self._commit()
        self._run_all()
        self.before = self._outs(self.truth)

    def outcomes(self, count: int) -> Iterator[Outcome]:
        """Make so many edits, one after the other, and tell what became of the stages. An edit that fails is taken back."""
        made = 0
        while made < count:
            name, changes = self._edit()
            if not changes:
                continue
            made += 1
            old = dict(self.files)
            self._change(changes)
            by_bytes, by_meaning, is_well = self._run_all()
            truth = self._outs(self.truth)
            for stage in NAMES:
                out = f"out/{stage}.txt"
                yield Outcome(
                    self.seed, made, name, self.trait, stage, stage in by_bytes, stage in by_meaning,
                    truth.get(out) != self.before.get(out),
                    is_well and self._outs(self.bytes).get(out) != truth.get(out),
                    is_well and self._outs(self.meaning).get(out) != truth.get(out),
                    not is_well,
                )  # fmt: skip
            if not is_well:
                self._change({path: old[path] for path in changes})
                self._run_all()
                truth = self._outs(self.truth)
            self.before = truth

    def _edit(self) -> tuple[str, dict[str, str]]:
        chosen = self.rng.random()
        if chosen < 0.12:
            return self._edit_lock()
        if chosen < 0.16:
            return "data", {"raw/numbers.txt": f"{self.rng.randrange(50)} {self.files['raw/numbers.txt']}"}
        known = edits.LAYOUT if chosen < 0.7 else edits.MEANING
        path = self.rng.choice(sorted(path for path in self.files if path.endswith(".py")))
        name = self.rng.choice(sorted(known))
        try:
            text = known[name](self.files[path], self.rng)
        except (SyntaxError, ValueError, IndexError):
            return name, {}
        return name, {path: text} if text and text != self.files[path] else {}

    def _edit_lock(self) -> tuple[str, dict[str, str]]:
        if self.rng.random() < 0.4:
            return "a comment in the lock", {"requirements.lock": _lock(self.versions, f"# {self.rng.random()}\n")}
        package = self.rng.choice(PACKAGES)
        self.versions[package] = f"{self.rng.randrange(1, 99)}.{self.rng.randrange(99)}"
        self._install()
        return f"version of {'a loaded' if package != 'beta' else 'another'} package", {
            "requirements.lock": _lock(self.versions)
        }

    def _install(self) -> None:
        """The packages as the lock has them; gamma says what alpha is, because it needs it."""
        code = {f"{name}.py": f'NAME = "{name} {version}"\n' for name, version in self.versions.items()}
        code["gamma.py"] = f'import alpha\n\nNAME = "gamma {self.versions["gamma"]} on " + alpha.NAME\n'
        self._write(self.site, code)

    def _change(self, changes: dict[str, str]) -> None:
        self.files.update(changes)
        for root in (self.bytes, self.meaning, self.truth):
            self._write(root, changes)

    def _write(self, root: Path, contents: dict[str, str]) -> None:
        for name, text in contents.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode())

    def _by_bytes(self) -> None:
        """The pipeline as people write it for DVC: the lock is a dep of each stage."""
        import yaml

        document = yaml.safe_load((self.bytes / "dvc.yaml").read_text())
        for stage in document["stages"].values():
            stage["deps"].append("requirements.lock")
            stage["params"] = [
                item
                for item in stage.get("params", [])
                if not (isinstance(item, dict) and ".mlops/packages.json" in item)
            ]
        (self.bytes / "dvc.yaml").write_text(yaml.safe_dump(document, sort_keys=False))

    def _commit(self) -> None:
        """For stages that ask Git what was edited."""
        for root in (self.bytes, self.truth):
            shutil.copytree(self.meaning / ".git", root / ".git", dirs_exist_ok=True)
        for root in (self.bytes, self.meaning, self.truth):
            self._run(root, "git", "add", "-A")
            self._run(root, "git", "-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "-qm", "a")

    def _run_all(self) -> tuple[set[str], set[str], bool]:
        """Which stages `dvc repro` and the runner have run, and whether all three ways succeeded."""
        plain = subprocess.Popen(
            [BIN / "dvc", "repro"], cwd=self.bytes, env=self._environment(), text=True,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        ours = self._runner()
        shutil.rmtree(self.truth / "out", ignore_errors=True)
        (self.truth / "out").mkdir()
        commands = [line.partition("cmd: ")[2].partition(", deps")[0] for line in SPEC.splitlines() if "cmd: " in line]
        truth = all(not self._status(self.truth, "sh", "-c", command) for command in commands)
        output = plain.communicate()[0]
        by_bytes = {
            name for name in NAMES if f"Running stage '{name}'" in output or f"Stage '{name}' is cached" in output
        }
        by_meaning = {stage["stage"] for stage in ours["stages"] if stage["status"] in ("ran", "restored", "failed")}
        succeeded = {
            not plain.returncode,
            all(stage["status"] not in ("failed", "blocked") for stage in ours["stages"]),
            truth,
        }
        if len(succeeded) > 1:
            raise SystemExit(f"seed {self.seed}: one way fails and another does not: {ours}\n{output}")
        return by_bytes, by_meaning, succeeded == {True}

    def _runner(self) -> dict:
        report = self.meaning / ".mlops" / "state" / "report.json"
        report.unlink(missing_ok=True)
        self._status(self.meaning, "mlopsc", "build")
        self._status(self.meaning, "python", ".mlops/scripts/run.py", "--json", str(report))
        return json.loads(report.read_text())

    def _outs(self, root: Path) -> dict[str, bytes]:
        return {f"out/{path.name}": path.read_bytes() for path in (root / "out").glob("*.txt")}

    def _environment(self) -> dict[str, str]:
        path = f"{BIN}{os.pathsep}{os.environ['PATH']}"
        return {
            **os.environ,
            "PATH": path,
            "PYTHONPATH": str(self.site),
            "DVC_NO_ANALYTICS": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
        }

    def _status(self, root: Path, *words: str) -> int:
        done = subprocess.run(
            [BIN / words[0] if (BIN / words[0]).exists() else words[0], *words[1:]], cwd=root, env=self._environment(),
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False,
        )  # fmt: skip
        return done.returncode

    def _run(self, root: Path, *words: str) -> None:
        if self._status(root, *words):
            raise SystemExit(f"{' '.join(words)} failed")
