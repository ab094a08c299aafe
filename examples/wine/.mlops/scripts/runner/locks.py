# Made by mlopsc: the locks of the runner. It needs DVC.
"""DVC's locks: one on the repository, and one for each path that a stage reads or writes (its rwlock)."""

from __future__ import annotations

import contextlib
import os
import re
import socket
import sys

import dvc.rwlock
import psutil
from dvc.dependency.db import AbstractDependency
from dvc.dependency.repo import RepoDependency
from dvc.lock import LockError
from dvc.repo import Repo

HOST = re.compile(r"\] on (\S+)$")
"""The host at the end of `acting_as`."""
CALLS_DVC = re.compile(r"\b(dvc|make|run\.py)\b")


def calls_dvc(commands: list) -> bool:
    """Whether commands may want DVC's lock on the repository: nothing else is recorded while they run."""
    return any(map(CALLS_DVC.search, commands))


def lock(repo: Repo, screen) -> None:
    """Take DVC's lock on the repository; another DVC process may hold it for minutes."""
    waiting = False
    while True:
        try:
            repo.lock.lock()
            break
        except LockError:
            if not waiting:
                screen.line("waiting for another DVC process to release its lock on the repository")
            waiting = True
    repo._lock_depth = 1  # so that what is called here does not take it again


def unlock(repo: Repo) -> None:
    repo._lock_depth = 0
    if repo.lock.is_locked:
        repo.lock.unlock()


def release_dead(repo: Repo) -> None:
    """Take processes that are gone out of DVC's rwlock. DVC takes zombies for alive, and a broken file for a reason to fail."""
    path = os.path.join(repo.tmp_dir, dvc.rwlock.RWLOCK_FILE)
    if not os.path.exists(path):
        return
    written = os.path.getmtime(path)
    try:
        with dvc.rwlock._edit_rwlock(repo.tmp_dir, repo.fs, repo.config["core"].get("hardlink_lock", False)) as entries:
            for name, holder in list(entries["write"].items()):
                if is_gone(holder, written):
                    del entries["write"][name]
            for name, holders in list(entries["read"].items()):
                entries["read"][name] = [holder for holder in holders if not is_gone(holder, written)]
                if not entries["read"][name]:
                    del entries["read"][name]
    except (dvc.rwlock.RWLockFileCorruptedError, dvc.rwlock.RWLockFileFormatError):
        os.unlink(path)


def is_gone(holder: dict, written: float) -> bool:
    """Whether the process that wrote its id into a file has ended; another one may have got its id.

    A process of another host counts as gone, as it does for DVC, which looks for its id here: the jobs of a cluster work
    on one folder, and a host that was lost would hold its paths for ever. Their order keeps them apart.
    """
    host = HOST.search(str(holder.get("cmd", "")))
    if host and host.group(1) != socket.gethostname():
        return True
    pid = holder["pid"]
    try:
        process = psutil.Process(pid)
        return pid == os.getpid() or process.status() == psutil.STATUS_ZOMBIE or process.create_time() > written + 1
    except psutil.NoSuchProcess:
        return True
    except psutil.Error:
        return False


def acting_as(stage) -> str:
    """Who holds the paths of a running stage, for DVC's rwlock."""
    return f"{' '.join(sys.argv)} [{stage.addressing}] on {socket.gethostname()}"


@contextlib.contextmanager
def acting_for(stage):
    """Let DVC lock paths for a stage that holds them already: its rwlock asks who we are, by `sys.argv`."""
    arguments = sys.argv
    sys.argv = [acting_as(stage)]
    try:
        yield
    finally:
        sys.argv = arguments


@contextlib.contextmanager
def links_open(repo: Repo):
    """Keep DVC's database of links open: DVC opens and closes it for each out, which takes longer than the rest."""
    links = getattr(repo.state, "links", None)
    if links is None:
        yield
        return
    links.close = lambda: None
    try:
        yield
    finally:
        del links.close
        links.close()


def paths_held(repo: Repo, stage):
    """DVC's lock on what a stage reads and writes, under the stage's own name."""
    reads = [dep.fs_path for dep in stage.deps if not isinstance(dep, (RepoDependency, AbstractDependency))]
    writes = [out.fs_path for out in stage.outs]
    hardlink = repo.config["core"].get("hardlink_lock", False)
    return dvc.rwlock.rwlock(repo.tmp_dir, repo.fs, acting_as(stage), reads, writes, hardlink)
