"""The program that judges data as they come: Table Schemas and JSON Schemas, good data and bad."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from conftest import run, write
from mlopsc.compiler import programs

pytestmark = pytest.mark.real
PROGRAM = Path(programs.__file__).with_name("schema.py")

TABLE: dict[str, Any] = {
    "fields": [
        {"name": "id", "type": "integer", "constraints": {"required": True, "unique": True}},
        {"name": "price", "type": "number", "constraints": {"minimum": 0, "maximum": 1e3}},
        {"name": "kind", "type": "string", "constraints": {"enum": ["a", "b"]}},
        {"name": "day", "type": "date"},
        {"name": "fresh", "type": "boolean"},
        {"name": "code", "constraints": {"pattern": "[A-Z]{2}\\d", "minLength": 3}},
    ],
    "missingValues": ["", "NA"],
    "primaryKey": ["id"],
}
HEAD = "id,price,kind,day,fresh,code\n"
GOOD = '1,2.50,a,2026-01-31,true,AB1\n2,NA,b,,False,"CD2"\n'


def judge(root: Path, name: str, schema: Any) -> subprocess.CompletedProcess[str]:
    write(root, {"schema.json": json.dumps(schema)})
    return run(sys.executable, str(PROGRAM), name, "schema.json", cwd=root, check=False)


def test_good_tables(tmp_path: Path) -> None:
    rows = [{"id": 1, "price": 2.5, "kind": "a", "day": "2026-01-31", "fresh": True, "code": "AB1"}]
    rows.append({**rows[0], "id": 2, "price": None})
    write(tmp_path, {
        "t.csv": "\ufeff" + HEAD + GOOD,
        "t.tsv": (HEAD + GOOD).replace(",", "\t"),
        "t.jsonl": "\n".join(map(json.dumps, rows)) + "\n",
        "t.json": json.dumps(rows),
    })  # fmt: skip
    (tmp_path / "t.csv.gz").write_bytes(gzip.compress((HEAD + GOOD).encode()))
    write(tmp_path, {"folder/a.csv": HEAD + GOOD, "folder/more/b.csv": HEAD, "folder/notes.txt": "no table"})
    for name in ("t.csv", "t.tsv", "t.jsonl", "t.json", "t.csv.gz", "folder"):
        done = judge(tmp_path, name, TABLE)
        assert (done.returncode, done.stderr) == (0, ""), name


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("x,1,a,,,\n", "t.csv:2: id is 'x', which is no integer"),
        (",1,a,,,\n", "id is missing"),
        ("1,1,a,,,\n1,1,a,,,\n", "for the second time"),
        ("1,-0.01,a,,,\n", "while its minimum is 0"),
        ("1,1e4,a,,,\n", "its maximum is 1000.0"),
        ("1,nan,a,,,\n", "while its minimum is 0"),
        ("1,1,c,,,\n", "none of a, b"),
        ("1,1,a,31.1.2026,,\n", "which is no date"),
        ("1,1,a,,maybe,\n", "which is no boolean"),
        ("1,1,a,,,ab1\n", "which is not like"),
        ("1,1,a\n", "has not as many cells"),
        ('1,1,"a\n', "cannot be judged"),
    ],
)
def test_bad_rows_are_named_with_their_line(tmp_path: Path, rows: str, said: str) -> None:
    write(tmp_path, {"t.csv": HEAD + rows})
    done = judge(tmp_path, "t.csv", TABLE)
    assert done.returncode in (1, 2)
    assert said in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("columns", "match", "code"),
    [("a,b", "exact", 0), ("b,a", "exact", 1), ("b,a", "equal", 0), ("a,b,c", "equal", 1), ("a,b,c", "subset", 0),
     ("a", "subset", 1), ("a", ["superset"], 0), ("a,c", "superset", 1), ("a,c", "partial", 0), ("c", "partial", 1), ("", "exact", 1)],
)  # fmt: skip
def test_columns(tmp_path: Path, columns: str, match: Any, code: int) -> None:
    write(tmp_path, {"t.csv": f"{columns}\n"})
    schema = {"fields": [{"name": "a"}, {"name": "b"}], "fieldsMatch": match}
    assert judge(tmp_path, "t.csv", schema).returncode == code


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ({"fields": [{"name": "a", "type": "geopoint"}]}, "the type geopoint"),
        ({"fields": [{"name": "a", "constraints": {"jsonSchema": {}}}]}, "the constraint jsonSchema"),
        ({"fields": [{"name": "a", "type": "date", "format": "%d.%m.%Y"}]}, "only the default one"),
        ({"type": "object"}, "this kind of schema judges"),
        ({"fields": [{}]}, "cannot be judged"),
    ],
)
def test_what_cannot_be_judged_never_passes(tmp_path: Path, schema: Any, said: str) -> None:
    write(tmp_path, {"t.csv": "a\n1\n"})
    done = judge(tmp_path, "t.csv", schema)
    assert (done.returncode, said in done.stderr, "Traceback" in done.stderr) == (2, True, False), done.stderr


def test_json_schemas(tmp_path: Path) -> None:
    schema = {"type": "object", "required": ["n"], "properties": {"n": {"type": "integer", "maximum": 3}}}
    write(tmp_path, {"a.json": '{"n": 3}', "b.jsonl": '{"n": 1}\n\n{"n": 4}\n{}\n', "c.yaml": "n: 2\n"})
    assert judge(tmp_path, "a.json", schema).returncode == 0
    assert judge(tmp_path, "c.yaml", schema).returncode == 0
    done = judge(tmp_path, "b.jsonl", schema)
    assert done.returncode == 1
    assert "b.jsonl:3: $.n: 4 is greater than the maximum of 3" in done.stderr
    assert "b.jsonl:4: $: 'n' is a required property" in done.stderr
    assert judge(tmp_path, "a.json", {"type": "nonsense"}).returncode == 2


def test_a_long_table_is_told_short(tmp_path: Path) -> None:
    write(tmp_path, {"t.csv": "a\n" + "x\n" * 100_000})
    done = judge(tmp_path, "t.csv", {"fields": [{"name": "a", "type": "integer"}]})
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 21
    assert "100000 problems" in done.stderr
