"""Serves the graph on loopback, and tells open pages when it changes.

It answers GET alone and writes nothing. A page of another site can neither read the graph nor learn that it is there: the
Host header has to name this machine (against DNS rebinding), and requests from other origins are refused.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from .page import html

ADDRESS = "127.0.0.1"
HEARTBEAT = 15.0
"""Seconds between signs of life, which also find connections that are gone."""
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class GraphServer(ThreadingHTTPServer):
    """The server, with the newest graph."""

    daemon_threads = True

    def __init__(self, data: Mapping[str, Any], port: int = 0) -> None:
        super().__init__((ADDRESS, port), _Handler)
        self.changed = threading.Condition()
        self.data, self.version = data, 1

    @property
    def url(self) -> str:
        """The address of the page."""
        return f"http://{ADDRESS}:{self.server_port}/"

    @property
    def hosts(self) -> set[str]:
        """What the Host header may be."""
        return {f"{name}:{self.server_port}" for name in (ADDRESS, "localhost")}

    def publish(self, data: Mapping[str, Any]) -> None:
        """Show another graph, if it is another one."""
        with self.changed:
            if data != self.data:
                self.data, self.version = data, self.version + 1
                self.changed.notify_all()

    def next_version(self, seen: int) -> int:
        """The number of the newest graph, as soon as it is not the one seen, or after a while."""
        with self.changed:
            self.changed.wait_for(lambda: self.version != seen, HEARTBEAT)
            return self.version


class _Handler(BaseHTTPRequestHandler):
    server: GraphServer
    timeout = 30
    server_version, sys_version = "mlopsc", ""

    def do_GET(self) -> None:
        """Answer a request for the page, its data, or the changes."""
        origin = self.headers.get("Origin")
        is_ours = origin is None or origin in {f"http://{host}" for host in self.server.hosts}
        if self.headers.get("Host") not in self.server.hosts or not is_ours:
            self._answer(HTTPStatus.FORBIDDEN, "text/plain", "this server is for this machine alone\n")
        elif self.path == "/":
            self._answer(HTTPStatus.OK, "text/html; charset=utf-8", html(self.server.data, live=True))
        elif self.path == "/graph.json":
            self._answer(HTTPStatus.OK, "application/json", json.dumps(self.server.data))
        elif self.path == "/events":
            self._follow()
        else:
            self._answer(HTTPStatus.NOT_FOUND, "text/plain", "there is only /\n")

    def _answer(self, status: HTTPStatus, kind: str, text: str) -> None:
        content = text.encode()
        self._head(status, kind, {"Content-Length": str(len(content))})
        self.wfile.write(content)

    def _head(self, status: HTTPStatus, kind: str, more: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": kind, **HEADERS, **more}.items():
            self.send_header(name, value)
        self.end_headers()

    def _follow(self) -> None:
        """Server-sent events: one now, because the page may have been loaded before the last change, and one for each change."""
        self._head(HTTPStatus.OK, "text/event-stream", {})
        seen = 0
        try:
            while True:
                version = self.server.next_version(seen)
                self.wfile.write(b"event: graph\ndata: %d\n\n" % version if version != seen else b": still here\n\n")
                seen = version
        except OSError:  # the page was closed
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        """Requests are not worth a line."""
