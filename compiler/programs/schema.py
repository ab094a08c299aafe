# Made by mlopsc: judges data by a schema. It needs Python alone, and for some formats a package that it names when it lacks it.
"""schema.py PATH SCHEMA: fail unless the file at PATH, or each file of the folder PATH, is as SCHEMA says.

A schema with `fields` is a Table Schema (https://datapackage.org/standard/table-schema/) and judges the rows of CSV, TSV
(`.gz` too), JSON lines, JSON lists of objects, and Parquet. Any other is a JSON Schema (https://json-schema.org) and
judges each line of JSON lines, or the whole of a JSON, YAML or TOML file. Exit status: 0 as it should be, 1 it is not,
2 that cannot be told.
"""

import csv
import datetime
import decimal
import gzip
import json
import os
import re
import sys

SHOWN = 20
TABLES = (".csv", ".tsv", ".jsonl", ".ndjson", ".json", ".parquet")
DOCUMENTS = (".jsonl", ".ndjson", ".json", ".yaml", ".yml", ".toml")
CONSTRAINTS = {"required", "unique", "minimum", "maximum", "minLength", "maxLength", "pattern", "enum"}


class Unknown(Exception):
    """Something that cannot be judged; the text says what and why."""


def needs(package):
    """A package, or a word on what is missing."""
    try:
        return __import__(package)
    except ImportError as error:
        raise Unknown(f"this needs the package {package}: name it among the project's requirements") from error


def opened(path):
    """A text file, compressed or not."""
    return gzip.open(path, "rt", encoding="utf-8-sig", newline="") if path.endswith(".gz") else open(
        path, encoding="utf-8-sig", newline=""
    )  # fmt: skip


def ending(path):
    """What kind of file a path is."""
    return os.path.splitext(path[:-3] if path.endswith(".gz") else path)[1].lower()


def document(path):
    """The content of a JSON, YAML or TOML file."""
    with opened(path) as file:
        text = file.read()
    if ending(path) == ".toml":
        return needs("tomllib").loads(text)
    if ending(path) in (".yaml", ".yml"):
        return needs("yaml").safe_load(text)
    return json.loads(text)


def lines(path):
    """Each value of JSON lines, with its place."""
    with opened(path) as file:
        for number, line in enumerate(file, 1):
            if line.strip():
                yield f"{path}:{number}", json.loads(line)


def rows(path):
    """The columns of a table, None where each row has its own, and its rows with their places."""
    kind = ending(path)
    if kind in (".csv", ".tsv"):
        csv.field_size_limit(2**31 - 1)
        file = opened(path)
        reader = csv.reader(file, delimiter="\t" if kind == ".tsv" else ",", strict=True)
        columns = next(reader, [])

        def read():
            with file:
                for row in reader:
                    if row and len(row) != len(columns):
                        yield f"{path}:{reader.line_num}", None
                    elif row:
                        yield f"{path}:{reader.line_num}", dict(zip(columns, row))

        return columns, read()
    if kind == ".parquet":
        needs("pyarrow")
        from pyarrow.parquet import ParquetFile

        table = ParquetFile(path)
        batches = (row for batch in table.iter_batches() for row in batch.to_pylist())
        return table.schema_arrow.names, ((f"{path}: row {number}", row) for number, row in enumerate(batches, 1))
    if kind == ".json":
        data = document(path)
        if not isinstance(data, list):
            raise Unknown(f"{path} is no list of rows")
        return None, ((f"{path}: row {number}", row) for number, row in enumerate(data, 1))
    return None, lines(path)


def as_date(text):
    return datetime.date.fromisoformat(text)


def as_datetime(text):
    return datetime.datetime.fromisoformat(text[:-1] + "+00:00" if text.endswith("Z") else text)


def as_number(text):
    return decimal.Decimal({"INF": "Infinity", "-INF": "-Infinity"}.get(text, text))


def as_json(kind):
    def read(text):
        value = json.loads(text)
        if not isinstance(value, kind):
            raise ValueError(text)
        return value

    return read


READ = {
    "string": str, "any": str, "integer": int, "number": as_number, "date": as_date, "datetime": as_datetime,
    "time": datetime.time.fromisoformat, "year": int, "object": as_json(dict), "array": as_json(list),
}  # fmt: skip
NATIVE = {
    "string": (str,), "any": (object,), "integer": (int,), "number": (int, float, decimal.Decimal), "boolean": (bool,),
    "date": (datetime.date,), "datetime": (datetime.datetime,), "time": (datetime.time,), "year": (int,),
    "object": (dict,), "array": (list,),
}  # fmt: skip
"""What a type is where the format has types of its own; text is read as in CSV, but for strings."""


class Field:
    """One column of a Table Schema."""

    def __init__(self, said, missing):
        self.name, self.type, self.missing = said["name"], said.get("type", "any"), missing
        self.rules = said.get("constraints", {})
        if self.type not in NATIVE:
            raise Unknown(f"the type {self.type} of the field {self.name} is none of {', '.join(NATIVE)}")
        if said.get("format", "default") not in ("default", "any"):
            raise Unknown(f"the format {said['format']} of the field {self.name}: only the default one is judged")
        if unknown := set(self.rules) - CONSTRAINTS:
            raise Unknown(
                f"the field {self.name} has the constraint {min(unknown)}: known are {', '.join(sorted(CONSTRAINTS))}"
            )
        self.true = said.get("trueValues", ["true", "True", "TRUE", "1"])
        self.false = said.get("falseValues", ["false", "False", "FALSE", "0"])
        self.bounds = {key: self.read(self.rules[key]) for key in ("minimum", "maximum") if key in self.rules}
        self.chosen = [self.read(value) for value in self.rules["enum"]] if "enum" in self.rules else None
        self.seen = set()

    def read(self, value):
        """The value as one of the field's type. Raises ValueError."""
        if isinstance(value, str) and self.type not in ("string", "any"):
            if self.type == "boolean":
                if value not in self.true and value not in self.false:
                    raise ValueError(value)
                return value in self.true
            return READ[self.type](value)
        wrong = isinstance(value, bool) and self.type in ("integer", "number", "year")
        if wrong or not isinstance(value, NATIVE[self.type]):
            raise ValueError(value)
        return decimal.Decimal(str(value)) if self.type == "number" else value

    def problem(self, cell):
        """What is wrong with a cell, or None."""
        if cell is None or cell in self.missing:
            return "is missing" if self.rules.get("required") else None
        try:
            value = self.read(cell)
        except (ValueError, ArithmeticError, TypeError):
            return f"is {str(cell)[:60]!r}, which is no {self.type}"
        shown = f"is {str(cell)[:60]!r}"
        nan = isinstance(value, decimal.Decimal) and value.is_nan()
        for key, below in (("minimum", True), ("maximum", False)):
            if key in self.bounds and (nan or (value < self.bounds[key] if below else value > self.bounds[key])):
                return f"{shown}, while its {key} is {self.rules[key]}"
        if self.chosen is not None and value not in self.chosen:
            return f"{shown}, none of {', '.join(map(str, self.rules['enum']))[:200]}"
        if "pattern" in self.rules and re.fullmatch(self.rules["pattern"], str(cell)) is None:
            return f"{shown}, which is not like {self.rules['pattern']}"
        if "minLength" in self.rules and len(cell) < self.rules["minLength"]:
            return f"{shown}, shorter than {self.rules['minLength']}"
        if "maxLength" in self.rules and len(cell) > self.rules["maxLength"]:
            return f"{shown}, longer than {self.rules['maxLength']}"
        if self.rules.get("unique"):
            if str(cell) in self.seen:
                return f"{shown} for the second time"
            self.seen.add(str(cell))
        return None


def header(columns, names, match):
    """What is wrong with the columns."""
    said, there = set(names), set(columns)
    good = {
        "exact": list(columns) == names, "equal": there == said and len(columns) == len(names),
        "subset": said <= there, "superset": there <= said, "partial": bool(said & there),
    }  # fmt: skip
    if match not in good:
        raise Unknown(f"fieldsMatch is {match}: known are {', '.join(good)}")
    if not good[match]:
        return (
            f"the columns are {', '.join(columns) or 'none'}; they should be {', '.join(names)} (fieldsMatch: {match})"
        )
    return None


def table(path, schema):
    """What is wrong with a table."""
    missing = [each["value"] if isinstance(each, dict) else each for each in schema.get("missingValues", [""])]
    fields = [Field(said, missing) for said in schema["fields"]]
    match = schema.get("fieldsMatch", "exact")
    match = match[0] if isinstance(match, list) else match
    key = schema.get("primaryKey", [])
    key = [key] if isinstance(key, str) else key
    columns, found = rows(path)
    if columns is not None and (wrong := header(columns, [field.name for field in fields], match)):
        yield f"{path}: {wrong}"
        return
    keys = set()
    for place, row in found:
        if not isinstance(row, dict):
            yield f"{place}: the row has not as many cells as there are columns" if row is None else f"{place}: no row"
            continue
        if columns is None and (wrong := header(sorted(row), sorted(field.name for field in fields), match)):
            yield f"{place}: {wrong}"
            continue
        for field in fields:
            if field.name in row and (wrong := field.problem(row[field.name])):
                yield f"{place}: {field.name} {wrong}"
        if key:
            own = tuple(str(row.get(name)) for name in key)
            if own in keys:
                yield f"{place}: the key {', '.join(own)} is there for the second time"
            keys.add(own)


def judged(path, schema):
    """What is wrong with a document, or with each line of JSON lines, by a JSON Schema."""
    from importlib import import_module

    needs("jsonschema")
    validators = import_module("jsonschema.validators")
    kind = validators.validator_for(schema, default=validators.Draft202012Validator)
    kind.check_schema(schema)
    judge = kind(schema, format_checker=kind.FORMAT_CHECKER)
    found = lines(path) if ending(path) in (".jsonl", ".ndjson") else [(path, document(path))]
    for place, value in found:
        for error in judge.iter_errors(value):
            yield f"{place}: {error.json_path}: {error.message[:200]}"


def files(path, known):
    """The files to judge."""
    if not os.path.isdir(path):
        if ending(path) not in known:
            raise Unknown(f"{path}: this kind of schema judges {', '.join(known)}")
        return [path]
    inside = (os.path.join(folder, name) for folder, _, names in os.walk(path) for name in names)
    found = sorted(name for name in inside if ending(name) in known)
    if not found:
        raise Unknown(f"no file in {path} ends in {', '.join(known)}")
    return found


def main(arguments):
    if len(arguments) != 2:
        sys.exit(__doc__)
    path, said = arguments
    count = 0
    try:
        schema = document(said)
        tabular = isinstance(schema, dict) and isinstance(schema.get("fields"), list)
        for file in files(path, TABLES if tabular else DOCUMENTS):
            for problem in (table if tabular else judged)(file, schema):
                count += 1
                if count <= SHOWN:
                    print(f"schema: {problem}", file=sys.stderr)
    except Unknown as error:
        print(f"schema: {error}", file=sys.stderr)
        return 2
    except Exception as error:  # each format's reader has errors of its own
        print(f"schema: {path} cannot be judged by {said}: {error}", file=sys.stderr)
        return 2
    if count:
        print(f"schema: {path} is not as {said} says: {count} problems", file=sys.stderr)
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
