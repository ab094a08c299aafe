"""What happens around the pipeline, in the words of the tools that do it: remotes, sources, experiments, registry tags."""

from __future__ import annotations

import itertools
import math
import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ...schemas.assets import Data
from ...schemas.operate import Experiment, Monitor, Random, Range
from ...schemas.spec import Spec
from ...schemas.stack import Stack
from ..model.project import Out, Script
from ..model.snapshot import Snapshot

DEFAULT_REMOTE = "registry"
CONFIG = ".dvc/config"
_REMOTE = r"""(?m)^\s*\[\s*['"]?remote\b[^\]]*\][^\[]*?^\s*url\s*=([^\n]*)"""
_PLAIN = r"[\w:/.@~+=?&$*{}-]+\Z"
_DRIVE = r"[A-Za-z]:[\\/]"
MAX_RUNS = 10_000
"""An experiment of more runs than this is taken for a mistake."""

EXTRAS = {
    "s3": "s3", "gs": "gs", "azure": "azure", "ssh": "ssh", "sftp": "ssh", "gdrive": "gdrive", "oss": "oss",
    "hdfs": "hdfs", "webdav": "webdav", "webdavs": "webdav",
}  # fmt: skip
"""DVC's extra for each scheme, https://dvc.org/doc/install/linux#install-with-pip"""


@dataclass(frozen=True, slots=True)
class Source:
    """An external source: where it is, and where DVC is to keep it. ``file`` is set where it is a DVC repository's."""

    name: str
    url: str
    path: str
    file: str | None
    rev: str | None
    schema: str | None
    check: str | None


def remotes(stack: Stack) -> dict[str, str]:
    """The DVC remotes by name; the first is the default one."""
    if stack.registry is None:
        return {}
    return {DEFAULT_REMOTE: stack.registry} if isinstance(stack.registry, str) else dict(stack.registry)


def remote(stack: Stack, snapshot: Snapshot) -> str | None:
    """The URL of the DVC remote: the spec's first one, else one that .dvc/config names; None where there is none."""
    for url in remotes(stack).values():
        return url
    text = snapshot.read(CONFIG) if snapshot.kind(CONFIG) == "file" else None
    match = re.search(_REMOTE, (text or b"").decode("utf-8", "replace"))
    return match.group(1).strip() if match else None


def extras(spec: Spec) -> list[str]:
    """The extras of DVC that the URLs of remotes and external data need; the package of each is ``dvc_EXTRA``."""
    urls = [*remotes(spec.stack).values(), *(said.url for said in (spec.data or {}).values())]
    return sorted({EXTRAS[scheme] for url in urls if (scheme := url.partition("://")[0]) in EXTRAS})


def package(spec: Spec) -> str:
    """DVC as pip takes it, with the extras that it needs."""
    needed = extras(spec)
    return f"dvc[{','.join(needed)}]" if needed else "dvc"


def packages(requirements: str | None) -> list[str]:
    """The words by which pip installs what a file names; none where pip does not read such a file."""
    return {"requirements.txt": ["-r requirements.txt"], "pyproject.toml": ["-e ."]}.get(requirements or "", [])


def config(stack: Stack) -> str:
    """The part of .dvc/config that says the remotes. Credentials are never in it: DVC finds them in the environment."""
    said = remotes(stack)
    if not said:
        return ""
    lines = ["[core]", f"    remote = {next(iter(said))}"]
    for name, url in said.items():
        lines += [f"['remote \"{name}\"']", f"    url = {_ini(_from_config(url))}"]
    return "\n".join(lines) + "\n"


def is_relative(url: str) -> bool:
    """Whether a place is a path that is to be seen from the root of the repository."""
    return "://" not in url and not url.startswith(("/", "~")) and not re.match(_DRIVE, url)


def _from_config(url: str) -> str:
    """DVC sees a relative path from the folder of its configuration, .dvc."""
    return posixpath.join("..", url) if is_relative(url) else url


def _ini(text: str) -> str:
    """A value as DVC reads it, by ConfigObj, for which a comma makes a list, `#` begins a comment and %(x)s is a variable.

    https://configobj.readthedocs.io/en/latest/configobj.html#the-config-file-format
    """
    if re.match(_PLAIN, text):
        return text
    mark = "'" if "'" not in text else '"' if '"' not in text else "'''"
    return f"{mark}{text}{mark}"


def source(name: str, said: Data) -> Source:
    """A source of `data:`, with what is left out."""
    path = said.path or f"data/raw/{name}"
    repository = said.file is not None or said.rev is not None
    return Source(name, said.url, path, (said.file or path) if repository else None, said.rev, said.schema_, said.check)


def values(said: list[Any] | Range | Random) -> list[Any]:
    """The values of one parameter of an experiment; the same on every machine."""
    if isinstance(said, list):
        return said
    from ...schemas.operate import Range

    if not isinstance(said, Range):
        return list(_drawn(said))
    steps = math.floor((said.stop - said.start) / said.step + 1e-9)
    made = [said.start + index * said.step for index in range(min(steps, MAX_RUNS) + 1)]
    return [value if isinstance(value, int) else float(f"{value:.12g}") for value in made]


def _drawn(said: Random) -> Iterator[float | int]:
    from random import Random as Generator

    draw = Generator(said.seed).random  # `random()` is promised to stay the same in every version of Python
    whole = isinstance(said.low, int) and isinstance(said.high, int) and not said.log
    for _ in range(said.count):
        share = draw()
        if said.log:
            yield float(f"{math.exp(math.log(said.low) + share * math.log(said.high / said.low)):.6g}")
        elif whole:
            yield int(said.low + math.floor(share * (said.high - said.low + 1)))
        else:
            yield float(f"{said.low + share * (said.high - said.low):.6g}")


def runs(experiment: Experiment) -> int:
    """How many runs an experiment makes."""
    return math.prod(len(values(said)) for said in experiment.set.values())


def grid(experiment: Experiment) -> Iterator[dict[str, Any]]:
    """The parameters of each run."""
    names = list(experiment.set)
    for chosen in itertools.product(*(values(said) for said in experiment.set.values())):
        yield dict(zip(names, chosen, strict=True))


def sweeps(experiment: Experiment) -> list[str]:
    """What `dvc exp run --set-param` takes to make the same runs, one text for each parameter."""
    return [f"{name}={','.join(_hydra(value) for value in values(said))}" for name, said in experiment.set.items()]


def operations(spec: Spec, outs: Iterable[Out]) -> tuple[Script, ...]:
    """The programs that the spec's models, deployments, monitors and experiments need; ``outs`` are the pipeline's."""
    if not (spec.models or spec.deploy or spec.monitor or spec.experiments):
        return ()
    from ..programs import program
    from .deployment import deploy_script

    outs = list(outs)
    made = [program("register.sh")] if spec.models else []
    for name, deployment in (spec.deploy or {}).items():
        model = (spec.models or {}).get(deployment.model)
        if model is not None:
            made.append(deploy_script(name, deployment, model.path, outs))
    made += [program("compare.py")] if spec.experiments else []
    made += [program("deploy.sh")] if spec.deploy else []
    made += [program("monitor.py"), program("history.sh")] if spec.monitor else []
    made += [program("retrain.sh")] if any(retrains(monitor) for monitor in (spec.monitor or {}).values()) else []
    made += [program("chart.py")] if spec.experiments or spec.monitor else []
    judged = spec.monitor or any(deployment.gates for deployment in (spec.deploy or {}).values())
    return (*made, *([program("gate.py")] if judged else []))


def retrains(monitor: Monitor) -> bool:
    """Whether a breach starts a retraining."""
    return "retrain" in (monitor.on_breach or ())


def _hydra(value: Any) -> str:
    """A value in Hydra's grammar of overrides, https://hydra.cc/docs/advanced/override_grammar/basic"""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return f"[{','.join(map(_hydra, value))}]"
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{key}:{_hydra(each)}" for key, each in value.items()) + "}"
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace("'", "\\'")
        return f"'{escaped}'"
    return repr(value)
