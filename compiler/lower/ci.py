"""The settings of CI, with their defaults."""

from __future__ import annotations

import re

from ...schemas import ci as language
from ...schemas import oidc as language_of_oidc
from ...schemas.common import listed, seconds
from ..model.ci import Ci, Machine
from ..model.oidc import Aws, Azure, Gcp, Oidc
from ..model.snapshot import Snapshot, way_up
from .resources import lower_resources

_STAGES = r"(?m)^stages:[ \t]*(\[[^\]]*\]|(?:#[^\n]*)?\n(?:[ \t]*(?:- [^\n]*|#[^\n]*)?\n)+)"
"""The list of stages in a file of GitLab, in either style."""
_DEFAULT_TRIGGERS = language.Triggers.model_construct()


def lower_ci(ci: language.Ci, schedule: str | None, paths: tuple[str, ...], stage_of_team: str | None = None) -> Ci:
    """`ci:` with its defaults; ``schedule`` is that of the pipeline, ``paths`` are the patterns of files that start CI."""
    triggers = ci.on or _DEFAULT_TRIGGERS
    return Ci(
        push_branches=("main",) if triggers.push is None else tuple(triggers.push),
        pull_request=triggers.pull_request is not False,
        schedules=tuple(dict.fromkeys([*(triggers.schedule or ()), *listed(schedule)])),
        manual=triggers.manual is not False,
        paths=paths,
        stage_of_team=stage_of_team,
        runner=tuple(listed(ci.runner)),
        secrets=tuple(ci.secrets or ()),
        oidc=_oidc(ci.oidc),
        image=ci.image,
        caches=ci.cache is not False,
        cached=() if isinstance(ci.cache, bool) else tuple(ci.cache or ()),
        python=ci.python,
        timeout=seconds(ci.timeout),
        lock=ci.lock or "check",
        token=ci.token,
        fan_out=ci.fan_out is not None,
        machines={name: _machine(name, runner) for name, runner in (ci.runners or {}).items()},
    )


def stage_of_team(snapshot: Snapshot) -> str | None:
    """See `Ci`. What GitLab's file includes is not read."""
    if not snapshot.folder:
        return None
    text = (snapshot.read(f"{way_up(snapshot.folder)}/.gitlab-ci.yml") or b"").decode("utf-8", "replace")
    match = re.search(_STAGES, text)
    if match is None:
        return None
    stages = [word.strip("\"'") for word in re.findall(r"[^\s,\[\]]+", re.sub(r"#.*|(?m:^\s*-\s)", "", match.group(1)))]
    return stages[0] if stages and "test" not in stages else None


def _oidc(declared: language_of_oidc.Oidc | None) -> Oidc:
    if declared is None:
        return Oidc()
    aws, gcp, azure = declared.aws, declared.gcp, declared.azure
    return Oidc(
        None if aws is None else Aws(aws.role, aws.region, seconds(aws.duration) or 3600),
        None if gcp is None else Gcp(gcp.provider, gcp.service_account),
        None if azure is None else Azure(azure.client_id, azure.tenant_id, azure.subscription_id),
    )


def _machine(name: str, runner: language.Runner) -> Machine:
    return Machine(name, tuple(listed(runner.labels)) or (name,), lower_resources(runner))
