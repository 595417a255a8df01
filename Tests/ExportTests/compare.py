"""Compares exported facts with the documents that they were in.

    compare.py DOCUMENTS FORMAT TARGET [--explode FIELD] [--since S] [--until S]

TARGET is a file or a directory. Each row of a document has to be there once, in the order of seqs; of a field the type is
what all of its values in a file have in common. Prints what differs and exits with 1.
"""

import argparse
import csv
import datetime
import decimal
import json
import re
from pathlib import Path

import duckdb
import pyarrow.parquet

parser = argparse.ArgumentParser()
parser.add_argument("documents")
parser.add_argument("format")
parser.add_argument("target")
parser.add_argument("--explode")
parser.add_argument("--since", type=int)
parser.add_argument("--until", type=int)
options = parser.parse_args()
ENDS = {"parquet": "parquet", "csv": "csv", "ndjson": "ndjson", "line-protocol": "lp"}
# What a row has itself; a field of such a name gets another one.
OWN = ["seq", "time"] + (["time_ns"] if options.format == "parquet" else [])


class Word(str):
    """A number as its document has it."""


class Items(str):
    """A list as its document has it."""


def flat(value, path=""):
    """The values of a document by their paths."""
    if value == {}:
        return {path: Items("{}")}
    if isinstance(value, dict):
        found = {}
        for name, inner in value.items():
            found |= flat(inner, f"{path}.{name}" if path else name)
        return found
    if isinstance(value, list):
        items = [int(item) if isinstance(item, Word) else item for item in value]
        return {path: Items(json.dumps(items, separators=(",", ":")))}
    return {} if value is None else {path: value}


def nanoseconds(text):
    whole, fraction = (text[:-1].split(".") + [""])[:2]
    seconds = datetime.datetime.fromisoformat(whole + "+00:00").timestamp()
    return int(seconds) * 10**9 + int((fraction + "0" * 9)[:9])


def expected():
    """For each document its rows: the time and the values by paths."""
    documents = []
    for line in open(options.documents):
        document = json.loads(line, parse_int=Word, parse_float=Word)
        time = nanoseconds(document.pop("timestamp"))
        rows = [document]
        if options.explode:
            elements = document.pop(options.explode)
            # An event without elements is a fact by itself.
            rows = [document | {options.explode: element} for element in elements] or [document]
        rows = [(time, flat(row)) for row in rows]
        within = (options.since is None or time >= options.since * 10**9) and (options.until is None or time < options.until * 10**9)
        documents.append(rows if within else [])
    return documents


def same(got, wanted):
    """Whether an exported value is what a document has; a number as the text that it was, or as a number."""
    if isinstance(wanted, bool):
        return got is wanted or got == ("true" if wanted else "false")
    if isinstance(wanted, Word):
        if isinstance(got, bool) or got is None:
            return False
        if isinstance(got, (int, float)):
            exact = decimal.Decimal(str(wanted))
            return got == int(exact) if isinstance(got, int) and exact == int(exact) else float(got) == float(wanted)
        return got == wanted
    return got == wanted


def renamed(path):
    return path + "_field" if path in OWN else path


def parquet_rows(path):
    table = pyarrow.parquet.read_table(path, partitioning=None)
    assert table.schema.names[:3] == OWN, table.schema.names
    for time, ns in zip(table.column("time").cast("int64").to_pylist(), table.column("time_ns").to_pylist()):
        assert time == ns // 1000, (time, ns)
    count = duckdb.sql(f"SELECT count(*), sum(seq) FROM read_parquet('{path}')").fetchone()
    assert count == (table.num_rows, sum(table.column("seq").to_pylist()) if table.num_rows else None)
    for row in table.drop_columns(["time"]).to_pylist():
        yield row.pop("seq"), row.pop("time_ns"), {name: value for name, value in row.items() if value is not None}


def csv_rows(path):
    for row in csv.DictReader(open(path, newline="")):
        yield int(row.pop("seq")), nanoseconds(row.pop("time")), row


def ndjson_rows(path):
    for line in open(path):
        row = json.loads(line)
        yield row.pop("seq"), nanoseconds(row.pop("time")), row


def line_rows(path):
    name = r"((?:\\.|[^\\,= ])*)"
    for line in re.findall(r"(?:\"(?:\\.|[^\"\\])*\"|[^\"\n])+\n", open(path).read()):
        found = re.fullmatch(rf"plant((?:,{name}={name})*) ((?:\"(?:\\.|[^\"\\])*\"|[^\"])*) (-?\d+)\n", line)
        assert found, line
        tags = [(tag[0], tag[1]) for tag in re.findall(rf",{name}={name}", found[1])]
        row = {re.sub(r"\\(.)", r"\1", tag): re.sub(r"\\(.)", r"\1", value) for tag, value in tags}
        for field, value in re.findall(rf"{name}=(\"(?:\\.|[^\"\\])*\"|[^,]*),?", found[4]):
            if value.startswith('"'):
                value = re.sub(r"\\([\"\\])", r"\1", value[1:-1])
            elif value in ("true", "false"):
                value = value == "true"
            else:
                value = int(value[:-1]) if value.endswith("i") else float(value)
            row[re.sub(r"\\(.)", r"\1", field)] = value
        yield None, int(found[5]), row


ROWS = {"parquet": parquet_rows, "csv": csv_rows, "ndjson": ndjson_rows, "line-protocol": line_rows}


def files():
    target = Path(options.target)
    if target.is_file():
        return [target]
    found = sorted(path for path in target.rglob("*") if path.is_file())
    assert not [path for path in found if path.name.endswith(".partial")], found
    listed = set()
    for manifest in target.glob(f"_*-{options.format}.manifest"):
        for line in manifest.read_text().splitlines()[1:]:
            batch = json.loads(line)
            for file in batch["files"]:
                path = target / file["path"]
                listed.add(path)
                assert path.stat().st_size == file["bytes"], path
                seqs = re.search(r"-(\d{20})-(\d{20})\.", path.name)
                assert (int(seqs[1]), int(seqs[2])) == (batch["first_seq"], batch["last_seq"])
    found = {path for path in found if path.name.endswith("." + ENDS[options.format])}
    assert found == listed, (found, listed)
    return sorted(found)


def main():
    wanted = expected()
    rows = []
    types = {}
    for path in files():
        day = re.search(r"date=(\d{4}-\d{2}-\d{2})", str(path))
        seqs = re.search(r"-(\d{20})-(\d{20})\.", path.name)
        for seq, time, row in ROWS[options.format](path):
            if day:
                date = datetime.datetime.fromtimestamp(time // 10**9, datetime.timezone.utc).date()
                assert str(date) == day[1], (path, date)
            if seqs and seq:
                assert int(seqs[1]) <= seq <= int(seqs[2]), (path, seq)
            rows.append((seq, time, row))
            for name, value in row.items():
                types.setdefault((path, name), set()).add(type(value))
    if options.format != "csv":
        for where, kinds in types.items():
            numbers = {int, float}
            assert len(kinds) == 1 or options.format != "parquet" and kinds == numbers, (where, kinds)
    if options.format == "line-protocol":
        # Lines have no seqs, and a row without fields is no point.
        isTag = lambda name: name == "device_id"
        left = [(time, {renamed(name): value for name, value in row.items()}) for document in wanted for time, row in document]
        left = [(time, row) for time, row in left if any(not isTag(name) for name in row)]
        order = lambda entry: (entry[0], sorted((name, str(value)) for name, value in entry[1].items()))
        assert len(rows) == len(left), (len(rows), len(left))
        left = sorted(left, key=lambda entry: entry[0])
        rows = sorted(((time, row) for _, time, row in rows), key=lambda entry: entry[0])
        for time in {time for time, _ in left}:
            candidates = [row for other, row in rows if other == time]
            for row in (row for other, row in left if other == time):
                match = [index for index, got in enumerate(candidates) if matches(got, row)]
                assert match, (time, row, candidates)
                candidates.pop(match[0])
        print(f"{len(rows)} rows are the same")
        return
    rows.sort(key=lambda row: row[0])
    seqs = sorted({row[0] for row in rows})
    index = 0
    first = None
    for number, document in enumerate(wanted):
        for time, row in document:
            assert index < len(rows), ("missing", number, row)
            seq, gotTime, got = rows[index]
            first = seq - number if first is None else first
            assert seq >= number + 1, (seq, number)
            wantedRow = {renamed(name): value for name, value in row.items()}
            assert gotTime == time, (seq, gotTime, time)
            assert matches(got, wantedRow), (seq, got, wantedRow)
            index += 1
    assert index == len(rows), ("more rows than documents", rows[index])
    assert seqs == sorted(set(seqs))
    print(f"{len(rows)} rows are the same")


def matches(got, wanted):
    if options.format == "csv":
        wanted = dict(wanted)
        for name, text in got.items():
            value = wanted.pop(name, None)
            if value is None or value == "":
                if text != "":
                    return False
            elif isinstance(value, Word):
                if text != value and (not re.fullmatch(r"-?[\d.]+(e[+-]?\d+)?", text) or float(text) != float(value)):
                    return False
                if re.fullmatch(r"-?\d+", value) and int(decimal.Decimal(text)) != int(value):
                    return False
            elif not same(text, value):
                return False
        return not wanted
    return got.keys() == wanted.keys() and all(same(got[name], wanted[name]) for name in wanted)


main()
