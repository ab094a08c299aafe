"""Rules that run the stages themselves, each when its command, its params or the content of its deps changed.

Make compares times, and a stage's deps may be directories, have any name, or be one key of a parameter file. So each stage
has a state file, which a small script writes anew only when the content of what the stage reads is another; the
stage's stamp depends on that.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ...compiler.emit.makefile import is_target, recipe, value, word
from ...compiler.model.diagnostic import Diagnostic
from ...compiler.model.project import Command, Project, Ref, Stage
from ...compiler.model.target import File
from .common import head, removed, rule, slugs_of, wrapped

STATE = ".mlops/make"
STATE_SH = ".mlops/scripts/state.sh"
PARAMS_PY = ".mlops/scripts/params.py"

_STATE_TEXT = """\
#!/bin/sh
# state.sh FILE -c COMMAND... -d DEP... -p PARAMFILE KEYS -o OUT...: write what a stage depends on into FILE, only if
# it differs from what is there, or if an out is missing. Makefile runs it before each stage.
set -eu
file=$1
shift
new=$file.new
missing=
{
    while [ $# -gt 0 ]; do
        case $1 in
        -c) printf 'command %s\\n' "$2"; shift 2 ;;
        -d)
            if [ -d "$2" ]; then
                (cd "$2" && find . -type f -exec cksum {} + | LC_ALL=C sort)
            elif [ -e "$2" ]; then
                cksum "$2"
            else
                echo "$2: no such file, and no stage has written it" >&2
                exit 1
            fi
            shift 2 ;;
        -p) python3 .mlops/scripts/params.py "$2" "$3" 2>/dev/null || cksum "$2"; shift 3 ;;
        -o) [ -e "$2" ] || missing=1; shift 2 ;;
        esac
    done
} > "$new"
if [ -z "$missing" ] && cmp -s "$new" "$file"; then
    rm -f "$new"
else
    mv "$new" "$file"
fi
"""

_PARAMS_TEXT = '''\
"""params.py FILE KEYS: print the values of dotted keys (by comma; none: all) of a parameter file."""

import json
import pathlib
import sys

path, keys = pathlib.Path(sys.argv[1]), [key for key in sys.argv[2].split(",") if key]
text = path.read_text(encoding="utf-8")
if path.suffix == ".json":
    data = json.loads(text)
elif path.suffix == ".toml":
    import tomllib

    data = tomllib.loads(text)
elif path.suffix == ".py":
    sys.exit("parameters in Python are compared as a whole")
else:
    import yaml

    data = yaml.safe_load(text)
for key in keys or [""]:
    value = data
    for part in key.split(".") if key else ():
        value = value[int(part)] if isinstance(value, list) else value[part]
    print(path, key, json.dumps(value, sort_keys=True, default=str))
'''


def lines(project: Project, targets: dict[str, str | None], problems: list[Diagnostic]) -> Iterator[str]:
    """The lines of the Makefile; what Make cannot carry is added to ``problems``."""
    slugs = slugs_of(project)
    variables = _variables(project)
    public = {target: name for name, target in targets.items() if target is not None}
    groups = _groups(project, targets)
    fixed = "all setup pipeline pipeline-parallel test check metrics plots clean FORCE".split()
    yield from head(project, [*fixed, *groups, *public])
    for name, ref in variables.items():
        yield f"{name} ?= {value(ref.value)}"
    yield ""
    stamps = [_stamp(slugs[stage.name]) for stage in project if not stage.frozen]
    yield from rule("all", "The same as pipeline", needs="pipeline")
    yield from wrapped("pipeline: ## Run everything that changed (-jN: N stages at a time)\npipeline:", stamps)
    yield ""
    yield from rule(
        "pipeline-parallel", "The same, JOBS stages at a time", "@$(MAKE) --no-print-directory -j$(JOBS) pipeline"
    )
    yield from rule("check", "Show what would run", "@$(MAKE) --no-print-directory --dry-run pipeline")
    metrics = [out.path for stage in project for out in stage.outs if out.kind == "metric" and out.path.isprintable()]
    shown = [f"@test ! -f {word(path)} || {{ echo {word(path)}; cat {word(path)}; echo; }}" for path in metrics]
    yield from rule("metrics", "Show the metrics", *(shown or ["@echo 'the pipeline has no metrics'"]))
    plots = [out.path for stage in project for out in stage.outs if out.kind == "plot" and out.path.isprintable()]
    yield from rule("plots", "Name the plot files", *([f"@ls -d -- {' '.join(map(word, plots))}"] if plots else ["@:"]))
    outs = sorted({out.path for stage in project for out in stage.outs if "://" not in out.path})
    yield from rule(
        "clean", "Remove what stages wrote", *removed([STATE, *(path for path in outs if path.isprintable())])
    )
    for target, names in groups.items():
        yield from rule(target, "Run all stages of this name", needs=" ".join(_stamp(slugs[name]) for name in names))
    for stage in project:
        yield from _stage(stage, targets[stage.name], slugs, variables, problems, project)
    yield "FORCE:"
    yield ""
    yield "-include local.mk"


def _groups(project: Project, targets: dict[str, str | None]) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {}
    for stage in project:
        if stage.entry != stage.name and is_target(stage.entry) and stage.entry not in targets:
            groups.setdefault(stage.entry, []).append(stage.name)
    return groups


def _variables(project: Project) -> dict[str, Ref]:
    """A variable for each parameter that a command uses."""
    variables: dict[str, Ref] = {}
    for stage in project:
        for command in stage.commands:
            for part in command.parts:
                if isinstance(part, Ref):
                    variables.setdefault(variable(part), part)
    return variables


def variable(ref: Ref) -> str:
    """The name of the variable for a parameter."""
    return re.sub(r"[^A-Za-z0-9_]", "_", ref.name)


def _stamp(slug: str) -> str:
    return f"{STATE}/{slug}.stamp"


def _stage(
    stage: Stage, target: str | None, slugs: dict[str, str], variables: dict[str, Ref], problems: list[Diagnostic],
    project: Project,
) -> Iterator[str]:  # fmt: skip
    slug = slugs[stage.name]
    stamp, state = _stamp(slug), f"{STATE}/{slug}.state"
    frozen = {each.name for each in project if each.frozen}
    try:
        commands = [_command(command, stage, variables) for command in stage.commands]
        asks = _asks(stage, commands)
    except ValueError as error:
        what = f"make cannot carry {error} in the commands or paths of `{stage.name}`"
        problems.append(Diagnostic("MLC521", what, stage.at, help="take it out, or put it into a `script`"))
        return
    if target is not None:
        yield from rule(target, stage.desc or "Run the stage, and what it needs", needs="" if stage.frozen else stamp)
    if stage.frozen:
        return
    needs = " ".join(_stamp(slugs[name]) for name in project.dag.parents(stage.name) if name not in frozen)
    yield f"{state}: FORCE{' | ' + needs if needs else ''}"
    yield f"\t@mkdir -p {STATE} && sh {STATE_SH} {state} {asks}"
    yield f"{stamp}: {state}{' FORCE' if stage.always_changed else ''}"
    folders = sorted({out.path.rpartition("/")[0] for out in stage.outs if "/" in out.path and "://" not in out.path})
    if folders:
        yield f"\t@mkdir -p -- {' '.join(map(word, folders))}"
    for command in commands:
        yield f"\t{command}"
    checks = " && ".join(f"test -e {word(out.path)}" for out in stage.outs if "://" not in out.path)
    yield f"\t@{checks} && touch $@" if checks else "\t@touch $@"
    for out in stage.outs:
        if is_target(out.path) and out.path not in slugs and out.path != target:
            yield f"{out.path}: {stamp} ;"
    yield ""


def _command(command: Command, stage: Stage, variables: dict[str, Ref]) -> str:
    parts: list[str] = []
    for part in command.parts:
        if isinstance(part, Ref) and variables[variable(part)].name == part.name:
            parts.append(f"$({variable(part)})")
        else:
            parts.append((part if isinstance(part, str) else part.value).replace("$", "$$"))
    recipe(command.text)  # refuses what Make cannot carry
    text = "".join(parts)
    if stage.wdir != ".":
        return f"cd {word(stage.wdir)} && {text}"
    return f": && {text}" if text[:1] in ("@", "-", "+", " ", "\t", "") else text


def _asks(stage: Stage, commands: list[str]) -> str:
    """The arguments that tell the state script what the stage depends on."""
    words = [f"-c '{command.replace(chr(39), chr(39) + chr(92) + chr(39) * 2)}'" for command in commands]
    words += [f"-d {word(dep)}" for dep in stage.deps if "://" not in dep]
    by_file: dict[str, list[str]] = {}
    for param in stage.params:
        by_file.setdefault(param.file, []).extend([param.key] if param.key is not None else [])
    words += [f"-p {word(file)} {word(','.join(keys))}" for file, keys in by_file.items()]
    words += [f"-o {word(out.path)}" for out in stage.outs if "://" not in out.path]
    return " ".join(words)


def files(project: Project) -> Iterator[File]:
    """The scripts that the rules call."""
    yield from (File(script.path, script.text) for script in project.scripts)
    yield File(STATE_SH, _STATE_TEXT)
    if any(stage.params for stage in project):
        yield File(PARAMS_PY, _PARAMS_TEXT)
    outs = sorted({out.path for stage in project for out in stage.outs if out.cached and "://" not in out.path})
    yield File(".gitignore", "".join(f"/{path}\n" for path in (f"{STATE}/", *outs)), block=True)
