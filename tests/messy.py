"""Twenty small messy repositories, as people write them before there is a pipeline. Data: files by path, and what is special.

`data` are the inputs that are not in Git. A repository with ``lacks`` cannot work as it is: it says which words have to be in
what `mlopsc init` or `mlopsc trace` prints.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

ROWS = "x,y\n1,2\n2,4\n3,6\n4,9\n"


@dataclass(frozen=True)
class Messy:
    """One repository. ``stages`` are the names that `init` has to find, in order."""

    kind: str
    files: Mapping[str, str]
    stages: tuple[str, ...]
    data: Mapping[str, str] = field(default_factory=lambda: {"data/raw.csv": ROWS})
    lacks: str = ""


CLEAN = "rows = [l for l in open('data/raw.csv') if l.strip()]\nopen('data/clean.csv', 'w').writelines(rows)\n"
TRAIN = (
    "import json, os\nrows = open('data/clean.csv').read().split()[1:]\nos.makedirs('models', exist_ok=True)\n"
    "json.dump({'mean': sum(float(r.split(',')[1]) for r in rows) / len(rows)}, open('models/model.json', 'w'))\n"
)
EVALUATE = (
    "import json\nmodel = json.load(open('models/model.json'))\n"
    "json.dump({'error': abs(model['mean'] - 5)}, open('metrics.json', 'w'))\n"
)
HELPERS = (
    "import json\nfrom pathlib import Path\nROOT = Path(__file__).resolve().parents[1]\nDATA = ROOT / 'data'\n\n\n"
    "def read(name):\n    return (DATA / name).read_text().splitlines()\n\n\n"
    "def write(rows, name):\n    target = DATA / 'processed' / name\n    target.parent.mkdir(parents=True, exist_ok=True)\n"
    "    target.write_text('\\n'.join(rows))\n    return target\n\n\n"
    "def save_json(obj, path):\n    path = ROOT / path\n    path.parent.mkdir(exist_ok=True)\n"
    "    with open(path, 'w') as handle:\n        json.dump(obj, handle)\n"
)

REPOSITORIES: dict[str, Messy] = {
    "flat": Messy(
        "flat, names only",
        {"clean.py": CLEAN, "train.py": TRAIN, "evaluate.py": EVALUATE},
        ("clean", "train", "evaluate"),
    ),
    "numbered": Messy(
        "numbered files",
        {
            "scripts/01_clean_data.py": CLEAN,
            "scripts/02-fit-model.py": TRAIN,
            "scripts/3. evaluate.py": EVALUATE,
            "scripts/old_02_fit.py": TRAIN.replace("models/model.json", "models/old.json"),
            "scripts/plotting.py": "open('models/model.json')\nopen('figure.png', 'w')\n",
        },
        ("clean_data", "fit-model", "evaluate"),
    ),
    "helpers": Messy(
        "helper functions and pathlib",
        {
            "src/helpers.py": HELPERS,
            "src/prepare.py": "from helpers import read, write\n\nif __name__ == '__main__':\n    write(read('raw.csv')[1:], 'clean.txt')\n",
            "src/train_model.py": (
                "from helpers import DATA, save_json\n\n\ndef main():\n    rows = (DATA / 'processed' / 'clean.txt').read_text().split()\n"
                "    save_json({'n': len(rows)}, 'models/model.json')\n\n\nif __name__ == '__main__':\n    main()\n"
            ),
            "src/train_model_backup.py": "open('models/backup.json', 'w').write('1')\n",
        },
        ("prepare", "train_model"),
    ),
    "argparse": Messy(
        "argparse defaults",
        {
            "preprocess.py": (
                "import argparse\np = argparse.ArgumentParser()\np.add_argument('--input', default='data/raw.csv')\n"
                "p.add_argument('--output', '-o', default='data/clean.csv')\nargs = p.parse_args()\n"
                "with open(args.input) as src, open(args.output, 'w') as dst:\n    dst.write(src.read())\n"
            ),
            "train.py": (
                "import argparse, json, os\n\ndef parse():\n    parser = argparse.ArgumentParser()\n"
                "    parser.add_argument('--data', type=str, default='data/clean.csv')\n"
                "    parser.add_argument('--model-dir', default='artifacts')\n    parser.add_argument('--epochs', type=int, default=3)\n"
                "    return parser.parse_args()\n\ndef main():\n    args = parse()\n    os.makedirs(args.model_dir, exist_ok=True)\n"
                "    rows = open(args.data).readlines()\n"
                "    json.dump({'n': len(rows) * args.epochs}, open(os.path.join(args.model_dir, 'model.json'), 'w'))\n\n"
                "if __name__ == '__main__':\n    main()\n"
            ),
        },
        ("preprocess", "train"),
    ),
    "shell": Messy(
        "shell wrapper with arguments",
        {
            "run_all.sh": (
                '#!/bin/bash\nset -euo pipefail\ncd "$(dirname "$0")"\nRAW=data/raw.csv\nOUT=${OUT:-data/out}\n'
                "echo start\npython steps/b_split.py $RAW $OUT  # first\npython steps/a_fit.py \\\n    --train $OUT/train.txt\n"
            ),
            "steps/a_fit.py": (
                "import argparse\np = argparse.ArgumentParser()\np.add_argument('--train', required=True)\na = p.parse_args()\n"
                "open('model.txt', 'w').write(str(len(open(a.train).read())))\n"
            ),
            "steps/b_split.py": (
                "import os, sys\nsource, folder = sys.argv[1], sys.argv[2]\nos.makedirs(folder, exist_ok=True)\n"
                "rows = open(source).readlines()[1:]\n"
                "for name, part in {'train': rows[:3], 'test': rows[3:]}.items():\n"
                "    open(os.path.join(folder, f'{name}.txt'), 'w').writelines(part)\n"
            ),
        },
        ("b_split", "a_fit"),
    ),
    "makefile": Messy(
        "Makefile with variables, and its own targets",
        {
            "Makefile": (
                "PY := python\nDATA = data\n\nall: report.md\n\n$(DATA)/clean.csv: $(DATA)/raw.csv clean.py\n\t$(PY) clean.py\n\n"
                "models/model.json: $(DATA)/clean.csv train.py\n\t@$(PY) train.py\n\n"
                "report.md: models/model.json\n\t$(PY) report.py < $< > $@\n\ntest:\n\t@echo ok\n\nclean:\n\trm -rf models\n"
            ),
            "clean.py": CLEAN,
            "train.py": TRAIN,
            "report.py": "import sys\nprint('#', sys.stdin.read())\n",
        },
        ("clean", "train", "report"),
    ),
    "params": Messy(
        "params.yaml and a config loader",
        {
            "params.yaml": "paths: {raw: data/raw.csv, clean: work/clean.csv}\ntrain: {power: 2}\nunused: 1\n",
            "src/config.py": "import yaml\n\n\ndef load_config(path='params.yaml'):\n    with open(path) as f:\n        return yaml.safe_load(f)\n",
            "src/clean.py": (
                "import os\nfrom config import load_config\ncfg = load_config()\nos.makedirs('work', exist_ok=True)\n"
                "open(cfg['paths']['clean'], 'w').write(open(cfg['paths']['raw']).read())\n"
            ),
            "src/train.py": (
                "from config import load_config\ncfg = load_config()\nn = len(open(cfg['paths']['clean']).readlines())\n"
                "open('model.txt', 'w').write(str(n ** cfg['train']['power']))\n"
            ),
        },
        ("clean", "train"),
    ),
    "click": Messy(
        "click options",
        {
            "pipeline/extract.py": (
                "import click\n\n\n@click.command()\n@click.option('--source', default='data/raw.csv')\n"
                "@click.option('--target', default='interim/rows.txt', show_default=True)\ndef main(source, target):\n"
                "    import os\n    os.makedirs(os.path.dirname(target), exist_ok=True)\n"
                "    open(target, 'w').write(open(source).read())\n\n\nif __name__ == '__main__':\n    main()\n"
            ),
            "pipeline/train.py": (
                "import click\n\n\n@click.command()\n@click.argument('rows', default='interim/rows.txt')\ndef run(rows):\n"
                "    open('model.txt', 'w').write(str(len(open(rows).read())))\n\n\nif __name__ == '__main__':\n    run()\n"
            ),
        },
        ("extract", "train"),
    ),
    "hydra": Messy(
        "Hydra configuration",
        {
            "conf/config.yaml": "defaults:\n  - model: small\n  - _self_\ndata: {raw: data/raw.csv, dir: interim}\nclean: ${data.dir}/clean.csv\nhydra: {run: {dir: .}, output_subdir: null}\n",
            "conf/model/small.yaml": "power: 2\nout: models/small.txt\n",
            "clean.py": (
                "import os\nimport hydra\n\n\n@hydra.main(version_base=None, config_path='conf', config_name='config')\ndef main(cfg):\n"
                "    os.makedirs(cfg.data.dir, exist_ok=True)\n    open(cfg.clean, 'w').write(open(cfg.data.raw).read())\n\n\n"
                "if __name__ == '__main__':\n    main()\n"
            ),
            "train.py": (
                "import os\nimport hydra\n\n\n@hydra.main(version_base=None, config_path='conf', config_name='config')\ndef main(cfg):\n"
                "    os.makedirs('models', exist_ok=True)\n    n = len(open(cfg.clean).readlines())\n"
                "    open(cfg.model.out, 'w').write(str(n ** cfg.model.power))\n\n\nif __name__ == '__main__':\n    main()\n"
            ),
        },
        ("clean", "train"),
    ),
    "two": Messy(
        "two projects in one repository",
        {
            "churn/train.py": "n = len(open('data/churn.csv').readlines())\nopen('model.txt', 'w').write(str(n))\n",
            "churn/prep.py": "open('data/churn.csv', 'w').write(open('data/raw.csv').read())\n",
            "fraud/train.py": "n = len(open('data/fraud.csv').readlines())\nopen('model.txt', 'w').write(str(n))\n",
            "fraud/prep.py": "open('data/fraud.csv', 'w').write(open('data/raw.csv').read())\n",
        },
        ("churn-prep", "fraud-prep", "churn-train", "fraud-train"),
        {"churn/data/raw.csv": ROWS, "fraud/data/raw.csv": ROWS},
    ),
    "package": Messy(
        "a package with relative imports, run as modules",
        {
            "mypkg/__init__.py": "",
            "mypkg/io.py": "RAW = 'data/raw.csv'\n\n\ndef rows():\n    return open(RAW).readlines()\n",
            "mypkg/make_features.py": (
                "from .io import rows\n\n\ndef main():\n    with open('features.csv', 'w') as out:\n        out.writelines(rows())\n\n\n"
                "if __name__ == '__main__':\n    main()\n"
            ),
            "mypkg/train.py": (
                "from mypkg.io import rows\n\nif __name__ == '__main__':\n    n = len(open('features.csv').readlines()) + len(rows())\n"
                "    open('model.txt', 'w').write(str(n))\n"
            ),
        },
        ("make_features", "train"),
    ),
    "driver": Messy(
        "a Python script that runs the others",
        {
            "main.py": (
                "import subprocess, sys\n\nSTEPS = ['tools/z_first.py', 'tools/a_second.py']\n\n"
                "def run_all():\n    for step in STEPS:\n        subprocess.run([sys.executable, step], check=True)\n\n"
                "if __name__ == '__main__':\n    run_all()\n"
            ),
            "tools/z_first.py": "import os\nos.makedirs('tmpdata', exist_ok=True)\nopen('tmpdata/one.txt', 'w').write(open('data/raw.csv').read())\n",
            "tools/a_second.py": "open('result.txt', 'w').write(open('tmpdata/one.txt').read().upper())\n",
        },
        ("z_first", "a_second"),
    ),
    "main": Messy(
        "one script that imports all steps",
        {
            "main.py": (
                "from lib.load import load\nfrom lib.fit import fit\n\n\ndef main():\n    fit(load('data/raw.csv'), 'model.txt')\n\n\n"
                "if __name__ == '__main__':\n    main()\n"
            ),
            "lib/__init__.py": "",
            "lib/load.py": "def load(path):\n    return open(path).readlines()\n",
            "lib/fit.py": "def fit(rows, path):\n    with open(path, 'w') as f:\n        f.write(str(len(rows)))\n",
        },
        ("main",),
    ),
    "nested": Messy(
        "nested folders, run from within them",
        {
            "README.md": "cd analysis && python ...\n",
            "analysis/steps/01_load.py": "import os\nos.makedirs('../work', exist_ok=True)\nopen('../work/a.csv', 'w').write(open('../input/raw.csv').read())\n",
            "analysis/steps/02_model.py": "open('../work/model.txt', 'w').write(str(len(open('../work/a.csv').read())))\n",
            "analysis/archive/01_load.py": "open('../work/never.csv', 'w')\n",
        },
        ("load", "model"),
        {"analysis/input/raw.csv": ROWS},
    ),
    "folder": Messy(
        "a folder of inputs, many outputs",
        {
            "make_tiles.py": (
                "import glob, os\nos.makedirs('tiles', exist_ok=True)\n"
                "for number, path in enumerate(sorted(glob.glob('data/raw/*.csv'))):\n    for part in range(6):\n"
                "        open(f'tiles/{number}_{part}.txt', 'w').write(open(path).read() * part)\n"
            ),
            "train_net.py": (
                "from pathlib import Path\ntotal = sum(p.stat().st_size for p in sorted(Path('tiles').glob('*.txt')))\n"
                "text = ''.join(p.read_text() for p in sorted(Path('tiles').glob('*.txt')))\nPath('net.bin').write_text(str(total + len(text)))\n"
            ),
        },
        ("make_tiles", "train_net"),
        {"data/raw/a.csv": ROWS, "data/raw/b.csv": ROWS * 2},
    ),
    "pandas": Messy(
        "pandas and scikit-learn, f-strings and a dataclass of paths",
        {
            "src/paths.py": (
                "from dataclasses import dataclass\nfrom pathlib import Path\n\n\n@dataclass\nclass Paths:\n    base: Path = Path('data')\n"
                "    raw: Path = Path('data') / 'raw.csv'\n\n    def stage(self, name):\n        return self.base / f'{name}.parquet.csv'\n"
            ),
            "src/build_features.py": (
                "import pandas as pd\nfrom paths import Paths\n\npaths = Paths()\nframe = pd.read_csv(paths.raw)\nframe['z'] = frame.x * frame.y\n"
                "frame.to_csv(paths.stage('features'), index=False)\n"
            ),
            "src/train.py": (
                "import joblib, pandas as pd\nfrom sklearn.linear_model import LinearRegression\nfrom paths import Paths\n\n"
                "frame = pd.read_csv(Paths().stage('features'))\nmodel = LinearRegression().fit(frame[['x', 'z']], frame.y)\n"
                "joblib.dump(model, 'model.joblib')\n"
            ),
        },
        ("build_features", "train"),
    ),
    "tools": Messy(
        "shell steps with standard tools between Python",
        {
            "00_sort.sh": "#!/bin/sh\nmkdir -p work\ntail -n +2 data/raw.csv | sort -r > work/sorted.csv\n",
            "10_count.py": "open('work/count.txt', 'w').write(str(len(open('work/sorted.csv').readlines())))\n",
            "utils.py": "open('data/never.csv', 'w')\n",
        },
        ("sort", "count"),
    ),
    "loop": Messy(
        "a loop over variants in the wrapper",
        {
            "train_all.sh": "for depth in 1 2 3; do\n  python train.py --depth $depth --out models/m$depth.txt\ndone\npython compare.py\n",
            "train.py": (
                "import argparse, os\np = argparse.ArgumentParser()\np.add_argument('--depth', type=int)\np.add_argument('--out')\na = p.parse_args()\n"
                "os.makedirs(os.path.dirname(a.out), exist_ok=True)\nopen(a.out, 'w').write(open('data/raw.csv').read() * a.depth)\n"
            ),
            "compare.py": (
                "import glob, json\njson.dump({p: len(open(p).read()) for p in sorted(glob.glob('models/*.txt'))}, open('scores.json', 'w'))\n"
            ),
        },
        ("train", "train-2", "train-3", "compare"),
    ),
    "arguments": Messy(
        "arguments that nobody wrote down",
        {
            "train.py": "import argparse\np = argparse.ArgumentParser()\np.add_argument('--data', required=True)\nopen('m.txt', 'w').write(open(p.parse_args().data).read())\n"
        },
        ("train",),
        lacks="`--data`: no value is known; add it to `cmd`",
    ),
    "in-place": Messy(
        "a step that overwrites its input",
        {
            "a_clean.py": "text = open('data/raw.csv').read()\nopen('data/raw.csv', 'w').write(text.lower())\n",
            "b_count.py": "open('count.txt', 'w').write(str(len(open('data/raw.csv').read())))\n",
        },
        ("a_clean", "b_count"),
        lacks="which it reads first: write the result to another file",
    ),
}
