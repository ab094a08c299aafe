"""What a script reads and writes, found without running it: through helpers, defaults of command lines, configuration."""

from __future__ import annotations

import time
import tracemalloc

import pytest
from mlopsc.compiler.model.snapshot import Memory
from mlopsc.compiler.scaffold.candidates import candidates, stage_name
from mlopsc.compiler.scaffold.reading.runs import wrappers
from mlopsc.compiler.scaffold.reading.scripts import read_script

HELPERS = {
    "src/io.py": (
        "from pathlib import Path\nimport pandas as pd\nBASE = Path(__file__).resolve().parent.parent / 'data'\n"
        "def read(name, folder='raw'):\n    return pd.read_csv(BASE / folder / f'{name}.csv')\n"
        "def save(df, path):\n    df.to_csv(path)\n"
    ),
    "config.yaml": "in: a/b.csv\nout: {dir: c, file: d.csv}\n",
    "conf/main.yaml": "defaults: [{model: small}, _self_]\nraw: a/${sub}.csv\nsub: b\n",
    "conf/model/small.yaml": "path: m/small.bin\n",
    "data/raw/x.csv": "1",
}
HYDRA = "import hydra\n@hydra.main(config_path='../conf', config_name='main')\ndef main(cfg):\n    open(cfg.raw); open(cfg['model']['path'], 'w')\n"


@pytest.mark.parametrize(
    ("code", "arguments", "reads", "writes"),
    [
        ("from io_ import read", (), [], []),
        ("from src.io import read\nread('x')", (), ["data/raw/x.csv"], []),
        ("import src.io\nsrc.io.save(src.io.read('y', folder='z'), 'o/p.csv')", (), ["data/z/y.csv"], ["o/p.csv"]),
        ("import src.io as helper\nhelper.save(1, helper.BASE / 'q.csv')", (), [], ["data/q.csv"]),
        ("import yaml\nc = yaml.safe_load(open('config.yaml'))\nopen(c['in'])\nopen(c['out']['dir'] + '/' + c['out']['file'], 'w')", (), ["config.yaml", "a/b.csv"], ["c/d.csv"]),
        ("from omegaconf import OmegaConf\nc = OmegaConf.load('config.yaml')\nopen(c.out.dir + '/x.bin', 'wb')", (), ["config.yaml"], ["c/x.bin"]),
        ("import argparse\np = argparse.ArgumentParser()\np.add_argument('-i', '--in-file', default='a/b.csv')\na = p.parse_args()\nopen(a.in_file)", (), ["a/b.csv"], []),
        ("import argparse\np = argparse.ArgumentParser()\np.add_argument('-i', '--in-file', default='a/b.csv')\na = p.parse_args()\nopen(a.in_file)", ("--in-file=z.csv",), ["z.csv"], []),
        ("import argparse\np = argparse.ArgumentParser()\np.add_argument('src')\np.add_argument('--n', type=int)\na = vars(p.parse_args())\nopen(a['src'])", ("--n", "3", "q.csv"), ["q.csv"], []),
        ("import sys\nopen(sys.argv[1])\nopen(sys.argv[2], 'w')", ("a.csv", "b.csv"), ["a.csv"], ["b.csv"]),
        ("import click\n@click.command()\n@click.option('--o', 'out', default='x/y.txt')\ndef f(out):\n    open(out, 'w')\nf()", (), [], ["x/y.txt"]),
        ("import os\nfor s in ['a', 'b']:\n    open(os.path.join('d', s + '.txt'), 'w')", (), [], ["d/a.txt", "d/b.txt"]),
        ("import glob\nfor p in glob.glob('data/raw/*.csv'):\n    open(p)", (), ["data/raw"], []),
        ("class C:\n    def __init__(self, d):\n        self.d = d\n    def put(self, n):\n        open(f'{self.d}/{n}', 'w')\nC('o').put('p.txt')", (), [], ["o/p.txt"]),
        ("import os\nopen(os.environ.get('IN', 'a/b.csv'))", (), ["a/b.csv"], []),
        ("def f(n):\n    return f(n)\nopen(f(1))", (), [], []),
        ("def main(path='a/b.csv'):\n    open(path)\nif __name__ == '__main__':\n    main()", (), ["a/b.csv"], []),
        ("x = 'a' * 10**9\nopen('%0999999999d' % 1)\nwhile True: open('a/b')", (), ["a/b"], []),
    ],
)  # fmt: skip
def test_what_a_script_reads_and_writes(
    code: str, arguments: tuple[str, ...], reads: list[str], writes: list[str]
) -> None:
    files = read_script("main.py", code, Memory({**HELPERS, "main.py": code}), arguments=arguments)
    assert ([*files.reads], [*files.writes]) == (reads, writes)


@pytest.mark.parametrize(
    "growing",
    [
        "x = x + x", "x = f'{x}{x}'", "x = x.replace('a', 'aa')", "x = x / x", "x = '%9999999999d' % 1", "x = '{:9999999999}'.format(1)",
        "l = l + l", "l.extend(l)", "x = ''.join([x, x])", "x = os.path.join(x, x)", "f()", "x = [x for x in l for l in l]",
    ],
)  # fmt: skip
def test_what_grows_has_an_end(growing: str) -> None:
    code = f"import os\nx = 'a'\nl = [1]\ndef f():\n    f(); f()\nfor i in {[*range(16)]}:\n  for j in {[*range(16)]}:\n    {growing}\n"
    begun = time.process_time()
    tracemalloc.start()
    read_script("m.py", code)
    used = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert used < 50 << 20
    assert time.process_time() - begun < 20


def test_hydra_composes_its_defaults() -> None:
    files = read_script("src/a.py", HYDRA, Memory({**HELPERS, "src/a.py": HYDRA}))
    assert [*files.reads] == ["conf/main.yaml", "a/b.csv"]
    assert [*files.writes] == ["m/small.bin"]


def test_what_is_unknown_is_said() -> None:
    code = (
        "import argparse, datetime\np = argparse.ArgumentParser()\np.add_argument('--x', required=True)\na = p.parse_args()\n"
        "open(a.x)\nopen(str(datetime.date.today()), 'w')\nt = open('a/b').read()\nopen('a/b', 'w').write(t)\n"
    )
    files = read_script("m.py", code)
    assert files.required == ["--x"]
    assert files.unknown_reads == ["m.py:5"]
    assert files.unknown_writes == ["m.py:6"]
    assert [*files.updated] == ["a/b"]
    assert (files.reads, files.writes) == ({}, {})


SCRIPT = "open('a.csv')\nopen('b.csv', 'w')\n"


@pytest.mark.parametrize(
    ("name", "text", "commands"),
    [
        ("Makefile", "PY = python3\nall: two\ntwo: one\n\t@$(PY) b.py --x 1\none:\n\t$(PY) a.py\n", ["python3 a.py", "python3 b.py --x 1"]),
        ("run.sh", "D=data\nfor i in 1 2; do\n  python a.py $D $i\ndone\n", ["python a.py data 1", "python a.py data 2"]),
        ("run.sh", "for i in 1 2; do python a.py $i; done; \n", ["python a.py 1", "python a.py 2"]),
        ("run.sh", "time uv run python -u a.py && FOO=1 python b.py > o.txt\n", ["time uv run python -u a.py", "FOO=1 python b.py > o.txt"]),
        ("run.sh", "python a.py $1\n", []),
        ("go.py", "import os, subprocess, sys\nos.system('python b.py')\nsubprocess.run([sys.executable, 'a.py', '-x'])\n", ["python b.py", "python a.py -x"]),
        (".github/workflows/ci.yml", "jobs:\n  x:\n    steps:\n      - run: python b.py --fast\n", ["python b.py --fast"]),
    ],
)  # fmt: skip
def test_the_commands_of_wrappers_in_their_order(name: str, text: str, commands: list[str]) -> None:
    snapshot = Memory({name: text, "a.py": SCRIPT, "b.py": SCRIPT})
    scripts = [name] if name.endswith((".sh", ".py")) and "/" not in name else []
    assert [run.command for wrapper in wrappers(snapshot, scripts) for run in wrapper.runs] == commands


def test_folders_of_wrappers_are_followed() -> None:
    snapshot = Memory({"bin/run.sh": 'cd "$(dirname "$0")/.."\ncd sub && python a.py\n', "sub/a.py": SCRIPT})
    (wrapper,) = wrappers(snapshot, ["bin/run.sh"])
    assert [(run.script, run.wdir) for run in wrapper.runs] == [("sub/a.py", "sub")]


@pytest.mark.parametrize(
    "left_out",
    "old_train.py train_old.py train_backup.py train.bak.py plotting.py plot_results.py utils.py data_utils.py eda.py "
    "archive/train.py tests/train.py Untitled1.ipynb config.py".split(),
)
def test_what_is_no_stage(left_out: str) -> None:
    text = '{"cells": []}' if left_out.endswith(".ipynb") else SCRIPT
    found = candidates(Memory({left_out: text, "clean.py": SCRIPT}))
    assert [script.path for script in found.scripts] == ["clean.py"]


def test_a_wrapper_is_no_stage_and_a_module_is_none_either() -> None:
    files = {
        "run.sh": "python b.py\npython a.py\n",
        "a.py": "import model\n" + SCRIPT,
        "b.py": SCRIPT,
        "model.py": "import json\ndef save(x):\n    json.dump(x, open('m/x.json', 'w'))\n",
    }
    found = candidates(Memory(files))
    assert [(script.name, script.number) for script in found.scripts] == [("b", 0), ("a", 1)]
    assert any("`run.sh`" in line for line in found.left_out)


@pytest.mark.parametrize(
    ("path", "name"),
    [("01_clean.py", "clean"), ("step2-fit.py", "fit"), ("S3_eval.R", "eval"), ("src/Train Model.py", "train-model"), ("7.py", "step")],
)  # fmt: skip
def test_names_of_stages(path: str, name: str) -> None:
    assert stage_name(path) == name
