"""Hosts of their own on one machine: Linux network namespaces on a bridge that leads nowhere else, each with its own disk."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from conftest import BIN, tool

SERVICES = "10.77.0.1"
"""The address of the host that serves the others."""

EMPTY = 'mount -t tmpfs tmpfs "$DISK" && mkdir "$HOME" "$TMPDIR" && cd "$HOME" && exec "$@"'
"""Hide the folder DISK behind an empty one that is gone with the process: `ip netns exec` has mounts of its own."""


class Network:
    """Namespaces, named after this process. All that is in them ends with them."""

    def __init__(self, disk: Path) -> None:
        self.ip, self.disk = tool("ip"), disk
        self.numbers = itertools.count(2)
        self.made: list[str] = []

    def call(self, *words: str) -> str:
        done = subprocess.run([self.ip, *words], capture_output=True, text=True, timeout=60, check=False)
        if done.returncode:
            raise OSError(f"ip {' '.join(words)}: {done.stderr.strip()}")
        return done.stdout

    def add(self, number: int) -> str:
        name = f"mlops-{os.getpid()}-{number}"
        self.call("netns", "add", name)
        self.made.append(name)
        self.call("-n", name, "link", "set", "lo", "up")
        return name

    def open(self) -> str:
        """The first host, which holds the bridge."""
        name = self.services = self.add(1)
        self.call("-n", name, "link", "add", "bridge", "type", "bridge")
        self.call("-n", name, "address", "add", f"{SERVICES}/16", "dev", "bridge")
        self.call("-n", name, "link", "set", "bridge", "up")
        return name

    @contextmanager
    def host(self) -> Iterator[str]:
        """One more host, for a while."""
        number = next(self.numbers)
        name = self.add(number)
        try:
            peer = f"to{number}"
            self.call("-n", name, "link", "add", "eth0", "type", "veth", "peer", "name", peer, "netns", self.services)
            self.call("-n", self.services, "link", "set", peer, "master", "bridge", "up")
            self.call("-n", name, "address", "add", f"10.77.{number // 250 + 1}.{number % 250 + 1}/16", "dev", "eth0")
            self.call("-n", name, "link", "set", "eth0", "up")
            yield name
        finally:
            self.remove(name)

    def start(self, host: str, *command: str, log: Path, **environment: str) -> subprocess.Popen[bytes]:
        """Start a command on a host; what it says goes to the end of a log."""
        with log.open("ab") as out:
            return subprocess.Popen(
                [self.ip, "netns", "exec", host, *command], stdout=out, stderr=out, start_new_session=True,
                env={"PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "LC_ALL": "C.UTF-8", **environment},
            )  # fmt: skip

    def start_empty(
        self, host: str, *command: str, log: Path, environment: Mapping[str, str]
    ) -> subprocess.Popen[bytes]:
        """The same with an empty disk, home and TMPDIR; nothing under `disk` can be seen."""
        places = {"DISK": str(self.disk), "HOME": f"{self.disk}/home", "TMPDIR": f"{self.disk}/tmp"}
        return self.start(host, "sh", "-ec", EMPTY, "sh", *command, log=log, **{**environment, **places})

    def remove(self, name: str) -> None:
        """End what runs on a host, and the host."""
        self.made.remove(name)
        for number in self.call("netns", "pids", name).split():
            try:
                os.kill(int(number), signal.SIGKILL)
            except ProcessLookupError:
                continue
        self.call("netns", "delete", name)


@contextmanager
def network(disk: Path) -> Iterator[Network]:
    """A network with its first host. Where namespaces are not permitted: skipped on a laptop, failed in CI."""
    net = Network(disk)
    try:
        try:
            net.open()
            probe = net.start_empty(net.services, "true", log=Path(os.devnull), environment={})
            if probe.wait(60):
                raise OSError("no mounts of a process's own")
        except OSError as error:
            pytest.skip(f"network namespaces are not permitted here: {error}")
        yield net
    finally:
        for name in reversed(net.made):
            net.remove(name)
