"""Random pipelines, and what each of their stages must come to: said here, not asked of any tool."""

from __future__ import annotations

import itertools
import json
import os
from pathlib import Path
from typing import Any, NamedTuple

from cloned import STEP
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

FEW = settings(
    max_examples=int(os.environ.get("MLOPS_EXAMPLES", "1")),
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.large_base_example],
)
"""How many pipelines a test draws: one, because each is run dozens of times by real tools, or MLOPS_EXAMPLES."""

REPAIRED = {"p": "1", "deep.q": "two", "bad": "good"}
"""Values of the parameters; before the repair ``bad`` is `fail`, at which a command fails."""


class Step(NamedTuple):
    """One command: the path it writes, the word it puts there, and what it reads."""

    out: str
    word: str
    deps: list[str]

    def command(self, log: Path) -> str:
        return f"python step.py {log} {self.out} {self.word} {' '.join(self.deps)}"


class Drawn(NamedTuple):
    """A pipeline: what each stage needs and does, in an order that respects it, and which stages fail."""

    needs: dict[str, list[str]]
    steps: dict[str, list[Step]]
    fails: set[str]
    matrix: dict[str, list[str]]

    @property
    def stopped(self) -> set[str]:
        """What cannot be done: the stages that fail, and all behind them."""
        found = set(self.fails)
        for name, needs in self.needs.items():
            if found & set(needs):
                found.add(name)
        return found

    @property
    def failing(self) -> list[str]:
        """The outs at whose commands it stops: of stages that fail, and are not behind another one."""
        return sorted(self.steps[name][0].out for name in self.fails if not self.stopped & set(self.needs[name]))

    def outs(self, *names: str) -> list[str]:
        """What these stages write; without names, all."""
        return sorted(step.out for name in names or self.needs for step in self.steps[name])

    def good(self) -> list[str]:
        """What can be written although some stages fail."""
        names = [name for name in self.needs if name not in self.stopped]
        return self.outs(*names) if names else []

    def texts(self) -> dict[str, str]:
        """What must be in each out once nothing fails."""
        made = {"raw.txt": "raw"}
        for step in itertools.chain.from_iterable(self.steps.values()):
            word = REPAIRED.get(step.word[2:-1], step.word)
            made[step.out] = f"{word}:" + "|".join(_text(made, dep) for dep in step.deps)
        return {path: text for path, text in made.items() if path != "raw.txt"}

    def files(self, log: Path, name: str, stack: str, repaired: bool = False) -> dict[str, str]:
        """The repository."""
        bad = REPAIRED["bad"] if repaired else "fail"
        return {
            "step.py": STEP,
            "raw.txt": "raw",
            "params.yaml": f"p: 1\ndeep: {{q: two}}\nbad: {bad}\n",
            "mlops.yaml": f"mlops: 1\nproject: {name}\n{stack}\nstages: {json.dumps(self._stages(log))}\n",
        }

    def _stages(self, log: Path) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, steps in self.steps.items():
            base, _, cell = name.partition("@")
            if base not in found:
                text = json.dumps(_stage(steps, log))
                body = json.loads(text.replace(f"out/{base}/{cell}", f"out/{base}/${{item.x}}") if cell else text)
                found[base] = {"matrix": {"x": self.matrix[base]}, **body} if cell else body
        return found


def _text(made: dict[str, str], dep: str) -> str:
    under = sorted((path.split("/"), text) for path, text in made.items() if path == dep or path.startswith(f"{dep}/"))
    return "".join(text for _, text in under)


def _stage(steps: list[Step], log: Path) -> dict[str, Any]:
    """The stage of these commands: one folder in the cache, and files that are not."""
    folder = steps[0].out.rpartition("/")[0]
    deps = sorted({dep for step in steps for dep in step.deps} - {folder})
    params = sorted({step.word[2:-1] for step in steps if step.word.startswith("$")})
    return {
        "cmd": [step.command(log) for step in steps],
        "deps": ["step.py", *deps],
        **({"params": params} if params else {}),
        "outs": [folder],
        **({"metrics": [{step.out: {"cache": False}} for step in steps[1:]]} if steps[1:] else {}),
    }


@st.composite
def pipelines(draw: st.DrawFn) -> Drawn:
    """Fan-in, fan-out, a matrix and what gathers it, files, folders, several outs, params, failures.

    What comes first in each choice makes up the first example, so it has some of each.
    """
    drawn = Drawn({}, {}, set(), {})
    for index in range(draw(st.sampled_from([3, 2, 4, 5]))):
        before = list(drawn.needs)
        choices = [list(each) for size in (2, 1, 3, 0) for each in itertools.combinations(before, size)]
        _add(draw, drawn, f"s{index}", draw(st.sampled_from(choices)), fails=index == 1 and draw(_yes))
    if draw(_yes):
        source, fails = draw(st.sampled_from(list(drawn.needs))), not draw(st.sampled_from([True, True, False]))
        drawn.matrix["m"] = draw(st.sampled_from([["a", "b"], ["a", "b", "c"], ["a"]]))
        for cell in drawn.matrix["m"]:
            step = Step(f"out/m/{cell}/x.txt", "${bad}" if fails else "each", [f"out/{source}"])
            drawn.steps[f"m@{cell}"] = [step]
            drawn.needs[f"m@{cell}"] = [source]
            if fails:
                drawn.fails.add(f"m@{cell}")
        if draw(_yes):
            cells = [f"m@{cell}" for cell in drawn.matrix["m"]]
            drawn.steps["all"] = [Step("out/all/x.txt", "plain", ["out/m", "raw.txt"])]
            drawn.needs["all"] = cells
    return drawn


_yes = st.sampled_from([True, False])


def _add(draw: st.DrawFn, drawn: Drawn, name: str, before: list[str], fails: bool) -> None:
    deps = [draw(st.sampled_from([f"out/{each}", f"out/{each}/x.txt"])) for each in before]
    beside = [step.out for each in before for step in drawn.steps[each][1:]]
    word = "${bad}" if fails else draw(st.sampled_from(["${p}", "${deep.q}", "plain"]))
    steps = [Step(f"out/{name}/x.txt", word, ["raw.txt", *deps, *beside])]
    if draw(_yes):
        steps.append(Step(f"m/{name}.txt", "beside", [f"out/{name}"]))
    drawn.steps[name] = steps
    drawn.needs[name] = before
    if fails:
        drawn.fails.add(name)
