"""Computes KPIs with DuckDB, for OracleTests.swift to compare with.

    oracle.py FILE COLUMNS

FILE has an event a line; COLUMNS is a JSON object of SQL types by field. The first line printed has
the number of facts. Then each line read is a definition, and each line printed its rows as columns,
or an error.
A value comes with the slack that a correct answer may take; -1 means that nothing can be said.
Exits with 3 when a package is missing.
"""

import json
import re
import sys
from datetime import datetime, timezone
from functools import cache
from math import gcd, isfinite

try:
    from zoneinfo import ZoneInfo

    import duckdb

    ZoneInfo("Australia/Lord_Howe")
except Exception as error:  # of the zone's absence too
    print(error, file=sys.stderr)
    sys.exit(3)

DAY = 86_400
UNITS = {"s": 1, "m": 60, "h": 3600, "d": DAY, "w": 7 * DAY, "mo": 2_629_746, "y": 31_556_952}


# Buckets: the clock is walked in steps that divide every length, offset and change of it.


def length(text):
    count, unit = re.fullmatch(r"(\d+)([a-z]+)", text).groups()
    return int(count), unit, int(count) * UNITS[unit]


@cache
def period_of_day(day, count, unit):
    if unit in ("mo", "y"):
        date = datetime.fromtimestamp(day * DAY, timezone.utc)
        months = (date.year - 1970) * 12 + date.month - 1
        return months // (count * (12 if unit == "y" else 1))
    # Weeks begin on Monday; 1970-01-01 was a Thursday.
    return (day + 3) // (7 * count) if unit == "w" else day // count


def bucket_starts(every, zone, since, until):
    count, unit, seconds = length(every)
    is_clock = unit in ("s", "m", "h") and seconds < DAY
    if unit == "h" and not is_clock:
        count, unit = seconds // DAY, "d"
    step = gcd(900, seconds) if is_clock else 900
    starts, here = [], None
    second = (since - 2 * seconds - 3 * DAY) // 900 * 900
    while second <= until:
        offset = int(datetime.fromtimestamp(second, zone).utcoffset().total_seconds())
        wall = second + offset
        if is_clock:
            label = wall // seconds
            begins = here is not None and label != here[0]
            if here is not None and offset != here[1] and (offset - here[1]) % seconds == 0:
                begins = wall % seconds == 0  # all go on as if nothing had happened
            here = (label, offset)
        else:
            # Clocks that are put back over midnight do not bring the day before again.
            label = period_of_day(wall // DAY, count, unit)
            begins = here is not None and label > here
            here = label if here is None else max(label, here)
        if begins:
            starts.append(second)
        second += step
    return starts


# Values with their slack.


class Number:
    def __init__(self, value, slack=0.0):
        self.value, self.slack = value, slack

    @staticmethod
    def of(other):
        return other if isinstance(other, Number) else Number(float(other))

    def with_(self, other, compute):
        other = Number.of(other)
        if self.slack == -1 or other.slack == -1:
            return Number(None, -1)
        if self.value is None or other.value is None:
            return Number(None)
        result = compute(self, other)
        if result.value is not None and not isfinite(result.value):
            return Number(None)
        return result

    def __neg__(self):
        return Number(None if self.value is None else -self.value, self.slack)

    def __add__(self, other):
        return self.with_(other, lambda a, b: Number(a.value + b.value, a.slack + b.slack))

    def __sub__(self, other):
        return self.with_(other, lambda a, b: Number(a.value - b.value, a.slack + b.slack))

    def __mul__(self, other):
        return self.with_(other, Number.times)

    def __truediv__(self, other):
        return self.with_(other, Number.over)

    def __radd__(self, other):
        return Number.of(other) + self

    def __rsub__(self, other):
        return Number.of(other) - self

    def __rmul__(self, other):
        return Number.of(other) * self

    def __rtruediv__(self, other):
        return Number.of(other) / self

    def times(a, b):
        result = a.value * b.value
        slack = abs(a.value) * b.slack + abs(b.value) * a.slack + a.slack * b.slack
        return Number(result, slack and slack * (1 + 1e-9) + 1e-15 * abs(result))

    def over(a, b):
        if b.value == 0 and b.slack == 0:
            return Number(None)
        if abs(b.value) <= b.slack:
            return Number(None, -1)
        result = a.value / b.value
        slack = (a.slack + abs(result) * b.slack) / (abs(b.value) - b.slack)
        return Number(result, slack and slack * (1 + 1e-9) + 1e-15 * abs(result))


# The texts of definitions: conditions are SQL as they stand, aggregates are found in the items.


def scan(text, visit):
    """Calls visit(index, depth) for each character outside of quotes.

    The depth is that of parentheses, which are outside of themselves.
    """
    depth, quoted = 0, None
    for index, character in enumerate(text):
        if quoted:
            quoted = None if character == quoted else quoted
        elif character in "'\"":
            quoted = character
        else:
            depth -= character == ")"
            visit(index, depth)
            depth += character == "("


def split(text, separator=","):
    cuts = [-1]
    scan(text, lambda index, depth: depth or text[index] != separator or cuts.append(index))
    return [text[a + 1 : b].strip() for a, b in zip(cuts, cuts[1:] + [len(text)])]


def close_of(text, start):
    found = []
    scan(text[start:], lambda index, depth: found.append(index) if depth < 0 else None)
    return start + found[0]


def aggregate(function, argument, condition, means):
    """SQL for the value and for its slack. Appends to `means` those that each cell needs before."""
    parts = split(argument)
    x = parts[0]
    if function == "percentile":
        function = "p" + parts[1]
    if function == "median":
        function = "p50"
    tests = [f"({condition})"] if condition else []
    tests += [f"{x} IS NOT NULL"] if x != "*" else []
    only = f"FILTER (WHERE {' AND '.join(tests)})" if tests else ""
    total = f"fsum({x}) {only}"
    size = f"sum(abs({x})) {only}"
    most = f"max(abs({x})) {only}"
    count = f"count(*) {only}"
    # Moved to the mean, DuckDB's one pass loses no digits.
    variance = f"var_samp({x} - __mean{len(means)}) {only}"
    if function in ("variance", "stddev"):
        means.append(f"avg({x}) {only}")
    first, last = f"arg_min({x}, __place) {only}", f"arg_max({x}, __place) {only}"
    distinct = f"count(DISTINCT {x}) {only}"
    simple = {
        "count": (count, "0"),
        "sum": (total, f"1e-12 * abs({total}) + 1e-15 * {size}"),
        "avg": (f"{total} / {count}", f"(1e-12 * abs({total}) + 1e-15 * {size}) / {count}"),
        "min": (f"min({x}) {only}", "0"),
        "max": (f"max({x}) {only}", "0"),
        "first": (first, "0"),
        "last": (last, "0"),
        "delta": (f"{last} - {first}", f"1e-15 * (abs({last}) + abs({first}))"),
        "variance": (variance, f"1e-9 * {variance} + 1e-30 * {most} * {most}"),
        "stddev": (f"sqrt({variance})", f"1e-9 * sqrt({variance}) + 1e-15 * {most}"),
        "distinct": (distinct, f"CASE WHEN {distinct} < 512 THEN 0 ELSE 0.08 * {distinct} END"),
    }
    if function in simple:
        return simple[function]
    whole, _, decimals = function[1:].partition(".")
    scale = 100 * 10 ** len(decimals)
    rank = f"CAST(({count} - 1) * {int(whole + decimals)} // {scale} AS BIGINT)"
    exact = f"list_extract(list_sort(list({x}) {only}), 1 + {rank})"
    return exact, f"0.010000001 * abs({exact})"


def compile_item(item, sql, means):
    """Appends the SQL of the item's aggregates to `sql`; gives Python of them as v[0] and so on."""
    item = re.sub(r'\s+AS\s+\w+\s*$', "", item)
    python, position = "", 0
    for call in re.finditer(r"\b([a-z]\w*(?:\.\d+)?)\(", item):
        if call.start() < position:
            continue  # within the condition of the one before
        end = close_of(item, call.end())
        inside = re.split(r"\sWHERE\s", item[call.end() : end], maxsplit=1)
        python += item[position : call.start()] + f"v[{len(sql) // 2}]"
        condition = inside[1] if len(inside) > 1 else None
        sql.extend(aggregate(call.group(1), inside[0].strip(), condition, means))
        position = end + 1
    return compile(python + item[position:], item, "eval")


class Oracle:
    def __init__(self, file, columns):
        self.columns = columns
        self.database = duckdb.connect()
        # One thread reads the lines in their order.
        self.database.execute("SET threads = 1")
        types = ", ".join(f"{name}: '{kind}'" for name, kind in columns.items())
        self.database.execute(
            f"""CREATE TABLE lines AS SELECT *, row_number() OVER () AS __line,
                  epoch_us(CAST("timestamp" AS TIMESTAMP)) AS __us
                FROM read_json('{file}', format = 'newline_delimited', columns = {{{types}}})"""
        )
        once = "QUALIFY row_number() OVER (PARTITION BY event_id ORDER BY __line) = 1"
        self.database.execute(
            f"""CREATE TABLE facts AS SELECT *, row_number() OVER (ORDER BY __us, __line) AS __place
                FROM (SELECT * FROM lines {once if "event_id" in columns else ""})"""
        )
        row = self.database.execute("SELECT count(*), min(__us), max(__us) FROM facts").fetchone()
        self.database.execute("RESET threads")
        self.count, self.since, self.until = row[0], row[1] // 10**6, row[2] // 10**6
        self.bucketed = {}

    def table(self, every, zone, panes):
        """Facts with the number of their bucket; the starts by number."""
        key = (every, zone, panes)
        if key not in self.bucketed:
            until = self.until + (panes + 2) * (length(every)[2] + 2 * DAY)
            starts = bucket_starts(every, ZoneInfo(zone), self.since, until)
            number = len(self.bucketed)
            self.database.execute(
                f"""CREATE TABLE starts{number} AS
                    SELECT 1000000 * second AS us,
                      row_number() OVER (ORDER BY second) - 1 AS __bucket
                    FROM (SELECT CAST(unnest(string_split(?, ',')) AS BIGINT) AS second)""",
                [",".join(map(str, starts))],  # far faster than as a list
            )
            self.database.execute(
                f"""CREATE TABLE bucketed{number} AS SELECT facts.*, starts.__bucket
                    FROM facts ASOF JOIN starts{number} AS starts ON facts.__us >= starts.us"""
            )
            self.bucketed[key] = (f"bucketed{number}", starts)
        return self.bucketed[key]

    def label(self, dimension):
        if self.columns.get(dimension) == "DOUBLE":
            return f"CAST(CAST({dimension} AS BIGINT) AS VARCHAR)"
        return f"CAST({dimension} AS VARCHAR)"

    def answer(self, definition):
        every = definition["every"]
        rolling = definition.get("rolling")
        panes = length(rolling)[2] // length(every)[2] if rolling else 1
        table, starts = self.table(every, definition["zone"], panes)
        sql, means = [], []
        items = [compile_item(item, sql, means) for item in split(definition["select"])]
        dimensions = split(definition["by"]) if definition.get("by") else []
        labels = ", ".join(f"{self.label(d)} AS __{i}" for i, d in enumerate(dimensions))
        windows = f"unnest(range(__bucket, __bucket + {panes}))" if rolling else "__bucket"
        facts = f"""(SELECT *, {windows} AS __window{", " + labels if labels else ""} FROM {table}
            {"WHERE " + definition["where"] if definition.get("where") else ""})"""
        cell = "".join(["__window", *(f", __{i}" for i in range(len(dimensions)))])
        if means:
            over = f"OVER (PARTITION BY {cell}) AS __mean"
            known = ", ".join(f"{mean} {over}{i}" for i, mean in enumerate(means))
            facts = f"(SELECT *, {known} FROM {facts})"
        query = f"SELECT {cell}, count(*), {', '.join(sql)} FROM {facts} GROUP BY ALL"
        if panes * self.count > 3_000_000:
            raise ValueError(f"a window of {panes} buckets is more than the test bears")
        width = 1 + len(dimensions)
        out = {"times": [], "groups": [], "facts": [], "values": [], "slacks": []}
        for row in self.database.execute(query).fetchall():
            found = row[width + 1 :]
            v = [
                Number(None if found[i] is None else float(found[i]), float(found[i + 1] or 0))
                for i in range(0, len(found), 2)
            ]
            numbers = [Number.of(eval(item, {"v": v})) for item in items]
            out["times"].append(starts[row[0]])
            out["groups"].append(row[1:width])
            out["facts"].append(row[width])
            out["values"].append([number.value for number in numbers])
            out["slacks"].append([float(number.slack) for number in numbers])
        return out


def main():
    oracle = Oracle(sys.argv[1], json.loads(sys.argv[2]))
    print(json.dumps({"facts": oracle.count}), flush=True)
    for line in sys.stdin:
        try:
            answer = oracle.answer(json.loads(line))
        except Exception as error:  # the test says which definition it was
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)


main()
