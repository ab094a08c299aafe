"""Facts of GitHub Actions: limits, runners and the actions that workflows use."""

from __future__ import annotations

MAX_MINUTES = (
    360  # of a job on a GitHub-hosted runner: https://docs.github.com/actions/reference/limits#job-execution-time
)
REPORT_BYTES = 60_000  # a comment holds 65,536 characters: https://docs.github.com/rest/issues/comments
HOSTED = "ubuntu-latest"  # https://docs.github.com/actions/reference/runners/github-hosted-runners

ACTIONS = {
    "actions/checkout": ("08c6903cd8c0fde910a37f88322edcfb5dd907a8", "v5.0.0"),
    "actions/download-artifact": ("37930b1c2abaa49bbe596cd826c3c89aef350131", "v7.0.0"),
    "actions/upload-artifact": ("b7c566a772e6b6bfb58ed0dc250532a479d7789f", "v6.0.0"),
    "astral-sh/setup-uv": ("20cfd1bf945f4377ade1205e4dbc17946fc9a30d", "v10.0.1"),
    "actions/cache": ("0057852bfaa89a56745cba8c7296529d2fc39830", "v4.3.0"),
}
"""The commit of each release, by the tags of these repositories (read in 2026-11)."""

SHELL = "bash -euo pipefail {0}"  # https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax#defaultsrunshell

FOLDER = ".github/workflows"
"""Where GitHub looks for workflows, and nowhere else: https://docs.github.com/actions/concepts/workflows-and-actions/workflows"""
