"""Checks of how CI signs in: keys that live long beside the tokens that make them unnecessary."""

from __future__ import annotations

from collections.abc import Iterator

from ..model.diagnostic import Code, Diagnostic
from ..model.project import Project
from ..model.snapshot import Snapshot
from ..read.params import ParamFiles
from .places import Places

LONG_LIVED_KEY = Code(
    "MLC509",
    "warning",
    "`{secret}` is a key that lives long, and jobs use it instead of the token of `ci.oidc.{cloud}`",
    help="remove `{secret}` from `ci.secrets`, and delete the key",
)

_KEYS = {
    "aws": ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"),
    "gcp": ("GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_APPLICATION_CREDENTIALS_DATA"),
    "azure": (
        "AZURE_CLIENT_SECRET",
        "AZURE_STORAGE_ACCOUNT_KEY",
        "AZURE_STORAGE_CONNECTION_STRING",
        "AZURE_STORAGE_KEY",
        "AZURE_STORAGE_SAS_TOKEN",
    ),
}
"""The variables from which the clouds' libraries, and DVC's plugins, take keys before anything else."""


def check(project: Project, snapshot: Snapshot, params: ParamFiles, places: Places) -> Iterator[Diagnostic]:
    """MLC509."""
    for cloud, keys in _KEYS.items():
        if getattr(project.ci.oidc, cloud) is not None:
            for index, secret in enumerate(project.ci.secrets):
                if secret in keys:
                    yield LONG_LIVED_KEY.at("ci", "secrets", index, secret=secret, cloud=cloud)
