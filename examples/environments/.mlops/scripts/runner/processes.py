# Made by mlopsc: the processes of the runner. It needs Python alone.
"""Child processes of `run.py`, started and watched by a launcher: a small process that the runner forks first.

The launcher starts each command in a session of its own, and adopts what the commands leave behind (on Linux). It
outlives a runner that is killed, for as long as it takes to end everything that was started for it. A command gets
SIGKILL from the kernel if the launcher itself is killed (on Linux).
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import queue
import select
import selectors
import signal
import socket
import struct
import sys
import threading
import time
from dataclasses import dataclass, field

GRACE_SECONDS = 10
"""How long a command may take to end after it was asked to, before it is killed."""
LENGTH = struct.Struct("!I")
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36  # prctl(2)


@dataclass
class Exit:
    """The end of a job: the place of its last command, and that command's return code (negative for a signal)."""

    job: int
    place: int
    returncode: int


class Launcher:
    """The runner's side: starts jobs, reads their output, and puts an Exit into `exits` for each (None: all is lost)."""

    def __init__(self) -> None:
        self.exits: queue.SimpleQueue = queue.SimpleQueue()
        self._outputs: dict = {}
        self._socket, theirs = socket.socketpair()
        stop, self._stop = os.pipe()
        self.pid = os.fork()
        if not self.pid:
            status = 1
            try:
                self._socket.close()
                os.close(self._stop)
                status = Supervisor(theirs, stop).serve()
            finally:
                os._exit(status)
        theirs.close()
        os.close(stop)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._socket, selectors.EVENT_READ)
        threading.Thread(target=self._listen, daemon=True).start()

    def start(self, job: int, commands: list, cwd: str, env: dict, stdin: bool, output) -> None:
        """Run commands one after the other, until one fails. `output` is called with each chunk of bytes they print."""
        reading, writing = os.pipe()
        os.set_blocking(reading, False)
        message = {
            "job": job,
            "commands": commands,
            "cwd": cwd,
            "set": {name: value for name, value in env.items() if os.environ.get(name) != value},
            "unset": [name for name in os.environ if name not in env],
            "stdin": stdin,
        }
        self._outputs[job] = reading
        self._selector.register(reading, selectors.EVENT_READ, output)
        try:
            _send(self._socket, message, writing)
        finally:
            os.close(writing)

    def stop(self, signum: int) -> None:
        """Send a signal to everything that runs, and SIGKILL after a while. Safe to call in a signal handler."""
        os.write(self._stop, bytes([signum]))

    def close(self) -> None:
        """Let the launcher go. Background processes that a finished stage has left stay, as under `dvc repro`."""
        with contextlib.suppress(OSError):
            _send(self._socket, {})
        self.kill()

    def kill(self) -> None:
        """Kill everything that was started and is still there."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self.pid, 0)

    def _listen(self) -> None:
        """A thread: pass on what the commands print, and how they ended."""
        while True:
            ready = [key for key, _ in self._selector.select()]
            for key in ready:
                if key.data:
                    self._drain(key.fd, key.data)
            if any(key.data is None for key in ready):
                try:
                    message, _ = _receive(self._socket)
                except OSError:
                    message = None
                if message is None:
                    self.exits.put(None)
                    return
                # Its output first. A process that it left in the background may hold the pipe open for hours.
                reading = self._outputs.pop(message["job"])
                key = self._selector.get_map().get(reading)
                if key and key.data:
                    self._drain(reading, key.data)
                self.exits.put(Exit(**message))

    def _drain(self, reading: int, output) -> None:
        """Read all that there is now."""
        while True:
            try:
                chunk = os.read(reading, 1 << 16)
            except BlockingIOError:
                return
            output(chunk)
            if not chunk:
                self._selector.unregister(reading)
                os.close(reading)
                return


def _send(connection: socket.socket, message: dict, *descriptors: int) -> None:
    data = json.dumps(message).encode()
    socket.send_fds(connection, [LENGTH.pack(len(data))], descriptors)
    connection.sendall(data)


def _receive(connection: socket.socket):
    """A message and the file descriptors that came with it; None at the end."""
    header, descriptors, _, _ = socket.recv_fds(connection, LENGTH.size, 1)
    for descriptor in descriptors:
        os.set_inheritable(descriptor, False)
    header += _exactly(connection, LENGTH.size - len(header)) if header else b""
    if len(header) < LENGTH.size:
        return None, []
    (size,) = LENGTH.unpack(header)
    data = _exactly(connection, size)
    return (json.loads(data), descriptors) if len(data) == size else (None, [])


def _exactly(connection: socket.socket, size: int) -> bytes:
    chunks = []
    while size:
        chunk = connection.recv(min(size, 1 << 20))
        if not chunk:
            break
        chunks.append(chunk)
        size -= len(chunk)
    return b"".join(chunks)


@dataclass
class Job:
    """Commands that run one after the other with one output."""

    number: int
    commands: list
    cwd: str
    env: dict
    stdin: bool
    output: int
    place: int = 0
    pid: int = field(default=0)


class Supervisor:
    """The launcher's side. One thread, one loop."""

    def __init__(self, connection: socket.socket, stop: int) -> None:
        self.connection, self.stop = connection, stop
        self.jobs: dict[int, Job] = {}
        self.stopping = False
        self.deadline = 0.0
        # SIGHUP and the others may be ignored, under nohup for one: what the commands get is what the runner got.
        self.inherited = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
        self.prctl = ctypes.CDLL(None).prctl if sys.platform == "linux" else None

    def serve(self) -> int:
        os.setsid()  # Ctrl-C is the runner's, which passes it on
        for number in self.inherited:
            signal.signal(number, signal.SIG_IGN)
        if self.prctl:
            self.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        null = os.open(os.devnull, os.O_RDWR)
        for descriptor in (1, 2):
            os.dup2(null, descriptor)
        woken, wake = os.pipe()
        os.set_blocking(woken, False)
        os.set_blocking(wake, False)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        while True:
            wait = max(0.0, self.deadline - time.monotonic()) if self.deadline else None
            ready, _, _ = select.select([self.connection, self.stop, woken], [], [], wait)
            if woken in ready:
                os.read(woken, 1 << 12)
                self._reap()
            if self.stop in ready:
                signals = os.read(self.stop, 1 << 8)
                if not signals:
                    return self._kill_all()
                self._ask_to_end(signals[-1])
            if self.deadline and time.monotonic() >= self.deadline:
                self.deadline = 0.0
                self._kill_all()
            if self.connection in ready:
                message, descriptors = _receive(self.connection)
                if message is None:
                    return self._kill_all()
                if not message:
                    return 0
                self._begin(message, *descriptors)

    def _begin(self, message: dict, output: int) -> None:
        env = {**os.environ, **message["set"]}
        for name in message["unset"]:
            env.pop(name, None)
        self._start(Job(message["job"], message["commands"], message["cwd"], env, message["stdin"], output))

    def _start(self, job: Job) -> None:
        launcher = os.getpid()
        job.pid = os.fork()
        if job.pid:
            self.jobs[job.pid] = job
            return
        try:
            os.setsid()
            signal.set_wakeup_fd(-1)
            for number, handler in self.inherited.items():
                signal.signal(number, signal.SIG_IGN if handler == signal.SIG_IGN else signal.SIG_DFL)
            for number in (signal.SIGCHLD, signal.SIGPIPE, signal.SIGXFSZ):
                signal.signal(number, signal.SIG_DFL)
            if self.prctl:
                self.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
                if os.getppid() != launcher:
                    os._exit(1)
            if not job.stdin:
                os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            os.dup2(job.output, 1)
            os.dup2(job.output, 2)
            os.chdir(job.cwd)
            command = job.commands[job.place]
            os.execvpe(command[0], command, job.env)
        except OSError as error:
            os.write(2, f"{job.commands[job.place][0]}: {error}\n".encode())
        finally:
            os._exit(127)

    def _reap(self) -> None:
        """Take the status of every process that has ended, adopted ones included."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if not pid:
                return
            job = self.jobs.pop(pid, None)
            if job is None:
                continue
            returncode = os.waitstatus_to_exitcode(status)
            if returncode == 0 and job.place + 1 < len(job.commands) and not self.stopping:
                job.place += 1
                self._start(job)
                continue
            if returncode == 0 and job.place + 1 < len(job.commands):
                returncode = -signal.SIGTERM  # the rest of its commands did not run
            os.close(job.output)
            try:
                _send(self.connection, {"job": job.number, "place": job.place, "returncode": returncode})
            except OSError:
                return  # the runner is gone, which the loop sees next

    def _ask_to_end(self, signum: int) -> None:
        self.stopping = True
        for process in _descendants():
            _signal(process, signum)
        self.deadline = time.monotonic() + GRACE_SECONDS

    def _kill_all(self) -> int:
        """Kill until nothing is left: a process may start others while we look."""
        self.stopping = True
        for _ in range(200):
            processes = _descendants()
            if not processes:
                break
            for process in processes:
                _signal(process, signal.SIGKILL)
            time.sleep(0.01)
            self._reap()
        return 0


def _descendants() -> list[int]:
    """Process ids of all that the launcher has started or adopted, zombies aside."""
    if not os.path.isdir("/proc/self"):
        import psutil

        return [process.pid for process in psutil.Process().children(recursive=True)]
    children: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat") as file:
                    state, parent = file.read().rpartition(")")[2].split()[:2]
            except OSError:
                continue
            if state != "Z":
                children.setdefault(int(parent), []).append(int(name))
    found, todo = [], [os.getpid()]
    while todo:
        more = children.get(todo.pop(), [])
        found += more
        todo += more
    return found


def _signal(pid: int, signum: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, signum)
