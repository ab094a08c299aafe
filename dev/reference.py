"""Bring the made parts of the docs up to date: the language's tables, the conversion matrix, the published schema."""

import json
from pathlib import Path

from mlopsc.compiler.show.support_table import as_markdown
from mlopsc.schemas.docs import markdown
from mlopsc.schemas.spec import json_schema

ROOT = Path(__file__).resolve().parents[1]


def between(page: Path, mark: str, text: str) -> None:
    """Replace what stands between `<!-- mark -->` and `<!-- /mark -->`."""
    before, _, rest = page.read_text().partition(f"<!-- {mark} -->")
    after = rest.partition(f"<!-- /{mark} -->")[2]
    page.write_text(f"{before}<!-- {mark} -->\n{text}<!-- /{mark} -->{after}")


if __name__ == "__main__":
    between(ROOT / "docs/language.md", "reference", markdown())
    between(ROOT / "docs/targets.md", "matrix", as_markdown())
    (ROOT / "schemas/mlops.schema.json").write_text(json.dumps(json_schema(), indent=2) + "\n")
