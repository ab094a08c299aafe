"""failing.py LISTEN PORT TARGET SEED LOG: pass TCP connections on to port TARGET of the same host, and fail now and then.

Some connections get HTTP's 503 for an answer, some are cut after some thousand bytes, and now and then a row of them is
reset at once: an outage. Each failure is a line of LOG. While LOG.calm exists nothing fails.
"""

from __future__ import annotations

import random
import socket
import struct
import sys
import threading
from contextlib import suppress
from pathlib import Path

BUSY = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
OUTAGE = 12  # connections: more than a client tries for one request
FIRST_OUTAGE = 5  # so that there is one in every run


def reset(*connections: socket.socket) -> None:
    for each in connections:
        with suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)  # wakes whoever reads from it
        each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        each.close()


def copy(source: socket.socket, sink: socket.socket, budget: float) -> None:
    """Pass on what comes until one side ends; both are cut when the budget of bytes is used up."""
    try:
        while data := source.recv(65536):
            sink.sendall(data)
            budget -= len(data)
            if budget < 0:
                reset(source, sink)
                return
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def serve(client: socket.socket, address: tuple[str, int], fate: str, budget: float) -> None:
    if fate == "outage":
        reset(client)
    elif fate == "busy":
        client.recv(65536)
        client.sendall(BUSY)
        client.close()
    else:
        server = socket.create_connection(address)
        threading.Thread(target=copy, args=(client, server, budget), daemon=True).start()
        copy(server, client, budget)


def main(listen: str, port: str, target: str, seed: str, log: str) -> None:
    chance, outage, seen = random.Random(seed), 0, 0
    with socket.create_server((listen, int(port))) as server, Path(log).open("a", buffering=1) as told:
        while True:
            client, _ = server.accept()
            fate, budget = "", float("inf")
            if not Path(f"{log}.calm").exists():
                seen += 1
                if outage == 0 and (seen == FIRST_OUTAGE or chance.random() < 0.01):
                    outage = OUTAGE
                fate = "outage" if outage else chance.choices(["", "busy", "cut"], [28, 1, 1])[0]
                outage = max(0, outage - 1)
                budget = chance.uniform(500, 8000) if fate == "cut" else budget
                if fate:
                    told.write(f"{fate}\n")
            threading.Thread(target=serve, args=(client, (listen, int(target)), fate, budget), daemon=True).start()


if __name__ == "__main__":
    main(*sys.argv[1:])
