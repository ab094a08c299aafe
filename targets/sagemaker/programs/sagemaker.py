# Made by mlopsc: puts a pipeline of the folder sagemaker/ into SageMaker and starts it. It needs Python 3.9 and botocore.
"""sagemaker.py DEFINITION --role ARN [options]: create or update the pipeline, and start it.

The pipeline bears the name of the file. Credentials and region come from the environment, as for all of AWS's tools. What is
not said comes from Git: the repository is `origin` (by HTTPS), the revision is HEAD.
Exit status: 0 done, 1 the pipeline failed or AWS said no, 2 misuse.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import time
import uuid

MAX_LINE = (
    256  # letters of NAME=VALUE: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateProcessingJob.html
)
MAX_VALUE = 1024  # https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_Parameter.html


def fail(text, status=2):
    print(f"sagemaker.py: {text}", file=sys.stderr)
    sys.exit(status)


def git(*words):
    """What Git says; nothing where it says no."""
    done = subprocess.run(["git", *words], capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""


def https(url):
    """An address that a container can clone, which has no SSH key; without the password that may be in it."""
    found = re.fullmatch(r"(?:ssh://)?git@([^:/]+)(?::\d+)?[:/](.+)", url)
    return f"https://{found[1]}/{found[2]}" if found else re.sub(r"^(\w+://)[^/@]*@", r"\1", url)


def revision():
    """The commit that is checked out, which has to be where the containers find it."""
    head = git("rev-parse", "HEAD")
    if head and not git("branch", "-r", "--contains", head):
        fail(f"the commit {head[:12]} is on no remote branch: push it, or name another by -p revision=REV")
    return head


def settable(definition):
    """The pipeline's parameter for each that `dvc exp run --set-param` knows, as the steps' variables tell it."""
    found = {}
    for step in definition["Steps"]:
        for name, value in step["Arguments"]["Environment"].items():
            if name.startswith("MLOPS_SET_"):
                key, parameter = value["Std:Join"]["Values"]
                found[key[:-1]] = parameter["Get"].partition(".")[2]
    return found


def pairs(words, flag):
    """NAME=VALUE as names and values."""
    found = {}
    for word in words:
        name, sign, value = word.partition("=")
        if not sign or not name:
            fail(f"{flag} takes NAME=VALUE, not {word!r}")
        found[name] = value
    return found


def parameters(definition, own, sets):
    """The values that the execution starts with."""
    declared = {each["Name"]: each.get("DefaultValue") for each in definition["Parameters"]}
    known, more = settable(definition), []
    values = dict(own)
    for name, value in sets.items():
        if len(f"{name}={value}\n") > MAX_LINE:
            fail(f"{name} with its value is longer than the {MAX_LINE} letters that SageMaker takes")
        if name in known:
            values[known[name]] = value
        else:
            more.append(f"{name}={value}")
    if more:
        values["set_params"] = "\n".join([*filter(None, [values.get("set_params")]), *more])
        if len(values["set_params"]) > MAX_LINE:
            fail(f"{', '.join(sets)}: together longer than the {MAX_LINE} letters that SageMaker takes")
    unknown = sorted(set(values) - set(declared))
    if unknown:
        fail(f"the pipeline has no parameter {', '.join(unknown)}; it has {', '.join(declared)}")
    origin = {"repository": lambda: https(git("remote", "get-url", "origin")), "revision": revision}
    for name, ask in origin.items():
        if name not in values and (said := ask()):
            values[name] = said
    missing = [name for name, default in declared.items() if default is None and not values.get(name)]
    if missing:
        fail(f"no value for {', '.join(missing)}: give each by -p NAME=VALUE (the role by --role)")
    for name, value in values.items():
        if len(value) > MAX_VALUE:
            fail(f"the value of {name} is longer than the {MAX_VALUE} letters that SageMaker takes")
    return [{"Name": name, "Value": value} for name, value in values.items()]


def put(client, name, text, role):
    """Make the pipeline what the file says; tell whether anything was to be done."""
    said = {"PipelineName": name, "PipelineDefinition": text, "RoleArn": role}
    try:
        there = client.describe_pipeline(PipelineName=name)
    except client.exceptions.ClientError as error:
        if error.response["Error"]["Code"] not in ("ResourceNotFound", "ValidationException"):
            raise
        client.create_pipeline(ClientRequestToken=uuid.uuid4().hex, **said)
        return "created"
    if there["PipelineDefinition"] == text and there["RoleArn"] == role:
        return "unchanged"
    client.update_pipeline(**said)
    return "updated"


def wait(client, execution, seconds):
    """Wait for the end, and tell how each step ended; whether all went well."""
    while True:
        now = client.describe_pipeline_execution(PipelineExecutionArn=execution)
        if now["PipelineExecutionStatus"] not in ("Executing", "Stopping"):
            break
        time.sleep(seconds)
    pages = client.get_paginator("list_pipeline_execution_steps").paginate(
        PipelineExecutionArn=execution, SortOrder="Ascending"
    )
    try:
        for step in (step for page in pages for step in page["PipelineExecutionSteps"]):
            print(f"{step['StepName']}: {step['StepStatus']} {step.get('FailureReason', '')}".rstrip())
    except client.exceptions.ClientError as error:
        print(f"sagemaker.py: the steps cannot be listed: {error}", file=sys.stderr)
    print(f"{now['PipelineExecutionStatus']} {now.get('FailureReason', '')}".rstrip())
    return now["PipelineExecutionStatus"] == "Succeeded"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("definition", help="the file, sagemaker/PROJECT.json")
    parser.add_argument(
        "--role", default=os.environ.get("SAGEMAKER_ROLE"), help="the execution role (or SAGEMAKER_ROLE)"
    )
    parser.add_argument("-p", action="append", default=[], metavar="NAME=VALUE", help="a parameter of the pipeline")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="as `dvc exp run --set-param`")
    parser.add_argument("--create-only", action="store_true", help="do not start it")
    parser.add_argument("--wait", action="store_true", help="wait for the end, and fail where it failed")
    parser.add_argument("--every", type=float, default=30, metavar="SECONDS", help="how often to look, with --wait")
    said = parser.parse_args()
    if not said.role:
        fail("which role runs the jobs? --role arn:aws:iam::ACCOUNT:role/NAME, or SAGEMAKER_ROLE")
    try:
        with open(said.definition, encoding="utf-8") as file:
            text = file.read()
        definition = json.loads(text)
    except (OSError, ValueError) as error:
        fail(f"{said.definition} cannot be read: {error}")
    name = os.path.splitext(os.path.basename(said.definition))[0]
    start = (
        []
        if said.create_only
        else parameters(definition, {"role": said.role, **pairs(said.p, "-p")}, pairs(said.set, "--set"))
    )
    try:
        from botocore.exceptions import BotoCoreError, ClientError
        from botocore.session import get_session
    except ImportError:
        fail("botocore is not installed: pip install boto3, or 'dvc[s3]'")
    try:
        client = get_session().create_client("sagemaker")
        print(f"pipeline {name}: {put(client, name, text, said.role)}")
        if said.create_only:
            return
        execution = client.start_pipeline_execution(
            PipelineName=name, PipelineParameters=start, ClientRequestToken=uuid.uuid4().hex
        )["PipelineExecutionArn"]
        print(execution, flush=True)
        if said.wait and not wait(client, execution, said.every):
            sys.exit(1)
    except (BotoCoreError, ClientError) as error:
        fail(str(error), 1)


main()
