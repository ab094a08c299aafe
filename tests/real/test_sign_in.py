"""Signing in to a cloud from GitLab: the clouds' own libraries find the token that the script of a job leaves for them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from mlopsc.compiler.model.ci import Ci
from mlopsc.compiler.model.dag import Dag
from mlopsc.compiler.model.oidc import Aws, Azure, Gcp, Oidc
from mlopsc.compiler.model.project import Project
from mlopsc.targets.gitlab.sign_in import id_tokens, script

pytestmark = pytest.mark.real

PROVIDER = "projects/1/locations/global/workloadIdentityPools/ci/providers/gitlab"
AWS = Aws("arn:aws:iam::123456789012:role/it's", "eu-west-1")
GCP = Gcp(PROVIDER, "ci@acme.iam.gserviceaccount.com")
AZURE = Azure("00000000-0000-0000-0000-000000000001", "00000000-0000-0000-0000-000000000002")


def signed_in(oidc: Oidc, command: str, folder: Path, **environment: str) -> str:
    """The output of a command after the script of a job, in a shell as GitLab starts it."""
    project = Project("p", {}, {}, Dag.of({}), ci=Ci(oidc=oidc))
    tokens = {name: f"token of {name}" for name in id_tokens(project)["id_tokens"]}
    text = "\n".join(["set -eu", *script(project), command])
    env = {
        "PATH": os.environ["PATH"],
        "TMPDIR": str(folder),
        "HOME": str(folder),
        "CI_JOB_ID": "7",
        **tokens,
        **environment,
    }
    return subprocess.run(["sh", "-c", text], env=env, capture_output=True, text=True, check=True).stdout


@pytest.mark.full
def test_botocore_exchanges_the_token(tmp_path: Path, s3: str) -> None:
    program = (
        "import botocore.session; "
        "found = botocore.session.get_session().get_credentials(); "
        "print(found.method, found.get_frozen_credentials().access_key)"
    )
    command = f'{sys.executable} -c "{program}"'
    method, key = signed_in(
        Oidc(aws=AWS), command, tmp_path, AWS_ENDPOINT_URL=s3, AWS_EC2_METADATA_DISABLED="true"
    ).split()
    assert method == "assume-role-with-web-identity"
    assert key.startswith("ASIA")


def test_the_file_of_google(tmp_path: Path) -> None:
    config = json.loads(signed_in(Oidc(gcp=GCP), 'cat "$GOOGLE_APPLICATION_CREDENTIALS"', tmp_path))
    assert config["type"] == "external_account"
    assert config["audience"] == f"//iam.googleapis.com/{PROVIDER}"
    assert Path(config["credential_source"]["file"]).read_text() == "token of MLOPS_GCP_TOKEN"
    assert config["service_account_impersonation_url"].endswith("/ci@acme.iam.gserviceaccount.com:generateAccessToken")


def test_the_file_of_azure(tmp_path: Path) -> None:
    text = signed_in(Oidc(azure=AZURE), 'cat "$AZURE_FEDERATED_TOKEN_FILE"; echo " $AZURE_CLIENT_ID"', tmp_path)
    assert text == f"token of MLOPS_AZURE_TOKEN {AZURE.client_id}\n"


def test_nobody_else_reads_the_tokens(tmp_path: Path) -> None:
    text = signed_in(Oidc(AWS, GCP, AZURE), 'stat -c %a "$MLOPS_TOKENS" "$MLOPS_TOKENS"/*; umask', tmp_path)
    assert text.split() == ["700", "600", "600", "600", "600", "0022"]
