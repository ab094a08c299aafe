# Made by mlopsc: submits a pipeline to Vertex AI. It needs google-cloud-aiplatform, PyYAML and Git.
"""vertex.py PIPELINE [--set KEY=VALUE]... [options]: run a pipeline at the commit that is checked out here.

The repository and the commit come from Git. What Google's own libraries find in the environment need not be said:
GOOGLE_CLOUD_PROJECT, GOOGLE_CLOUD_REGION, GOOGLE_APPLICATION_CREDENTIALS.
Exit status: 0 submitted (with --wait: done), 1 Vertex AI said no, 2 misuse.
"""

import argparse
import json
import os
import re
import subprocess
import sys


def git(*words):
    """What Git says, or nothing where it fails."""
    done = subprocess.run(["git", *words], capture_output=True, text=True)
    return done.stdout.strip() if done.returncode == 0 else ""


def parse(words):
    """The options."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("pipeline", help="the file, vertex/NAME.yaml")
    parser.add_argument("--set", action="append", default=[], metavar="[FILE:]KEY=VALUE", help="another parameter")
    parser.add_argument("--repository", default=git("remote", "get-url", "origin"), help="Git URL to clone")
    parser.add_argument("--revision", default="HEAD", help="the commit (default: that which is checked out)")
    parser.add_argument("--project", default=os.environ.get("GOOGLE_CLOUD_PROJECT"), help="of Google Cloud")
    parser.add_argument("--region", default=os.environ.get("GOOGLE_CLOUD_REGION", "us-central1"))
    parser.add_argument("--root", help="gs:// folder for Vertex AI's own records (default: a bucket of the project)")
    parser.add_argument("--account", help="the service account that the tasks run as")
    parser.add_argument("--secret", default="", help="the secret in Secret Manager that holds credentials")
    parser.add_argument("--wait", action="store_true", help="until it is done")
    parser.add_argument("--dry-run", action="store_true", help="print what would be sent, and send nothing")
    said = parser.parse_args(words)
    if not said.repository:
        parser.error("there is no Git remote `origin` here: say --repository")
    if not said.project:
        parser.error("which project of Google Cloud? Say --project, or set GOOGLE_CLOUD_PROJECT")
    if wrong := [word for word in said.set if "=" not in word]:
        parser.error(f"--set {wrong[0]}: KEY=VALUE is expected")
    commit = git("rev-parse", "--verify", "--quiet", said.revision + "^{commit}")
    if not commit:
        parser.error(f"there is no commit {said.revision} here")
    if not git("branch", "--remotes", "--contains", commit):
        parser.error(f"{commit} is not pushed: tasks clone the repository")
    if not re.match(r"https://|file://", said.repository):
        print(
            f"tasks have no SSH key: can they clone {said.repository}? If not, say --repository https://...",
            file=sys.stderr,
        )
    said.revision = commit
    if said.secret and "/" not in said.secret:
        said.secret = f"projects/{said.project}/secrets/{said.secret}/versions/latest"
    return said


def parameters(said):
    """The pipeline's parameters: those it has one for by name, all others in `set_params`."""
    import yaml

    with open(said.pipeline, encoding="utf-8") as file:
        executors = yaml.safe_load(file)["deploymentSpec"]["executors"].values()
    known = {}
    for word in [word for executor in executors for word in executor["container"]["args"]]:
        if match := re.fullmatch(r"(.+)=\{\{\$\.inputs\.parameters\['(\w+)'\]\}\}", word):
            known[match.group(1)] = match.group(2)
    own = {"repository": said.repository, "revision": said.revision, "secret": said.secret}
    own["folder"] = git("rev-parse", "--show-prefix").rstrip("/")
    more = []
    for word in said.set:
        name, _, value = word.partition("=")
        if name in known:
            own[known[name]] = value
        else:
            more.append(word)
    return {**own, "set_params": "\n".join(more)}


def main(words):
    said = parse(words)
    from google.cloud.aiplatform import PipelineJob

    credentials = None
    if said.dry_run:
        from google.auth.credentials import AnonymousCredentials

        credentials = AnonymousCredentials()
    name = os.path.splitext(os.path.basename(said.pipeline))[0]
    job = PipelineJob(
        display_name=name,
        template_path=said.pipeline,
        parameter_values=parameters(said),
        pipeline_root=said.root,
        project=said.project,
        location=said.region,
        credentials=credentials,
        enable_caching=False,
        failure_policy="slow",
    )
    if said.dry_run:
        print(json.dumps(job.to_dict(), indent=1))
        return 0
    job.submit(service_account=said.account)
    if said.wait:
        job.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
