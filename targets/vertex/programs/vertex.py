# Made by mlopsc: submits a pipeline to Vertex AI. Needs google-cloud-aiplatform, PyYAML and Git.
"""vertex.py PIPELINE [--set KEY=VALUE]... [options]: run a pipeline at the commit that is checked out here.

The repository and the commit come from Git; project, region and credentials from GOOGLE_CLOUD_PROJECT, GOOGLE_CLOUD_REGION and
GOOGLE_APPLICATION_CREDENTIALS, as for Google's own tools.
Exit status: 0 submitted (with --wait: done), 1 Vertex AI refused it, 2 misuse.
"""

import argparse
import json
import os
import re
import subprocess
import sys


def git(*words):
    """The output of Git; empty if it fails."""
    done = subprocess.run(["git", *words], capture_output=True, text=True)
    return done.stdout.strip() if done.returncode == 0 else ""


def parse(words):
    """The options."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("pipeline", help="the file, vertex/NAME.yaml")
    parser.add_argument("--set", action="append", default=[], metavar="[FILE:]KEY=VALUE", help="set a parameter")
    parser.add_argument("--repository", default=git("remote", "get-url", "origin"), help="Git URL to clone")
    parser.add_argument("--revision", default="HEAD", help="the commit (default: HEAD)")
    parser.add_argument("--project", default=os.environ.get("GOOGLE_CLOUD_PROJECT"), help="the project on Google Cloud")
    parser.add_argument("--region", default=os.environ.get("GOOGLE_CLOUD_REGION", "us-central1"))
    parser.add_argument("--root", help="gs:// folder for the records of Vertex AI (default: a bucket of the project)")
    parser.add_argument("--account", help="the service account of the tasks")
    parser.add_argument("--secret", default="", help="the secret in Secret Manager that holds credentials")
    parser.add_argument("--wait", action="store_true", help="wait until it is done")
    parser.add_argument("--dry-run", action="store_true", help="print the request, and do not send it")
    options = parser.parse_args(words)
    if not options.repository:
        parser.error("no Git remote is called `origin`: set --repository")
    if not options.project:
        parser.error("no project on Google Cloud: set --project or GOOGLE_CLOUD_PROJECT")
    if wrong := [word for word in options.set if "=" not in word]:
        parser.error(f"--set takes KEY=VALUE, not {wrong[0]}")
    commit = git("rev-parse", "--verify", "--quiet", options.revision + "^{commit}")
    if not commit:
        parser.error(f"no commit is called {options.revision}")
    if not git("branch", "--remotes", "--contains", commit):
        parser.error(f"{commit} is on no remote branch: push it, for the tasks to clone it")
    if not re.match(r"https://|file://", options.repository):
        print(
            f"tasks have no SSH key and may not be able to clone {options.repository}: set --repository https://...",
            file=sys.stderr,
        )
    options.revision = commit
    if options.secret and "/" not in options.secret:
        options.secret = f"projects/{options.project}/secrets/{options.secret}/versions/latest"
    return options


def parameters(options):
    """The values of the pipeline's parameters; those that it does not have go into `set_params`."""
    import yaml

    with open(options.pipeline, encoding="utf-8") as file:
        executors = yaml.safe_load(file)["deploymentSpec"]["executors"].values()
    names = {}
    for word in [word for executor in executors for word in executor["container"]["args"]]:
        if match := re.fullmatch(r"(.+)=\{\{\$\.inputs\.parameters\['(\w+)'\]\}\}", word):
            names[match.group(1)] = match.group(2)
    values = {"repository": options.repository, "revision": options.revision, "secret": options.secret}
    values["folder"] = git("rev-parse", "--show-prefix").rstrip("/")
    more = []
    for word in options.set:
        name, _, value = word.partition("=")
        if name in names:
            values[names[name]] = value
        else:
            more.append(word)
    return {**values, "set_params": "\n".join(more)}


def main(words):
    options = parse(words)
    from google.cloud.aiplatform import PipelineJob

    credentials = None
    if options.dry_run:
        from google.auth.credentials import AnonymousCredentials

        credentials = AnonymousCredentials()
    name = os.path.splitext(os.path.basename(options.pipeline))[0]
    job = PipelineJob(
        display_name=name,
        template_path=options.pipeline,
        parameter_values=parameters(options),
        pipeline_root=options.root,
        project=options.project,
        location=options.region,
        credentials=credentials,
        enable_caching=False,
        failure_policy="slow",
    )
    if options.dry_run:
        print(json.dumps(job.to_dict(), indent=1))
        return 0
    job.submit(service_account=options.account)
    if options.wait:
        job.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
