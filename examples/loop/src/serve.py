"""Answer GET /?spend=S&visits=V with the label, and the version of the model that says so."""

import json
import os
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, urlparse

from shop.features import vector
from shop.model import load, predict

CENTRES, VERSION = load(sys.argv[1]), os.environ["MODEL_VERSION"]


class Answer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:  # the name is http.server's
        asked = parse_qs(urlparse(self.path).query)
        label = predict(CENTRES, vector(float(asked["spend"][0]), float(asked["visits"][0])))
        body = json.dumps({"label": label, "version": VERSION}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(body)


HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Answer).serve_forever()
