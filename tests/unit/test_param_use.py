"""Which keys of a parameter file the code uses: literal uses name them, any other use means all of them."""

from __future__ import annotations

import pytest
from mlopsc.compiler.adopt.param_use import used_keys

PARAMS = {"seed": 1, "train": {"depth": 2}, "other": 3}
LOAD = "import yaml\nparams = yaml.safe_load(open('params.yaml'))\n"


@pytest.mark.parametrize(
    ("code", "keys"),
    [
        (LOAD + "params['train']['depth']", ["train"]),
        (LOAD + "params.get('seed', 0) + params['other']", ["seed", "other"]),
        (LOAD + "cfg = params\ncfg['train']", ["train"]),
        (LOAD + "def f():\n    return params['seed']", ["seed"]),
        (LOAD + "def f(params):\n    return params[0]\nparams['seed']", ["seed"]),
        ("import yaml\ndepth = yaml.safe_load(open('params.yaml'))['train']['depth']", ["train"]),
        ("from omegaconf import OmegaConf\ncfg = OmegaConf.load('params.yaml')\nprint(cfg.train.depth)", ["train"]),
        ("import yaml\ndef load():\n    p = yaml.safe_load(open('x'))\n    return p\nq = load()\nq['seed']", ["seed"]),
        ("import yaml\nq = yaml.safe_load(open('x')) or {}\nq['seed']", ["seed"]),
        (LOAD + "for key in params: print(key)", None),
        (LOAD + "print(params[name])", None),
        (LOAD + "f(**params)", None),
        (LOAD + "f(params)\nparams['seed']", None),
        (LOAD + "params.items()\nparams['seed']", None),
        (LOAD + "x, y = params\nparams['seed']", None),
        (LOAD + "self.p = params\nparams['seed']", None),
        (LOAD, None),
        ("def broken(", None),
    ],
)
def test_keys_that_code_uses(code: str, keys: list[str] | None) -> None:
    assert used_keys(PARAMS, [code]) == keys


def test_a_loader_in_another_file_is_followed() -> None:
    helper = "import yaml\ndef settings():\n    return yaml.safe_load(open('params.yaml'))\n"
    assert used_keys(PARAMS, ["from helper import settings\np = settings()\np['other']", helper]) == ["other"]
    assert used_keys(PARAMS, ["from helper import settings\np = settings()\nprint(p)", helper]) is None
