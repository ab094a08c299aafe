"""What a command line runs: one line a case, the command and the files of the repository that it starts."""

from __future__ import annotations

import pytest
from mlopsc.compiler.model.snapshot import Memory
from mlopsc.compiler.resolve.code.graph import CodeGraph

PYPROJECT = """\
[project]
name = "wine"
[project.scripts]
wine = "wine.cli:main"
[tool.poetry.scripts]
vino = {reference = "wine.cli:main"}
[tool.pdm.scripts]
fit = "python src/train.py --fast"
score = {cmd = "python src/eval.py"}
[tool.hatch.envs.default.scripts]
learn = ["python src/train.py", "python src/eval.py"]
[tool.poe.tasks]
prep = "bash scripts/prep.sh"
[tool.pixi.tasks]
plot = {cmd = "Rscript R/plot.R"}
"""
FILES = {
    name: ""
    for name in """
    src/train.py src/eval.py src/my train.py train.py run.sh scripts/prep.sh scripts/tool scripts/job.jl R/plot.R R/doc.Rmd analysis.qmd
    nb.ipynb nb/deep.ipynb job.sbatch.sh a.jl env.jl main.js main.ts main.rb main.pl go.do model.m spark.py deps.zip lib.py tests/test_a.py
    tests/conftest.py tests/sub/b_test.py tests/helper.py app.py conf.lua prog.awk q.sql src/wine/__init__.py src/wine/cli.py src/wine/__main__.py
    src/wine/train.py src/wine/sub/__init__.py src/wine/sub/deep.py tool/__main__.py sub/x.py sub/y.sh _targets.R Snake.smk main.go Main.java
    x.jar fast.c fast.h pkg_no_init/mod.py notes.md .venv/bin/python
    """.split("\n")
    for name in name.split()
}
FILES |= {"src/my train.py": "", "pyproject.toml": PYPROJECT, "scripts/tool": "#!/usr/bin/env python3\nimport wine.sub.deep\n",
          "Makefile": "PY ?= python\n.PHONY: all\nall: data model\ndata:\n\t$(PY) src/eval.py\nmodel: data\n\t@$(PY) src/train.py $<\n"
                      "other:\n\tbash run.sh\n"}  # fmt: skip

TRAIN, EVAL = "src/train.py", "src/eval.py"
CASES: list[tuple[str, str]] = [
    # python and its options
    ("python src/train.py", TRAIN), ("python3 src/train.py", TRAIN), ("python3.12 src/train.py", TRAIN), ("pypy3 src/train.py", TRAIN),
    ("/usr/bin/python3 src/train.py", TRAIN), ("python ./src/train.py", TRAIN), ("python src//train.py", TRAIN),
    ("python -u src/train.py", TRAIN), ("python -O src/train.py", TRAIN), ("python -OO -B src/train.py", TRAIN),
    ("python -W ignore src/train.py", TRAIN), ("python -Wignore src/train.py", TRAIN), ("python -uW ignore src/train.py", TRAIN),
    ("python -X dev src/train.py", TRAIN), ("python -Xdev src/train.py", TRAIN), ("python -P src/train.py", TRAIN),
    ("python -I -s -E src/train.py", TRAIN), ("python -i src/train.py", TRAIN), ("python -- src/train.py", TRAIN),
    ("python --check-hash-based-pycs never src/train.py", TRAIN), ("python src/train.py src/eval.py", TRAIN),
    ("python src/train.py --script src/eval.py", TRAIN), ("python 'src/my train.py'", "src/my train.py"),
    ('python "src/my train.py" --x', "src/my train.py"), ("python src/my\\ train.py", "src/my train.py"),
    ("python -c 'print(1)' src/train.py", ""), ("python -c 'import lib'", ""), ("python", ""), ("python --version", ""), ("python -V", ""),
    ("python -", ""), ("python < src/train.py", TRAIN), ("python - < src/train.py", TRAIN), ("python tool", "tool/__main__.py"),
    ("python missing.py", ""), ("python -m venv .venv", ""), ("python -m pip install -r requirements.txt", ""),
    ("py -3 src/train.py", TRAIN), (".venv/bin/python src/train.py", TRAIN), ("venv/bin/python3 src/train.py", TRAIN),
    ("$PYTHON src/train.py", TRAIN), ("${PYTHON:-python3} src/train.py", TRAIN), ("$(which python3) src/train.py", TRAIN),
    ("`which python` -u src/train.py", TRAIN), ("F:\\x\\python.exe src/train.py", TRAIN),
    # python -m
    ("python -m wine", "src/wine/__main__.py"), ("python -m wine.train --x 1", "src/wine/train.py"), ("python -um wine.train", "src/wine/train.py"),
    ("python -mwine.train", "src/wine/train.py"), ("python -u -m wine.sub.deep", "src/wine/sub/deep.py"),
    ("python -m src.train", TRAIN), ("python -m pkg_no_init.mod", "pkg_no_init/mod.py"), ("cd src && python -m train", TRAIN),
    ("python -m no.such.module", ""), ("python -m wine.train src/eval.py", "src/wine/train.py"),
    ("python -m pdb src/train.py", TRAIN), ("python -m pdb -c continue src/train.py", TRAIN), ("python -m pdb -m wine.train", "src/wine/train.py"),
    ("python -m cProfile -o out.prof src/train.py", TRAIN), ("python -m cProfile -s cumtime -m wine.train", "src/wine/train.py"),
    ("python -m trace --count -C cover src/train.py", TRAIN), ("python -m coverage run src/train.py", TRAIN),
    ("python -m coverage run --source src -m wine.train", "src/wine/train.py"), ("python -m torch.distributed.run --nproc_per_node 2 src/train.py", TRAIN),
    ("python -m torch.distributed.launch --nproc_per_node=2 src/train.py", TRAIN), ("python -m accelerate.commands.launch src/train.py", TRAIN),
    ("python -m kernprof -l src/train.py", TRAIN), ("python -m scalene src/train.py", TRAIN), ("python -m debugpy --listen 5678 --wait-for-client src/train.py", TRAIN),
    ("python -m pytest tests/test_a.py", "tests/test_a.py"), ("python -m jupyter nbconvert --execute nb.ipynb", "nb.ipynb"),
    ("python -m papermill nb.ipynb out.ipynb", "nb.ipynb"), ("python -m unittest wine.sub.deep", "src/wine/sub/deep.py"),
    ("python -m mpi4py src/train.py", TRAIN), ("python -m memory_profiler src/train.py", TRAIN), ("python -m streamlit run app.py", "app.py"),
    # what runs Python
    ("torchrun src/train.py", TRAIN), ("torchrun --standalone --nproc_per_node=2 src/train.py", TRAIN),
    ("torchrun --nnodes 1 --nproc-per-node gpu src/train.py --lr 1", TRAIN), ("torchrun -m wine.train", "src/wine/train.py"),
    ("torchrun --nproc_per_node 4 -m wine.train", "src/wine/train.py"), ("torchrun --made-up-option value src/train.py", TRAIN),
    ("accelerate launch src/train.py", TRAIN), ("accelerate launch --num_processes 2 --mixed_precision fp16 src/train.py", TRAIN),
    ("accelerate launch --multi_gpu -m wine.train", "src/wine/train.py"), ("accelerate config", ""),
    ("deepspeed --num_gpus 2 src/train.py --deepspeed ds.json", TRAIN), ("deepspeed --include localhost:0 --module wine.train", "src/wine/train.py"),
    ("horovodrun -np 4 -H localhost:4 python src/train.py", TRAIN), ("mpirun -np 4 python src/train.py", TRAIN),
    ("mpiexec -n 2 --bind-to none python -m wine.train", "src/wine/train.py"), ("mpirun --mca btl self,tcp -x PATH python src/train.py", TRAIN),
    ("coverage run src/train.py", TRAIN), ("coverage run --branch --source=src -m wine.train", "src/wine/train.py"), ("coverage report", ""),
    ("kernprof -l -v src/train.py", TRAIN), ("scalene --cpu --outfile x.html src/train.py", TRAIN), ("pyinstrument -o x.html src/train.py", TRAIN),
    ("viztracer -o x.json src/train.py", TRAIN), ("memray run -o x.bin src/train.py", TRAIN), ("mprof run python src/train.py", TRAIN),
    ("mprof run src/train.py", TRAIN), ("py-spy record -o x.svg -- python src/train.py", TRAIN), ("pytest tests/test_a.py", "tests/test_a.py"),
    ("pytest tests/test_a.py::test_x -k fast -x", "tests/test_a.py"), ("ipython src/train.py", TRAIN), ("ipython -c 'run'", ""),
    ("spark-submit --master local[2] --py-files lib.py,deps.zip spark.py 1", "lib.py spark.py"), ("streamlit run app.py -- --x", "app.py"),
    ("gunicorn -w 4 -b :80 app:server", "app.py"), ("uvicorn wine.cli:app --port 80 --reload", "src/wine/cli.py"), ("flask --app app run", "app.py"),
    ("celery -A wine.cli worker", "src/wine/cli.py"), ("locust -f src/train.py --headless", TRAIN), ("marimo run app.py", "app.py"),
    ("marimo export html app.py -o x.html", "app.py"), ("modal run src/train.py", TRAIN), ("fabric run --devices 2 src/train.py", TRAIN),
    # environments
    ("uv run src/train.py", TRAIN), ("uv run --frozen src/train.py", TRAIN), ("uv run --with rich --no-sync src/train.py", TRAIN),
    ("uv run python src/train.py", TRAIN), ("uv run --frozen --extra gpu python -u src/train.py", TRAIN), ("uv run -m wine.train", "src/wine/train.py"),
    ("uv run --script src/train.py", TRAIN), ("uv --directory src run train.py", TRAIN), ("uv run --directory src python train.py", TRAIN),
    ("uv run --env-file .env -- python src/train.py", TRAIN), ("uv run wine train", "src/wine/cli.py"), ("uv run bash run.sh", "run.sh"),
    ("uv sync --frozen", ""), ("uv pip install -e .", ""), ("uvx ruff check src/train.py", ""), ("uvx --from x python src/train.py", TRAIN),
    ("poetry run python src/train.py", TRAIN), ("poetry run vino x", "src/wine/cli.py"), ("poetry -C src run python train.py", TRAIN),
    ("pdm run python src/train.py", TRAIN), ("pdm run fit", TRAIN), ("pdm run score", EVAL), ("hatch run python src/train.py", TRAIN),
    ("hatch run learn", f"{TRAIN} {EVAL}"), ("hatch run default:learn", f"{TRAIN} {EVAL}"), ("hatch -e test run python src/train.py", TRAIN),
    ("pixi run python src/train.py", TRAIN), ("pixi run plot", "R/plot.R"), ("pixi run -e gpu python src/train.py", TRAIN),
    ("poe prep", "scripts/prep.sh"), ("pipenv run python src/train.py", TRAIN), ("rye run python src/train.py", TRAIN),
    ("conda run -n sim python src/train.py", TRAIN), ("conda run --no-capture-output -p ./env python src/train.py", TRAIN),
    ("mamba run -n sim python src/train.py", TRAIN), ("micromamba run -n sim python -m wine.train", "src/wine/train.py"),
    ("calkit xenv -n foam --no-check -- python src/train.py", TRAIN), ("wine --help", "src/wine/cli.py"),
    # notebooks and documents
    ("jupyter nbconvert --to notebook --execute nb.ipynb", "nb.ipynb"), ("jupyter nbconvert --execute --to html --output x.html nb.ipynb", "nb.ipynb"),
    ("jupyter nbconvert --ExecutePreprocessor.timeout=600 --inplace --execute nb/deep.ipynb", "nb/deep.ipynb"),
    ("jupyter nbconvert nb.ipynb nb/deep.ipynb --execute", "nb.ipynb nb/deep.ipynb"), ("jupyter execute nb.ipynb", "nb.ipynb"),
    ("jupyter run nb.ipynb", "nb.ipynb"), ("jupyter-nbconvert --execute nb.ipynb", "nb.ipynb"), ("jupyter lab", ""),
    ("papermill nb.ipynb out/nb.ipynb", "nb.ipynb"), ("papermill -p lr 0.1 -p depth 3 nb.ipynb out.ipynb", "nb.ipynb"),
    ("papermill nb.ipynb out.ipynb -y '{a: 1}' -k python3", "nb.ipynb"), ("papermill --cwd nb -f params.yaml nb/deep.ipynb -", "nb/deep.ipynb"),
    ("jupytext --to notebook --execute notes.md", "notes.md"), ("quarto render analysis.qmd", "analysis.qmd"),
    ("quarto render analysis.qmd --to html -P lr:0.1", "analysis.qmd"), ("quarto render --to pdf analysis.qmd", "analysis.qmd"),
    # R and Julia
    ("Rscript R/plot.R", "R/plot.R"), ("Rscript --vanilla R/plot.R 1 2", "R/plot.R"), ("Rscript -e 'x <- 1'", ""),
    ("Rscript -e 'x' -e 'y' R/plot.R", ""), ("R -f R/plot.R", "R/plot.R"), ("R --no-save --file=R/plot.R", "R/plot.R"),
    ("R --no-save < R/plot.R", "R/plot.R"), ("R CMD BATCH R/plot.R out.txt", "R/plot.R"), ("R CMD BATCH --vanilla R/plot.R", "R/plot.R"),
    ("R CMD INSTALL .", ""), ("julia a.jl", "a.jl"), ("julia --project=. -t 4 a.jl x", "a.jl"), ("julia --project -e 'using X'", ""),
    ("julia -L env.jl a.jl", "env.jl a.jl"), ("julia -t auto --sysimage s.so scripts/job.jl", "scripts/job.jl"),
    # shells
    ("bash run.sh", "run.sh"), ("sh ./run.sh", "run.sh"), ("zsh run.sh", "run.sh"), ("./run.sh", "run.sh"), ("scripts/prep.sh", "scripts/prep.sh"),
    ("./scripts/tool --x", "scripts/tool"), ("scripts/tool", "scripts/tool"), ("bash -e run.sh", "run.sh"), ("bash -euo pipefail run.sh a b", "run.sh"),
    ("bash -o errexit -x run.sh", "run.sh"), ("bash --norc run.sh", "run.sh"), ("bash -c 'python src/train.py && ls'", TRAIN),
    ("bash -lc 'cd src; python train.py'", TRAIN), ("sh -ec 'python src/train.py'", TRAIN), ("bash < run.sh", "run.sh"), ("bash -c run.sh", ""),
    ("FOO=1 BAR='a b' python src/train.py", TRAIN), ("env FOO=1 python src/train.py", TRAIN), ("env -i -u X PATH=/bin python src/train.py", TRAIN),
    ("env -S 'python src/train.py'", TRAIN), ("env -C src python train.py", TRAIN), ("export A=1; python src/train.py", TRAIN),
    ("time python src/train.py", TRAIN), ("time -p python src/train.py", TRAIN), ("/usr/bin/time -v -o t.txt python src/train.py", TRAIN),
    ("nice -n 10 python src/train.py", TRAIN), ("nice -10 python src/train.py", TRAIN), ("nohup python src/train.py &", TRAIN),
    ("sudo -E -u me python src/train.py", TRAIN), ("timeout 60 python src/train.py", TRAIN), ("timeout -k 5 -s KILL 10m python src/train.py", TRAIN),
    ("xvfb-run -a python src/train.py", TRAIN), ("xvfb-run -s '-screen 0 1x1x24' python src/train.py", TRAIN), ("stdbuf -oL python src/train.py", TRAIN),
    ("taskset -c 0-3 python src/train.py", TRAIN), ("numactl -N 0 python src/train.py", TRAIN), ("strace -o log python src/train.py", TRAIN),
    ("flock /tmp/l python src/train.py", TRAIN), ("exec python src/train.py", TRAIN), ("command python src/train.py", TRAIN),
    ("nohup nice -n 5 env A=1 uv run python -u src/train.py", TRAIN), ("source run.sh", ""),
    # clusters, and what runs elsewhere
    ("srun -N 1 --gres gpu:1 python src/train.py", TRAIN), ("srun python -m wine.train", "src/wine/train.py"),
    ("sbatch --wait job.sbatch.sh", "job.sbatch.sh"), ("sbatch -p gpu --time=1:00 run.sh", "run.sh"), ("sbatch --wrap 'python src/train.py'", TRAIN),
    ("docker run --rm -v $PWD:/w img python src/train.py", ""), ("podman run img ./run.sh", ""), ("ssh host python src/train.py", ""),
    ("singularity exec img.sif python src/train.py", ""), ("kubectl exec p -- python src/train.py", ""), ("docker build -f Dockerfile .", ""),
    # other languages
    ("node main.js", "main.js"), ("node -r ./main.js --max-old-space-size=1 main.ts", "main.js main.ts"), ("ts-node main.ts", "main.ts"),
    ("npx tsx main.ts", "main.ts"), ("deno run --allow-read main.ts", "main.ts"), ("bun run main.ts", "main.ts"), ("perl -w main.pl", "main.pl"),
    ("perl -ne 'print' x", ""), ("ruby main.rb", "main.rb"), ("java -Xmx1g -jar x.jar a", "x.jar"), ("java Main.java", "Main.java"),
    ("stata -b do go.do", "go.do"), ("stata-mp -b do go", "go.do"), ("matlab -nodisplay -batch \"run('model.m')\"", ""), ("lua conf.lua", "conf.lua"),
    ("go run main.go", "main.go"), ("awk -f prog.awk data.txt", "prog.awk"), ("awk '{print}' data.txt", ""), ("duckdb x.db < q.sql", "q.sql"),
    ("psql -h db -f q.sql", "q.sql"), ("gcc -O2 -o fast fast.c", "fast.c"),
    # make
    ("make", "Makefile"), ("make model", "Makefile"), ("make -j4 other", "Makefile"), ("make -f none.mk", ""), ("make -C sub", ""),
    # programs that are in no table
    ("mytool src/train.py", TRAIN), ("mytool --config x.yaml --script src/train.py src/eval.py", TRAIN), ("$RUNNER src/train.py", TRAIN),
    ("mytool missing.py", ""), ("mytool data.csv", ""),
    # programs that read a file and run nothing
    ("cat src/train.py", ""), ("cp src/train.py x.py", ""), ("git add src/train.py", ""), ("ruff check src/train.py", ""), ("echo python src/train.py", ""),
    ("grep -r x src/train.py", ""), ("sed -i s/a/b/ src/train.py", ""), ("chmod +x run.sh", ""), ("tar czf x.tgz src/train.py", ""), ("test -f src/train.py", ""),
    ("[ -f src/train.py ]", ""), ("[[ -f src/train.py ]]", ""), ("dvc add src/train.py", ""), ("wc -l < src/train.py", ""),
    # the shell's grammar
    ("cd src && python train.py", TRAIN), ("cd src; python train.py; cd ..; python src/eval.py", f"{TRAIN} {EVAL}"),
    ("(cd src && python train.py) && python src/eval.py", f"{TRAIN} {EVAL}"), ("pushd src; python train.py; popd; python src/eval.py", f"{TRAIN} {EVAL}"),
    ("cd src && cd - && python src/train.py", TRAIN), ("cd sub && bash y.sh", "sub/y.sh"), ('cd "$DIR" && python src/train.py', ""),
    ("cd /tmp && python src/train.py", ""), ("mkdir -p out && python src/train.py || exit 1", TRAIN), ("python src/train.py | tee log", TRAIN),
    ("cat x | python src/train.py 2>&1 >log", TRAIN), ("python src/train.py>log 2>&1", TRAIN), ("python src/train.py & wait", TRAIN),
    ("echo $(python src/train.py)", TRAIN), ("X=`python src/train.py`; echo $X", TRAIN), ("S=src/train.py; python $S", TRAIN),
    ("D=src; python $D/train.py; python ${D}/eval.py", f"{TRAIN} {EVAL}"), ("for f in train eval; do python src/$f.py; done", f"{TRAIN} {EVAL}"),
    ("for f in src/train.py src/eval.py\ndo\n  python \"$f\"\ndone", f"{TRAIN} {EVAL}"), ("if [ -f x ]; then python src/train.py; else python src/eval.py; fi", f"{TRAIN} {EVAL}"),
    ("case $X in a|b) python src/train.py ;; *) python src/eval.py ;; esac", f"{TRAIN} {EVAL}"), ("f() { python src/$1.py; }; f train", TRAIN),
    ("while read l; do python src/train.py $l; done < list", TRAIN), ("{ python src/train.py; python src/eval.py; }", f"{TRAIN} {EVAL}"),
    ("! python src/train.py", TRAIN), ("python src/train.py \\\n  --x 1 \\\n  --y 2", TRAIN), ("python src/train.py # python src/eval.py", TRAIN),
    ("echo 'python src/train.py'", ""), ("echo \"a && python src/train.py\"", ""), ("python - <<EOF\nprint('python src/train.py')\nEOF\npython src/eval.py", EVAL),
    ("cat <<'EOF'\npython src/train.py\nEOF", ""), ("bash <<EOF\npython src/train.py\nEOF", TRAIN), ("bash <<< 'python src/train.py'", TRAIN),
    ("eval 'python src/train.py'", TRAIN), ("diff <(python src/train.py) <(python src/eval.py)", f"{TRAIN} {EVAL}"), ("((i++)); python src/train.py", TRAIN),
    ("C='python src/train.py'; $C --x", TRAIN), ("set -e; python src/train.py", TRAIN), ("python src/*.py", ""), ("python src/{train,eval}.py", ""),
    ("ls *.csv | xargs -n1 python src/train.py", TRAIN), ("parallel -j 4 python src/train.py ::: 1 2", TRAIN), ("find . -name x -print", ""),
    ("python $(git rev-parse --show-toplevel)/src/train.py", TRAIN), ("python $PWD/src/train.py", TRAIN), ("python \"$(pwd)/src/train.py\"", TRAIN),
    ("python src/train.py; ; python src/eval.py", f"{TRAIN} {EVAL}"), ("", ""), ("   ", ""), ("# nothing", ""), ("'", ""), ("python 'src/train.py", TRAIN),
    (") && python src/train.py", TRAIN), ("if python src/train.py", TRAIN), ("python src/train.py $((1 + 2))", TRAIN),
]  # fmt: skip


@pytest.mark.parametrize(("command", "expected"), CASES, ids=[command[:70] for command, _ in CASES])
def test_the_files_that_a_command_starts(command: str, expected: str) -> None:
    started = CodeGraph(Memory(FILES)).command(command).started
    want = [expected] if expected in FILES else expected.split()
    assert list(started) == want


LOADS: list[tuple[str, str]] = [
    ("pytest tests", "tests/conftest.py tests/sub/b_test.py tests/test_a.py"),
    ("pytest", "tests/conftest.py tests/sub/b_test.py tests/test_a.py"),
    ("pytest tests/sub/b_test.py", "tests/conftest.py tests/sub/b_test.py"),
    ("make model", "Makefile src/eval.py src/train.py"),
    ("make other", "Makefile run.sh"),
    ("make", "Makefile src/eval.py src/train.py"),
    ("python -m wine.sub.deep", "src/wine/__init__.py src/wine/sub/__init__.py src/wine/sub/deep.py"),
    ("scripts/tool", "scripts/tool src/wine/__init__.py src/wine/sub/__init__.py src/wine/sub/deep.py"),
    ("wine x", "src/wine/__init__.py src/wine/cli.py"),
    ("python -c 'from wine.sub import deep'", "src/wine/__init__.py src/wine/sub/__init__.py src/wine/sub/deep.py"),
    ("python - <<EOF\nimport wine.cli\nEOF", "src/wine/__init__.py src/wine/cli.py"),
    ("Rscript -e 'source(\"R/plot.R\")'", "R/plot.R"),
    ("Rscript -e \"rmarkdown::render('R/doc.Rmd')\"", "R/doc.Rmd"),
    ("Rscript -e 'targets::tar_make()'", "_targets.R"),
    ("julia -e 'include(\"a.jl\")'", ""),
    ("matlab -batch \"run('model.m')\"", "model.m"),
    ("matlab -batch model", "model.m"),
    ("source run.sh && python src/train.py", "run.sh src/train.py"),
]  # fmt: skip


@pytest.mark.parametrize(("command", "expected"), LOADS, ids=[command for command, _ in LOADS])
def test_all_that_a_command_loads(command: str, expected: str) -> None:
    assert list(CodeGraph(Memory(FILES)).command(command).files) == expected.split()


@pytest.mark.parametrize(
    ("command", "missing"),
    [
        ("python gone.py", ["gone.py"]), ("./gone.sh", ["gone.sh"]), ("scripts/gone.sh", ["scripts/gone.sh"]), ("uv run gone.py", ["gone.py"]),
        ("cd sub && python gone.py", ["sub/gone.py"]), ("conda run -n x python gone.py", []), ("srun python gone.py", []),
        ("docker run x python gone.py", []), ("ssh h python gone.py", []), ("calkit xenv -n x -- python gone.py", []), ("sbatch gone.sh", []),
        ("mytool gone.py", []), ("python $X/gone.py", []), ("cd $X && python gone.py", []), ("python /opt/gone.py", []), ("python ~/gone.py", []),
        ("nohup python gone.py &", ["gone.py"]), ("bash -c 'python gone.py'", ["gone.py"]),
    ],
)  # fmt: skip
def test_a_file_that_is_not_there_is_claimed_of_programs_that_run_here(command: str, missing: list[str]) -> None:
    assert list(CodeGraph(Memory(FILES)).command(command).missing) == missing


@pytest.mark.parametrize(
    "command",
    ["python $SCRIPT", "bash \"$1\"", "$RUN", "python -m $MODULE", "cd $X && python a.py", "source $LIB/x.sh", "papermill $NB out.ipynb",
     "python src/$(cat name).py", "Rscript $X"],
)  # fmt: skip
def test_a_script_that_is_only_known_at_run_time_is_a_warning(command: str) -> None:
    assert [problem.code.number for problem in CodeGraph(Memory(FILES)).command(command).problems] == ["MLC311"]


@pytest.mark.parametrize(
    "command",
    ["python src/train.py $X", "source activate env && python src/train.py", ". .venv/bin/activate; python src/train.py", "source ~/.bashrc",
     "echo $X", "export X=$Y", "python /opt/x.py", "docker run $IMG $CMD", "rm -rf $OUT", "wget $URL", "[ -n $X ]", "make data"],
)  # fmt: skip
def test_what_is_no_unknown_code(command: str) -> None:
    assert CodeGraph(Memory(FILES)).command(command).problems == ()


def test_arguments_of_a_script_reach_what_it_runs() -> None:
    files = {"run.sh": 'cd "$(dirname "$0")"\nshift\npython "$1" "$@"\n', "a.py": "", "b.py": ""}
    assert CodeGraph(Memory(files)).command("bash run.sh a.py b.py").files == ("b.py", "run.sh")


def test_the_python_path_of_a_command() -> None:
    files = {"src/a.py": "import x", "lib/x.py": "", "other/x.py": ""}
    for command in ("PYTHONPATH=lib python src/a.py", "export PYTHONPATH=$PYTHONPATH:lib; python src/a.py",
                    "env PYTHONPATH=./lib:other python src/a.py", "cd src && PYTHONPATH=../lib python a.py"):  # fmt: skip
        assert CodeGraph(Memory(files)).command(command).files == ("lib/x.py", "src/a.py")
