"""Update the generated parts of the docs: language tables, support matrix, published schema, and command output."""

import json
import subprocess
import tempfile
from pathlib import Path

from mlopsc.compiler.show.support_table import as_markdown
from mlopsc.dev import versions
from mlopsc.dev.console import wine_repository, with_output
from mlopsc.schemas.docs import markdown
from mlopsc.schemas.published import json_schema

ROOT = Path(__file__).resolve().parents[1]
WINE = ROOT / "examples/wine"


def between(page: Path, mark: str, text: str) -> None:
    """Replace the text between `<!-- mark -->` and `<!-- /mark -->`."""
    before, _, rest = page.read_text().partition(f"<!-- {mark} -->")
    after = rest.partition(f"<!-- /{mark} -->")[2]
    page.write_text(f"{before}<!-- {mark} -->\n{text}<!-- /{mark} -->{after}")


def readme() -> None:
    """Update the example in README.md."""
    page = ROOT / "README.md"
    text = page.read_text()
    for start, content in (
        ("```yaml\n# The whole pipeline", (WINE / "mlops.yaml").read_text().removeprefix("# The whole pipeline")),
        ("$ mlopsc explain featurize\n", _output("explain", "featurize")),
        ("```mermaid\n", _output("graph")),
    ):
        before, _, rest = text.partition(start)
        text = f"{before}{start}{content.rstrip()}\n```{rest.partition('```')[2]}"
    page.write_text(text)


def _output(*words: str) -> str:
    return subprocess.run(["mlopsc", *words], cwd=WINE, capture_output=True, text=True, check=True).stdout


def reach() -> None:
    """Update the command output in docs/reach.md."""
    page = ROOT / "docs/reach.md"
    with tempfile.TemporaryDirectory() as home:
        page.write_text(with_output(page.read_text(), wine_repository(Path(home) / "wine", WINE)))


if __name__ == "__main__":
    between(ROOT / "docs/language.md", "reference", markdown())
    between(ROOT / "docs/targets.md", "matrix", as_markdown())
    between(ROOT / "docs/targets.md", "versions", versions.markdown())
    (ROOT / "schemas/mlops.schema.json").write_text(json.dumps(json_schema(), indent=2) + "\n")
    readme()
    reach()
