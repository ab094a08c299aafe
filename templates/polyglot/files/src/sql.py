"""Run a file of SQL with DuckDB: python src/sql.py FILE. The folder data/FILE's-name is there when it starts."""

import sys
from pathlib import Path

import duckdb


def main() -> None:
    script = Path(sys.argv[1])
    Path("data", script.stem).mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as connection:
        connection.execute(script.read_text())


if __name__ == "__main__":
    main()
