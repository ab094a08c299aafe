"""Record the state of the packaged templates: `record` before a release, `release` to begin the next version after one.

python dev/templates.py record            # the version that is not out yet has changed
python dev/templates.py release COMMIT    # what COMMIT holds is out: keep the way back to it, and count one up
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from mlopsc.compiler.scaffold.library import digest

ROOT = Path(__file__).parents[1]


def record(folder: Path, version: int | None = None) -> None:
    """Write the digest of the templates, and a new version number where one is given, into templates.json."""
    path = folder / "templates.json"
    index = json.loads(path.read_text())
    index |= {"version": version or index["version"], "digest": digest(str(folder))}
    path.write_text(json.dumps(index, indent=2) + "\n")


def release(folder: Path, older: Path) -> None:
    """Keep the patch that leads from ``folder`` back to ``older``, the version that is out, and count one up."""
    version = json.loads((older / "templates.json").read_text())["version"]
    if json.loads((folder / "templates.json").read_text())["version"] != version:
        raise SystemExit(f"version {version} is not the one before")
    with tempfile.TemporaryDirectory() as place:
        for name, source in (("a", folder), ("b", older)):
            subprocess.run(["cp", "-r", str(source), f"{place}/{name}"], check=True)
            subprocess.run(["rm", "-rf", f"{place}/{name}/history", f"{place}/{name}/templates.json"], check=True)
        command = ["git", "diff", "--no-index", "--no-prefix", "--binary", "--no-color", "--no-renames", "a", "b"]
        done = subprocess.run(command, cwd=place, capture_output=True, check=False)
    if done.returncode != 1:
        raise SystemExit("nothing has changed since" if not done.returncode else done.stderr.decode())
    (folder / "history").mkdir(exist_ok=True)
    (folder / "history" / f"{version}.patch").write_bytes(done.stdout)
    record(folder, version + 1)


def main() -> None:
    """Do what the command line says."""
    match sys.argv[1:]:
        case ["record"]:
            record(ROOT / "templates")
        case ["release", commit]:
            with tempfile.TemporaryDirectory() as place:
                archive = subprocess.run(
                    ["git", "archive", commit, "templates"], cwd=ROOT, capture_output=True, check=True
                )
                subprocess.run(["tar", "-x", "-C", place], input=archive.stdout, check=True)
                release(ROOT / "templates", Path(place) / "templates")
        case _:
            raise SystemExit(__doc__)


if __name__ == "__main__":
    main()
