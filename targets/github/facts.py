"""Facts of GitHub Actions: limits, runners and the actions that workflows use."""

from __future__ import annotations

MAX_MINUTES = (
    360  # of a job on a GitHub-hosted runner: https://docs.github.com/actions/reference/limits#job-execution-time
)
REPORT_BYTES = 60_000  # a comment holds 65,536 characters: https://docs.github.com/rest/issues/comments
HOSTED = "ubuntu-latest"  # https://docs.github.com/actions/reference/runners/github-hosted-runners

ACTIONS = {
    "actions/checkout": ("08c6903cd8c0fde910a37f88322edcfb5dd907a8", "v5.0.0"),
    "actions/setup-python": ("e797f83bcb11b83ae66e0230d6156d7c80228e7c", "v6.0.0"),
    "actions/upload-artifact": ("ea165f8d65b6e75b540449e92b4886f43607fa02", "v4.6.2"),
    "actions/cache": ("0057852bfaa89a56745cba8c7296529d2fc39830", "v4.3.0"),
}
"""The commit of each release, by the tags of https://github.com/actions (read in 2026-11)."""

SHELL = "bash -euo pipefail {0}"  # https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax#defaultsrunshell
