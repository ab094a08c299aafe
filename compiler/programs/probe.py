"""Run by the Python that has DVC, never imported: how DVC sees a repository before and after some files change.

Standard input is JSON: ``root``, ``pipelines`` (paths of dvc.yaml files) and ``write`` (contents by path). Standard output is
JSON: ``before`` and ``after``, each with the resolved ``pipelines``, the ``problems`` that DVC has with them, the ``status`` of
each stage that changed, the stages that are ``unanswered`` with the reason, and the ``errors`` of `dvc status`.

The repository may be somebody else's. Stages that read or write anything but local files are not asked for their status:
DVC would contact a remote, with the credentials and the commands that its configuration names.
Both answers come from one process, because DVC takes longer to start than for all else.
Sources: `dvc.parsing.DataResolver`, `dvc.repo.status` of DVC 3.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any


def resolved(repo: Any, path: str) -> Any:
    """Everything that a dvc.yaml contains once templates, foreach and matrix are expanded."""
    from dvc.dvcfile import load_file

    resolver = load_file(repo, path).resolver
    data = resolver.resolve()
    for part in ("artifacts", "datasets", "metrics", "params", "plots"):
        data[part] = getattr(resolver, f"resolve_{part}", list)()
    return data


def status(repo: Any) -> dict[str, Any]:
    """The status of every stage of the repository, as far as it can be told without the network."""
    answer: dict[str, Any] = {"status": {}, "unanswered": {}, "errors": ""}
    stages: list[Any] = []
    for address, load in collected(repo):
        try:
            stages.append(load())
        except Exception as error:  # whatever DVC raises is its reason
            if lacks_plugin(error):
                answer["unanswered"][address] = "DVC lacks the plugin for a remote that it uses"
            else:  # `dvc status` stops here, and the other stages can still be compared
                answer["errors"] = answer["errors"] or reason(error)
    for stage in stages:
        why = obstacle(stage)
        if why:
            answer["unanswered"][stage.addressing] = why
            continue
        try:
            answer["status"].update(stage.status())
        except Exception as error:
            answer["errors"] = f"{stage.addressing}: {reason(error)}"
            return answer
    answer["errors"] = answer["errors"] or overlapping(repo, stages)
    return answer


def collected(repo: Any) -> Iterator[tuple[str, Callable[[], Any]]]:
    """The address of each stage that `dvc status` covers, and what loads it. DVC does not look into outs for pipelines."""
    from dvc.dvcfile import is_valid_filename, load_file

    outs: set[str] = set()
    for folder, folders, names in repo.dvcignore.walk(repo.fs, repo.root_dir, followlinks=False):
        for name in filter(is_valid_filename, names):
            path = os.path.relpath(os.path.join(folder, name), repo.root_dir)
            try:
                loaded = load_file(repo, path).stages
            except Exception as error:  # whatever DVC raises is its reason
                yield path, partial(refused, error)
                continue
            for stage in loaded:
                yield address(path, stage), partial(remembered, loaded, stage, outs)
        folders[:] = [name for name in folders if os.path.join(folder, name) not in outs]


def address(path: str, stage: str | None) -> str:
    """A stage as DVC names it."""
    return path if not stage else stage if path == "dvc.yaml" else f"{path}:{stage}"


def remembered(loaded: Any, name: str | None, outs: set[str]) -> Any:
    """Load a stage, and add its outs to ``outs``."""
    stage = loaded[name]
    outs.update(str(out.fs_path) for out in stage.outs if out.protocol == "local")
    return stage


def refused(error: Exception) -> Any:
    """Raise what DVC says of a file that it cannot load; `dvc status` fails with it, whatever is imported."""
    raise error


def lacks_plugin(error: BaseException) -> bool:
    """Whether DVC only misses the package for a kind of remote: dvc-s3, dvc-webdav and so on."""
    return type(error).__name__ == "RemoteMissingDepsError" or "to be installed" in str(error)


def obstacle(stage: Any) -> str:
    """Why the status of a stage cannot be told from local files alone; empty if it can."""
    if stage.is_repo_import or stage.is_versioned_import or getattr(stage, "is_db_import", False):
        return "it is imported from another repository"
    for entry in (*stage.deps, *stage.outs):
        if getattr(entry, "protocol", "local") not in (None, "local") or entry.def_path.startswith("ds://"):
            return f"`{entry.def_path}` is not a local file"
        path = getattr(entry, "fs_path", "") or ""
        if os.path.exists(path) and not os.path.isdir(path) and not os.path.isfile(path):
            return f"`{entry.def_path}` is not a regular file"
    return ""


def overlapping(repo: Any, stages: list[Any]) -> str:
    """What DVC has against all stages together, such as an out of two stages."""
    from dvc.repo.index import Index

    try:
        Index(repo, stages=stages).check_graph()
    except Exception as error:
        return reason(error)
    return ""


def reason(error: BaseException | None) -> str:
    """DVC's message, with the messages of its causes."""
    words: list[str] = []
    while error is not None:
        if (text := str(error).strip()) and text not in words:
            words.append(text)
        error = error.__cause__
    return ": ".join(words) or "it gives no reason"


def seen(root: str, pipelines: list[str]) -> dict[str, Any]:
    """How DVC sees the repository as it is now."""
    from dvc.repo import Repo

    answer: dict[str, Any] = {"pipelines": {}, "problems": {}}
    with Repo(root) as repo, repo.lock:
        for path in pipelines:
            try:
                answer["pipelines"][path] = json.loads(json.dumps(resolved(repo, path), default=str))
            except Exception as error:  # whatever DVC raises is its reason
                answer["problems"][path] = reason(error)
        if not answer["problems"]:
            answer.update(json.loads(json.dumps(status(repo), default=str)))
    return answer


def main() -> None:
    """Look, change the files, look again."""
    question = json.load(sys.stdin)
    output = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever DVC prints is not the answer
    os.chdir(question["root"])
    answer = {"before": seen(question["root"], question["pipelines"])}
    if not answer["before"]["problems"]:
        for path, text in question["write"].items():
            os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
            if os.path.lexists(path):
                os.unlink(path)  # it may be a hard link to the user's file
            with open(path, "wb") as file:
                file.write(text.encode("utf-8", "surrogateescape"))
        answer["after"] = seen(question["root"], question["pipelines"])
    json.dump(answer, output)
    output.close()


if __name__ == "__main__":
    main()
