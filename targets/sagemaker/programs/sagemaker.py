# Made by mlopsc: uploads a pipeline of the folder sagemaker/ to SageMaker and starts it. Needs Python 3.9 and botocore.
"""sagemaker.py DEFINITION --role ARN [options]: create or update the pipeline, and start it.

The pipeline has the name of the file. Credentials and region come from the environment, as for all AWS tools. By default the
repository is `origin` (by HTTPS) and the revision is HEAD.
Exit status: 0 done, 1 the pipeline failed or AWS refused it, 2 misuse.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import time
import uuid

# Characters of NAME=VALUE: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateProcessingJob.html
MAX_LINE = 256
MAX_VALUE = 1024  # https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_Parameter.html


def fail(text, status=2):
    print(f"sagemaker.py: {text}", file=sys.stderr)
    sys.exit(status)


def git(*words):
    """The output of Git; empty if it fails."""
    done = subprocess.run(["git", *words], capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""


def https(url):
    """The URL by HTTPS, as a container has no SSH key, and without a password."""
    match = re.fullmatch(r"(?:ssh://)?git@([^:/]+)(?::\d+)?[:/](.+)", url)
    return f"https://{match[1]}/{match[2]}" if match else re.sub(r"^(\w+://)[^/@]*@", r"\1", url)


def revision():
    """The commit that is checked out. It has to be pushed, for the containers to clone it."""
    head = git("rev-parse", "HEAD")
    if head and not git("branch", "-r", "--contains", head):
        fail(f"the commit {head[:12]} is on no remote branch: push it, or name another with -p revision=REV")
    return head


def settable(definition):
    """The pipeline's parameters by their names for `dvc exp run --set-param`, from the variables of the steps."""
    names = {}
    for step in definition["Steps"]:
        for name, value in step["Arguments"]["Environment"].items():
            if name.startswith("MLOPS_SET_"):
                key, parameter = value["Std:Join"]["Values"]
                names[key[:-1]] = parameter["Get"].partition(".")[2]
    return names


def pairs(words, flag):
    """The names and values of NAME=VALUE."""
    values = {}
    for word in words:
        name, separator, value = word.partition("=")
        if not separator or not name:
            fail(f"{flag} takes NAME=VALUE, not {word!r}")
        values[name] = value
    return values


def parameters(definition, given, sets):
    """The values with which the execution starts."""
    declared = {parameter["Name"]: parameter.get("DefaultValue") for parameter in definition["Parameters"]}
    known, more = settable(definition), []
    values = dict(given)
    for name, value in sets.items():
        if len(f"{name}={value}\n") > MAX_LINE:
            fail(f"{name} with its value is longer than the {MAX_LINE} characters that SageMaker takes")
        if name in known:
            values[known[name]] = value
        else:
            more.append(f"{name}={value}")
    if more:
        values["set_params"] = "\n".join([*filter(None, [values.get("set_params")]), *more])
        if len(values["set_params"]) > MAX_LINE:
            fail(f"{', '.join(sets)}: together longer than the {MAX_LINE} characters that SageMaker takes")
    unknown = sorted(set(values) - set(declared))
    if unknown:
        fail(f"the pipeline has no parameter {', '.join(unknown)}; it has {', '.join(declared)}")
    defaults = {"repository": lambda: https(git("remote", "get-url", "origin")), "revision": revision}
    for name, default in defaults.items():
        if name not in values and (value := default()):
            values[name] = value
    missing = [name for name, default in declared.items() if default is None and not values.get(name)]
    if missing:
        fail(f"no value for {', '.join(missing)}: set each with -p NAME=VALUE (the role with --role)")
    for name, value in values.items():
        if len(value) > MAX_VALUE:
            fail(f"the value of {name} is longer than the {MAX_VALUE} characters that SageMaker takes")
    return [{"Name": name, "Value": value} for name, value in values.items()]


def put(client, name, text, role):
    """Create or update the pipeline; return what was done."""
    request = {"PipelineName": name, "PipelineDefinition": text, "RoleArn": role}
    try:
        pipeline = client.describe_pipeline(PipelineName=name)
    except client.exceptions.ClientError as error:
        if error.response["Error"]["Code"] not in ("ResourceNotFound", "ValidationException"):
            raise
        client.create_pipeline(ClientRequestToken=uuid.uuid4().hex, **request)
        return "created"
    if pipeline["PipelineDefinition"] == text and pipeline["RoleArn"] == role:
        return "unchanged"
    client.update_pipeline(**request)
    return "updated"


def wait(client, execution, seconds):
    """Wait for the end and print how each step ended; whether the pipeline succeeded."""
    while True:
        state = client.describe_pipeline_execution(PipelineExecutionArn=execution)
        if state["PipelineExecutionStatus"] not in ("Executing", "Stopping"):
            break
        time.sleep(seconds)
    pages = client.get_paginator("list_pipeline_execution_steps").paginate(
        PipelineExecutionArn=execution, SortOrder="Ascending"
    )
    try:
        for step in (step for page in pages for step in page["PipelineExecutionSteps"]):
            print(f"{step['StepName']}: {step['StepStatus']} {step.get('FailureReason', '')}".rstrip())
    except client.exceptions.ClientError as error:
        print(f"sagemaker.py: cannot list the steps: {error}", file=sys.stderr)
    print(f"{state['PipelineExecutionStatus']} {state.get('FailureReason', '')}".rstrip())
    return state["PipelineExecutionStatus"] == "Succeeded"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("definition", help="the file, sagemaker/PROJECT.json")
    parser.add_argument(
        "--role", default=os.environ.get("SAGEMAKER_ROLE"), help="the execution role (or SAGEMAKER_ROLE)"
    )
    parser.add_argument("-p", action="append", default=[], metavar="NAME=VALUE", help="a parameter of the pipeline")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="as `dvc exp run --set-param`")
    parser.add_argument("--create-only", action="store_true", help="do not start it")
    parser.add_argument("--wait", action="store_true", help="wait for the end, and fail if the pipeline fails")
    parser.add_argument("--every", type=float, default=30, metavar="SECONDS", help="interval of the checks with --wait")
    options = parser.parse_args()
    if not options.role:
        fail("no role for the jobs: set --role arn:aws:iam::ACCOUNT:role/NAME, or SAGEMAKER_ROLE")
    try:
        with open(options.definition, encoding="utf-8") as file:
            text = file.read()
        definition = json.loads(text)
    except (OSError, ValueError) as error:
        fail(f"{options.definition} cannot be read: {error}")
    name = os.path.splitext(os.path.basename(options.definition))[0]
    start = (
        []
        if options.create_only
        else parameters(definition, {"role": options.role, **pairs(options.p, "-p")}, pairs(options.set, "--set"))
    )
    try:
        from botocore.exceptions import BotoCoreError, ClientError
        from botocore.session import get_session
    except ImportError:
        fail("this Python has no botocore: pip install boto3, or 'dvc[s3]'")
    try:
        client = get_session().create_client("sagemaker")
        print(f"pipeline {name}: {put(client, name, text, options.role)}")
        if options.create_only:
            return
        execution = client.start_pipeline_execution(
            PipelineName=name, PipelineParameters=start, ClientRequestToken=uuid.uuid4().hex
        )["PipelineExecutionArn"]
        print(execution, flush=True)
        if options.wait and not wait(client, execution, options.every):
            sys.exit(1)
    except (BotoCoreError, ClientError) as error:
        fail(str(error), 1)


main()
