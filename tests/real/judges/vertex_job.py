"""vertex_job.py PIPELINE: what Vertex AI's SDK makes of a pipeline file, offline, and what it says to a wrong parameter.

It runs on the Python of the judge.
"""

import json
import sys

from google.auth.credentials import AnonymousCredentials
from google.cloud.aiplatform import PipelineJob


def job(**more):
    return PipelineJob(
        display_name="wine",
        template_path=sys.argv[1],
        parameter_values={"repository": "https://example.org/wine.git", "revision": "abc", **more},
        pipeline_root="gs://bucket/root",
        project="acme",
        location="europe-west4",
        credentials=AnonymousCredentials(),
        enable_caching=False,
        failure_policy="slow",
    )


try:
    job(train_rate="1")
    refused = ""
except ValueError as error:
    refused = str(error)
print(json.dumps({"job": job(train_lr="0.2").to_dict(), "refused": refused}))
