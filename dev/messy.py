"""Print the table of the messy repositories in docs/getting-started.md: `python dev/messy.py [NAME ...]`."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))


def main(names: list[str]) -> int:
    """Judge the repositories; 1 if fewer than nine of ten succeed."""
    from messy import REPOSITORIES
    from messy_judge import judge

    print("| repository | stages found | result |\n|---|---|---|")
    good = 0
    chosen = {name: REPOSITORIES[name] for name in names or REPOSITORIES}
    for messy in chosen.values():
        with tempfile.TemporaryDirectory() as folder:
            verdict = judge(messy, Path(folder))
        good += not verdict.failed
        stages = ", ".join(verdict.stages or messy.stages)
        result = "green, and equal in a clean clone" if not verdict.failed else f"stops at {verdict.failed}"
        if messy.lacks and messy.lacks in verdict.output:
            result += f", and says: {messy.lacks}" if verdict.failed else f"; says: {messy.lacks}"
        elif verdict.failed:
            result += f"\n{verdict.output}"
        print(f"| {messy.kind} | {stages} | {result} |", flush=True)
    print(f"\n{good} of {len(chosen)} are green")
    return good < 0.9 * len(chosen)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
