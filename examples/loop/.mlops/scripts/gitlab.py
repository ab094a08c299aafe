# Made by mlopsc: what the jobs of .gitlab-ci.yml tell GitLab. It needs Python alone.
"""gitlab.py note FILE [PROJECT] | issue MONITOR FILE | metrics: tell people in GitLab, or turn metrics into a report.

`note` makes the file one note of the merge request, and writes over that note from then on; each PROJECT has its own. `issue` opens an issue with
the label monitor-MONITOR and the file as its text, or adds a note to the one that is open. Both speak to $CI_API_V4_URL
with $GITLAB_TOKEN. `metrics` reads what `dvc metrics show --json` prints, and prints OpenMetrics.
Exit status: 0 done, 1 GitLab said no, or what was read makes no sense.
"""

import json
import os
import re
import sys
import urllib.error
import urllib.parse
import urllib.request

MARK = "<!-- mlopsc: report -->"
LIMIT = 1_000_000  # characters of a note: https://docs.gitlab.com/administration/instance_limits/


def call(method, path, body=None):
    """The answer of GitLab's API, and the number of the next page of it."""
    if not os.environ.get("GITLAB_TOKEN"):
        sys.exit("GITLAB_TOKEN is not set: see Settings > CI/CD > Variables, environment mlops-write")
    request = urllib.request.Request(
        os.environ["CI_API_V4_URL"] + path,
        method=method,
        headers={"PRIVATE-TOKEN": os.environ["GITLAB_TOKEN"], "Content-Type": "application/json"},
        data=None if body is None else json.dumps(body).encode(),
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer), answer.headers.get("X-Next-Page")
    except urllib.error.HTTPError as error:
        sys.exit(f"GitLab answered {error.code} to {method} {path}: GITLAB_TOKEN has to have the scope `api`")
    except OSError as error:
        sys.exit(f"GitLab cannot be reached at {request.full_url}: {error}")


def harmless(text):
    """The text without quick actions: a line that starts with a slash is one, and GitLab would carry it out."""
    return re.sub(r"^(\s*)/", r"\1\\/", text, flags=re.MULTILINE)


def read(file):
    """The text of a file that another job has left; a link could lead to a secret of this job."""
    if os.path.realpath(file) != os.path.join(os.path.realpath("."), file):
        sys.exit(f"{file} is a link")
    with open(file, encoding="utf-8") as report:
        return harmless(report.read())


def note(file, project_name=None):
    """Write the note, or write over it."""
    mark = MARK if project_name is None else f"<!-- mlopsc: report of {project_name} -->"
    body = f"{mark}\n{read(file)}"[:LIMIT]
    project, request = os.environ["CI_MERGE_REQUEST_PROJECT_ID"], os.environ["CI_MERGE_REQUEST_IID"]
    notes = f"/projects/{project}/merge_requests/{request}/notes"
    me = call("GET", "/user")[0]["id"]
    page = "1"
    while page:
        found, page = call("GET", f"{notes}?sort=asc&per_page=100&page={page}")
        for each in found:
            if each["author"]["id"] == me and each["body"].startswith(mark):
                call("PUT", f"{notes}/{each['id']}", {"body": body})
                return
    call("POST", notes, {"body": body})


def issue(monitor, file):
    """Open the issue, or add to it."""
    label = f"monitor-{monitor}"
    issues = f"/projects/{os.environ['CI_PROJECT_ID']}/issues"
    body = read(file)[:LIMIT]
    found, _ = call("GET", f"{issues}?state=opened&labels={urllib.parse.quote(label)}")
    if found:
        call("POST", f"{issues}/{found[0]['iid']}/notes", {"body": body})
    else:
        call("POST", issues, {"title": f"The monitor {monitor} is breached", "labels": label, "description": body})


def numbers(data, names):
    """Each number below, with the keys that lead to it."""
    if isinstance(data, bool) or data is None:
        return
    if isinstance(data, (int, float)):
        yield names, data
    for key, value in data.items() if isinstance(data, dict) else ():
        yield from numbers(value, [*names, str(key)])


def metrics(data):
    """The lines of the report, from what DVC shows."""
    lines = {}
    for shown in data.values():
        files = shown.get("data", {})
        for file, content in files.items():
            for names, value in numbers(content.get("data"), []):
                name = re.sub(r"\W", "_", ".".join(names), flags=re.ASCII)
                name = name if re.match(r"[A-Za-z_]", name) else f"_{name}"
                label = re.sub(r'(["\\])', r"\\\1", file).replace("\n", "\\n")
                lines[f'{name}{{file="{label}"}}' if len(files) > 1 else name] = value
    return "".join(f"{name} {float(value)!r}\n" for name, value in lines.items())


def main():
    if sys.argv[1:2] == ["note"] and len(sys.argv) in (3, 4):
        note(*sys.argv[2:])
    elif sys.argv[1:2] == ["issue"] and len(sys.argv) == 4:
        issue(sys.argv[2], sys.argv[3])
    elif sys.argv[1:] == ["metrics"]:
        sys.stdout.write(metrics(json.load(sys.stdin)))
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
