"""Facts of GitLab CI: limits, keywords and names. Read in 2026-11."""

from __future__ import annotations

MAX_MINUTES = 180  # of a job on gitlab.com's hosted runners: https://docs.gitlab.com/ci/runners/hosted_runners/
MAX_NEEDS = 50  # https://docs.gitlab.com/administration/cicd/limits/#limit-the-number-of-needs, also on gitlab.com
MAX_RETRIES = 2  # https://docs.gitlab.com/ci/yaml/#retry

DEFAULT_MINUTES = 180
"""Timeout of a job that runs stages if the spec sets none. GitLab's own default is an hour: https://docs.gitlab.com/ci/pipelines/settings/#set-a-limit-for-how-long-jobs-can-run"""

KEYWORDS = frozenset(
    "image services stages types before_script after_script variables cache include default workflow spec pages "
    "pages:deploy true false nil".split()
)
"""Words that name no job: https://docs.gitlab.com/ci/jobs/#job-names"""

SOURCE = "CI_PIPELINE_SOURCE"
"""The variable that says what started a pipeline. In a child pipeline it is `parent_pipeline`."""
PARENTS_SOURCE = "MLOPS_SOURCE"
"""The variable by which a child pipeline learns what started its parent."""
PARENTS_STAGE = "test"
"""The stage of the job that starts a child pipeline: GitLab has it unless the team's file lists others."""

TOKEN = "GITLAB_TOKEN"
"""The variable with the access token that writes to GitLab."""
