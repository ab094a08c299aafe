"""The pipeline of DVC's own tutorial, github.com/iterative/example-get-started, with two lines put before its dvc.yaml.

Its stages, params, plots and artifact are those of that repository and of DVC's "Get Started" pages; the layout is ours.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import initialise, run, write
from test_dvc import resolved

pytestmark = pytest.mark.real

DVC_YAML = """\
stages:
  prepare:
    cmd: python src/prepare.py data/data.xml
    deps: [data/data.xml, src/prepare.py]
    params: [prepare.seed, prepare.split]
    outs: [data/prepared]
  featurize:
    cmd: python src/featurization.py data/prepared data/features
    deps: [data/prepared, src/featurization.py]
    params: [featurize.max_features, featurize.ngrams]
    outs: [data/features]
  train:
    cmd: python src/train.py data/features model.pkl
    deps: [data/features, src/train.py]
    params: [train.min_split, train.n_est, train.seed]
    outs: [model.pkl]
  evaluate:
    cmd: python src/evaluate.py model.pkl data/features
    deps: [data/features, model.pkl, src/evaluate.py]
    outs:
    - eval/importance.png
    - eval/live/plots: {cache: false}
    - eval/prc: {cache: false}
    metrics:
    - eval/live/metrics.json: {cache: false}
artifacts:
  text-classification:
    path: model.pkl
    type: model
    desc: Tells whether a question is about R
    labels: [nlp, classification, stackoverflow]
plots:
- ROC:
    template: simple
    x: fpr
    y: {eval/live/plots/sklearn/roc/train.json: tpr, eval/live/plots/sklearn/roc/test.json: tpr}
- Confusion-Matrix:
    template: confusion
    x: actual
    y: {eval/live/plots/sklearn/cm/train.json: predicted, eval/live/plots/sklearn/cm/test.json: predicted}
- Precision-Recall:
    template: simple
    x: recall
    y: {eval/prc/train.json: precision, eval/prc/test.json: precision}
- eval/importance.png
"""

FILES = {
    "params.yaml": "prepare: {split: 0.2, seed: 1}\nfeaturize: {max_features: 400, ngrams: 2}\n"
    "train: {seed: 1, n_est: 50, min_split: 0.01}\n",
    "data/data.xml": "<posts/>\n",
    **{f"src/{name}.py": "" for name in ("prepare", "featurization", "train", "evaluate")},
}


def test_two_lines_before_it_and_dvc_resolves_the_same(tmp_path: Path) -> None:
    initialise(tmp_path)
    write(tmp_path, {**FILES, "mlops.yaml": f"mlops: 1\nproject: get-started\n{DVC_YAML}"})
    said = run("mlopsc", "build", cwd=tmp_path)
    assert said.stderr == "", "there is nothing to say to it"
    written = (tmp_path / "dvc.yaml").read_text()
    plain: Any = yaml.safe_load(DVC_YAML)
    assert yaml.safe_load(written) == plain
    listed = run("dvc", "stage", "list", "--all", "--name-only", cwd=tmp_path).stdout.split()
    assert listed == ["prepare", "featurize", "train", "evaluate"]
    assert resolved(tmp_path, written) == resolved(tmp_path, DVC_YAML)
