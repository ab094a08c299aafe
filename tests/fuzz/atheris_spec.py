"""Coverage-guided fuzzing of the whole road from bytes to files. Not a pytest module: it runs for as long as one likes.

    uv venv --python 3.11 fuzz && uv pip install --python fuzz/bin/python atheris -e .
    fuzz/bin/python tests/fuzz/atheris_spec.py fuzz/corpus -timeout=60 -max_len=2000 -max_total_time=3600

An input is a mlops.yaml and a params.yaml with `road.CUT` between them. Any exception is a bug, and so is an answer that
takes 10 seconds of processor time, a build that gives neither files nor an error, and YAML that does not read back as
what it was made from. Each bug is kept once, by where it was raised, in `found/` beside the corpus, and the search goes
on; a hang of a minute stops it. Seeds are the examples of the code pages and our own specs.
"""

from __future__ import annotations

import hashlib
import pkgutil
import random
import re
import sys
import time
import traceback
from importlib import import_module
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["mlopsc"]):
    import mlopsc.compiler
    import mlopsc.schemas
    import mlopsc.targets

    for package in (mlopsc.compiler, mlopsc.schemas, mlopsc.targets):
        for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
            if ".programs." not in module.name:  # what we write for others to run: it would begin to run
                import_module(module.name)

from mlopsc.compiler.lower import items
from mlopsc.schemas.spec import Spec
from mlopsc.schemas.stage import Stage
from road import ROOT, one, seeds

items.MAX_STAGES = 200  # or the search spends its time on one matrix of thousands of stages, which is no bug
WORDS = [
    *Spec.model_fields, *Stage.model_fields, "foreach", "do", "${a}", "vars: [{n: 1}]", "${n}", "${item}", "${item.x}", "${key}", "${", "\\${a}",
    "[a, b]", "{a: 1}", "data/x", "params.yaml:a", "train", "make", "dvc", "github", "s3://b/x", "&x", "*x", "<<: *x",
    "|", ">-", "!!int", "1e3", "0x1f", "~", "null", "true", "1h", "8Gi", ">= 0.9", "-", "?", "'", '"', "é", "\t", "#",
]  # fmt: skip
SEEDS = seeds()
SECONDS = 10


def mutate(data: bytes, size: int, seed: int) -> bytes:
    """Half of the time libFuzzer's own bytes, half of the time whole lines and words, so that it stays nearly YAML."""
    choice = random.Random(seed)
    if choice.random() < 0.4:
        return bytes(atheris.Mutate(data, size))
    lines = data.split(b"\n")
    other = choice.choice(SEEDS).split(b"\n")
    at = choice.randrange(len(lines))
    match choice.randrange(6):
        case 0:
            lines[at:at] = other[(start := choice.randrange(len(other))) : start + choice.randint(1, 4)]
        case 1:
            del lines[at : at + choice.randint(1, 2)]
        case 2:
            lines[at] = b"  " * choice.randint(0, 4) + lines[at].lstrip()
        case 3:
            lines[at:at] = lines[choice.randrange(len(lines)) :][: choice.randint(1, 4)]
        case _:
            words = [*re.finditer(rb"[^\s:,\[\]{}]+", lines[at])] or [re.match(rb"", lines[at])]
            where = choice.choice(words).span()  # type: ignore[union-attr]
            lines[at] = lines[at][: where[0]] + choice.choice(WORDS).encode() + lines[at][where[1] :]
    return b"\n".join(lines)[:size]


def main() -> None:
    """Run until libFuzzer's own limits."""
    corpus = Path(next(argument for argument in sys.argv[1:] if not argument.startswith("-")))
    found = corpus.parent / "found"
    for folder in (corpus, found):
        folder.mkdir(parents=True, exist_ok=True)
    for seed in SEEDS:
        (corpus / hashlib.sha1(seed).hexdigest()).write_bytes(seed)
    seen: set[str] = set()

    def keep(data: bytes) -> None:
        started = time.process_time()
        try:
            one(data)
            assert time.process_time() - started < SECONDS, "slow"
        except Exception as error:
            frames = [
                frame
                for frame in traceback.extract_tb(error.__traceback__)
                if Path(frame.filename).is_relative_to(ROOT)
            ]
            place = f"{type(error).__name__}-{Path(frames[-1].filename).stem}-{frames[-1].lineno}"
            if place not in seen:
                seen.add(place)
                (found / place).write_bytes(data)
                (found / f"{place}.txt").write_text(traceback.format_exc())
                print(f"found: {place}: {error}", file=sys.stderr, flush=True)

    atheris.Setup(sys.argv, keep, custom_mutator=lambda data, size, seed: mutate(data, size, seed))
    atheris.Fuzz()


if __name__ == "__main__":
    main()
