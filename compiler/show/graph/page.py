"""The graph as one HTML page that needs no network.

The spec is input from outside: its texts are only ever data. They reach the page as JSON in a data block, with everything
escaped that could end the block, and the scripts put them into text nodes. The Content-Security-Policy allows the page's
own scripts and styles by hash, and nothing else.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from functools import cache
from html import escape
from importlib.resources import files
from typing import Any

from ...emit.templates import render

LIBRARY = "vendor/dagre.min.js"
SCRIPTS = ("text.js", "layout.js", "draw.js", "panel.js", "view.js")
STYLE = "style.css"
_INVISIBLE = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]")


def html(data: Mapping[str, Any], live: bool = False, body: str = "") -> str:
    """The page. A ``live`` one follows the server that it came from; ``body`` is HTML to show below the graph."""
    script, style = _script(), _asset(STYLE)
    policy = [
        "default-src 'none'",
        f"script-src '{_hash(script)}'",
        f"style-src '{_hash(style)}'",
        "img-src data:",
        *(["connect-src 'self'"] if live else []),
        "base-uri 'none'",
        "form-action 'none'",
    ]
    return render(
        __package__,
        "page.html.j2",
        {"text": text},
        title=data["project"],
        policy="; ".join(policy),
        style=style,
        script=script,
        data=data_block({**data, "live": live}),
        body=body,
    )


def text(value: object) -> str:
    """A text in HTML: escaped, and characters without a shape, such as those that reverse the text, by their number."""
    return escape(_INVISIBLE.sub(lambda match: f"<U+{ord(match.group()):04X}>", str(value)))


def data_block(data: Mapping[str, Any]) -> str:
    """JSON that can stand in a script element: ASCII, without `<`, `>` and `&`."""
    plain = json.dumps(data, separators=(",", ":"))
    return plain.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


@cache
def _script() -> str:
    own = "\n".join(_asset(name) for name in SCRIPTS)
    return f"{_asset(LIBRARY)}{{\n{own}}}\n"  # a block: its names are no properties of the window


@cache
def _asset(name: str) -> str:
    return files(__package__).joinpath(name).read_text("utf-8")


def _hash(content: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
