"""How jobs of CI sign in to a cloud with a token of the CI service."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Aws:
    """A role; ``seconds`` is how long its credentials live where the service asks for them once."""

    role: str
    region: str
    seconds: int = 3600


@dataclass(frozen=True, slots=True)
class Gcp:
    """A workload identity provider, and the service account to act as."""

    provider: str
    service_account: str


@dataclass(frozen=True, slots=True)
class Azure:
    """An application with a federated credential."""

    client_id: str
    tenant_id: str
    subscription_id: str | None = None


@dataclass(frozen=True, slots=True)
class Oidc:
    """The clouds to sign in to. False if there are none."""

    aws: Aws | None = None
    gcp: Gcp | None = None
    azure: Azure | None = None

    def __bool__(self) -> bool:
        return any((self.aws, self.gcp, self.azure))
