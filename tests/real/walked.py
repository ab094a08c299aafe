"""What an engine does with a file that only loads here: texts are filled in as it fills them in, and tasks run in its order.

Each task is a process of its own in an empty folder. Where a task fails, those that wait for it do not run; others do.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from cloned import STEP, commit, hashes, restored
from conftest import ROOT, run
from mlopsc.compiler import installed as registry
from mlopsc.compiler.build import compile_spec, emit
from mlopsc.compiler.model.diagnostic import Diagnostic
from mlopsc.compiler.model.snapshot import Memory

Run = Callable[[str], bool]


REMOTE = "[core]\n    remote = store\n['remote \"store\"']\n    url = s3://bucket/p\n"
"""Without a remote an engine is told so, MLC543."""


def emitted(target: str, files: Mapping[str, str]) -> tuple[dict[str, Any], list[Diagnostic]]:
    """The YAML files that a target writes for a spec, by path, as YAML readers see them; and what is said to it."""
    known = {} if "registry:" in files["mlops.yaml"] else {".dvc/config": REMOTE}
    compiled = compile_spec(Memory({**known, **files}))
    assert compiled.project is not None
    wrong = [each for each in compiled.report if each.severity == "error" and each.code < "MLC5"]
    assert not wrong, wrong
    made, found = emit(compiled.project, registry.find([(target, ())])[0])
    return {file.path: yaml.safe_load(file.text) for file in made if file.path.endswith((".yaml", ".yml"))}, found


def golden(case: str) -> dict[str, str]:
    """The repository of a golden case."""
    folder = ROOT / "tests/golden" / case
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_text() for path in files}


IMAGE = "somewhere/with-dvc:1"
"""The image of some stages; this machine stands for it."""
OUTS = ["a/start.txt", "b/left.txt", "d/1.txt", "d/2.txt", "m.json"]


def pipeline(log: Path, target: str) -> dict[str, str]:
    """The files of a project for an engine: fan-out, fan-in, parameters; its stages write `OUTS`, and to ``log``."""
    step = f"python step.py {log}"
    spec = f"""\
mlops: 1
project: p
stack: {{orchestrator: [dvc, {target}], build: none, ci: []}}
stages:
  start: {{cmd: '{step} a/start.txt ${{start}} raw.txt', deps: [step.py, raw.txt], params: [start], outs: [a/start.txt]}}
  left: {{cmd: '{step} b/left.txt "${{left}}" a/start.txt', deps: [step.py, a/start.txt], params: [left], outs: [b/left.txt], timeout: 1m}}
  each:
    matrix: {{x: ["1", "2"]}}
    cmd: '{step} d/${{item.x}}.txt ${{item.x}} raw.txt'
    deps: [step.py, raw.txt]
    outs: ['d/${{item.x}}.txt']
    image: {IMAGE}
  end:
    cmd: '{step} m.json 1 b d'
    deps: [step.py, b, d]
    metrics: [m.json]
    retries: 1
"""
    return {"step.py": STEP, "raw.txt": "raw", "params.yaml": "start: 1\nleft: two words\n", "mlops.yaml": spec}


def as_repro_does(root: Path, log: Path, environment: Mapping[str, str]) -> None:
    """What the tasks left on the remote, with ``left`` at `new words`, is what `dvc repro` makes of it."""
    (root / "params.yaml").write_text("start: 1\nleft: new words\n")
    commit(root)
    got = restored(root, OUTS, log, environment)
    run("dvc", "repro", cwd=root, MLOPS_IMAGE=IMAGE)
    assert got == hashes(root, OUTS)


def walk(after: Mapping[str, Sequence[str]], run: Run, goes_on: bool) -> dict[str, str]:
    """Run each task once all of those it waits for are done; ``done``, ``failed`` or ``skipped`` for each.

    An engine that ``goes_on`` after a failure runs what does not wait for it.
    """
    states: dict[str, str] = {}
    while left := [name for name in after if name not in states]:
        name = next(name for name in left if all(each in states for each in after[name]))
        over = "failed" in states.values() and not goes_on
        if over or any(states[each] != "done" for each in after[name]):
            states[name] = "skipped"
        else:
            states[name] = "done" if run(name) else "failed"
    return states


def argo(text: str, values: Mapping[str, str]) -> str:
    """A text of a workflow with its variables filled in, as Argo does: in JSON, with values as Go quotes them.

    Source: simpleReplace in `util/template/simple_template.go`, and fasttemplate, which fails where a ``{{`` has no end.
    """
    done, rest = "", json.dumps(text, ensure_ascii=False)
    while (start := rest.find("{{")) >= 0:
        end = rest.index("}}", start)
        name = rest[start + 2 : end].strip()
        if name not in values:
            raise LookupError(f"failed to resolve {name}")
        done, rest = done + rest[:start] + _go(values[name]), rest[end + 2 :]
    filled: str = json.loads(done + rest)
    return filled


def _go(text: str) -> str:
    """Go's strconv.Quote, without the quotes."""
    known = {"\a": r"\a", "\b": r"\b", "\f": r"\f", "\n": r"\n", "\r": r"\r", "\t": r"\t", "\v": r"\v"}
    known |= {'"': r"\"", "\\": r"\\"}

    def char(each: str) -> str:
        if each in known:
            return known[each]
        if each.isprintable():
            return each
        code = ord(each)
        return f"\\x{code:02x}" if code < 0x80 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"

    return "".join(map(char, text))


def kubelet(text: str, environment: Mapping[str, str]) -> str:
    """A word of a container's command, or a variable's value, as the kubelet gives it on.

    Source: `third_party/forked/golang/expansion/expand.go` of Kubernetes.
    """
    one = re.compile(r"\$(?:(\$)|\(([^)]*)\))")
    return one.sub(lambda match: match[1] or environment.get(match[2], match[0]), text)


def azureml(text: str, inputs: Mapping[str, str], outputs: Mapping[str, str]) -> str:
    """A command of a job with its inputs and outputs filled in, as AzureML does: as they are, without any quotes."""
    known = {f"inputs.{name}": value for name, value in inputs.items()}
    known |= {f"outputs.{name}": value for name, value in outputs.items()}
    return re.sub(r"\$\{\{([^}]*)\}\}", lambda match: known[match[1].strip()], text)
