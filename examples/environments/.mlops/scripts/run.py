# Made by mlopsc: runs the pipeline. It needs DVC (3.60 or later).
"""run.py [OPTION...] [TARGET...]: bring the pipeline, or the targets, up to date, as `dvc repro` does, but faster.

It means what `dvc repro` means, and leaves the same dvc.lock, cache, .gitignore and outs. It loads the graph once, runs
up to JOBS commands at a time, longest path first, and writes dvc.lock as stages finish. Stages with `resources` (in
.mlops/run.json) run together as far as the processors, the memory and the GPUs of this machine suffice. Whatever ends
it, its commands end too, and the next run goes on from there.

Environment: JOBS (for --jobs), KEEP_GOING=1 (for --keep-going). Options that it does not know are those of `dvc repro`,
which is called instead. Exit status: 0 if all is up to date, 1 if a stage failed, 2 if the pipeline cannot be loaded.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime
import json
import os
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
TESTED = (3, 60), (3, 67)
"""The first and the last version of DVC that this program is tested with."""
NESTED = "MLOPS_RUNNER"
"""Set for the commands of stages: a runner that a stage starts must not wait for the one that waits for the stage."""


def parse(arguments: list) -> tuple:
    """The options, and the options that are not ours."""
    parser = argparse.ArgumentParser(prog="run.py", description=__doc__.partition("\n\n")[0], allow_abbrev=False)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help="stages, groups or files, as for `dvc repro`")
    parser.add_argument("--jobs", "-j", type=int, default=os.environ.get("JOBS") or 1, help="commands at a time")
    parser.add_argument(
        "--keep-going", "-k", action="store_true", default=os.environ.get("KEEP_GOING", "") not in ("", "0")
    )
    parser.add_argument("--force", "-f", action="store_true", help="run stages that have not changed, too")
    parser.add_argument("--pull", action="store_true", help="pull what is missing and has not changed")
    parser.add_argument("--dry-run", "--dry", action="store_true", help="say what would run, and why")
    parser.add_argument("--only", action="store_true", help="run the targets alone, not the stages that they depend on")
    parser.add_argument("--json", metavar="FILE", help="write a report of what was done")
    options, unknown = parser.parse_known_intermixed_args(arguments)
    options.jobs = max(1, options.jobs)
    return options, unknown


def repro(options, unknown: list, reason: str):
    """Become `dvc repro`."""
    if options.only:
        sys.exit(f"run.py: {reason}, and `dvc repro` cannot do what --only does")
    print(f"run.py: {reason}: calling dvc repro", flush=True)
    follow_lock()
    flags = {
        "--keep-going": options.keep_going,
        "--force": options.force,
        "--pull": options.pull,
        "--dry": options.dry_run,
    }
    words = ["repro", *(flag for flag, wanted in flags.items() if wanted), *unknown, *options.targets]
    dvc = [sys.executable, "-m", "dvc"] if has_dvc(sys.executable) else [shutil.which("dvc") or "dvc"]
    try:
        if os.name == "nt":
            sys.exit(subprocess.call([*dvc, *words]))
        os.execvp(dvc[0], [*dvc, *words])
    except FileNotFoundError:
        sys.exit("run.py: there is no dvc: install it with `pip install dvc`")


def follow_lock() -> None:
    """Bring .mlops/packages.json up to date with the lock of the packages, where stages track it."""
    if os.path.exists(os.path.join(HERE, "packages.py")):
        import packages

        packages.follow_lock()


def has_dvc(python: str) -> bool:
    if python == sys.executable:
        import importlib.util

        return importlib.util.find_spec("dvc") is not None
    return subprocess.call([python, "-c", "import dvc"], stderr=subprocess.DEVNULL) == 0


def switch_python() -> None:
    """Start again with the Python that the command `dvc` runs on, if this one has no DVC."""
    command = shutil.which("dvc")
    if has_dvc(sys.executable) or not command:
        return
    with contextlib.suppress(OSError, UnicodeDecodeError), open(command, encoding="utf-8") as file:
        python = file.readline().removeprefix("#!").strip()
        if os.path.isabs(python) and has_dvc(python):
            os.execv(python, [python, os.path.abspath(__file__), *sys.argv[1:]])


def state_folder() -> str:
    """Where the runner keeps what it learns; Git ignores it."""
    root = (
        os.path.dirname(os.path.dirname(HERE)) if os.path.basename(os.path.dirname(HERE)) == ".mlops" else os.getcwd()
    )
    folder = os.path.join(root, ".mlops", "state")
    with contextlib.suppress(OSError):  # a full disk is no reason not to say what is up to date
        os.makedirs(folder, exist_ok=True)
        ignored = os.path.join(folder, ".gitignore")
        if not os.path.exists(ignored):
            with open(ignored, "w") as file:
                file.write("*\n")
    return folder


def wait_for_turn(folder: str, shared: bool):
    """Wait until no other runner works here, and keep others out for as long as this process or its launcher lives.

    Runners that are ``shared`` work at the same time: what they bring up to date does not overlap.
    """
    import fcntl

    turn = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    try:
        file = open(os.path.join(folder, "run.lock"), "a+")  # noqa: SIM115  (it is held until the end)
        try:
            fcntl.flock(file, turn | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"waiting for {holder(file)}", flush=True)
            fcntl.flock(file, turn)
        file.truncate(0)
        json.dump({"pid": os.getpid(), "command": " ".join(sys.argv), "since": now()}, file)
        file.flush()
    except OSError:
        return None  # a file system without locks: DVC's own have to do
    return file


def holder(file) -> str:
    try:
        file.seek(0)
        other = json.load(file)
        return f"another run: process {other['pid']} (`{other['command']}`), since {other['since']}"
    except (ValueError, KeyError):
        return "another run"


def now() -> str:
    return datetime.datetime.now().astimezone().isoformat(timespec="seconds")


def version() -> tuple:
    """DVC's version as text and as a pair of numbers."""
    from importlib.metadata import version

    text = version("dvc")
    return text, tuple(int(part) for part in text.split(".")[:2] if part.isdigit())


def main(arguments: list) -> int:
    options, unknown = parse(arguments)
    if options.only and not options.targets:
        sys.exit("run.py: --only needs a target")
    if unknown:
        repro(options, unknown, f"{' '.join(unknown)} is for dvc")
    if os.name == "nt":
        repro(options, [], "no processes are forked on Windows")
    switch_python()
    if not has_dvc(sys.executable):
        repro(options, [], "this Python has no DVC")
    name, number = version()
    if not TESTED[0] <= number <= TESTED[1]:
        first, last = (".".join(map(str, end)) for end in TESTED)
        repro(options, [], f"DVC {name} is not among the versions tested, {first} to {last}")
    folder = state_folder()
    options.nested = NESTED in os.environ
    turn = None if options.nested else wait_for_turn(folder, shared=options.only or options.dry_run)
    if not options.nested:
        follow_lock()
    os.environ[NESTED] = str(os.getpid())
    from runner.processes import Launcher

    launcher = Launcher()  # forked before DVC is imported, while this process is small and has one thread
    try:
        from runner import session
    except ImportError as error:
        repro(options, [], f"DVC {name} lacks what is needed here ({error})")
    try:
        return session.run(options, launcher, folder)
    except session.Unsupported as reason:
        return repro(options, [], str(reason))
    except BaseException:
        launcher.kill()
        raise
    finally:
        launcher.close()
        if turn:
            turn.close()


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
