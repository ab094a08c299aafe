"""Modules of installed packages that run code when `python -m` starts them."""

from __future__ import annotations

from dataclasses import replace

from .launcher import SCRIPT, Launcher, Operand, words
from .notebooks import JUPYTER, NBCONVERT, PAPERMILL
from .python import ACCELERATE, COVERAGE, DEEPSPEED, PROFILER, PYTEST, SERVER, STREAMLIT, TORCHRUN
from .table import PROGRAMS

MODULES: dict[str, Launcher] = {
    "pdb": replace(SCRIPT, takes=words("-c")), "ipdb": replace(SCRIPT, takes=words("-c")), "pudb": SCRIPT,
    "cProfile": replace(SCRIPT, takes=words("-o -s")), "profile": replace(SCRIPT, takes=words("-o -s")),
    "trace": replace(SCRIPT, takes=words("-f --file -C --coverdir --ignore-module --ignore-dir"), module=frozenset(),
                     module_flags=words("--module")),
    "doctest": Launcher(Operand.FILES, "python", takes=words("-o")),
    "unittest": Launcher(Operand.MODULE, "python", path=True, takes=words("-k -s -p -t"), commands={}),
    "coverage": COVERAGE, "pytest": PYTEST, "py.test": PYTEST,
    "torch.distributed.run": TORCHRUN, "torch.distributed.launch": TORCHRUN,
    "accelerate.commands.launch": ACCELERATE, "accelerate": Launcher(commands={"launch": ACCELERATE}),
    "deepspeed.launcher.runner": DEEPSPEED, "deepspeed": DEEPSPEED,
    "jupyter": JUPYTER, "nbconvert": NBCONVERT, "jupytext": NBCONVERT, "papermill": PAPERMILL, "IPython": PROGRAMS["ipython"],
    "streamlit": STREAMLIT, "kernprof": PROFILER, "line_profiler": PROFILER, "memory_profiler": PROFILER,
    "scalene": PROFILER, "pyinstrument": PROFILER, "viztracer": PROFILER, "memray": PROGRAMS["memray"],
    "debugpy": replace(SCRIPT, takes=words("--listen --connect --log-to --configure-subProcess"), takes_two=words("--configure")),
    "mpi4py": replace(SCRIPT, code=words("-c")), "mpi4py.futures": replace(SCRIPT, code=words("-c")),
    "uvicorn": SERVER, "gunicorn": SERVER, "hypercorn": SERVER, "flask": PROGRAMS["flask"], "celery": PROGRAMS["celery"],
    "marimo": PROGRAMS["marimo"], "poethepoet": PROGRAMS["poe"], "uv": PROGRAMS["uv"], "poetry": PROGRAMS["poetry"],
    "ray.scripts": PROGRAMS["ray"], "horovod.runner.launch": PROGRAMS["horovodrun"], "bokeh": PROGRAMS["bokeh"],
    "panel": PROGRAMS["panel"], "locust": PROGRAMS["locust"], "lightning": PROGRAMS["lightning"],
}  # fmt: skip
"""Modules by the name that `python -m` takes."""
