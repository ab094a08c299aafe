"""Every help works: what it says to write removes the problem and causes no other.

A row is a spec, the place of the problem, and words of its help. Where the diagnostic has a fix, the fix is carried out;
otherwise the row has the spec as it is after the help has been followed by hand.
"""

from __future__ import annotations

from typing import NamedTuple

import pytest
from code_pages import EXAMPLES, SEEN, files, removed, sections
from helped import Files, assert_fix_works, problems
from mlopsc.compiler.codes import titles

HERE: Files = {"raw.txt": "b\na\n", "src/sort.py": "", "src/report.py": "", "params.yaml": "train:\n  lr: 0.1\n"}
HEAD = "mlops: 1\nstages:\n  sort:\n"
SORT = HEAD + "    cmd: sort raw.txt > sorted.txt\n    deps: [raw.txt]\n    outs: [sorted.txt]\n"
UNIQUE = "  unique:\n    cmd: uniq raw.txt > unique.txt\n    deps: [raw.txt]\n    outs: [unique.txt]\n"
JUDGED = SORT + "    metrics: [m.json]\n"
MONITOR = "mlops: 1\nmonitor:\n  drift:\n    cmd: wc raw.txt > m.json\n    deps: [raw.txt]\n    metrics: [m.json]\n"
LOOP = HEAD + "    foreach: [x, y]\n"


class Row(NamedTuple):
    """A problem and its remedy; without ``after``, the diagnostic carries the remedy as a fix."""

    spec: str
    code: str
    line: int
    column: int
    help: str
    after: str | None = None


SHAPES = {
    "foreach without do": Row(
        LOOP + "    cmd: sort raw.txt > ${item}\n    deps: [raw.txt]\n    outs: ['${item}']\n",
        *("MLC103", 4, 5, "add `do:` and move `cmd`, `deps` and `outs` under it"),
        LOOP + "    do:\n      cmd: sort raw.txt > ${item}\n      deps: [raw.txt]\n      outs: ['${item}']\n",
    ),
    "do without foreach": Row(
        HEAD + "    do: {cmd: sort raw.txt > x, deps: [raw.txt], outs: [x]}\n",
        *("MLC103", 4, 5, "or write the keys of `do` directly under `sort`"),
        HEAD + "    cmd: sort raw.txt > x\n    deps: [raw.txt]\n    outs: [x]\n",
    ),
    "a key beside do": Row(
        LOOP + "    do: {cmd: 'sort raw.txt > ${item}', outs: ['${item}']}\n    deps: [raw.txt]\n",
        *("MLC101", 6, 5, "move it under `do`"),
        LOOP + "    do: {cmd: 'sort raw.txt > ${item}', deps: [raw.txt], outs: ['${item}']}\n",
    ),
    "a gate that is a number": Row(JUDGED + "    gates: {m: 0.9}\n", "MLC102", 8, 16, 'write ">= 0.9"'),
    "a gate in words": Row(JUDGED + "    gates: {m: at most 0.3}\n", "MLC104", 8, 16, 'write "<= 0.3"'),
    "a gate as a mapping": Row(JUDGED + "    gates: {m: {max: 3}}\n", "MLC102", 8, 16, "write '<= 3'"),
    "gates as a list": Row(JUDGED + "    gates: [m >= 0.9]\n", "MLC102", 8, 12, "write {m: '>= 0.9'}"),
    "gates as a text": Row(JUDGED + "    gates: m >= 0.9\n", "MLC102", 8, 12, "write {m: '>= 0.9'}"),
    "a schedule in words": Row(MONITOR + "    schedule: daily\n", "MLC104", 7, 15, 'write "0 6 * * *"'),
    "a schedule of cron": Row(MONITOR + "    schedule: '@hourly'\n", "MLC104", 7, 15, 'write "0 * * * *"'),
    "a schedule that is a number": Row(MONITOR + "    schedule: 6\n", "MLC102", 7, 15, 'write "0 6 * * *"'),
    "a schedule of CI that is text": Row(
        "mlops: 1\nci: {on: {schedule: 0 6 * * 1}}\n", "MLC102", 2, 21, 'write a list: ["0 6 * * 1"]'
    ),
    "a list that is a mapping": Row(
        SORT.replace("[raw.txt]", "{raw.txt: null}"), "MLC102", 5, 11, "write a list: [raw.txt]"
    ),
    "outs that are a mapping": Row(
        SORT.replace("[sorted.txt]", "{sorted.txt: {cache: false}}"),
        *("MLC102", 6, 11, "write a list: [{sorted.txt: {cache: false}}]"),
    ),
    "a list that is text": Row(SORT.replace("[raw.txt]", "raw.txt"), "MLC102", 5, 11, "write a list: [raw.txt]"),
    "a list that only closes": Row(SORT.replace("[raw.txt]", "raw.txt]"), "MLC102", 5, 11, "write a list: [raw.txt]"),
    "stages that are a list": Row(
        "mlops: 1\nstages:\n- name: sort\n  cmd: sort raw.txt > o\n  deps: [raw.txt]\n  outs: [o]\n",
        *("MLC102", 3, 1, "write {sort: {cmd: sort raw.txt > o, deps: [raw.txt], outs: [o]}}"),
    ),
    "a stage that is text": Row("mlops: 1\nstages:\n  sort: sort x\n", "MLC102", 3, 9, "write {cmd: sort x}", SORT),
    "a model that is text": Row(SORT + "models: {m: sorted.txt}\n", "MLC102", 7, 13, "write {path: sorted.txt}"),
    "env that is a list": Row(SORT + "    env: [A=1]\n", "MLC102", 7, 10, "write {A: '1'}"),
    "vars that are a mapping": Row("mlops: 1\nvars: {x: 1}\n", "MLC102", 2, 7, "write a list: [{x: 1}]"),
    "a version that is a number": Row("mlops: 1\nci: {python: 3.10}\n", "MLC102", 2, 14, 'put it in quotes: "3.10"'),
    "an octal number": Row("mlops: 1\nproject: 0755\n", "MLC102", 2, 10, 'put it in quotes: "0755"'),
    "a float": Row("mlops: 1\nproject: 1e3\n", "MLC102", 2, 10, 'put it in quotes: "1e3"'),
    "a name with a space": Row("mlops: 1\nproject: my project\n", "MLC104", 2, 10, "write my-project"),
    "a stage called by a number": Row(SORT.replace("  sort:", "  1.10:"), "MLC102", 3, 3, 'put it in quotes: "1.10"'),
    "a variable called by a number": Row(
        SORT + "    env: {0755: x}\n",
        *("MLC102", 7, 11, 'put it in quotes: "0755"'),
        SORT,
    ),
    "an argument that is a number": Row(
        HEAD + "    args: [1e3]\n    deps: [raw.txt]\n    outs: [o]\n", "MLC102", 4, 12, 'put it in quotes: "1e3"'
    ),
    "after": Row(
        SORT + "    after: unique\n" + UNIQUE,
        *("MLC101", 7, 5, "list `unique.txt`, which `unique` writes, under `deps`"),
        SORT.replace("[raw.txt]", "[raw.txt, unique.txt]") + UNIQUE,
    ),
    "depends_on": Row(
        SORT + "    depends_on: [unique]\n" + UNIQUE,
        *("MLC101", 7, 5, "list `unique.txt`, which `unique` writes, under `deps`"),
        SORT.replace("[raw.txt]", "[raw.txt, unique.txt]") + UNIQUE,
    ),
    "a key of another tool": Row(SORT.replace("cmd:", "command:"), "MLC101", 4, 5, "did you mean `cmd`?"),
    "a misspelled key beside the right one": Row(
        SORT + "    dep: [src/sort.py]\n",
        *("MLC101", 7, 5, "move its value into `deps`"),
        SORT.replace("[raw.txt]", "[raw.txt, src/sort.py]"),
    ),
    "a key without a space in braces": Row(
        SORT + "    resources: {cpu:4}\n", "MLC101", 7, 17, "put a space after the colon: `cpu: 4`"
    ),
    "a template with a misspelled key": Row(
        SORT.replace("sort raw", "sort ${train.lrr} raw"),
        *("MLC202", 4, 10, "did you mean `${train.lr}`?"),
        SORT.replace("sort raw", "sort ${train.lr} raw"),
    ),
    "a template without its section": Row(
        SORT.replace("sort raw", "sort ${lr} raw"),
        *("MLC202", 4, 10, "did you mean `${train.lr}`?"),
        SORT.replace("sort raw", "sort ${train.lr} raw"),
    ),
    "code that is missing": Row(
        SORT.replace("[raw.txt]", "[raw.txt, lib/x.py]"),
        *("MLC411", 5, 21, "create the file, or correct its path"),
        SORT,
    ),
    "an out of the same stage is not offered": Row(
        SORT.replace("[raw.txt]", "[raw.txt, sortd.txt]"),
        *("MLC411", 5, 21, "create the file, run `dvc add sortd.txt`, or let a stage write it"),
        SORT,
    ),
    "a stage as a dep": Row(
        SORT.replace("[raw.txt]", "[unique]") + UNIQUE, "MLC411", 5, 12, "depend on what it writes: `unique.txt`"
    ),
    "adding cmd": Row(
        "mlops: 1\nstages:\n  report:\n    cmd: wc raw.txt\n",
        *("MLC413", 3, 3, "list what it reads under `deps`"),
        "mlops: 1\nstages:\n  report:\n    cmd: wc raw.txt > o\n    deps: [raw.txt]\n    outs: [o]\n",
    ),
}

SLIPS = {
    "a tab": Row(HEAD + "\tcmd: 'true'\n", "MLC001", 4, 1, "replace each tab by two spaces", SORT),
    **{
        f"a value that starts with {char}": Row(
            SORT + f"    desc: {char}home\n", "MLC001", 7, 11, f'put the value in quotes: "{char}home"'
        )
        for char in "@%*`"
    },
    **{
        f"an item that starts with {char}": Row(
            SORT + f"    meta: [{char}.csv, x]\n", "MLC001", 7, 12, f'put the value in quotes: "{char}.csv"'
        )
        for char in "@%*&`"
    },
    "an anchor by accident": Row(SORT + "    desc: &home x\n", "MLC011", 7, 11, '"&home x"'),
    "a gate without quotes": Row(JUDGED + "    gates:\n      m: >= 0.9\n", "MLC001", 9, 10, '">= 0.9"'),
    "a gate without quotes in braces": Row(JUDGED + "    gates: {m: > 0.9}\n", "MLC001", 8, 16, '"> 0.9"'),
    "an inequality without quotes": Row(JUDGED + "    gates: {m: != 0.9}\n", "MLC006", 8, 16, '"!= 0.9"'),
    "a no-break space after a colon": Row(SORT.replace("cmd: ", "cmd:\u00a0"), "MLC001", 4, 9, "an ordinary space"),
    "a no-break space in the indentation": Row(SORT.replace("    cmd", " \u00a0  cmd"), "MLC001", 4, 2, "ordinary"),
    "a no-break space in a command": Row(SORT.replace("sort raw", "sort\u00a0raw"), "MLC011", 4, 14, "ordinary space"),
    "a zero-width space": Row(SORT.replace("deps", "\u200bdeps"), "MLC001", 5, 5, "remove it"),
    "curly quotes": Row(SORT + "    meta: “src”\n", "MLC011", 7, 11, 'use straight quotes: "src"'),
    "curly quotes in a command": Row(SORT.replace("raw.txt >", "“raw.txt” >"), "MLC011", 4, 10, '"raw.txt" >'),
    "a full-width colon": Row(HEAD + "    cmd：sort x\n", "MLC001", 4, 5, "write `cmd: sort x`", SORT),
    "no space after a colon": Row(SORT.replace("cmd: ", "cmd:"), "MLC001", 4, 5, "write `cmd: sort raw.txt > sorted"),
    "no space after the first colon": Row("mlops:1\nstages: {}\n", "MLC001", 1, 1, "write `mlops: 1`"),
    "no space after the last colon": Row(SORT + "project:x\n", "MLC001", 7, 1, "write `project: x`"),
    "no space after a dash": Row(SORT.replace("[raw.txt]", "\n    -raw.txt"), "MLC001", 6, 5, "write `- raw.txt`"),
    "no colon": Row(SORT.replace("deps: ", "deps "), "MLC001", 5, 5, "write `deps: [raw.txt]`"),
    "a colon in a value": Row(SORT + "    desc: Note: this\n", "MLC001", 7, 11, '"Note: this"'),
    "text after quotes": Row(
        SORT.replace("sort raw.txt > sorted.txt", '"sort" raw.txt > sorted.txt'),
        *("MLC001", 4, 10, "write '\"sort\" raw.txt > sorted.txt'"),
    ),
    "text after brackets": Row(SORT + "    desc: [a] b\n", "MLC001", 7, 11, '"[a] b"'),
    "double braces": Row(SORT + "    desc: {{ x }}\n", "MLC001", 7, 11, '"{{ x }}"'),
    "a template in brackets": Row(SORT + "    meta: [${train.lr}, y]\n", "MLC001", 7, 12, '"${train.lr}"'),
    "an escape": Row(SORT + '    desc: "C:\\data"\n', "MLC001", 7, 11, "use single quotes: 'C:\\data'"),
    "a quote that is not closed": Row(SORT.replace("cmd: ", 'cmd: "'), "MLC001", 4, 10, 'write the closing `"`', SORT),
    "a quote that the next one closes": Row(
        SORT.replace("cmd: ", 'cmd: "').replace("[raw.txt]", '["raw.txt"]'),
        "MLC001",
        4,
        10,
        'write the closing `"`',
        SORT,
    ),
    "a bracket that is not closed": Row(
        SORT.replace("[raw.txt]", "[raw.txt"), "MLC001", 5, 11, "write `]` after the last item", SORT
    ),
    "a brace that is not closed": Row(
        SORT.replace("    deps", "    resources: {cpu: 1\n    deps"), "MLC001", 5, 16, "write `}`", SORT
    ),
    "no comma": Row(SORT + "    meta: ['a' 'b']\n", "MLC001", 7, 16, "put a comma before this item"),
    "a deeper line": Row(SORT.replace("    deps", "      deps"), "MLC001", 5, 1, "indent it by 4 spaces"),
    "a less indented line": Row(SORT.replace("    deps", "   deps"), "MLC001", 5, 1, "indent it by 4 spaces"),
    "a duplicate key": Row(SORT + "    cmd: 'true'\n", "MLC003", 7, 5, "keep one of the two", SORT),
    "a conflict": Row(
        SORT + "<<<<<<< HEAD\n=======\n>>>>>>> b\n", "MLC001", 7, 1, "keep one side and remove the marker lines", SORT
    ),
}


@pytest.mark.parametrize("row", {**SHAPES, **SLIPS}.values(), ids=[*SHAPES, *SLIPS])
def test_the_help_at_its_place_removes_the_problem(row: Row) -> None:
    before = {**HERE, "mlops.yaml": row.spec}
    found = problems(before)
    assert (row.code, row.line, row.column) in [problem.at for problem in found]
    diagnostic = next(p.diagnostic for p in found if p.at == (row.code, row.line, row.column))
    assert row.help in diagnostic.help
    assert len(found) == 1, [problem.at for problem in found]
    if row.after is None:
        assert_fix_works(before, diagnostic)
    else:
        assert row.code not in [problem.diagnostic.code for problem in problems({**HERE, "mlops.yaml": row.after})]
        assert problems({**HERE, "mlops.yaml": row.after}) == []


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_another_encoding_is_named(encoding: str) -> None:
    (problem,) = problems({**HERE, "mlops.yaml": SORT.encode(encoding)})
    assert problem.at == ("MLC002", 1, 1)
    assert encoding[:6].upper() in problem.diagnostic.message
    assert problems({**HERE, "mlops.yaml": SORT.encode("utf-8-sig")}) == []


@pytest.mark.parametrize("code", EXAMPLES)
def test_each_fix_in_the_pages_works(code: str) -> None:
    wrong = files(sections(code)["Wrong"])
    for problem in problems(wrong):
        if problem.diagnostic.fix is not None:
            assert_fix_works(wrong, problem.diagnostic)


def test_every_code_has_an_example_or_a_reason() -> None:
    assert [code for code in titles() if code not in SEEN and code not in EXAMPLES and not removed(code)] == []
