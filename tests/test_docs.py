"""The docs show what the program says."""

from __future__ import annotations

from pathlib import Path

from conftest import run
from mlopsc.compiler.show.support_table import as_markdown

ROOT = Path(__file__).parents[1]


def test_the_matrix_in_the_docs() -> None:
    shown = (ROOT / "docs/targets.md").read_text().partition("<!-- matrix -->")[2].partition("<!-- /matrix -->")[0]
    assert shown.strip() == as_markdown().strip()


def test_the_versions_in_the_docs() -> None:
    """Those that the tests install, for every target but make and slurm, whose judges are the machine's."""
    from mlopsc.compiler import installed
    from mlopsc.dev import versions

    shown = (ROOT / "docs/targets.md").read_text().partition("<!-- versions -->")[2].partition("<!-- /versions -->")[0]
    assert shown.strip() == versions.markdown().strip()
    assert versions.TOOLS.keys() | {"make", "slurm"} >= installed.installed().keys()


def test_the_example_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text()
    assert (ROOT / "examples/wine/mlops.yaml").read_text().rstrip() in readme
    assert run("mlopsc", "explain", "featurize", cwd=ROOT / "examples/wine").stdout.rstrip() in readme
    assert run("mlopsc", "graph", cwd=ROOT / "examples/wine").stdout.rstrip() in readme


def test_links_lead_somewhere() -> None:
    import re

    for page in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]:
        for link in re.findall(r"\]\(([^)#:]+)\)", page.read_text()):
            assert (page.parent / link).exists(), f"{page.name}: {link}"


def test_tests_that_the_docs_name_exist() -> None:
    import re

    tests = "".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    for page in ROOT.glob("docs/**/*.md"):
        for name in re.findall(r"`(test_[a-z0-9_]+)`", page.read_text()):
            assert f"def {name}(" in tests or (ROOT / f"tests/real/{name}.py").exists(), f"{page.name}: {name}"


def test_the_reference_of_the_language() -> None:
    from mlopsc.schemas.docs import markdown

    shown = (
        (ROOT / "docs/language.md").read_text().partition("<!-- reference -->")[2].partition("<!-- /reference -->")[0]
    )
    assert shown.strip() == markdown().strip()


def test_the_page_of_the_templates_names_each() -> None:
    from mlopsc.compiler.scaffold.library import Library

    page = (ROOT / "docs/templates.md").read_text()
    for template in Library().templates:
        assert f"\n| `{template.name}` |" in page
        spec = (ROOT / "templates" / template.name / "files" / "mlops.yaml.jinja").read_text()
        gates = spec.partition("gates: {")[2].partition("}")[0]
        bounds = [gate.replace(": ", " ").replace('"', "").replace("0.0", "0") for gate in gates.split(", ")]
        assert bounds
        row = next(line for line in page.splitlines() if line.startswith(f"| `{template.name}` |"))
        assert all(f"`{bound}`" in row for bound in bounds), bounds


def test_the_page_about_reach_shows_real_output(tmp_path: Path) -> None:
    from mlopsc.dev.console import wine_repository, with_output

    page = (ROOT / "docs/reach.md").read_text()
    shown = with_output(page, wine_repository(tmp_path / "wine", ROOT / "examples/wine"))
    assert shown == page, "run `make reference`"
