"""Programs that run Python code: launchers of training, profilers, test runners and servers."""

from __future__ import annotations

from dataclasses import replace

from .launcher import NOTHING, SCRIPT, Launcher, Operand, words

TORCHRUN = Launcher(
    language="python", module_flags=words("-m --module"),
    takes=words(
        "--nnodes --nproc-per-node --nproc_per_node --rdzv-backend --rdzv_backend --rdzv-endpoint --rdzv_endpoint --rdzv-id"
        " --rdzv_id --rdzv-conf --rdzv_conf --max-restarts --max_restarts --monitor-interval --monitor_interval"
        " --start-method --start_method --role --log-dir --log_dir -r --redirects -t --tee --node-rank --node_rank"
        " --master-addr --master_addr --master-port --master_port --local-addr --local_addr --local-ranks-filter"
        " --logs-specs --logs_specs"
    ),
)  # fmt: skip
ACCELERATE = Launcher(
    language="python", module_flags=words("-m --module"),
    takes=words(
        "--config_file --num_processes --num_machines --machine_rank --main_process_ip --main_process_port --mixed_precision"
        " --num_cpu_threads_per_process --gpu_ids --dynamo_backend --use_deepspeed_config --deepspeed_config_file"
        " --zero_stage --offload_optimizer_device --gradient_accumulation_steps --gradient_clipping --rdzv_backend"
        " --rdzv_conf --max_restarts --monitor_interval --same_network_value --role --log_dir --tee --fsdp_offload_params"
        " --fsdp_sharding_strategy --fsdp_min_num_params --deepspeed_multinode_launcher --deepspeed_hostfile"
    ),
)  # fmt: skip
DEEPSPEED = Launcher(
    language="python", module_flags=words("--module"),
    takes=words(
        "-H --hostfile -i --include -e --exclude --num_nodes --num_gpus --master_port --master_addr --launcher"
        " --launcher_args --min_elastic_nodes --max_elastic_nodes --node_rank --ssh_port --venv_script --autotuning"
        " --bind_core_list --elastic_training_value"
    ),
)  # fmt: skip
COVERAGE = Launcher(
    commands={
        "run": replace(
            SCRIPT, takes=words("--source --source-pkgs --include --omit --rcfile --data-file --context --concurrency")
        )
    }
)
PROFILER = Launcher(
    language="python", module=words("-m"),
    takes=words(
        "-o --outfile --output -s --sort -r --renderer -i --interval -p --setup --rate --profile-interval --reduced-profile-x"
        " --program-path --cpu-percent-threshold --malloc-threshold --html-x -u --unit -t --precision --output_file"
        " --log_func_args_x --tracer_entries --max_stack_depth --native-x -T --timeout --include --exclude"
    ),
)  # fmt: skip
PYTEST = Launcher(
    Operand.FILES, "python", path=True,
    takes=words(
        "-k -m -c -n -p -o -r -W --maxfail --tb --junitxml --junit-xml --rootdir --basetemp --cov --cov-report --cov-config"
        " --durations --color --ignore --deselect --confcutdir --capture --log-level --log-file --timeout --dist"
        " --html --json-report-file --override-ini --import-mode --config-file --pyargs"
    ) - words("--pyargs"),
)  # fmt: skip
STREAMLIT = Launcher(
    commands={"run": Launcher(language="python", takes=words("--server.port --server.address --logger.level"))}
)
SERVER = Launcher(
    Operand.MODULE, "python", path=True, folder=words("--chdir"),
    takes=words(
        "-b --bind -w --workers -k --worker-class -t --timeout -c --config --threads --log-level --access-logfile --port -p"
        " --error-logfile --host --port --app-dir --uds --fd --reload-dir --env-file --log-config --certfile --keyfile -e"
        " --env -u --user -g --group --pid --root-path --loop --http --ws --lifespan --ssl-keyfile --ssl-certfile"
    ),
)  # fmt: skip
_SPARK = Launcher(
    language="python", also=words("--py-files"),
    takes=words(
        "--master --deploy-mode --class --name --jars --packages --exclude-packages --repositories --files --archives"
        " --conf -c --properties-file --driver-memory --driver-java-options --driver-library-path --driver-class-path"
        " --executor-memory --proxy-user --driver-cores --total-executor-cores --executor-cores --num-executors --queue"
        " --principal --keytab"
    ),
)  # fmt: skip

PYTHON_PROGRAMS: dict[str, Launcher] = {
    "torchrun": TORCHRUN,
    "accelerate": Launcher(commands={"launch": ACCELERATE}), "accelerate-launch": ACCELERATE,
    "deepspeed": DEEPSPEED, "composer": replace(DEEPSPEED, takes=words("-n --nproc --master_port")),
    "coverage": COVERAGE, "coverage3": COVERAGE,
    "kernprof": PROFILER, "scalene": PROFILER, "pyinstrument": PROFILER, "viztracer": PROFILER, "memory_profiler": PROFILER,
    "fil-profile": Launcher(commands={"run": PROFILER}, takes=words("-o")), "memray": Launcher(commands={"run": PROFILER}),
    "mprof": Launcher(commands={"run": replace(PROFILER, operand=Operand.EITHER, takes=words("-T --interval -o --output"))}),
    "py-spy": Launcher(commands={name: Launcher(Operand.COMMAND, takes=words("-o --output -p --pid -d --duration -r --rate -f --format"))
                                 for name in ("record", "top")}),
    "austin": Launcher(Operand.COMMAND, takes=words("-i --interval -o --output -t --timeout -x")),
    "pytest": PYTEST, "py.test": PYTEST, "nose2": NOTHING,
    "streamlit": STREAMLIT, "chainlit": STREAMLIT,
    "panel": Launcher(commands={"serve": Launcher(Operand.FILES, "python", takes=words("--port --address"))}),
    "bokeh": Launcher(commands={"serve": Launcher(Operand.FILES, "python", takes=words("--port --address"))}),
    "modal": Launcher(commands={"run": Launcher(language="python")}),
    "lightning": Launcher(commands={"run": Launcher(commands={"model": replace(SCRIPT, takes=words(
        "--accelerator --strategy --devices --num-nodes --precision --main-address"))})}),
    "fabric": Launcher(commands={"run": replace(SCRIPT, takes=words("--accelerator --strategy --devices --num-nodes --precision"))}),
    "gunicorn": SERVER, "uvicorn": SERVER, "hypercorn": SERVER,
    "flask": Launcher(Operand.NOTHING, "python", module=words("-A --app"), path=True, takes=words("-e --env-file")),
    "celery": Launcher(Operand.NOTHING, "python", module=words("-A --app"), path=True),
    "locust": Launcher(Operand.NOTHING, "python", file=words("-f --locustfile"), takes=words("-u -r -t -H --host")),
    "spark-submit": _SPARK, "pyspark": _SPARK,
    "scrapy": Launcher(commands={"runspider": Launcher(language="python", takes=words("-o -O -a -s"))}),
    "blender": Launcher(Operand.NOTHING, "python", file=words("-P --python"), takes=words("-o -E -f -s -e --render-output")),
    "cythonize": Launcher(Operand.FILES, "python", takes=words("-j --parallel -X -s -E")),
    "cython": Launcher(Operand.FILES, "python", takes=words("-o --output-file -I -X -E")),
}  # fmt: skip
"""Programs that run Python code, by name."""
