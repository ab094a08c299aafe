"""Rules that leave the work to DVC: `dvc repro`, or one `dvc repro -s` for each stage, at the same time."""

from __future__ import annotations

from collections.abc import Iterator

from ...compiler.emit.makefile import comment, is_target, word
from ...compiler.model.diagnostic import Diagnostic
from ...compiler.model.project import Project
from ...compiler.model.target import File
from ...compiler.programs import program
from . import operate
from .common import OWN, head, removed, rule, slugs_of, wrapped

_ABOUT = "Run the stage, and what it needs"


def lines(project: Project, targets: dict[str, str | None], problems: list[Diagnostic]) -> Iterator[str]:
    """The lines of the Makefile."""
    public = {target: name for name, target in targets.items() if target is not None}
    groups = {
        f"stage-{entry}" if entry in OWN else entry: entry
        for entry in dict.fromkeys(stage.entry for stage in project)
        if entry not in project.stages and is_target(entry)
    }
    fixed = "setup pipeline pipeline-parallel test check metrics plots push pull clean".split()
    yield from head(project, [*fixed, *operate.names(project), *groups, *public])
    yield "DVC ?= dvc"
    yield "REPRO_FLAGS ?="
    yield ""
    yield from _mended("dvc.lock monitoring/dvc.lock" if project.monitors else "dvc.lock")
    yield _MENDED_STORES
    yield from rule("pipeline", "Run everything that changed, one stage after the other", "$(DVC) repro $(REPRO_FLAGS)")
    yield from rule(
        "pipeline-parallel",
        "The same, JOBS stages at a time",
        "@if $(DVC) status --quiet; then echo 'nothing to run'; else $(MAKE) --no-print-directory -j$(JOBS) .stages; fi",
    )
    yield from rule("check", "Check that DVC takes the pipeline", "$(DVC) stage list --all --name-only")
    yield from rule("metrics", "Show the metrics", "$(DVC) metrics show")
    yield from rule("plots", "Draw the plots into dvc_plots/", "$(DVC) plots show")
    yield from rule("push", "Push data, models and the run cache to the remote", "$(DVC) push --run-cache")
    yield from rule("pull", "Pull data and models from the remote", "$(DVC) pull")
    cached = sorted({out.path for stage in project for out in stage.outs if out.cached and "://" not in out.path})
    about = "Remove what stages wrote and DVC keeps: `dvc checkout` brings it back"
    yield from rule("clean", about, *(removed([path for path in cached if path.isprintable()]) if cached else ["@:"]))
    yield from operate.lines(project)
    about_entry = {stage.entry: stage.desc for stage in project}
    for target, name in {**groups, **public}.items():
        said = project.stages[name].desc if name in project.stages else about_entry[name]
        about = comment(said) if said else _ABOUT
        yield f"{target}: ## {about}\n\t$(DVC) repro {name}\n"  # what can be a target is one word of the shell
    yield from _parallel(project)
    yield "-include local.mk"


def _mended(locks: str) -> Iterator[str]:
    """A line that makes empty lock files valid ones.

    DVC empties its lock file, then writes it anew; what was killed in between leaves what DVC refuses. The text is how DVC
    begins its own, and `1<>` does not cut what is there: a DVC that is writing at this moment loses nothing.
    """
    yield "# A DVC that was killed at the wrong moment leaves an empty lock file, which it would refuse."
    yield (
        f"$(shell for each in {locks}; do "
        """[ ! -f $$each ] || [ -s $$each ] || printf "schema: '2.0'\\n" 1<>$$each; done)"""
    )
    yield ""


# DVC copies an object to a folder by first trying to clone the file, which creates it empty. A DVC killed right then leaves
# an empty object. It checks the hash of files and copies them again, but it trusts a directory object and fails to read it:
# `dvc push` and `dvc pull` then fail for good. An object that another DVC creates at this moment is empty for microseconds,
# so only what is still empty after a second is removed.
_MENDED_STORES = r"""# A DVC that was killed while it copied to its cache, or to a remote in a folder, may leave an empty directory object there.
# Its next push or pull would fail on it; without the object, DVC copies it again.
DVC_DIR := $(firstword $(wildcard .dvc ../.dvc ../../.dvc ../../../.dvc))
EMPTY_OBJECTS = { echo cache; \
    sed -nE 's/^[[:space:]]*(dir|url)[[:space:]]*=[[:space:]]*"?([^"]*)"?$$/\2/p' $(wildcard $(DVC_DIR)/config*) /dev/null; } | \
    sed "s,^~/,$$HOME/," | while IFS= read -r store; do \
    case $$store in (*://*) continue ;; (/*) ;; (*) store=$(DVC_DIR)/$$store ;; esac; \
    [ ! -d "$$store/files/md5" ] || find "$$store/files/md5" -mindepth 2 -maxdepth 2 -name '*.dir' -size 0; done
ifneq ($(and $(DVC_DIR),$(filter-out help setup test check metrics plots clean .stages,$(MAKECMDGOALS))),)
    $(shell [ -z "$$($(EMPTY_OBJECTS))" ] || { sleep 1; $(EMPTY_OBJECTS) | \
        while IFS= read -r object; do rm -f "$$object" && echo "removed $$object: it was empty" >&2; done; })
endif
"""


def _parallel(project: Project) -> Iterator[str]:
    slugs = slugs_of(project)
    yield "# For pipeline-parallel: each stage once all stages above it are done. DVC's own lock keeps dvc.lock right."
    yield from wrapped(".PHONY: .stages", [f".stage/{slug}" for slug in slugs.values()])
    yield from wrapped(".stages:", [f".stage/{slug}" for slug in slugs.values()])
    for name, stage in project.stages.items():
        slug = slugs[name]
        needs = "".join([f" .stage/{slugs[each]}" for each in project.dag.parents(stage.name)])
        quoted = name if name == slug else word(name)
        yield f".stage/{slug}:{needs}\n\t@$(DVC) --wait-for-lock repro --single-item {quoted}"
    yield ""


def files(project: Project) -> Iterator[File]:
    """Beside the Makefile: what `make plots` writes is not for Git; and what judges data as they come."""
    yield File(".gitignore", "/dvc_plots/\n", block=True)
    if any(source.schema for source in project.sources.values()):
        judge = program("schema.py")
        yield File(judge.path, judge.text)
