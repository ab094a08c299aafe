"""One spec, twelve different mistakes: all are reported in one run, each with its code and its exact place."""

from __future__ import annotations

from mlopsc.compiler.build import compile_spec
from mlopsc.compiler.model.snapshot import Memory

SPEC = """\
mlops: 1
project: wine
stages:
  clean:
    cmd: python src/clean.py
    deps: [src/clean.py, data/raw.csv, data/labels]
    outs: [data/clean.csv]
  label:
    cmd: python src/label.py
    deps: [src/label.py, data/clean.csv]
    outs: [data/labels]
  split:
    cmd: python src/split.py ${seed}
    deps: [src/split.py, data/cleen.csv]
    outs: [data/split, data/split/test.csv]
  train:
    cmd: python src/trian.py
    deps: [data/split]
    params: [train.dept]
    outs: [../model.pkl]
    timeout: soon
  publish:
    cmd: python src/clean.py --name ${title}
    env:
      SHOP_TOKEN: n0t4Real0ne7hough
    dep: [data/split]
    outs: [data/labels]
  retry:
    retries: often
    cmd: python src/clean.py ${nothing}
    deps: [src/clean.py]
    outs: [retried]
models:
  wine: {path: model.pkl, from: trian}
"""

FILES = {
    "mlops.yaml": SPEC,
    "params.yaml": "seed: 1\ntitle: a; rm -r data\ntrain:\n  depth: 4\n",
    "data/raw.csv": "",
    "src/clean.py": "",
    "src/label.py": "",
    "src/split.py": "",
    "src/train.py": "",
}

MISTAKES = [
    ("MLC401", 4, 3),  # clean and label need each other
    ("MLC411", 14, 26),  # data/cleen.csv
    ("MLC403", 15, 24),  # data/split/test.csv lies in data/split
    ("MLC410", 17, 10),  # src/trian.py
    ("MLC412", 19, 14),  # train.dept
    ("MLC404", 20, 12),  # ../model.pkl
    ("MLC104", 21, 14),  # soon
    ("MLC430", 23, 10),  # title holds a command
    ("MLC420", 25, 19),  # a token in clear
    ("MLC101", 26, 5),  # dep
    ("MLC402", 27, 12),  # data/labels is written by label
    ("MLC102", 29, 14),  # often
    ("MLC202", 30, 10),  # nothing
    ("MLC418", 34, 33),  # trian
]


def test_all_mistakes_are_reported_at_once_each_at_its_place() -> None:
    run = compile_spec(Memory(FILES))
    assert run.document is not None
    found = []
    for each in run.report.for_check():
        assert each.place is not None
        span = run.document.span(each.place)
        if each.severity == "error":
            assert each.help
            found.append((each.code, span.line, span.column))
    assert sorted(found) == sorted(MISTAKES)
    assert len({code for code, _, _ in MISTAKES}) >= 12
    assert run.files == [], "nothing is written for a spec that is wrong"


def test_the_same_places_are_found_under_other_line_ends_and_comments() -> None:
    text = SPEC.replace("stages:\n", "stages:  # of the pipeline\n\n\n").replace("\n", "\r\n")
    run = compile_spec(Memory({**FILES, "mlops.yaml": text}))
    assert run.document is not None
    places = [
        (each.code, run.document.span(each.place))
        for each in run.report.for_check()
        if each.place and each.severity == "error"
    ]
    assert sorted((code, span.line - 2, span.column) for code, span in places) == sorted(MISTAKES)
