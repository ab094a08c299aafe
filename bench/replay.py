"""Re-runs by bytes and by meaning: missed ones, which must not be, and needless ones. `python bench/replay.py --help`.

Part one makes edits in generated repositories and runs them for real: by `dvc repro`, by the runner, and all commands anew. Part
two takes commits of the repositories that are named, clones or URLs, and compares the bytecode of the code that changed. Prints
tables in Markdown. Exit status 1 if a re-run was missed.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import edits
from commits import Decision, History
from pipelines import Outcome, Pipeline

EDITS = 10
"""Edits made in one generated repository, one after the other."""


def generated(seed: int, count: int) -> list[Outcome]:
    with tempfile.TemporaryDirectory() as folder:
        return [*Pipeline(Path(folder), seed).outcomes(count)]


def public(source: str, pairs: int, seed: int) -> list[Decision]:
    with tempfile.TemporaryDirectory() as folder:
        return [decision for _, decided in History(source, Path(folder)).decisions(pairs, seed) for decision in decided]


def kind(outcome: Outcome) -> str:
    """The row of the table that an edit counts in."""
    if outcome.edit in edits.LAYOUT or outcome.edit in edits.MEANING:
        code = "layout" if outcome.edit in edits.LAYOUT else "code"
        return f"{code}, in code that {'reads code' if outcome.trait != 'plain' else 'does not'}"
    return outcome.edit


def table_of_outcomes(outcomes: Sequence[Outcome]) -> Iterator[str]:
    failed = {(outcome.seed, outcome.number) for outcome in outcomes if outcome.failed}
    yield f"| edit ({len(failed)} that broke the code left out) | edits | out changed | `dvc repro` ran | runner ran | needless, avoided | missed |"
    yield "|---|---|---|---|---|---|---|"
    kept = [outcome for outcome in outcomes if not outcome.failed]
    for name in [*sorted({kind(outcome) for outcome in kept}), "all"]:
        rows = [outcome for outcome in kept if name in (kind(outcome), "all")]
        needless = [outcome for outcome in rows if outcome.ran_by_bytes and not outcome.changed]
        avoided = sum(not outcome.ran_by_meaning for outcome in needless)
        figures = (
            len({(outcome.seed, outcome.number) for outcome in rows}),
            sum(outcome.changed for outcome in rows),
            sum(outcome.ran_by_bytes for outcome in rows),
            sum(outcome.ran_by_meaning for outcome in rows),
            f"{avoided} of {len(needless)}",
            sum(outcome.wrong_by_meaning for outcome in rows),
        )
        yield f"| {name} | {' | '.join(map(str, figures))} |"


def table_of_decisions(decisions: Sequence[Decision]) -> Iterator[str]:
    yield "| repository | commits | edits of files | by bytes | by meaning | needless, avoided | missed |"
    yield "|---|---|---|---|---|---|---|"
    for name in [*sorted({decision.repository for decision in decisions}), "all"]:
        rows = [decision for decision in decisions if name in (decision.repository, "all")]
        needless = [decision for decision in rows if decision.same]
        figures = (
            len({(decision.repository, decision.commit) for decision in rows}),
            len({(decision.repository, decision.commit, decision.path) for decision in rows}),
            len(rows),
            sum(not decision.accepted for decision in rows),
            f"{sum(decision.accepted for decision in needless)} of {len(needless)}",
            sum(decision.missed for decision in rows),
        )
        yield f"| {name} | {' | '.join(map(str, figures))} |"


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n\n")[0])
    parser.add_argument(
        "sources", nargs="*", metavar="REPOSITORY", help="clones or URLs of repositories with a dvc.yaml"
    )
    parser.add_argument("--pairs", type=int, default=300, help="edits in generated repositories")
    parser.add_argument("--commits", type=int, default=60, help="commits of each repository, at most")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1, help="repositories at a time")
    options = parser.parse_args()
    seeds = range(options.seed * 1000, options.seed * 1000 + -(-options.pairs // EDITS))
    with ProcessPoolExecutor(options.jobs) as pool:
        made = pool.map(partial(generated, count=min(EDITS, options.pairs)), seeds)
        outcomes = []
        for seed, some in zip(seeds, made, strict=True):
            outcomes += some
            print(f"pipeline {seed}: {len(some)} stages judged", file=sys.stderr)
        taken = pool.map(partial(public, pairs=options.commits, seed=options.seed), options.sources)
        decisions = []
        for source, some in zip(options.sources, taken, strict=True):
            decisions += some
            print(f"{source}: {len(some)} edits as stages see them", file=sys.stderr)
    if outcomes:
        print(*table_of_outcomes(outcomes), sep="\n")
    if decisions:
        print("", *table_of_decisions(decisions), sep="\n")
    wrong = [outcome for outcome in outcomes if outcome.wrong_by_meaning]
    missed = [decision for decision in decisions if decision.missed]
    for problem in (*wrong, *missed):
        print(f"missed: {problem}", file=sys.stderr)
    return 1 if wrong or missed else 0


if __name__ == "__main__":
    sys.exit(main())
