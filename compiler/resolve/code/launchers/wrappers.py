"""Programs that run another command line: limits and priorities, tracers, MPI and batch schedulers."""

from __future__ import annotations

from .launcher import COMMAND, NOTHING, Launcher, Operand, words

_MPIRUN = Launcher(
    Operand.COMMAND,
    takes=words(
        "-np -n -c -N -H -x -wdir -wd --wdir -host --host -hosts -hostfile --hostfile -machinefile --machinefile -f -ppn"
        " --map-by --bind-to --rank-by -rf --rankfile --np --npernode -npernode -npersocket --prefix --output-filename"
        " -genvlist -iface -launcher --oversubscribe-limit"
    ),
    takes_two=words("--mca -mca -genv -env --gmca -gmca"),
)  # fmt: skip
_SLURM = words(
    "-A -a -b -B -C -c -D -d -e -F -G -i -J -k -L -M -m -N -n -o -p -q -t -w -x --account --array --begin --constraint"
    " --cpus-per-task --chdir --dependency --error --gpus --input --job-name --licenses --nodes --ntasks --output"
    " --partition --qos --time --nodelist --exclude --mem --mem-per-cpu --gres --mail-type --mail-user --ntasks-per-node"
    " --gpus-per-node --gpus-per-task --cpu-bind --export --mpi --reservation --signal --exclusive-user"
)

WRAPPERS: dict[str, Launcher] = {
    "env": Launcher(Operand.COMMAND, "shell", takes=words("-u --unset"), folder=words("-C --chdir"), code=words("-S --split-string"),
                    assignments=True),
    "sudo": Launcher(Operand.COMMAND, takes=words("-u -g -h -p -C -r -t --user --group"), folder=words("-D --chdir"), assignments=True),
    "doas": Launcher(Operand.COMMAND, takes=words("-u -C")),
    "time": Launcher(Operand.COMMAND, takes=words("-f -o --format --output")),
    "gtime": Launcher(Operand.COMMAND, takes=words("-f -o --format --output")),
    "nice": Launcher(Operand.COMMAND, takes=words("-n --adjustment")),
    "ionice": Launcher(Operand.COMMAND, takes=words("-c -n")),
    "chrt": Launcher(Operand.COMMAND, skip=1), "taskset": Launcher(Operand.COMMAND, takes=words(""), skip=1),
    "numactl": Launcher(Operand.COMMAND, takes=words("-N -m -C -i")),
    "timeout": Launcher(Operand.COMMAND, takes=words("-s -k --signal --kill-after"), skip=1),
    "gtimeout": Launcher(Operand.COMMAND, takes=words("-s -k --signal --kill-after"), skip=1),
    "stdbuf": Launcher(Operand.COMMAND, takes=words("-i -o -e")),
    "nohup": COMMAND, "setsid": COMMAND, "exec": Launcher(Operand.COMMAND, takes=words("-a")), "command": COMMAND,
    "builtin": COMMAND, "unbuffer": COMMAND, "caffeinate": COMMAND, "eatmydata": COMMAND, "chronic": COMMAND,
    "xvfb-run": Launcher(Operand.COMMAND, takes=words("-e -f -n -p -s -w --error-file --server-args --server-num")),
    "dbus-run-session": COMMAND, "optirun": COMMAND, "catchsegv": COMMAND,
    "strace": Launcher(Operand.COMMAND, takes=words("-e -o -p -s")), "ltrace": Launcher(Operand.COMMAND, takes=words("-e -o -p")),
    "valgrind": COMMAND, "gdb": Launcher(Operand.COMMAND, takes=words("-ex -x")),
    "perf": Launcher(commands={name: Launcher(Operand.COMMAND, takes=words("-e -o -F -g-x")) for name in ("record", "stat")}),
    "nsys": Launcher(commands={"profile": Launcher(Operand.COMMAND, takes=words("-o --output -t --trace -s --sample -f -w"))}),
    "ncu": Launcher(Operand.COMMAND, takes=words("-o --export -k --set --section")),
    "flock": Launcher(Operand.COMMAND, takes=words("-w --timeout -E"), skip=1),
    "xargs": Launcher(Operand.COMMAND, takes=words("-I -n -P -L -d -a -s -E")),
    "parallel": Launcher(Operand.COMMAND, takes=words("-j --jobs -N -n -a --joblog --delay --timeout --retries --colsep")),
    "watch": Launcher(Operand.COMMAND, takes=words("-n --interval")), "script": NOTHING,
    "horovodrun": Launcher(Operand.COMMAND, takes=words("-np --num-proc -H --hosts -hostfile --hostfile -p --ssh-port")),
    "mpirun": _MPIRUN, "mpiexec": _MPIRUN, "orterun": _MPIRUN, "prterun": _MPIRUN, "aprun": _MPIRUN, "jsrun": _MPIRUN,
    "mpiexec.hydra": _MPIRUN,
    "srun": Launcher(Operand.COMMAND, takes=_SLURM, folder=words("-D --chdir"), here=False),
    "sbatch": Launcher(language="shell", takes=_SLURM, folder=words("-D --chdir"), code=words("--wrap"), here=False),
    "salloc": Launcher(Operand.COMMAND, takes=_SLURM, here=False),
    "qsub": Launcher(language="shell", takes=words("-N -q -l -o -e -A -M -m -W -P -pe"), here=False),
    "bsub": Launcher(Operand.COMMAND, takes=words("-J -q -n -o -e -W -R -M -P"), here=False),
    "npx": Launcher(Operand.COMMAND, takes=words("-p --package")), "bunx": COMMAND,
}  # fmt: skip
"""Programs that run another command line, by name."""
