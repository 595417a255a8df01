"""Compares files of Parquet with what they were written from, as pyarrow and DuckDB read them.

    compare.py FOLDER                   each NAME.parquet with NAME.json
    compare.py --groups FILE            counts groups and values
    compare.py --row-groups FILE        lists the rows of each row group

Of each file: the schema, all values, the statistics, the page index (read here, since neither shows it), and that filters,
which pass over row groups by the statistics, find what is there. Prints what differs and exits with 1.
"""

import json
import math
import struct
import sys
from pathlib import Path

import duckdb
import pyarrow
import pyarrow.parquet

TYPES = {
    "int64": pyarrow.int64(), "double": pyarrow.float64(), "boolean": pyarrow.bool_(), "string": pyarrow.string(),
    "timestampMicros": pyarrow.timestamp("us", tz="UTC"),
}


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at


def thrift(data, at, kind=12):
    """A value in the compact protocol, a structure as a dictionary by ids; and where it ends."""
    if kind in (1, 2):
        return kind == 1, at
    if kind in (4, 5, 6):
        value, at = varint(data, at)
        return value >> 1 ^ -(value & 1), at
    if kind == 8:
        size, at = varint(data, at)
        return data[at:at + size], at + size
    if kind == 9:
        count, element = data[at] >> 4, data[at] & 15
        at += 1
        if count == 15:
            count, at = varint(data, at)
        values = []
        for _ in range(count):
            if element in (1, 2):
                value, at = data[at] == 1, at + 1
            else:
                value, at = thrift(data, at, element)
            values.append(value)
        return values, at
    assert kind == 12, kind
    fields, id = {}, 0
    while data[at]:
        id += data[at] >> 4
        fields[id], at = thrift(data, at + 1, data[at] & 15)
    return fields, at + 1


def bound(kind, data):
    """A bound, in the order that its kind has."""
    if kind in ("int64", "timestampMicros"):
        return struct.unpack("<q", data)[0]
    if kind == "double":
        return struct.unpack("<d", data)[0]
    return data[0] == 1 if kind == "boolean" else data


def ordered(kind, values):
    """What bounds are of, as bounds have them: the values that are there; none when one has no place in the order."""
    values = [value for value in values if value is not None]
    if kind == "string":
        return [value.encode() for value in values]
    if kind == "double":
        values = [struct.unpack("<d", struct.pack("<q", value))[0] for value in values]
        return [] if any(map(math.isnan, values)) else values
    return values


def check_bounds(kind, values, least, greatest, where, exact=(None, None)):
    values = ordered(kind, values)
    least, greatest = bound(kind, least), bound(kind, greatest)
    assert least <= min(values) and max(values) <= greatest, (where, least, greatest)
    if kind != "string" or exact[0]:
        assert least == min(values), (where, least)
    if kind != "string" or exact[1]:
        assert greatest == max(values), (where, greatest)
    if kind == "double":
        # Readers that take -0 for less than 0 are to find both by either.
        assert math.copysign(1, least) < 0 or least != 0, where
        assert math.copysign(1, greatest) > 0 or greatest != 0, where
    if kind == "string":
        for text in (least, greatest):
            text.decode()
        if max(map(len, values)) <= 64:
            assert (least, greatest) == (min(values), max(values)), where


def check_chunk(data, chunk, column, values, where):
    kind, meta = column["kind"], chunk[3]
    statistics = meta[12]
    assert meta[5] == len(values), where
    assert statistics[3] == values.count(None), where
    assert (6 in statistics) == bool(ordered(kind, values)), where
    if 6 in statistics:
        check_bounds(kind, values, statistics[6], statistics[5], where, (statistics[8], statistics[7]))
    places, end = thrift(data, chunk[4])
    assert end == chunk[4] + chunk[5], where
    places = places[1]
    starts = [place[3] for place in places] + [len(values)]
    assert starts[0] == 0 and starts == sorted(starts), where
    pages = [values[start:end] for start, end in zip(starts, starts[1:])]
    encodings = []
    for place, page in zip(places, pages):
        header, start = thrift(data, place[1])
        assert header[1] == 0 and header[5][1] == len(page), where
        assert start + header[3] == place[1] + place[2], where
        encodings.append(header[5][2])
    for entry in meta[13]:
        if entry[1] == 0:
            assert encodings.count(entry[2]) == entry[3], where
    assert places[0][1] == meta[9] and places[-1][1] + places[-1][2] <= chunk[4], where
    hasOrder = all(ordered(kind, page) or set(page) == {None} for page in pages)
    assert (6 in chunk) == hasOrder, where
    if not hasOrder:
        return
    index, end = thrift(data, chunk[6])
    assert end == chunk[6] + chunk[7], where
    assert index[1] == [set(page) == {None} for page in pages], where
    assert index[5] == [page.count(None) for page in pages], where
    bounds = []
    for number, page in enumerate(pages):
        if not index[1][number]:
            check_bounds(kind, page, index[2][number], index[3][number], (where, number))
            bounds.append((bound(kind, index[2][number]), bound(kind, index[3][number])))
    for order, sign in [(1, lambda a, b: a <= b), (2, lambda a, b: a >= b)]:
        holds = all(sign(a[0], b[0]) and sign(a[1], b[1]) for a, b in zip(bounds, bounds[1:]))
        assert index[4] != order or holds, (where, "boundary order")


def plain(kind, values):
    """Values as a reader gives them, as they were written."""
    if kind == "double":
        return [None if v is None else struct.unpack("<q", struct.pack("<d", v))[0] for v in values]
    return values


def compare(path, connection):
    wanted = json.loads(path.with_suffix(".json").read_text())
    columns = wanted["columns"]
    data = path.read_bytes()
    assert data[:4] == data[-4:] == b"PAR1"
    footer, end = thrift(data, len(data) - 8 - struct.unpack("<I", data[-8:-4])[0])
    assert end == len(data) - 8 and footer[3] == wanted["rows"]
    table = pyarrow.parquet.read_table(path)
    assert table.num_rows == wanted["rows"]
    assert table.schema.metadata[b"stream"].decode() == "Zürich"
    for field, column in zip(table.schema, columns, strict=True):
        where = (column["name"], column["kind"])
        assert field.name == column["name"] and field.type == TYPES[column["kind"]], where
        assert field.nullable == column["optional"], where
        values = table.column(field.name)
        if column["kind"] == "timestampMicros":
            values = values.cast(pyarrow.int64())
        assert plain(column["kind"], values.to_pylist()) == column["values"], (where, "pyarrow")
    quoted = ['"' + column["name"].replace('"', '""') + '"' for column in columns]
    picked = [
        f"epoch_us({name})" if column["kind"] == "timestampMicros" else name
        for name, column in zip(quoted, columns)
    ]
    rows = connection.execute(f"SELECT {', '.join(picked)} FROM read_parquet(?)", [str(path)]).fetchall()
    for index, column in enumerate(columns):
        got = plain(column["kind"], [row[index] for row in rows])
        assert got == column["values"], (column["name"], column["kind"], "DuckDB")
        check_filters(path, table, connection, quoted[index], picked[index], column)
    start = 0
    for number, group in enumerate(footer[4]):
        rows = group[3]
        isLast = number == len(footer[4]) - 1
        assert rows == wanted["group_rows"] or isLast and rows <= wanted["group_rows"], number
        for chunk, column in zip(group[1], columns, strict=True):
            check_chunk(data, chunk, column, column["values"][start:start + rows], (number, column["name"], column["kind"]))
        start += rows
    assert start == wanted["rows"]


def check_filters(path, table, connection, quoted, picked, column):
    """A value that is there is found by what readers pass over, and as often."""
    kind = column["kind"]
    values = [value for value in column["values"] if value is not None]
    if not values or kind == "timestampMicros":
        return
    for value in {values[0], values[-1], values[len(values) // 2]}:
        if kind == "double":
            number = struct.unpack("<d", struct.pack("<q", value))[0]
            if math.isnan(number):
                continue
            count = sum(1 for other in values if struct.unpack("<d", struct.pack("<q", other))[0] == number)
            value = number
        else:
            count = values.count(value)
        where = (column["name"], kind, value)
        found = connection.execute(f"SELECT count(*) FROM read_parquet(?) WHERE {quoted} = ?", [str(path), value])
        assert found.fetchone()[0] == count, (where, "DuckDB")
        expression = pyarrow.compute.field((column["name"],)) == value
        assert pyarrow.parquet.read_table(path, filters=expression).num_rows == count, (where, "pyarrow")


def main():
    connection = duckdb.connect()
    if sys.argv[1] == "--groups":
        query = 'SELECT count(DISTINCT "group"), sum(value), count(nothing) FROM read_parquet(?)'
        groups, total, values = connection.execute(query, [sys.argv[2]]).fetchone()
        file = pyarrow.parquet.ParquetFile(sys.argv[2])
        assert len(set(file.read().column("group").to_pylist())) == groups
        rows = [file.metadata.row_group(number).num_rows for number in range(file.num_row_groups)]
        print(f"{groups} groups, {total}, {values} values, {rows}")
        return
    if sys.argv[1] == "--row-groups":
        file = pyarrow.parquet.ParquetFile(sys.argv[2])
        print(*[file.metadata.row_group(number).num_rows for number in range(file.num_row_groups)])
        return
    paths = sorted(Path(sys.argv[1]).glob("*.parquet"))
    for path in paths:
        try:
            compare(path, connection)
        except Exception as error:
            print(f"{path.stem}: {type(error).__name__}: {error}")
            raise
    print(f"{len(paths)} tables are the same")


main()
