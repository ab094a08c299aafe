# Made by mlopsc: judges metrics by bounds. It needs Python alone (and PyYAML or ruamel.yaml for metrics in YAML).
"""gate.py [--report FILE] METRICS... -- BOUND...: fail unless every bound holds.

A bound is `NAME OPERATOR NUMBER`, as in `accuracy >= 0.9`. NAME is a dotted key of one of the METRICS files, or
`FILE:KEY`; of a CSV file the last row counts. `NAME.delta` is the difference to the base: the revision in
$MLOPS_BASE, else the default branch of `origin`, else main or master, else HEAD. Where the base has no such metric,
a bound on a difference holds. Values are compared as they are written, without rounding; NaN and infinities fail, and
texts and booleans are not numbers. Exit status: 0 all hold, 1 one does not, 2 a metric is missing or cannot be read.
"""

import collections
import csv
import io
import json
import math
import operator
import os
import re
import subprocess
import sys
import tempfile
from fractions import Fraction

OPERATORS = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
    "==": operator.eq,
    "!=": operator.ne,
}
NUMBER = re.compile(
    r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?|[+-]?(nan|inf(inity)?)", re.IGNORECASE | re.ASCII
)
"""A number in a cell of a CSV file. `float` would accept `1_000` and digits of any script."""
BOUND = re.compile(r"(.*?)\s*(>=|<=|==|!=|>|<)\s*(\S+)")


class Unreadable(Exception):
    """A metric that cannot be had; the text says which and why."""


def parse(path, text):
    """The content of a metrics file."""
    ending = os.path.splitext(path)[1].lower()
    if ending == ".json":
        return json.loads(text)
    if ending == ".toml":
        import tomllib

        return tomllib.loads(text)
    if ending in (".csv", ".tsv"):
        csv.field_size_limit(2**31 - 1)
        rows = csv.DictReader(io.StringIO(text), delimiter="\t" if ending == ".tsv" else ",")
        last = next(iter(collections.deque(rows, maxlen=1)), {})
        return {key: cell(text) for key, text in last.items()}
    try:
        from ruamel.yaml import YAML
    except ImportError:
        import yaml

        return yaml.safe_load(text)
    return YAML(typ="safe", pure=True).load(text)


def cell(text):
    """The content of a cell: a number if it looks like one."""
    return float(text) if isinstance(text, str) and NUMBER.fullmatch(text.strip()) else text


def read(path, place, text):
    """The content of a metrics file that was found in a place. Each format's reader has errors of its own."""
    try:
        return parse(path, text)
    except Exception as error:
        raise Unreadable(f"{path}{place}: {error}") from error


def load(path, place=""):
    """A metrics file of the working tree."""
    try:
        with open(path, encoding="utf-8-sig") as file:
            text = file.read()
    except (OSError, ValueError) as error:
        raise Unreadable(f"{path}{place}: {error}") from error
    return read(path, place, text)


def load_base(path, base):
    """The same file at the base, from Git or from DVC; None where it is not there."""
    shown = run("git", "show", f"{base}:./{path}")
    if shown is not None:
        return read(path, f" at {base}", shown.lstrip("\ufeff"))
    with tempfile.TemporaryDirectory() as folder:
        copy = os.path.join(folder, os.path.basename(path))
        if run("dvc", "get", "--quiet", "--rev", base, "--out", copy, ".", path) is None or not os.path.exists(copy):
            if run("dvc", "list", "--rev", base, ".", path) is None:
                return None
            raise Unreadable(f"{base} has {path}, but not here: `dvc fetch` has to reach the remote for it")
        return load(copy, f" at {base}")


def run(*command):
    """What a command prints, or None where it fails or is not there."""
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    except OSError:
        return None
    return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else None


def base_revision():
    """The revision that differences are taken to."""
    head = run("git", "symbolic-ref", "--quiet", "--short", "refs/remotes/origin/HEAD")
    wanted = [os.environ.get("MLOPS_BASE"), head and head.strip(), "origin/main", "origin/master", "main", "master"]
    for name in filter(None, wanted):
        if run("git", "rev-parse", "--verify", "--quiet", "--end-of-options", name + "^{commit}") is not None:
            return name
        if name == wanted[0]:
            raise Unreadable(f"MLOPS_BASE is {name}, and Git knows no such revision")
    if (run("git", "rev-parse", "--is-shallow-repository") or "").strip() == "true":
        raise Unreadable("this clone is shallow, without the base branch: `git fetch --unshallow`, or set MLOPS_BASE")
    return "HEAD"


def lookup(data, key):
    """The value under a dotted key; keys may hold dots themselves. None where there is none."""
    if not key:
        return data
    if isinstance(data, list):
        head, _, rest = key.partition(".")
        return lookup(data[int(head)], rest) if head.isdigit() and int(head) < len(data) else None
    if not isinstance(data, dict):
        return None
    for name in data:
        if key == str(name) or key.startswith(f"{name}."):
            found = lookup(data[name], key[len(str(name)) + 1 :])
            if found is not None:
                return found
    return None


def number(value, name):
    """A metric as a number. A text or a boolean is not one."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        try:
            return float(value)
        except OverflowError:
            pass
    raise Unreadable(f"{name} is {str(value)[:80]!r}, which is not a number")


def exact(value):
    """The decimal number that is written for a float, so that 0.9 - 0.8 is 0.1."""
    return Fraction(repr(value))


def find(name, contents):
    """The file and the key of a metric, and its value."""
    for path in contents:
        if name.startswith(path + ":"):
            key = name[len(path) + 1 :]
            return path, key, lookup(contents[path], key)
    found = [(path, name, value) for path, data in contents.items() if (value := lookup(data, name)) is not None]
    if len(found) > 1:
        raise Unreadable(f"{name} is in {' and in '.join(path for path, _, _ in found)}: write FILE:{name}")
    return found[0] if found else (None, name, None)


def bound_limit(bound, limit):
    """The number of a bound."""
    try:
        return Fraction(limit)
    except ValueError as error:
        raise Unreadable(f"{bound!r} compares with {limit!r}, which is not a number") from error


def judge(bound, contents):
    """One row of the table, and whether the bound holds."""
    match = BOUND.fullmatch(bound.strip())
    if match is None or not match.group(1):
        raise Unreadable(f"{bound!r} is not a bound, such as `accuracy >= 0.9`")
    name, sign, limit = match.groups()
    path, key, value = find(name, contents)
    delta = value is None and name.endswith(".delta")
    if delta:
        path, key, value = find(name[: -len(".delta")], contents)
    if value is None:
        raise Unreadable(f"there is no metric {name} in {', '.join(contents)}")
    value = number(value, name)
    shown = f"{value:g}"
    if delta:
        base = base_revision()
        before = lookup(load_base(path, base) or {}, key)
        if before is None:
            return (name, f"{sign} {limit}", f"nothing at {base} to compare with", "holds"), True
        before = number(before, f"{name} at {base}")
        shown = f"{value - before:+g} ({before:g} at {base})"
        finite = math.isfinite(value) and math.isfinite(before)
        compared = exact(value) - exact(before) if finite else None
    else:
        compared = exact(value) if math.isfinite(value) else None
    holds = compared is not None and OPERATORS[sign](compared, bound_limit(bound, limit))
    if not holds and not delta and compared is not None and OPERATORS[sign](float(f"{value:g}"), float(limit)):
        shown = repr(value)  # six digits would look as if the bound held
    return (name, f"{sign} {limit}", shown, "holds" if holds else "FAILS"), holds


def table(rows):
    """Rows as a Markdown table with even columns."""
    rows = [("metric", "bound", "value", "verdict"), *rows]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    lines = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |" for row in rows]
    return "\n".join([lines[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *lines[1:]]) + "\n"


def main(arguments):
    report = None
    if arguments[:1] == ["--report"]:
        report, arguments = arguments[1], arguments[2:]
    if "--" not in arguments:
        sys.exit(__doc__)
    cut = arguments.index("--")
    try:
        contents = {path: load(path) for path in arguments[:cut]}
        judged = [judge(bound, contents) for bound in arguments[cut + 1 :]]
    except Unreadable as error:
        print(f"gate: {error}", file=sys.stderr)
        return 2
    text = table([row for row, _ in judged])
    print(text, end="")
    if report is not None:
        os.makedirs(os.path.dirname(report) or ".", exist_ok=True)
        with open(report, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
    failed = sum(not holds for _, holds in judged)
    if failed:
        print(f"gate: {failed} of {len(judged)} bounds do not hold", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
