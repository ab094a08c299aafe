"""The server of `mlopsc graph --watch`: what it answers to whom, and that it says when the graph changes."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Iterator

import pytest
from mlopsc.compiler.show.graph.server import GraphServer

DATA = {"version": 1, "project": "p", "groups": {}, "stages": []}


@pytest.fixture
def server() -> Iterator[GraphServer]:
    made = GraphServer(DATA)
    threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield made
    made.shutdown()
    made.server_close()


def ask(server: GraphServer, path: str, method: str = "GET", **headers: str) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=20)
    connection.putrequest(method, path, skip_host=True)
    for name, value in {"Host": f"127.0.0.1:{server.server_port}", **headers}.items():
        connection.putheader(name, value.replace("PORT", str(server.server_port)))
    connection.endheaders()
    return connection.getresponse()


def test_it_listens_on_loopback_alone(server: GraphServer) -> None:
    assert server.server_address[0] == "127.0.0.1"
    assert server.url == f"http://127.0.0.1:{server.server_port}/"


@pytest.mark.parametrize("path", ["/", "/graph.json", "/events"])
@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "127.0.0.1:PORT"}, 200),
        ({"Host": "localhost:PORT"}, 200),
        ({"Host": "localhost:PORT", "Origin": "http://localhost:PORT"}, 200),
        ({"Host": "attacker.example:PORT"}, 403),
        ({"Host": "127.0.0.1"}, 403),
        ({"Host": "127.0.0.1.attacker.example:PORT"}, 403),
        ({"Host": ""}, 403),
        ({"Origin": "http://attacker.example"}, 403),
        ({"Origin": "null"}, 403),
    ],
    ids=str,
)
def test_other_sites_learn_nothing(server: GraphServer, path: str, headers: dict[str, str], status: int) -> None:
    answer = ask(server, path, **headers)
    assert answer.status == status
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert answer.headers["Access-Control-Allow-Origin"] is None
    if status == 403:
        assert b"project" not in answer.read()


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_nothing_can_be_written(server: GraphServer, method: str) -> None:
    assert ask(server, "/", method).status == 501


@pytest.mark.parametrize("path", ["/mlops.yaml", "/../etc/passwd", "/graph.json/", "/?x"])
def test_there_is_nothing_else(server: GraphServer, path: str) -> None:
    assert ask(server, path).status == 404


def test_the_page_may_ask_its_own_server_alone(server: GraphServer) -> None:
    answer = ask(server, "/")
    page = answer.read().decode()
    assert "connect-src 'self'" in page
    assert answer.headers["Content-Security-Policy"] == "frame-ancestors 'none'"
    assert json.loads(ask(server, "/graph.json").read()) == DATA


def test_each_change_is_one_event(server: GraphServer) -> None:
    events = ask(server, "/events")

    def next_event() -> list[bytes]:
        return [events.readline(), events.readline(), events.readline()]

    assert next_event() == [b"event: graph\n", b"data: 1\n", b"\n"]
    server.publish(dict(DATA))
    server.publish({**DATA, "project": "other"})
    assert next_event() == [b"event: graph\n", b"data: 2\n", b"\n"]
    assert json.loads(ask(server, "/graph.json").read())["project"] == "other"
