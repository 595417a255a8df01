"""Answers SQL with DuckDB, for OracleTests.swift to compare with.

    oracle.py FILE COLUMNS

FILE has an event a line; COLUMNS is a JSON object of SQL types by field. They are the table `facts`, with the time `us`
in microseconds and the number `line` of the line. Each line read is a query as a JSON string, and each line printed its
rows, or an error. Exits with 3 when a package is missing.
"""

import json
import sys

try:
    import duckdb
except Exception as error:
    print(error, file=sys.stderr)
    sys.exit(3)


def main():
    database = duckdb.connect()
    # One thread reads the lines in their order, and is faster on tables as small as these.
    database.execute("SET threads = 1")
    types = ", ".join(f"{name}: '{kind}'" for name, kind in json.loads(sys.argv[2]).items())
    database.execute(
        f"""CREATE TABLE facts AS SELECT *, row_number() OVER () AS line,
              epoch_us(CAST("timestamp" AS TIMESTAMP)) AS us
            FROM read_json('{sys.argv[1]}', format = 'newline_delimited', columns = {{{types}}})"""
    )
    print(json.dumps({"rows": database.execute("SELECT count(*) FROM facts").fetchall()}), flush=True)
    for line in sys.stdin:
        try:
            answer = {"rows": database.execute(json.loads(line)).fetchall()}
        except Exception as error:  # the test says which query it was
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer, default=float), flush=True)


main()
