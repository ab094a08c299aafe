"""Options of the DVC remote, as DVC itself reads them, and what `dvc remote modify` does to the file that a build wrote."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import run, write
from dvc.config import Config
from dvc.config_schema import REMOTE_SCHEMAS
from mlopsc.compiler.build import compile_spec
from mlopsc.compiler.model.snapshot import Memory
from mlopsc.schemas.registry import Remote

pytestmark = pytest.mark.real

SECRETS = {
    "access_key_id", "secret_access_key", "session_token", "sse_customer_key", "password", "passphrase", "token",
    "bearer_token_command", "connection_string", "sas_token", "account_key", "client_secret", "oss_key_id",
    "oss_key_secret", "gdrive_client_secret",
}  # fmt: skip
OURS = {"url", "verify"}
CACHE = {"type", "protected", "shared", "slow_link_warning"}

SPEC = """\
mlops: 1
stack:
  ci: []
  registry: {REGISTRY}
stages:
  sort: {cmd: sort raw.txt > o.txt, deps: [raw.txt], outs: [o.txt]}
"""


def spec(registry: str) -> dict[str, str]:
    return {"mlops.yaml": SPEC.replace("{REGISTRY}", registry), "raw.txt": "b\na\n"}


def test_every_option_of_dvc_but_secrets() -> None:
    options = {str(option) for schema in REMOTE_SCHEMAS.values() if isinstance(schema, dict) for option in schema}
    options.discard("<class 'str'>")
    assert set(Remote.model_fields) - OURS == options - SECRETS - OURS - CACHE


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    run("git", "init", "-q", cwd=tmp_path)
    run("dvc", "init", "-q", cwd=tmp_path)
    return tmp_path


def remote_of(repository: Path, name: str = "registry") -> dict[str, object]:
    return dict(Config(str(repository / ".dvc"))["remote"][name])


def test_dvc_reads_the_options(repository: Path) -> None:
    options = (
        "{url: s3://acme-ml/wine, endpointurl: 'http://127.0.0.1:9000', profile: 'a, b # c', use_ssl: false, jobs: 4}"
    )
    write(repository, spec(options))
    run("mlopsc", "build", cwd=repository)
    defaults = {"allow_anonymous_login": False, "listobjects": False}
    assert remote_of(repository) == defaults | {
        "url": "s3://acme-ml/wine", "verify": True, "endpointurl": "http://127.0.0.1:9000", "profile": "a, b # c",
        "use_ssl": False, "jobs": 4,
    }  # fmt: skip


def test_options_by_environment(repository: Path) -> None:
    write(repository, spec("{staging: ../store, production: {url: 'azure://models/wine', account_name: acme}}"))
    run("mlopsc", "build", cwd=repository)
    assert remote_of(repository, "production")["account_name"] == "acme"
    assert Config(str(repository / ".dvc"))["core"]["remote"] == "staging"


def test_a_build_after_dvc_has_written_the_configuration(repository: Path) -> None:
    """DVC writes the file anew, without the lines around our block: it is DVC's then, as long as it says what the spec says."""
    write(repository, spec("{url: s3://acme-ml/wine, jobs: 4}"))
    run("mlopsc", "build", cwd=repository)
    run("dvc", "remote", "modify", "registry", "endpointurl", "http://127.0.0.1:9000", cwd=repository)
    modified = (repository / ".dvc/config").read_text()
    for _ in range(2):
        assert "MLC" not in run("mlopsc", "build", cwd=repository).stderr
        assert (repository / ".dvc/config").read_text() == modified
    run("dvc", "remote", "modify", "registry", "profile", "wine", cwd=repository)
    run("mlopsc", "build", cwd=repository)
    run("mlopsc", "build", "--check", cwd=repository)
    assert remote_of(repository)["profile"] == "wine"
    write(repository, spec("{url: s3://acme-ml/other, jobs: 4}"))
    with pytest.raises(AssertionError, match="MLC419") as refused:
        run("mlopsc", "build", cwd=repository)
    assert "url = s3://acme-ml/other" in str(refused.value)
    run("dvc", "remote", "modify", "registry", "url", "s3://acme-ml/other", cwd=repository)  # as the help says
    run("mlopsc", "build", cwd=repository)


@pytest.mark.parametrize("scheme", ["s3", "gs", "azure", "ssh"])
def test_the_plugin_of_a_remote_that_only_dvc_knows(scheme: str) -> None:
    config = f"[core]\n    remote = store\n['remote \"store\"']\n    url = {scheme}://acme/wine\n"
    text = SPEC.replace("  registry: {REGISTRY}\n", "").replace("ci: []", "ci: github")
    files = {
        file.path: file.text
        for file in compile_spec(Memory({"mlops.yaml": text, "raw.txt": "", ".dvc/config": config})).files
    }
    assert f"dvc[{scheme}]" in files["Makefile"]


@pytest.mark.parametrize("secret", ["secret_access_key", "password", "sas_token", "connection_string"])
def test_no_secrets(secret: str) -> None:
    files = spec(f"{{url: s3://acme-ml/wine, {secret}: hush}}")
    [diagnostic] = [item for item in compile_spec(Memory(files)).report if item.severity == "error"]
    assert secret in diagnostic.message
