"""How long an editor waits for `mlopsc lsp`, in wall time: diagnostics after a keystroke, and a hover. `python bench/editor.py 1000`.

Each keystroke adds a letter to the description of a stage in the middle of the spec; its diagnostics are there when those of
that version arrive. Half of the hovers come while the text of the last keystroke is being analysed.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
from generate import write

BIN = Path(sys.executable).parent
KEYSTROKES = 30


class Client:
    """A client of the protocol that does one thing at a time."""

    def __init__(self, folder: Path) -> None:
        self.uri = (folder / "mlops.yaml").as_uri()
        words = [str(BIN / "mlopsc"), "lsp"]
        self.server = subprocess.Popen(words, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.number = 0
        self.version = 0

    def send(self, method: str, params: Any, **identity: int) -> None:
        body = json.dumps({"jsonrpc": "2.0", **identity, "method": method, "params": params}).encode()
        assert self.server.stdin is not None
        self.server.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self.server.stdin.flush()

    def receive(self) -> Any:
        stream = self.server.stdout
        assert stream is not None
        length = 0
        while line := stream.readline().strip():
            length = int(line.partition(b":")[2]) if line.lower().startswith(b"content-length") else length
        if not length:
            raise SystemExit("`mlopsc lsp` ended")
        return json.loads(stream.read(length))

    def ask(self, method: str, params: Any) -> Any:
        self.number += 1
        self.send(method, params, id=self.number)
        while (message := self.receive()).get("id") != self.number or "method" in message:
            pass
        return message["result"]

    def type(self, text: str) -> None:
        self.version += 1
        document = {"uri": self.uri, "version": self.version}
        self.send("textDocument/didChange", {"textDocument": document, "contentChanges": [{"text": text}]})

    def open(self, text: str) -> None:
        self.version += 1
        document = {"uri": self.uri, "languageId": "yaml", "version": self.version, "text": text}
        self.send("textDocument/didOpen", {"textDocument": document})

    def diagnostics(self) -> None:
        """Wait for the diagnostics of the last version."""
        while True:
            message = self.receive()
            params = message.get("params") or {}
            if message.get("method") == "textDocument/publishDiagnostics" and params.get("version") == self.version:
                return

    def hover(self, line: int, column: int) -> float:
        started = time.perf_counter()
        place = {"textDocument": {"uri": self.uri}, "position": {"line": line, "character": column}}
        if not self.ask("textDocument/hover", place):
            raise SystemExit("there is no hover at a stage")
        return time.perf_counter() - started


def waited(folder: Path, count: int, keystrokes: int = KEYSTROKES) -> dict[str, float]:
    """The median seconds until diagnostics, and the median and the longest until a hover."""
    write(folder, "layers", count)
    stage = f"  s{count // 2}:\n"
    text = (folder / "mlops.yaml").read_text()
    line = text[: text.index(stage)].count("\n")
    client = Client(folder)
    client.ask("initialize", {"capabilities": {}, "processId": None, "rootUri": folder.as_uri()})
    client.send("initialized", {})
    client.open(text)
    client.diagnostics()
    waits, hovers = [], []
    for number in range(keystrokes):
        started = time.perf_counter()
        client.type(text.replace(stage, f"{stage}    desc: {'a' * (number + 1)}\n", 1))
        if number % 2:
            client.diagnostics()
            waits.append(time.perf_counter() - started)
            time.sleep(0.1)
            hovers.append(client.hover(line, 3))
        else:
            time.sleep(0.05)
            hovers.append(client.hover(line, 3))
    client.ask("shutdown", None)
    client.send("exit", None)
    client.server.wait()
    return {
        f"editor.{count}.diagnostics.seconds": median(waits),
        f"editor.{count}.hover.seconds": median(hovers),
        f"editor.{count}.hover-longest.seconds": max(hovers),
    }


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        size = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
        for name, seconds in waited(Path(scratch) / "repository", size).items():
            print(f"{name} {seconds:.3f}")
