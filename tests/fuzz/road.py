"""The whole road from bytes to files, and what has to hold of every input on it, for tests and for the fuzzer."""

from __future__ import annotations

import re
from pathlib import Path

from mlopsc.compiler.build import compile_spec
from mlopsc.compiler.codes import page, titles
from mlopsc.compiler.model.snapshot import Memory
from mlopsc.compiler.model.source import Source
from mlopsc.compiler.read.yaml import load
from mlopsc.compiler.show.render import FORMATS, render

ROOT = Path(__file__).parents[2]
CUT = b"\n#params\n"
"""Stands between the mlops.yaml and the params.yaml of an input."""
CODE = {"src/train.py": "import a\n", "src/a.py": "", "scripts/run.sh": "source b.sh\n", "data/raw.csv": ""}


def seeds() -> list[bytes]:
    """The specs that the project has: of the code pages, and our own."""
    texts = [path.read_bytes() for path in (ROOT / "mlops.yaml", ROOT / "examples/wine/mlops.yaml")]
    for code in titles():
        for section in re.split(rb"^## ", (page(code) or "").encode(), flags=re.MULTILINE)[1:]:
            spec = re.search(rb"^```yaml(?: escaped)?\n(.*?)^```", section, re.MULTILINE | re.DOTALL)
            params = re.search(rb"^```yaml params.yaml\n(.*?)^```", section, re.MULTILINE | re.DOTALL)
            if spec:
                texts.append(spec[1] + (CUT + params[1] if params else b""))
    return texts


def one(data: bytes) -> None:
    """What has to hold of every input."""
    spec, _, params = data.partition(CUT)
    run = compile_spec(Memory({**CODE, "mlops.yaml": spec, "params.yaml": params}))
    assert run.files or run.report.failed or run.project is None or not run.project.targets
    for style in FORMATS:
        render(run.report, run.document, style)
    for file in run.files:
        if file.data is not None:
            read = [load(Source(file.path, text)) for text in re.split(r"^---\n", file.text, flags=re.MULTILINE)]
            assert {key: value for data, _ in read for key, value in data.items()} == file.data
            assert not any(problems for _, problems in read)
