"""A page in headless Chromium: what is where, and what happens on clicks and keys."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from conftest import npm_tools, run, tool


def look(
    url: str, folder: Path, *steps: dict[str, Any], dark: bool = False, width: int = 1280, height: int = 800
) -> Any:
    """Do the steps of `tools/look.mjs` in a page, and give what they say. The page may not report errors."""
    browser = tool("chromium")
    job = folder / "job.json"
    size = {"width": width, "height": height}
    job.write_text(json.dumps({"browser": browser, "url": url, "dark": dark, "steps": steps, **size}))
    seen = json.loads(run("node", str(npm_tools() / "look.mjs"), str(job), cwd=folder).stdout)
    assert seen["problems"] == []
    assert seen["dialogs"] == []
    return seen
