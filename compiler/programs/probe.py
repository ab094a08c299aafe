"""Run by the Python that has DVC, never imported: what DVC makes of a repository before and after some files change.

Standard input is JSON: ``root``, ``pipelines`` (paths of dvc.yaml files) and ``write`` (contents by path); standard
output is JSON: ``before`` and ``after``, each with the resolved ``pipelines``, the ``problems`` that DVC has with
them, and the ``status`` it prints. Both are taken in one process, for the start of DVC takes longer than all else.
Sources: `dvc.parsing.DataResolver`, `dvc.cli.main` of DVC 3.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from typing import Any


def resolved(root: str, path: str) -> Any:
    """All that a dvc.yaml comes to once templates, foreach and matrix are expanded."""
    from dvc.dvcfile import load_file
    from dvc.repo import Repo

    with Repo(root) as repo:
        file = load_file(repo, path)
        resolver = file.resolver
        data = resolver.resolve()
        for part in ("artifacts", "datasets", "metrics", "params", "plots"):
            data[part] = getattr(resolver, f"resolve_{part}", list)()
        return data


def status() -> tuple[int, str, str]:
    """The exit code, output and errors of `dvc status`."""
    from dvc.cli import main

    kept = os.dup(1), os.dup(2)
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        sys.stdout.flush()
        os.dup2(out.fileno(), 1)
        os.dup2(err.fileno(), 2)
        try:
            code = main(["status"])
            sys.stdout.flush()
            sys.stderr.flush()
        finally:
            os.dup2(kept[0], 1)
            os.dup2(kept[1], 2)
        texts = []
        for file in (out, err):
            file.seek(0)
            texts.append(file.read().decode("utf-8", "replace"))
        return code, texts[0], texts[1]


def reason(error: BaseException | None) -> str:
    """What DVC says, with what it says that it comes from."""
    words: list[str] = []
    while error is not None:
        if (text := str(error).strip()) and text not in words:
            words.append(text)
        error = error.__cause__
    return ": ".join(words) or "it gives no reason"


def seen(root: str, pipelines: list[str]) -> dict[str, Any]:
    """What DVC makes of the repository as it stands."""
    found: dict[str, Any] = {"pipelines": {}, "problems": {}}
    for path in pipelines:
        try:
            found["pipelines"][path] = json.loads(json.dumps(resolved(root, path), default=str))
        except Exception as error:  # whatever DVC raises is its reason
            found["problems"][path] = reason(error)
    if not found["problems"]:
        found["code"], found["status"], found["errors"] = status()
    return found


def main() -> None:
    """Look, change the files, look again."""
    asked = json.load(sys.stdin)
    os.chdir(asked["root"])
    answer = {"before": seen(asked["root"], asked["pipelines"])}
    if not answer["before"]["problems"]:
        for path, text in asked["write"].items():
            os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
            if os.path.lexists(path):
                os.unlink(path)  # it may be one file with the user's own
            with open(path, "wb") as file:
                file.write(text.encode("utf-8", "surrogateescape"))
        answer["after"] = seen(asked["root"], asked["pipelines"])
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    sys.path[:] = [folder for folder in sys.path if folder]  # nothing of the repository is to be imported
    main()
