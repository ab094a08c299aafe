"""How a job signs in to a cloud: a token of GitLab in a file, and the variables by which the cloud's library finds it.

https://docs.gitlab.com/ci/secrets/id_token_authentication/
"""

from __future__ import annotations

import json
from typing import Any

from ...compiler.emit.shell import quote
from ...compiler.emit.templates import render
from ...compiler.model.oidc import Gcp
from ...compiler.model.project import Project


def id_tokens(project: Project) -> dict[str, Any]:
    """The part of a job that asks GitLab for tokens, each for one cloud."""
    oidc = project.ci.oidc
    audiences = {
        "MLOPS_AWS_TOKEN": "sts.amazonaws.com" if oidc.aws else None,
        "MLOPS_GCP_TOKEN": f"https://iam.googleapis.com/{oidc.gcp.provider}" if oidc.gcp else None,
        "MLOPS_AZURE_TOKEN": "api://AzureADTokenExchange" if oidc.azure else None,
    }
    tokens = {name: {"aud": audience} for name, audience in audiences.items() if audience}
    return {"id_tokens": tokens} if tokens else {}


def script(project: Project) -> list[str]:
    """The lines of a script that sign in."""
    oidc = project.ci.oidc
    if not oidc:
        return []
    config = _config(oidc.gcp) if oidc.gcp else ""
    values = {"aws": oidc.aws, "gcp": oidc.gcp, "azure": oidc.azure, "gcp_config": config}
    return [render(__package__, "sign-in.sh.j2", {"quote": quote}, **values)]


def _config(gcp: Gcp) -> str:
    """The credentials of Google's libraries, as a format of printf for the path of the token.

    https://google.aip.dev/auth/4117
    """
    impersonation = "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/"
    config = {
        "type": "external_account",
        "audience": f"//iam.googleapis.com/{gcp.provider}",
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "token_url": "https://sts.googleapis.com/v1/token",
        "service_account_impersonation_url": f"{impersonation}{gcp.service_account}:generateAccessToken",
        "credential_source": {"file": "PATH"},
    }
    return json.dumps(config).replace("%", "%%").replace("PATH", "%s")
