# Made by mlopsc: is dvc.lock what the code and the data of this commit make? It needs DVC, and run.py in the commit.
"""locked.py [--pull] TARGET: fail if the stage TARGET, or one above it, is not what dvc.lock says.

With --pull, what is missing here counts as what dvc.lock says of it. A stage that runs always is no reason to fail.
"""

import json
import os
import subprocess
import sys
import tempfile

RUNNER = os.path.join(".mlops", "scripts", "run.py")
HELP = "Run `make pull` if data are missing here, then `make pipeline`, commit dvc.lock, and register that commit under a new version."


def report(flags):
    """What the runner would do, as it writes it; None if it cannot tell."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "report.json")
        command = [sys.executable, RUNNER, "--dry-run", "--json", path, *flags]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode:
            sys.exit(done.stdout + "the pipeline cannot be loaded")
        try:
            with open(path, encoding="utf-8") as file:
                return json.load(file)
        except FileNotFoundError:
            return None


def main(arguments):
    if not os.path.exists(RUNNER):
        print("this commit has no runner: whether its dvc.lock is up to date is not checked", file=sys.stderr)
        return
    found = report(arguments)
    if found is None:
        sys.exit("the runner does not know this version of DVC: it cannot tell whether dvc.lock is up to date")
    changed = [stage for stage in found["stages"] if stage["status"].startswith("would ")]
    changed = [f"{stage['stage']} ({stage['reason']})" for stage in changed if stage["reason"] != "it runs always"]
    if changed:
        sys.exit(f"dvc.lock is not what this commit makes: {'; '.join(changed)}.\n{HELP}")


if __name__ == "__main__":
    main(sys.argv[1:])
