"""SARIF 2.1.0, for code scanning. https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from .... import __version__
from ...codes import page, title
from ...model.source import Span
from . import Located

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def as_sarif(located: Sequence[Located]) -> str:
    """One run with one result for each diagnostic."""
    codes = sorted({item.diagnostic.code for item in located})
    rules = [
        {
            "id": code,
            "shortDescription": {"text": title(code)},
            "help": {"text": page(code) or code, "markdown": page(code) or code},
        }
        for code in codes
    ]
    driver = {"name": "mlopsc", "version": __version__, "rules": rules}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(item, codes.index(item.diagnostic.code)) for item in located],
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2, ensure_ascii=False)


def _location(span: Span) -> dict[str, Any]:
    end_line, end_column = span.source.position(span.end)
    region = {"startLine": span.line, "startColumn": span.column, "endLine": end_line, "endColumn": end_column}
    return {"physicalLocation": {"artifactLocation": {"uri": quote(span.source.name)}, "region": region}}


def _result(item: Located, rule: int) -> dict[str, Any]:
    diagnostic = item.diagnostic
    text = diagnostic.message + (f"\n{diagnostic.help}" if diagnostic.help else "")
    result: dict[str, Any] = {
        "ruleId": diagnostic.code,
        "ruleIndex": rule,
        "level": diagnostic.severity,
        "message": {"text": text},
    }
    if item.span is not None:
        result["locations"] = [_location(item.span)]
    if item.labels:
        result["relatedLocations"] = [{**_location(span), "message": {"text": words}} for span, words in item.labels]
    return result
