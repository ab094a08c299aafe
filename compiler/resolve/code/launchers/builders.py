"""Build tools and compilers: the goals of a Makefile, the sources of a program."""

from __future__ import annotations

from .launcher import Launcher, Operand, words

_C = Launcher(Operand.FILES, "c", takes=words("-o -I -L -l -D -x -std -isystem -include -MF -MT -arch"))

BUILDERS: dict[str, Launcher] = {
    "make": Launcher(Operand.GOALS, takes=words("-j -l -o -W -I"), file=words("-f --file --makefile"), folder=words("-C --directory")),
    "gmake": Launcher(Operand.GOALS, takes=words("-j -l -o -W -I"), file=words("-f --file --makefile"), folder=words("-C --directory")),
    "stata": Launcher(language="stata", verbs=words("do run")), "snakemake": Launcher(Operand.NOTHING, "text", file=words("-s --snakefile"), takes=words("-j -c")),
    "gcc": _C, "g++": _C, "cc": _C, "c++": _C, "clang": _C, "clang++": _C, "nvcc": _C, "gfortran": _C, "mpicc": _C, "mpicxx": _C,
}  # fmt: skip
"""Build tools and compilers, by name."""
