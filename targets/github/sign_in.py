"""The steps that sign in to a cloud with a token of GitHub, and the permission that they need.

https://docs.github.com/actions/how-tos/secure-your-work/security-harden-deployments/oidc-in-cloud-providers
"""

from __future__ import annotations

from typing import Any

from ...compiler.emit.yaml import Remarked
from ...compiler.model.project import Project
from .escape import literal
from .pins import uses

Step = dict[str, Any]

HERE = "github.event_name != 'pull_request' || github.event.pull_request.head.repo.full_name == github.repository"
"""A fork's pull request gets no token."""

CREDENTIALS_FILE = "/gha-creds-*.json"
"""What Google's action leaves in the repository for the time of the job."""


def permissions(project: Project) -> dict[str, Remarked]:
    """What a job needs to get a token."""
    return {"id-token": Remarked("write", "to sign in to the cloud without a key")} if project.ci.oidc else {}


def steps(project: Project) -> list[Step]:
    """The steps; none where the spec names no cloud."""
    condition = {"if": HERE} if project.ci.pull_request else {}
    inputs = [("AWS", "aws-actions/configure-aws-credentials", _aws(project))]
    inputs += [("Google Cloud", "google-github-actions/auth", _gcp(project))]
    inputs += [("Azure", "azure/login", _azure(project))]
    return [
        {"name": f"Sign in to {cloud}", **condition, "uses": uses(action), "with": values}
        for cloud, action, values in inputs
        if values
    ]


def _aws(project: Project) -> dict[str, Any]:
    aws = project.ci.oidc.aws
    if aws is None:
        return {}
    return {"role-to-assume": literal(aws.role), "aws-region": aws.region, "role-duration-seconds": aws.seconds}


def _gcp(project: Project) -> dict[str, Any]:
    gcp = project.ci.oidc.gcp
    if gcp is None:
        return {}
    return {"workload_identity_provider": gcp.provider, "service_account": gcp.service_account}


def _azure(project: Project) -> dict[str, Any]:
    azure = project.ci.oidc.azure
    if azure is None:
        return {}
    subscription: dict[str, Any] = {"allow-no-subscriptions": True}
    if azure.subscription_id is not None:
        subscription = {"subscription-id": azure.subscription_id}
    return {"client-id": azure.client_id, "tenant-id": azure.tenant_id, **subscription}
