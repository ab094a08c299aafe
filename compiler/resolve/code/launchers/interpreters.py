"""Interpreters of a language, and clients of a database: they run a file or code on the command line."""

from __future__ import annotations

from dataclasses import replace

from .launcher import Launcher, Operand, words

PYTHON = Launcher(
    language="python",
    takes=words("-W -X -Q --check-hash-based-pycs"),
    module=words("-m"),
    code=words("-c"),
    clusters=True,
)
_SHELL = Launcher(
    language="shell", takes=words("-o -O +o +O --rcfile --init-file"), code=words("-c"), clusters=True
)  # fmt: skip
_JULIA = Launcher(
    language="julia", code=words("-e -E --eval --print"), also=words("-L --load"),
    takes=words("-t --threads -p --procs -C --cpu-target -J --sysimage -H --home --machine-file -m --module"),
)  # fmt: skip
_R = Launcher(
    Operand.NOTHING, "r", code=words("-e"), file=words("-f --file"), takes=words("-g --gui -d --debugger --encoding"),
    commands={"CMD": Launcher(commands={"BATCH": Launcher(language="r")})},
)  # fmt: skip
_NODE = Launcher(
    language="javascript", code=words("-e --eval -p --print"), also=words("-r --require --import --loader"),
    takes=words("-C --conditions --env-file --input-type --max-old-space-size --config -c --tsconfig --project -P"),
)  # fmt: skip

INTERPRETERS: dict[str, Launcher] = {
    "python": PYTHON, "py": PYTHON,
    "ipython": replace(PYTHON, takes=words("--profile --matplotlib --pylab --log-level --InteractiveShellApp.extensions")),
    "bash": _SHELL, "sh": _SHELL, "zsh": _SHELL, "dash": _SHELL, "ksh": _SHELL,
    "source": replace(_SHELL, takes=frozenset()), ".": replace(_SHELL, takes=frozenset()),
    "Rscript": Launcher(language="r", code=words("-e"), takes=words("-g")),
    "R": _R, "r": Launcher(language="r", code=words("-e"), takes=words("-L -l -d"), clusters=True),
    "julia": _JULIA,
    "node": _NODE, "nodejs": _NODE, "ts-node": _NODE, "tsx": _NODE, "esno": _NODE,
    "deno": Launcher(commands={"run": replace(_NODE, takes=words("-c --config --import-map --lock --cert -A-x"))}),
    "bun": Launcher(language="javascript", commands={"run": _NODE}),
    "perl": Launcher(language="perl", code=words("-e -E"), takes=words("-I -M"), clusters=True),
    "ruby": Launcher(language="ruby", code=words("-e"), also=words("-r"), takes=words("-I -C"), folder=words("-C"), clusters=True),
    "php": Launcher(code=words("-r"), file=words("-f"), takes=words("-d -c"), language="php"),
    "lua": Launcher(code=words("-e"), takes=words("-l"), language="lua"),
    "java": Launcher(file=words("-jar"), takes=words("-cp -classpath --class-path -p --module-path -m"), language="java"),
    "scala": Launcher(language="scala", takes=words("-cp -classpath")),
    "go": Launcher(commands={"run": Launcher(language="go", takes=words("-tags -ldflags -exec"))}),
    "matlab": Launcher(Operand.NOTHING, "matlab", code=words("-batch -r"), takes=words("-sd -logfile -log"), folder=words("-sd")),
    "octave": Launcher(language="matlab", code=words("--eval"), takes=words("-p --path")),
    "octave-cli": Launcher(language="matlab", code=words("--eval"), takes=words("-p --path")),
    "awk": Launcher(Operand.NOTHING, "text", file=words("-f"), takes=words("-F -v")),
    "gawk": Launcher(Operand.NOTHING, "text", file=words("-f --file"), takes=words("-F -v")),
    "sed": Launcher(Operand.NOTHING, "text", file=words("-f --file"), takes=words("-e --expression")),
    "jq": Launcher(Operand.NOTHING, "text", file=words("-f --from-file"), takes=words("--indent")),
    "psql": Launcher(Operand.NOTHING, "text", file=words("-f --file"), takes=words("-h -p -U -d -c -v")),
    "sqlite3": Launcher(Operand.NOTHING, "text", file=words("-init")),
    "duckdb": Launcher(Operand.NOTHING, "text", file=words("-f -init"), takes=words("-c -s -cmd")),
    "mysql": Launcher(Operand.NOTHING, "text", takes=words("-h -u -P -D -e")),
    "gnuplot": Launcher(Operand.FILES, "text", takes=words("-e")),
}  # fmt: skip
"""Interpreters by the name of their program."""
