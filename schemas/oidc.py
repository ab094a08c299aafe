"""How CI signs in to a cloud without a key that lives long."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from .common import Duration, Model, form

Role = Annotated[
    str,
    form(
        r"^arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]+$",
        "the ARN of a role such as `arn:aws:iam::123456789012:role/ci`",
    ),
]
Region = Annotated[str, form(r"^[a-z]{2}(-[a-z]+)+-\d$", "a region such as `eu-west-1`")]
Provider = Annotated[
    str,
    form(
        r"^projects/\d+/locations/global/workloadIdentityPools/[a-z0-9-]+/providers/[a-z0-9-]+$",
        "a provider such as `projects/123456789/locations/global/workloadIdentityPools/ci/providers/github`",
    ),
]
Account = Annotated[
    str, form(r"^[A-Za-z0-9._-]+@[A-Za-z0-9.-]+$", "a service account such as `ci@acme.iam.gserviceaccount.com`")
]
Guid = Annotated[
    str,
    form(
        r"^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$", "an id such as `00000000-0000-0000-0000-000000000000`"
    ),
]


class Aws(Model):
    """A role that trusts the tokens of the CI service."""

    role: Role = Field(description="ARN of the role.")
    region: Region = Field(description="Region of the calls.")
    duration: Duration | None = Field(
        None,
        description="How long the credentials live on GitHub (default 1h); the role has to allow more than an hour.",
    )


class Gcp(Model):
    """A workload identity provider that trusts the tokens of the CI service."""

    provider: Provider = Field(description="Full name of the provider.")
    service_account: Account = Field(description="The service account to act as.")


class Azure(Model):
    """An application with a federated credential for the CI service."""

    client_id: Guid = Field(description="Client id of the application.")
    tenant_id: Guid = Field(description="Id of the tenant.")
    subscription_id: Guid | None = Field(None, description="Id of the subscription.")


class Oidc(Model):
    """The clouds that jobs sign in to with a token of the CI service, which lives for minutes. None of these values is secret."""

    aws: Aws | None = Field(None, description="Amazon Web Services.")
    gcp: Gcp | None = Field(None, description="Google Cloud.")
    azure: Azure | None = Field(None, description="Microsoft Azure.")
