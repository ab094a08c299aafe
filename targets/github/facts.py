"""Facts of GitHub Actions: limits and runners."""

from __future__ import annotations

MAX_MINUTES = (
    360  # of a job on a GitHub-hosted runner: https://docs.github.com/actions/reference/limits#job-execution-time
)
REPORT_BYTES = 60_000  # a comment holds 65,536 characters: https://docs.github.com/rest/issues/comments
HOSTED = "ubuntu-latest"  # https://docs.github.com/actions/reference/runners/github-hosted-runners

SHELL = "bash -euo pipefail {0}"  # https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax#defaultsrunshell

FOLDER = ".github/workflows"
"""Where GitHub looks for workflows, and nowhere else: https://docs.github.com/actions/concepts/workflows-and-actions/workflows"""
