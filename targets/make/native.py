"""What the template of native rules is filled with: rules that run the stages themselves, each when it has to.

Make compares times, and a stage's deps may be directories, have any name, or be one key of a parameter file. So each stage
has a state file of what it reads, and a stamp, the copy of that from its last run; `states.py` makes the state file newer than
the stamp where they differ. One process compares all stages; a stage is compared again only after a parent has run.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ...compiler.emit import makefile
from ...compiler.emit.gitignore import ignore_patterns
from ...compiler.emit.makefile import RecipeError
from ...compiler.model.diagnostic import Diagnostic
from ...compiler.model.project import Command, Project, Ref, Stage
from ...compiler.model.target import File
from . import names
from .document import ABOUT_STAGE, removable, shared
from .problems import CANNOT_CARRY

RECORDS = ".mlops/make"
STAGES_JSON = ".mlops/make.json"

_GOALS = "all setup pipeline pipeline-parallel test check metrics plots clean FORCE .states".split()

Variables = Mapping[str, tuple[str, Ref]]


@dataclass(frozen=True, slots=True)
class Rule:
    """The rules of a stage.

    ``commands`` are recipe lines; ``files`` are outs that can be targets of their own; ``known`` is what `states.py` has to know.
    """

    slug: str
    target: str | None
    about: str
    frozen: bool
    always: bool
    parents: tuple[str, ...]
    folders: tuple[str, ...]
    commands: tuple[str, ...]
    outs: tuple[str, ...]
    files: tuple[str, ...]
    known: Mapping[str, Any]


def document(project: Project) -> tuple[dict[str, Any], list[Diagnostic]]:
    """The Makefile, and the stages that Make cannot run."""
    setups = names.setups(project)
    targets, groups = names.targets(project, setups), names.groups(project)
    slugs, variables = names.slugs(project), names.variables(project)
    typed = [targets[name] for name in (*groups, *project.stages) if name in targets]
    goals = [*names.goals(project, _GOALS), *setups]
    phony = {"help", *goals, *typed}
    rules: list[Rule] = []
    problems: list[Diagnostic] = []
    for stage in project:
        try:
            rules.append(_rule(project, stage, targets.get(stage.name), slugs, variables, phony))
        except RecipeError as error:
            problems.append(CANNOT_CARRY.on(stage.at, what=error, stage=stage.name))
    kinds = {"metric": _printable(project, "metric"), "plot": _printable(project, "plot")}
    return {
        **shared(project),
        "records": RECORDS,
        "phony": [*goals, *typed],
        "variables": variables.values(),
        "rules": rules,
        "stamps": [f"{RECORDS}/{slugs[stage.name]}.stamp" for stage in project if not stage.frozen],
        "groups": {
            targets[name]: [slugs[stage] for stage in stages] for name, stages in groups.items() if name in targets
        },
        "metrics": kinds["metric"],
        "plots": kinds["plot"],
        "removed": removable([RECORDS, *sorted({path for stage in project for path in _outs(stage)})]),
    }, problems


def _rule(
    project: Project, stage: Stage, target: str | None, slugs: dict[str, str], variables: Variables, phony: set[str]
) -> Rule:
    outs = _outs(stage)
    makefile.words([*stage.deps, *outs, *(param.file for param in stage.params)])  # raises for what Make cannot carry
    return Rule(
        slug=slugs[stage.name],
        target=target,
        about=stage.desc or ABOUT_STAGE,
        frozen=stage.frozen,
        always=stage.always_changed,
        parents=tuple(slugs[parent.name] for parent in project.parents(stage) if not parent.frozen),
        folders=tuple(sorted({path.rpartition("/")[0] for path in outs if "/" in path})),
        commands=tuple(_recipe(command, stage, variables) for command in stage.commands),
        outs=tuple(outs),
        files=tuple(path for path in outs if makefile.is_target(path) and path not in phony),
        known=_known(project, stage, slugs, variables),
    )


def _outs(stage: Stage) -> list[str]:
    return [out.path for out in stage.outs if "://" not in out.path]


def _printable(project: Project, kind: str) -> list[str]:
    return [out.path for stage in project for out in stage.outs if out.kind == kind and out.path.isprintable()]


def _recipe(command: Command, stage: Stage, variables: Variables) -> str:
    """A command as a recipe line, in which a parameter is a variable."""
    makefile.recipe(command.text)  # raises for what Make cannot carry, also in a parameter's value
    line = _line(command, variables)
    return makefile.started(line) if stage.wdir == "." else f"cd {makefile.word(stage.wdir)} && {line}"


def _line(command: Command, variables: Variables) -> str:
    return "".join(
        f"$({variables[part.name][0]})" if isinstance(part, Ref) else makefile.text(part) for part in command.parts
    )


def stages_json(rules: Iterable[Rule]) -> str:
    """What `states.py` has to know of each stage: JSON with a line for each, so that one is read without the others."""
    lines = (f"{json.dumps(rule.slug)}: {json.dumps(rule.known)}" for rule in rules if not rule.frozen)
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _known(project: Project, stage: Stage, slugs: dict[str, str], variables: Variables) -> dict[str, Any]:
    params: dict[str, list[str]] = {}
    for param in stage.params:
        params.setdefault(param.file, []).extend([param.key] if param.key is not None else [])
    refs = {part.name for command in stage.commands for part in command.parts if isinstance(part, Ref)}
    return {
        "name": stage.name,
        "commands": [_line(command, variables) for command in stage.commands],
        "variables": sorted(variables[name][0] for name in refs),
        "deps": [dep for dep in stage.deps if "://" not in dep],
        "params": params,
        "outs": _outs(stage),
        "always": stage.always_changed,
        "parents": [slugs[parent.name] for parent in project.parents(stage) if not parent.frozen],
    }


def ignored(project: Project) -> Iterator[str]:
    """The paths that Git ignores."""
    yield f"{RECORDS}/"
    yield from sorted({out.path for stage in project for out in stage.outs if out.cached and "://" not in out.path})


def files(project: Project, rules: Iterable[Rule]) -> Iterator[File]:
    """The files that the rules use."""
    from ...compiler.programs import program

    for script in (*project.scripts, program("states.py")):
        yield File(script.path, script.text, derived=script.derived)
    yield File(STAGES_JSON, stages_json(rules))
    yield File(".gitignore", ignore_patterns(ignored(project)), block=True)
