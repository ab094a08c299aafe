"""What both kinds of Makefile have: its head, the targets that are the project's own, names of targets."""

from __future__ import annotations

import re
from collections.abc import Iterator
from shlex import quote

from ...compiler.emit.makefile import are_targets, comment, is_target, recipe, word
from ...compiler.emit.names import distinct
from ...compiler.model.project import Project
from ...compiler.model.target import HEADER

OWN = frozenset("all help setup pipeline pipeline-parallel test check metrics plots push pull clean FORCE".split())
"""Targets that every Makefile has. A stage of that name becomes `stage-NAME`."""

_SETUP = {
    "uv.lock": "uv sync --inexact",
    "requirements.txt": "@$(PIP) -r requirements.txt",
    "pyproject.toml": "@$(PIP) -e .",
    "environment.yml": "conda env update --prefix .venv --file environment.yml",
}
"""How the packages that each kind of file names are installed."""

_PIP = "$(if $(shell command -v uv),uv pip install --quiet --python .venv,.venv/bin/python -m pip install --quiet)"

_FOUND = "import importlib.util as u, sys; sys.exit(not all(map(u.find_spec, sys.argv[1:])))"
"""Whether packages are there: DVC without the extra that a remote needs fails only when it first reaches for it."""

_NOT_IN_SLUGS = re.compile(r"[^A-Za-z0-9_.@+-]")


def targets_of(project: Project) -> dict[str, str | None]:
    """The target that people type for each stage; None where Make could not take the name."""
    if are_targets(project.stages) and OWN.isdisjoint(project.stages):
        return {name: name for name in project.stages}
    names = {name: name if is_target(name) else None for name in project.stages}
    return {name: f"stage-{name}" if target in OWN else target for name, target in names.items()}


def slugs_of(project: Project) -> dict[str, str]:
    """A name for each stage that is safe in targets and file names, each its own."""
    if are_targets(project.stages) and "/" not in "".join(project.stages):
        return {name: name for name in project.stages}
    return distinct(project.stages, lambda name: _NOT_IN_SLUGS.sub("_", name))


def head(project: Project, phony: list[str]) -> Iterator[str]:
    """The settings at the top."""
    yield HEADER.rstrip()
    yield "# Targets of your own go into local.mk."
    yield ""
    yield "SHELL := $(or $(shell command -v bash),/bin/sh)"
    yield "MAKEFLAGS += --no-builtin-rules"
    yield ".DEFAULT_GOAL := help"
    yield ".DELETE_ON_ERROR:"
    yield "export PATH := $(CURDIR)/.venv/bin:$(PATH)"
    yield "JOBS ?= $(or $(shell getconf _NPROCESSORS_ONLN 2>/dev/null),2)"
    yield "empty :="
    yield ""
    yield from wrapped(".PHONY:", ["help", *phony])
    yield ""
    yield "help: ## Show this list"
    yield ("\t@awk -F ':.*## ' '/^[A-Za-z0-9_.@+\\/-]+:.*## / {printf \"  %-20s %s\\n\", $$1, $$2}' $(MAKEFILE_LIST)")
    yield ""
    yield from _setup(project)
    yield "test: ## Run the tests of the code"
    command = project.test_command
    yield f"\t{recipe(command)}" if command else "\t@echo 'there are no tests; put some under tests/ and build again'"
    yield ""


def _setup(project: Project) -> Iterator[str]:
    yield f"PIP = {_PIP}"
    yield ""
    yield "setup: ## Install what the pipeline needs into .venv"
    if project.requirements != "environment.yml":
        yield "\t@test -x .venv/bin/python || uv venv --quiet .venv 2>/dev/null || python3 -m venv .venv"
    if project.requirements is not None:
        yield f"\t{_SETUP[project.requirements]}"
    if project.uses_dvc:
        needed = " ".join(f"dvc_{extra}" for extra in project.dvc_extras)
        there = f".venv/bin/python -c '{_FOUND}' {needed}" if needed else "command -v dvc >/dev/null"
        yield f"\t@{there} || $(PIP) {quote(project.dvc_package)}"
    if "pytest" in (project.test_command or ""):
        yield "\t@.venv/bin/python -c 'import pytest' 2>/dev/null || $(PIP) pytest"
    yield ""


def rule(target: str, about: str, *lines: str, needs: str = "") -> Iterator[str]:
    """A phony target with its line of help."""
    yield f"{target}:{' ' + needs if needs else ''} ## {comment(about)}"
    yield from (f"\t{line}" for line in lines)
    yield ""


def wrapped(lead: str, words: list[str]) -> Iterator[str]:
    """A long line of words, broken so that people can read it."""
    line = lead
    for each in words:
        if len(line) + len(each) > 110:
            yield line + " \\"
            line = "   "
        line += f" {each}"
    yield line


def removed(paths: list[str]) -> Iterator[str]:
    """Recipe lines that remove paths, a hundred at a time."""
    words = paths if are_targets(paths) else [path if is_target(path) else word(path) for path in paths]
    for start in range(0, len(words), 100):
        yield f"rm -rf -- {' '.join(words[start : start + 100])}"
