"""A SLURM of one node on loopback, without systemd: Debian's slurm-wlm and munge, with all state in one folder."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from getpass import getuser
from pathlib import Path

from conftest import run, tool

NODE = "localhost"
CONFIGURATION = """\
ClusterName=test
SlurmctldHost={node}(127.0.0.1)
SlurmctldPort={controller}
SlurmdPort={daemon}
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CryptoType=crypto/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
SlurmdParameters=config_overrides
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
SwitchType=switch/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=1,bf_interval=1
GresTypes=gpu
KillWait=2
ReturnToService=2
NodeName={node} NodeHostname={node} NodeAddr=127.0.0.1 CPUs=4 RealMemory=1000 Gres=gpu:a100:2 State=UNKNOWN
PartitionName=main Nodes={node} Default=YES MaxTime=INFINITE State=UP OverSubscribe=NO
PartitionName=other Nodes={node} MaxTime=60 State=UP
"""
"""https://slurm.schedmd.com/slurm.conf.html. Four cores, whatever the machine has, so that jobs run at the same time."""
GRES = "Name=gpu Type=a100 File=/dev/null,/dev/zero\n"
DAEMONS = ("slurmd", "slurmctld", "munged")
SBIN = ("/usr/sbin", "/sbin")
GUARD = """\
cat > /dev/null
scancel --user "$1"
for _ in 1 2 3 4 5 6 7 8 9 10; do
    [ -n "$(squeue -h)" ] || break
    sleep 1
done
for name in slurmd slurmctld munged; do
    kill "$(cat "$name.pid")"
done
cd /
for _ in 1 2 3 4 5 6 7 8 9 10; do
    rm -rf "$2" && break  # it fails while a daemon, on its way out, writes there
    sleep 1
done
"""
"""Ends the daemons once its input is closed, which the end of the tests' process does even where that was killed."""


class Cluster:
    """A running SLURM. ``environment`` is what its commands need."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {"SLURM_CONF": str(folder / "slurm.conf")}

    def call(self, *command: str, check: bool = True) -> str:
        """Run a command of SLURM; what it prints."""
        return run(*command, cwd=self.folder, check=check, **self.environment).stdout

    def jobs(self) -> dict[str, str]:
        """The states of the jobs that wait or run, by id; tasks of arrays apart."""
        lines = self.call("squeue", "-h", "-r", "-o", "%i %T").splitlines()
        return dict(line.split() for line in lines)

    def settle(self, seconds: float = 120) -> None:
        """Wait until no job is left."""
        self.until(lambda: not self.jobs(), "the queue is empty", seconds)

    def until(self, condition: object, what: str, seconds: float = 60) -> None:
        """Wait until a condition holds."""
        assert callable(condition)
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, f"waited in vain until {what}: {self.call('squeue')}"
            time.sleep(0.1)

    def start(self) -> None:
        """Start the daemons, and wait for the node."""
        munge = [
            f"--{name}={self.folder}/munge.{name.partition('-')[0]}" for name in ("key-file", "socket", "seed-file")
        ]
        files = [f"--pid-file={self.folder}/munged.pid", f"--log-file={self.folder}/munged.log"]
        configuration = str(self.folder / "slurm.conf")
        for command in (
            (tool("munged"), *munge, *files, "--force"),
            (tool("slurmctld"), "-c", "-f", configuration),
            (tool("slurmd"), "-N", NODE, "-f", configuration),
        ):
            run(*command, cwd=self.folder, **self.environment)
        self.until(lambda: self.call("sinfo", "-h", "-p", "main", "-o", "%t").strip() == "idle", "the node is idle")

    def clear(self) -> None:
        """Cancel all jobs, and give the node back."""
        self.call("scancel", "--user", getuser())
        self.call("scontrol", "update", f"NodeName={NODE}", "State=RESUME", check=False)
        self.settle()

    def stop(self) -> None:
        """Cancel all jobs, and end the daemons."""
        self.call("scancel", "--user", getuser(), check=False)
        for name in DAEMONS:
            try:
                pid = int((self.folder / f"{name}.pid").read_text())
                os.kill(pid, signal.SIGTERM)
                for _ in range(100):
                    os.kill(pid, 0)
                    time.sleep(0.05)
                os.kill(pid, signal.SIGKILL)
            except (OSError, ValueError):
                continue


@contextmanager
def cluster(folder: Path) -> Iterator[Cluster]:
    """A SLURM that works in ``folder``. Where it is not installed: skipped on a laptop, failed in CI."""
    os.environ["PATH"] = os.pathsep.join([os.environ["PATH"], *SBIN])
    for name in ("sbatch", *DAEMONS):
        tool(name)
    for name in ("state", "spool"):
        (folder / name).mkdir(parents=True)
    folder.chmod(0o755)  # munged wants no one else to write here
    (folder / "munge.key").write_bytes(os.urandom(1024))
    (folder / "munge.key").chmod(0o600)
    controller, daemon = free_ports()
    configuration = CONFIGURATION.format(node=NODE, folder=folder, user=getuser(), controller=controller, daemon=daemon)
    (folder / "slurm.conf").write_text(configuration)
    (folder / "gres.conf").write_text(GRES)
    slurm = Cluster(folder)
    guard = subprocess.Popen(
        ["sh", "-c", GUARD, "guard", getuser(), str(folder)],
        cwd=folder,
        env={**os.environ, **slurm.environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # what kills the tests by their group must not kill it
    )
    try:
        slurm.start()
        yield slurm
    finally:
        slurm.stop()
        guard.kill()
        guard.communicate()
        shutil.rmtree(folder, ignore_errors=True)


def free_ports() -> tuple[int, int]:
    with socket.socket() as one, socket.socket() as other:
        for free in (one, other):
            free.bind(("127.0.0.1", 0))
        return one.getsockname()[1], other.getsockname()[1]
