"""Names of stages, and paths, that DVC, a shell, Make, a CI service or a terminal stumbles over."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..model.diagnostic import Diagnostic
from ..model.operations import Listed
from ..model.project import Project, Stage
from ..model.snapshot import Snapshot
from ..model.source import At
from ..read.params import ParamFiles
from .places import Places

_BREAKS = r"\A-|[@:]|\A\Z"
"""Tried on DVC 3.67.1, each in the name of a stage: with ``@`` no command of DVC reads the pipeline; with ``:``
`dvc repro NAME` takes what stands before it for a file; with ``-`` in front NAME is an option."""

_REFUSED = r"""[\s!"#$%&'()*+,/;<=>?\[\\\]^`{|}~]"""
"""What `dvc stage add` refuses in a name and a dvc.yaml may hold all the same; a dot and what breaks aside.
Source: INVALID_STAGENAME_CHARS of DVC 3.67, `dvc/stage/__init__.py`."""

_GOOD = re.compile(r"[\w.][\w.-]*\Z")

_CONTROL = "[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]"
"""Control characters, line separators, and the marks that turn the direction of a text, which hide what it says."""


def check(project: Project, snapshot: Snapshot, params: ParamFiles, places: Places) -> Iterator[Diagnostic]:
    """MLC416 and MLC431."""
    entries = {stage.entry: stage for stage in reversed(list(project))}
    for name in reversed(entries):
        if _GOOD.match(name) is None:
            yield from _name(entries[name])
    yield from _around(project)
    texts = (*project.stages, *project.artifacts, *{stage.wdir for stage in project})
    if "".join(texts).isprintable():
        return
    told: set[str] = set()
    for stage in project:
        for problem in _control(stage) if stage.entry not in told else ():
            told.add(stage.entry)
            yield problem


def _name(stage: Stage) -> Iterator[Diagnostic]:
    name = stage.entry
    help_ = "use letters, digits, `_`, `-` and `.`"
    if bad := re.search(_BREAKS, name):
        what = f"`{name}` cannot be the name of a stage: DVC cannot find it by that name"
        if bad.group():
            what = f"`{name}` cannot be the name of a stage: the `{bad.group()}` in it means something else to DVC"
        yield Diagnostic("MLC416", what, stage.at, help=help_)
    elif (odd := "".join(dict.fromkeys(re.findall(_REFUSED, name)))) and not re.search(_CONTROL, name):
        what = f"`{name}` has to be quoted wherever it is typed, because of the `{odd}` in it"
        note = "`dvc stage add` refuses such a name; `dvc repro` takes it"
        yield Diagnostic("MLC416", what, stage.at, note, help_, severity="warning")


def _control(stage: Stage) -> Iterator[Diagnostic]:
    for text in (stage.name, *(out.path for out in stage.outs), *stage.deps, stage.wdir):
        if found := re.search(_CONTROL, text):
            what = f"there is the character U+{ord(found.group()):04X} in the name or in a path of `{stage.entry}`"
            note = f"in {text!a}"
            help_ = "take it out: Makefiles, CI logs and terminals cannot carry it, or would obey it"
            yield Diagnostic("MLC431", what, stage.at, note, help_)
            return


def _around(project: Project) -> Iterator[Diagnostic]:
    """What else becomes a word, or a line, of a recipe."""
    places: list[tuple[tuple[str, ...], list[str]]] = []
    for name, source in project.sources.items():
        for key in ("url", "path", "file", "rev", "schema", "check"):
            places.append((("data", name, key), [getattr(source, key) or ""]))
    for name, experiment in project.experiments.items():
        listed = [
            str(item) for values in experiment.set.values() if isinstance(values, Listed) for item in values.items
        ]
        places.append((("experiments", name, "set"), [*experiment.set, *listed]))
    for name, monitor in project.monitors.items():
        places.append((("monitor", name, "gates"), list(monitor.bounds)))
        places.append((("monitor", name), list(monitor.metrics)))
    for at, texts in places:
        if found := re.search("[\0\n\r]", "".join(texts)):
            what = f"there is the character U+{ord(found.group()):04X} in `{'.'.join(at)}`"
            help_ = "take it out: it is for one line of the Makefile, which cannot carry it"
            yield Diagnostic("MLC431", what, At(at), help=help_)
