"""Programs that run code, as data: which of their options take a value, and where the script stands.

`launch` interprets the table. A program that is missing here takes the first code file of the repository among its words.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum


class Operand(Enum):
    """What the first word is that is neither an option nor the value of one."""

    FILE = "the script; the words after it are its arguments"
    FILES = "a file to run, and so are the operands after it"
    MODULE = "a module of Python, `package.module` or `package.module:name`"
    COMMAND = "another command line"
    EITHER = "a Python file, a task of the project, or another command line"
    GOALS = "goals of a Makefile"
    NOTHING = "nothing that this program runs"
    ELSEWHERE = "something that runs on another machine or in a container"


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


@dataclass(frozen=True, slots=True)
class Launcher:
    """One program. Options are named with their dashes."""

    operand: Operand = Operand.FILE
    language: str = ""
    """What reads a script that has no ending, and inline code."""
    takes: frozenset[str] = frozenset()
    """Options that are followed by a value."""
    takes_two: frozenset[str] = frozenset()
    module: frozenset[str] = frozenset()
    """Options that are followed by the module to run; the words after it are its arguments."""
    module_flags: frozenset[str] = frozenset()
    """Options that make the operand a module."""
    code: frozenset[str] = frozenset()
    """Options that are followed by code."""
    file: frozenset[str] = frozenset()
    """Options that are followed by the script."""
    also: frozenset[str] = frozenset()
    """Options that are followed by a code file that is loaded as well; several with commas between them."""
    folder: frozenset[str] = frozenset()
    """Options that are followed by the folder to run in."""
    skip: int = 0
    """Operands before the one that counts."""
    verbs: frozenset[str] = frozenset()
    """Words that may stand before the operand, as `do` of `stata -b do FILE`."""
    assignments: bool = False
    """Whether `NAME=value` words may stand before the operand."""
    clusters: bool = False
    """Whether `-abc` means `-a -b -c`."""
    here: bool = True
    """Whether it sees this machine's files for certain, so that one that is missing may be called so."""
    path: bool = False
    """Whether the folder it runs in is on Python's path."""
    commands: Mapping[str, Launcher] = field(default_factory=dict)
    """Sub-commands. With any, an operand that is none of them runs nothing."""


_NOTHING = Launcher(Operand.NOTHING)
_ELSEWHERE = Launcher(Operand.ELSEWHERE)

PYTHON = Launcher(
    language="python", takes=_set("-W -X -Q --check-hash-based-pycs"), module=_set("-m"), code=_set("-c"), clusters=True
)
_SCRIPT = Launcher(language="python", module=_set("-m"))
"""A program that runs a Python file or, after `-m`, a module, and whose own options take no values."""
_SHELL = Launcher(
    language="shell", takes=_set("-o -O +o +O --rcfile --init-file"), code=_set("-c"), clusters=True
)  # fmt: skip
_COMMAND = Launcher(Operand.COMMAND)

_TORCHRUN = Launcher(
    language="python", module_flags=_set("-m --module"),
    takes=_set(
        "--nnodes --nproc-per-node --nproc_per_node --rdzv-backend --rdzv_backend --rdzv-endpoint --rdzv_endpoint --rdzv-id"
        " --rdzv_id --rdzv-conf --rdzv_conf --max-restarts --max_restarts --monitor-interval --monitor_interval"
        " --start-method --start_method --role --log-dir --log_dir -r --redirects -t --tee --node-rank --node_rank"
        " --master-addr --master_addr --master-port --master_port --local-addr --local_addr --local-ranks-filter"
        " --logs-specs --logs_specs"
    ),
)  # fmt: skip
_COVERAGE = Launcher(
    commands={
        "run": replace(
            _SCRIPT, takes=_set("--source --source-pkgs --include --omit --rcfile --data-file --context --concurrency")
        )
    }
)
_PYTEST = Launcher(
    Operand.FILES, "python", path=True,
    takes=_set(
        "-k -m -c -n -p -o -r -W --maxfail --tb --junitxml --junit-xml --rootdir --basetemp --cov --cov-report --cov-config"
        " --durations --color --ignore --deselect --confcutdir --capture --log-level --log-file --timeout --dist"
        " --html --json-report-file --override-ini --import-mode --config-file --pyargs"
    ) - _set("--pyargs"),
)  # fmt: skip
_MPIRUN = Launcher(
    Operand.COMMAND,
    takes=_set(
        "-np -n -c -N -H -x -wdir -wd --wdir -host --host -hosts -hostfile --hostfile -machinefile --machinefile -f -ppn"
        " --map-by --bind-to --rank-by -rf --rankfile --np --npernode -npernode -npersocket --prefix --output-filename"
        " -genvlist -iface -launcher --oversubscribe-limit"
    ),
    takes_two=_set("--mca -mca -genv -env --gmca -gmca"),
)  # fmt: skip
_SLURM = _set(
    "-A -a -b -B -C -c -D -d -e -F -G -i -J -k -L -M -m -N -n -o -p -q -t -w -x --account --array --begin --constraint"
    " --cpus-per-task --chdir --dependency --error --gpus --input --job-name --licenses --nodes --ntasks --output"
    " --partition --qos --time --nodelist --exclude --mem --mem-per-cpu --gres --mail-type --mail-user --ntasks-per-node"
    " --gpus-per-node --gpus-per-task --cpu-bind --export --mpi --reservation --signal --exclusive-user"
)
_CONDA = Launcher(
    commands={
        "run": Launcher(
            Operand.COMMAND, takes=_set("-n --name -p --prefix --cwd -f -e --env"), folder=_set("--cwd"), here=False
        )
    },
    takes=_set("-r --root-prefix --rc-file"),
)
_UV_TAKES = _set(
    "--extra --no-extra --group --no-group --only-group --env-file --with --with-editable --with-requirements --package"
    " --index --default-index -i --index-url --extra-index-url -f --find-links --refresh-package -p --python --cache-dir"
    " --config-file --directory --project -P --upgrade-package --resolution --prerelease --config-setting -C --color"
    " --link-mode --exclude-newer --python-platform --python-preference --allow-insecure-host --keyring-provider"
    " --index-strategy --no-build-package --no-binary-package --reinstall-package --from -w -n"
) - _set("-n")
_UV_RUN = Launcher(
    Operand.EITHER, "python", takes=_UV_TAKES, folder=_set("--directory"), module=_set("-m --module"),
    file=_set("-s --script --gui-script"),
)  # fmt: skip
_UVX = Launcher(Operand.COMMAND, takes=_UV_TAKES, folder=_set("--directory"))
_RUN = Launcher(
    Operand.EITHER, "python", takes=_set("-e --environment --env -p --project -f --feature --manifest-path")
)
_NBCONVERT = Launcher(
    Operand.FILES, "notebook",
    takes=_set(
        "--to --output --output-dir --template --template-file --config --log-level --post --writer --nbformat --reveal-prefix"
        " --execute-timeout --kernel-name --timeout --startup_timeout --theme --allow-errors-value -t --from -k --kernel"
        " --set-kernel --opt --update-metadata -o"
    ),
)  # fmt: skip
_JUPYTER = Launcher(
    commands={
        "nbconvert": _NBCONVERT, "execute": _NBCONVERT, "run": _NBCONVERT, "trust": _NOTHING,
        "book": Launcher(commands={"build": _NOTHING}),
    }
)  # fmt: skip
_PAPERMILL = Launcher(
    language="notebook",
    takes=_set("-f --parameters_file -y --parameters_yaml -b --parameters_base64 -k --kernel -l --language --cwd --engine"
               " --start_timeout --start-timeout --execution_timeout --execution-timeout --autosave-cell-every"
               " --prepare-notebook --stdout-file --stderr-file"),
    takes_two=_set("-p --parameters -r --parameters_raw"),
)  # fmt: skip
_STREAMLIT = Launcher(
    commands={"run": Launcher(language="python", takes=_set("--server.port --server.address --logger.level"))}
)
_SERVER = Launcher(
    Operand.MODULE, "python", path=True, folder=_set("--chdir"),
    takes=_set(
        "-b --bind -w --workers -k --worker-class -t --timeout -c --config --threads --log-level --access-logfile --port -p"
        " --error-logfile --host --port --app-dir --uds --fd --reload-dir --env-file --log-config --certfile --keyfile -e"
        " --env -u --user -g --group --pid --root-path --loop --http --ws --lifespan --ssl-keyfile --ssl-certfile"
    ),
)  # fmt: skip
_SPARK = Launcher(
    language="python", also=_set("--py-files"),
    takes=_set(
        "--master --deploy-mode --class --name --jars --packages --exclude-packages --repositories --files --archives"
        " --conf -c --properties-file --driver-memory --driver-java-options --driver-library-path --driver-class-path"
        " --executor-memory --proxy-user --driver-cores --total-executor-cores --executor-cores --num-executors --queue"
        " --principal --keytab"
    ),
)  # fmt: skip
_QUARTO = Launcher(
    Operand.FILES, "markdown",
    takes=_set("-t --to -o --output --output-dir -P --execute-param --execute-params --profile --log --log-level -M"
               " --metadata --metadata-file --cache-refresh-dir"),
)  # fmt: skip
_ACCELERATE = Launcher(
    language="python", module_flags=_set("-m --module"),
    takes=_set(
        "--config_file --num_processes --num_machines --machine_rank --main_process_ip --main_process_port --mixed_precision"
        " --num_cpu_threads_per_process --gpu_ids --dynamo_backend --use_deepspeed_config --deepspeed_config_file"
        " --zero_stage --offload_optimizer_device --gradient_accumulation_steps --gradient_clipping --rdzv_backend"
        " --rdzv_conf --max_restarts --monitor_interval --same_network_value --role --log_dir --tee --fsdp_offload_params"
        " --fsdp_sharding_strategy --fsdp_min_num_params --deepspeed_multinode_launcher --deepspeed_hostfile"
    ),
)  # fmt: skip
_DEEPSPEED = Launcher(
    language="python", module_flags=_set("--module"),
    takes=_set(
        "-H --hostfile -i --include -e --exclude --num_nodes --num_gpus --master_port --master_addr --launcher"
        " --launcher_args --min_elastic_nodes --max_elastic_nodes --node_rank --ssh_port --venv_script --autotuning"
        " --bind_core_list --elastic_training_value"
    ),
)  # fmt: skip
_PROFILER = Launcher(
    language="python", module=_set("-m"),
    takes=_set(
        "-o --outfile --output -s --sort -r --renderer -i --interval -p --setup --rate --profile-interval --reduced-profile-x"
        " --program-path --cpu-percent-threshold --malloc-threshold --html-x -u --unit -t --precision --output_file"
        " --log_func_args_x --tracer_entries --max_stack_depth --native-x -T --timeout --include --exclude"
    ),
)  # fmt: skip
_JULIA = Launcher(
    language="julia", code=_set("-e -E --eval --print"), also=_set("-L --load"),
    takes=_set("-t --threads -p --procs -C --cpu-target -J --sysimage -H --home --machine-file -m --module"),
)  # fmt: skip
_R = Launcher(
    Operand.NOTHING, "r", code=_set("-e"), file=_set("-f --file"), takes=_set("-g --gui -d --debugger --encoding"),
    commands={"CMD": Launcher(commands={"BATCH": Launcher(language="r")})},
)  # fmt: skip
_NODE = Launcher(
    language="javascript", code=_set("-e --eval -p --print"), also=_set("-r --require --import --loader"),
    takes=_set("-C --conditions --env-file --input-type --max-old-space-size --config -c --tsconfig --project -P"),
)  # fmt: skip
_C = Launcher(Operand.FILES, "c", takes=_set("-o -I -L -l -D -x -std -isystem -include -MF -MT -arch"))

PROGRAMS: dict[str, Launcher] = {
    # interpreters
    "python": PYTHON, "py": PYTHON,
    "ipython": replace(PYTHON, takes=_set("--profile --matplotlib --pylab --log-level --InteractiveShellApp.extensions")),
    "bash": _SHELL, "sh": _SHELL, "zsh": _SHELL, "dash": _SHELL, "ksh": _SHELL,
    "source": replace(_SHELL, takes=frozenset()), ".": replace(_SHELL, takes=frozenset()),
    "Rscript": Launcher(language="r", code=_set("-e"), takes=_set("-g")),
    "R": _R, "r": Launcher(language="r", code=_set("-e"), takes=_set("-L -l -d"), clusters=True),
    "julia": _JULIA,
    "node": _NODE, "nodejs": _NODE, "ts-node": _NODE, "tsx": _NODE, "esno": _NODE,
    "deno": Launcher(commands={"run": replace(_NODE, takes=_set("-c --config --import-map --lock --cert -A-x"))}),
    "bun": Launcher(language="javascript", commands={"run": _NODE}),
    "perl": Launcher(language="perl", code=_set("-e -E"), takes=_set("-I -M"), clusters=True),
    "ruby": Launcher(language="ruby", code=_set("-e"), also=_set("-r"), takes=_set("-I -C"), folder=_set("-C"), clusters=True),
    "php": Launcher(code=_set("-r"), file=_set("-f"), takes=_set("-d -c"), language="php"),
    "lua": Launcher(code=_set("-e"), takes=_set("-l"), language="lua"),
    "java": Launcher(file=_set("-jar"), takes=_set("-cp -classpath --class-path -p --module-path -m"), language="java"),
    "scala": Launcher(language="scala", takes=_set("-cp -classpath")),
    "go": Launcher(commands={"run": Launcher(language="go", takes=_set("-tags -ldflags -exec"))}),
    "matlab": Launcher(Operand.NOTHING, "matlab", code=_set("-batch -r"), takes=_set("-sd -logfile -log"), folder=_set("-sd")),
    "octave": Launcher(language="matlab", code=_set("--eval"), takes=_set("-p --path")),
    "octave-cli": Launcher(language="matlab", code=_set("--eval"), takes=_set("-p --path")),
    "awk": Launcher(Operand.NOTHING, "text", file=_set("-f"), takes=_set("-F -v")),
    "gawk": Launcher(Operand.NOTHING, "text", file=_set("-f --file"), takes=_set("-F -v")),
    "sed": Launcher(Operand.NOTHING, "text", file=_set("-f --file"), takes=_set("-e --expression")),
    "jq": Launcher(Operand.NOTHING, "text", file=_set("-f --from-file"), takes=_set("--indent")),
    "psql": Launcher(Operand.NOTHING, "text", file=_set("-f --file"), takes=_set("-h -p -U -d -c -v")),
    "sqlite3": Launcher(Operand.NOTHING, "text", file=_set("-init")),
    "duckdb": Launcher(Operand.NOTHING, "text", file=_set("-f -init"), takes=_set("-c -s -cmd")),
    "mysql": Launcher(Operand.NOTHING, "text", takes=_set("-h -u -P -D -e")),
    "gnuplot": Launcher(Operand.FILES, "text", takes=_set("-e")),
    # programs that run Python
    "torchrun": _TORCHRUN,
    "accelerate": Launcher(commands={"launch": _ACCELERATE}), "accelerate-launch": _ACCELERATE,
    "deepspeed": _DEEPSPEED, "composer": replace(_DEEPSPEED, takes=_set("-n --nproc --master_port")),
    "coverage": _COVERAGE, "coverage3": _COVERAGE,
    "kernprof": _PROFILER, "scalene": _PROFILER, "pyinstrument": _PROFILER, "viztracer": _PROFILER, "memory_profiler": _PROFILER,
    "fil-profile": Launcher(commands={"run": _PROFILER}, takes=_set("-o")), "memray": Launcher(commands={"run": _PROFILER}),
    "mprof": Launcher(commands={"run": replace(_PROFILER, operand=Operand.EITHER, takes=_set("-T --interval -o --output"))}),
    "py-spy": Launcher(commands={name: Launcher(Operand.COMMAND, takes=_set("-o --output -p --pid -d --duration -r --rate -f --format"))
                                 for name in ("record", "top")}),
    "austin": Launcher(Operand.COMMAND, takes=_set("-i --interval -o --output -t --timeout -x")),
    "pytest": _PYTEST, "py.test": _PYTEST, "nose2": _NOTHING,
    "jupyter": _JUPYTER, "jupyter-nbconvert": _NBCONVERT, "jupyter-execute": _NBCONVERT, "jupyter-run": _NBCONVERT,
    "jupytext": _NBCONVERT, "nbmake": _NBCONVERT, "runipy": _NBCONVERT,
    "papermill": _PAPERMILL, "quarto": Launcher(commands={"render": _QUARTO, "run": _QUARTO, "preview": _QUARTO}),
    "voila": _NBCONVERT,
    "streamlit": _STREAMLIT, "chainlit": _STREAMLIT,
    "panel": Launcher(commands={"serve": Launcher(Operand.FILES, "python", takes=_set("--port --address"))}),
    "bokeh": Launcher(commands={"serve": Launcher(Operand.FILES, "python", takes=_set("--port --address"))}),
    "marimo": Launcher(commands={
        "run": Launcher(language="python", takes=_set("-p --port --host")),
        "export": Launcher(commands={name: Launcher(language="python", takes=_set("-o --output"))
                                     for name in ("html", "ipynb", "md", "script", "html-wasm")}),
    }),
    "modal": Launcher(commands={"run": Launcher(language="python")}),
    "lightning": Launcher(commands={"run": Launcher(commands={"model": replace(_SCRIPT, takes=_set(
        "--accelerator --strategy --devices --num-nodes --precision --main-address"))})}),
    "fabric": Launcher(commands={"run": replace(_SCRIPT, takes=_set("--accelerator --strategy --devices --num-nodes --precision"))}),
    "gunicorn": _SERVER, "uvicorn": _SERVER, "hypercorn": _SERVER,
    "flask": Launcher(Operand.NOTHING, "python", module=_set("-A --app"), path=True, takes=_set("-e --env-file")),
    "celery": Launcher(Operand.NOTHING, "python", module=_set("-A --app"), path=True),
    "locust": Launcher(Operand.NOTHING, "python", file=_set("-f --locustfile"), takes=_set("-u -r -t -H --host")),
    "spark-submit": _SPARK, "pyspark": _SPARK,
    "scrapy": Launcher(commands={"runspider": Launcher(language="python", takes=_set("-o -O -a -s"))}),
    "blender": Launcher(Operand.NOTHING, "python", file=_set("-P --python"), takes=_set("-o -E -f -s -e --render-output")),
    "cythonize": Launcher(Operand.FILES, "python", takes=_set("-j --parallel -X -s -E")),
    "cython": Launcher(Operand.FILES, "python", takes=_set("-o --output-file -I -X -E")),
    # environments
    "uv": Launcher(takes=_set("--directory --project --config-file --cache-dir --color -p --python"), folder=_set("--directory"),
                   commands={"run": _UV_RUN, "tool": Launcher(commands={"run": _UVX}), "x": _UVX}),
    "uvx": _UVX, "pipx": Launcher(commands={"run": Launcher(Operand.EITHER, "python", takes=_set("--spec --python --pip-args"))}),
    "poetry": Launcher(takes=_set("-C --directory -P --project"), folder=_set("-C --directory"), commands={"run": _RUN}),
    "pdm": Launcher(commands={"run": _RUN}), "hatch": Launcher(takes=_set("-e --env -p --project"), commands={"run": _RUN}),
    "pixi": Launcher(commands={"run": _RUN}), "pipenv": Launcher(commands={"run": _RUN}), "rye": Launcher(commands={"run": _RUN}),
    "poe": Launcher(Operand.EITHER, "python", takes=_set("-C --directory"), folder=_set("-C --directory")),
    "task": Launcher(Operand.EITHER, "python"),
    "conda": _CONDA, "mamba": _CONDA, "micromamba": _CONDA,
    "calkit": Launcher(commands={
        "xenv": Launcher(Operand.COMMAND, takes=_set("-n --name --wdir -p --path"), here=False),
        "nb": Launcher(commands=dict.fromkeys(("exec", "execute"), _NBCONVERT)),
    }),
    "dotenv": Launcher(takes=_set("-f --file"), commands={"run": _COMMAND}),
    "doppler": Launcher(commands={"run": Launcher(Operand.COMMAND, takes=_set("-p --project -c --config"))}),
    "op": Launcher(commands={"run": Launcher(Operand.COMMAND, takes=_set("--env-file --account"))}),
    "aws-vault": Launcher(commands={"exec": Launcher(Operand.COMMAND, takes=_set("-d --duration"), skip=1)}),
    "nix-shell": Launcher(Operand.NOTHING, "shell", code=_set("--run --command")),
    "nix": Launcher(commands={"develop": Launcher(Operand.NOTHING, "shell", code=_set("--command -c"))}),
    "ray": Launcher(commands={"job": Launcher(commands={"submit": Launcher(
        Operand.COMMAND, takes=_set("--address --working-dir --runtime-env --runtime-env-json --submission-id"), here=False)})}),
    # programs that run another command line
    "env": Launcher(Operand.COMMAND, "shell", takes=_set("-u --unset"), folder=_set("-C --chdir"), code=_set("-S --split-string"),
                    assignments=True),
    "sudo": Launcher(Operand.COMMAND, takes=_set("-u -g -h -p -C -r -t --user --group"), folder=_set("-D --chdir"), assignments=True),
    "doas": Launcher(Operand.COMMAND, takes=_set("-u -C")),
    "time": Launcher(Operand.COMMAND, takes=_set("-f -o --format --output")),
    "gtime": Launcher(Operand.COMMAND, takes=_set("-f -o --format --output")),
    "nice": Launcher(Operand.COMMAND, takes=_set("-n --adjustment")),
    "ionice": Launcher(Operand.COMMAND, takes=_set("-c -n")),
    "chrt": Launcher(Operand.COMMAND, skip=1), "taskset": Launcher(Operand.COMMAND, takes=_set(""), skip=1),
    "numactl": Launcher(Operand.COMMAND, takes=_set("-N -m -C -i")),
    "timeout": Launcher(Operand.COMMAND, takes=_set("-s -k --signal --kill-after"), skip=1),
    "gtimeout": Launcher(Operand.COMMAND, takes=_set("-s -k --signal --kill-after"), skip=1),
    "stdbuf": Launcher(Operand.COMMAND, takes=_set("-i -o -e")),
    "nohup": _COMMAND, "setsid": _COMMAND, "exec": Launcher(Operand.COMMAND, takes=_set("-a")), "command": _COMMAND,
    "builtin": _COMMAND, "unbuffer": _COMMAND, "caffeinate": _COMMAND, "eatmydata": _COMMAND, "chronic": _COMMAND,
    "xvfb-run": Launcher(Operand.COMMAND, takes=_set("-e -f -n -p -s -w --error-file --server-args --server-num")),
    "dbus-run-session": _COMMAND, "optirun": _COMMAND, "catchsegv": _COMMAND,
    "strace": Launcher(Operand.COMMAND, takes=_set("-e -o -p -s")), "ltrace": Launcher(Operand.COMMAND, takes=_set("-e -o -p")),
    "valgrind": _COMMAND, "gdb": Launcher(Operand.COMMAND, takes=_set("-ex -x")),
    "perf": Launcher(commands={name: Launcher(Operand.COMMAND, takes=_set("-e -o -F -g-x")) for name in ("record", "stat")}),
    "nsys": Launcher(commands={"profile": Launcher(Operand.COMMAND, takes=_set("-o --output -t --trace -s --sample -f -w"))}),
    "ncu": Launcher(Operand.COMMAND, takes=_set("-o --export -k --set --section")),
    "flock": Launcher(Operand.COMMAND, takes=_set("-w --timeout -E"), skip=1),
    "xargs": Launcher(Operand.COMMAND, takes=_set("-I -n -P -L -d -a -s -E")),
    "parallel": Launcher(Operand.COMMAND, takes=_set("-j --jobs -N -n -a --joblog --delay --timeout --retries --colsep")),
    "watch": Launcher(Operand.COMMAND, takes=_set("-n --interval")), "script": _NOTHING,
    "horovodrun": Launcher(Operand.COMMAND, takes=_set("-np --num-proc -H --hosts -hostfile --hostfile -p --ssh-port")),
    "mpirun": _MPIRUN, "mpiexec": _MPIRUN, "orterun": _MPIRUN, "prterun": _MPIRUN, "aprun": _MPIRUN, "jsrun": _MPIRUN,
    "mpiexec.hydra": _MPIRUN,
    "srun": Launcher(Operand.COMMAND, takes=_SLURM, folder=_set("-D --chdir"), here=False),
    "sbatch": Launcher(language="shell", takes=_SLURM, folder=_set("-D --chdir"), code=_set("--wrap"), here=False),
    "salloc": Launcher(Operand.COMMAND, takes=_SLURM, here=False),
    "qsub": Launcher(language="shell", takes=_set("-N -q -l -o -e -A -M -m -W -P -pe"), here=False),
    "bsub": Launcher(Operand.COMMAND, takes=_set("-J -q -n -o -e -W -R -M -P"), here=False),
    "npx": Launcher(Operand.COMMAND, takes=_set("-p --package")), "bunx": _COMMAND,
    # other tools
    "make": Launcher(Operand.GOALS, takes=_set("-j -l -o -W -I"), file=_set("-f --file --makefile"), folder=_set("-C --directory")),
    "gmake": Launcher(Operand.GOALS, takes=_set("-j -l -o -W -I"), file=_set("-f --file --makefile"), folder=_set("-C --directory")),
    "stata": Launcher(language="stata", verbs=_set("do run")), "snakemake": Launcher(Operand.NOTHING, "text", file=_set("-s --snakefile"), takes=_set("-j -c")),
    "gcc": _C, "g++": _C, "cc": _C, "c++": _C, "clang": _C, "clang++": _C, "nvcc": _C, "gfortran": _C, "mpicc": _C, "mpicxx": _C,
    **dict.fromkeys(
        "docker podman nerdctl singularity apptainer enroot shifter kubectl oc helm ssh rsh pdsh gcloud aws az sky"
        " dstack vagrant lxc modal-deploy docker-compose podman-compose ansible".split(), _ELSEWHERE),
    **dict.fromkeys(
        "cat cp mv rm ls echo printf mkdir rmdir touch test [ [[ true false : git dvc pip pip3 wget curl tar unzip zip gzip"
        " gunzip bzip2 xz zstd 7z head tail wc sort uniq cut paste join tr tee diff cmp comm find chmod chown ln md5sum sha1sum"
        " sha256sum date sleep which type whereis grep egrep fgrep rg zgrep zcat split csplit tac rev nl od xxd file stat du df"
        " basename dirname readlink realpath pwd seq yes kill wait trap exit return unset ulimit umask ruff black isort flake8"
        " pylint mypy pyright pyflakes bandit pre-commit shellcheck shfmt nbstripout nbqa autopep8 yapf pyupgrade vulture"
        " pydocstyle sphinx-build mkdocs twine build tox nox apt apt-get brew npm yarn pnpm gto cml mlflow wandb huggingface-cli"
        " rsync scp sftp s3cmd gsutil rclone kaggle open xdg-open less more vim nano code column envsubst patch"
        " local declare typeset readonly let printenv hostname uname whoami id groups module ml spack mktemp install"
        " bq psc alias unalias hash history jobs fg bg disown shopt setopt cloc radon tokei cython-lint latexmk pdflatex"
        " xelatex lualatex bibtex biber pandoc dot convert magick ffmpeg gifsicle inkscape clear reset tput".split(), _NOTHING),
}  # fmt: skip
"""Programs by their name, without folder and version."""

MODULES: dict[str, Launcher] = {
    "pdb": replace(_SCRIPT, takes=_set("-c")), "ipdb": replace(_SCRIPT, takes=_set("-c")), "pudb": _SCRIPT,
    "cProfile": replace(_SCRIPT, takes=_set("-o -s")), "profile": replace(_SCRIPT, takes=_set("-o -s")),
    "trace": replace(_SCRIPT, takes=_set("-f --file -C --coverdir --ignore-module --ignore-dir"), module=_set(""),
                     module_flags=_set("--module")),
    "doctest": Launcher(Operand.FILES, "python", takes=_set("-o")),
    "unittest": Launcher(Operand.MODULE, "python", path=True, takes=_set("-k -s -p -t"), commands={}),
    "coverage": _COVERAGE, "pytest": _PYTEST, "py.test": _PYTEST,
    "torch.distributed.run": _TORCHRUN, "torch.distributed.launch": _TORCHRUN,
    "accelerate.commands.launch": _ACCELERATE, "accelerate": Launcher(commands={"launch": _ACCELERATE}),
    "deepspeed.launcher.runner": _DEEPSPEED, "deepspeed": _DEEPSPEED,
    "jupyter": _JUPYTER, "nbconvert": _NBCONVERT, "jupytext": _NBCONVERT, "papermill": _PAPERMILL, "IPython": PROGRAMS["ipython"],
    "streamlit": _STREAMLIT, "kernprof": _PROFILER, "line_profiler": _PROFILER, "memory_profiler": _PROFILER,
    "scalene": _PROFILER, "pyinstrument": _PROFILER, "viztracer": _PROFILER, "memray": PROGRAMS["memray"],
    "debugpy": replace(_SCRIPT, takes=_set("--listen --connect --log-to --configure-subProcess"), takes_two=_set("--configure")),
    "mpi4py": replace(_SCRIPT, code=_set("-c")), "mpi4py.futures": replace(_SCRIPT, code=_set("-c")),
    "uvicorn": _SERVER, "gunicorn": _SERVER, "hypercorn": _SERVER, "flask": PROGRAMS["flask"], "celery": PROGRAMS["celery"],
    "marimo": PROGRAMS["marimo"], "poethepoet": PROGRAMS["poe"], "uv": PROGRAMS["uv"], "poetry": PROGRAMS["poetry"],
    "ray.scripts": PROGRAMS["ray"], "horovod.runner.launch": PROGRAMS["horovodrun"], "bokeh": PROGRAMS["bokeh"],
    "panel": PROGRAMS["panel"], "locust": PROGRAMS["locust"], "lightning": PROGRAMS["lightning"],
}  # fmt: skip
"""Modules of installed packages that run a script, as `python -m` names them."""

_VERSIONED = re.compile(
    r"(python|pypy|ipython|node|Rscript|stata|lua|php|ruby|perl|gcc|g\+\+|clang)[-\d.a-z]*(?:\.exe)?\Z"
)
_FAMILY = {"pypy": "python"}


def launcher(program: str) -> Launcher | None:
    """The entry of a program, by the name it is called by."""
    name = program.replace("\\", "/").rpartition("/")[2]
    if (known := PROGRAMS.get(name) or PROGRAMS.get(name.removesuffix(".exe"))) is not None:
        return known
    match = _VERSIONED.match(name)
    if match is None or name.endswith((".py", ".sh", ".R", ".jl")):
        return None
    return PROGRAMS.get(_FAMILY.get(match.group(1), match.group(1)))


LANGUAGES: dict[str, str] = {
    ".py": "python", ".pyw": "python", ".pyx": "cython", ".pxd": "cython", ".pxi": "cython", ".ipynb": "notebook",
    ".r": "r", ".rmd": "markdown", ".qmd": "markdown", ".rnw": "markdown", ".rpres": "markdown", ".jmd": "markdown",
    ".sh": "shell", ".bash": "shell", ".zsh": "shell", ".ksh": "shell", ".jl": "julia",
    ".js": "javascript", ".mjs": "javascript", ".cjs": "javascript", ".ts": "javascript", ".mts": "javascript",
    ".jsx": "javascript", ".tsx": "javascript", ".rb": "ruby", ".pl": "perl", ".pm": "perl",
    ".c": "c", ".h": "c", ".cc": "c", ".cpp": "c", ".cxx": "c", ".hpp": "c", ".cu": "c", ".cuh": "c",
    ".do": "stata", ".m": "matlab", ".lua": "lua", ".php": "php", ".java": "java", ".scala": "scala", ".sc": "scala",
    ".kts": "kotlin", ".go": "go", ".rs": "rust", ".cs": "csharp", ".fsx": "fsharp", ".f90": "fortran", ".f": "fortran",
    ".sas": "sas", ".nf": "nextflow", ".smk": "snakemake", ".ps1": "powershell", ".bat": "batch", ".cmd": "batch", ".fish": "fish",
    ".tcl": "tcl", ".hs": "haskell", ".ml": "ocaml", ".ex": "elixir", ".exs": "elixir", ".clj": "clojure", ".groovy": "groovy",
    ".sql": "text", ".awk": "text", ".sed": "text", ".jq": "text", ".jar": "text", ".gp": "text", ".plt": "text",
}  # fmt: skip
"""The language of a code file, by its ending in lower case. What `text` names loads no other code."""
