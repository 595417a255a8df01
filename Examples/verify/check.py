#!/usr/bin/env python3
"""Checks a receipt of Nilometer without Nilometer: by the words of RFC 6962 and C2SP, and of docs/formats/leaf.md and receipt.md.

    check.py RECEIPT [--key KEY] [--previous CHECKPOINT]

KEY is the key that the log's owner has published (NAME+HASH+KEY), CHECKPOINT a file with a checkpoint that was kept since earlier.
Says what is proven and what is not, and exits with 1 when something is not true. Needs Python 3.9 and the package cryptography.
Recomputes count, sum, avg, min and max of KPIs whose rows are of one bucket and whose stream explodes no array.
"""

import argparse
import base64
import hashlib
import json
import re
import struct
import sys
from datetime import datetime, timezone
from decimal import Decimal
from fractions import Fraction

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


class NotTrue(Exception):
    """The receipt says what is not so."""


def require(condition, text):
    if not condition:
        raise NotTrue(text)


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def decoded(text):
    data = base64.b64decode(text, validate=True)
    require(base64.b64encode(data).decode() == text, "base64 that is not written as it should be")
    return data


# The checkpoint: C2SP signed-note and tlog-checkpoint.

def signed_by(note, vkey):
    """The name, size and root that a note says, if the key has signed it."""
    name, digits, data = vkey.split("+", 2)
    key = decoded(data)
    key_id = sha256(name.encode(), b"\n", key)[:4]
    require(key[0] == 1 and len(key) == 33 and key_id.hex() == digits, f"{vkey} is no key of a log")
    text, _, lines = note.rpartition("\n\n")
    text += "\n"
    blobs = [decoded(line.split(" ")[2]) for line in lines.splitlines() if line.startswith(f"\u2014 {name} ")]
    blobs = [blob[4:] for blob in blobs if blob[:4] == key_id]
    require(blobs, f"the checkpoint is not signed by {vkey}")
    for blob in blobs:
        try:
            Ed25519PublicKey.from_public_bytes(key[1:]).verify(blob, text.encode())
        except InvalidSignature:
            raise NotTrue(f"the checkpoint's signature is not one of {vkey}") from None
    origin, size, root = parts(text)
    require(origin == name, f"the checkpoint is of the log {origin}, and the key of {name}")
    return origin, size, root


def parts(text):
    origin, size, root = text.split("\n")[:3]
    return origin, int(size), decoded(root)


# The tree: RFC 6962, proofs as RFC 9162 checks them.

def node(left, right):
    return sha256(b"\1", left, right)


def root_of(leaf, index, path, size):
    require(0 <= index < size, "a leaf is beyond the checkpoint")
    fn, sn, value = index, size - 1, leaf
    for sibling in path:
        require(sn > 0, "a path is too long")
        if fn & 1 or fn == sn:
            value = node(sibling, value)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            value = node(value, sibling)
        fn, sn = fn >> 1, sn >> 1
    require(sn == 0, "a path is too short")
    return value


def is_extended(old, old_size, path, new, size):
    if old_size == size:
        return not path and old == new
    if old_size == 0:
        return not path
    path = ([old] if old_size & (old_size - 1) == 0 else []) + path
    fn, sn = old_size - 1, size - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    if not path:
        return False
    first = second = path[0]
    for link in path[1:]:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            first, second = node(link, first), node(link, second)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            second = node(second, link)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and first == old and second == new


def proven(event, root, size, what):
    """The fields of an event's leaf and its document, if the leaf is in the tree and has the document's hash."""
    leaf, document = decoded(event["leaf"]), event["document"]
    version, seq, time, received, position = struct.unpack(">BQqqq", leaf[:33])
    require(version == 1 and seq == event["index"] + 1, f"{what}: the leaf is of another event")
    require(sha256(document.encode()) == leaf[33:65], f"{what}: the document is not the one that was signed")
    names, rest = [], leaf[65:]
    for _ in range(3):
        (count,) = struct.unpack(">H", rest[:2])
        names.append(rest[2:2 + count].decode())
        rest = rest[2 + count:]
    require(not rest, f"{what}: the leaf goes on after its fields")
    path = [decoded(text) for text in event["path"]]
    require(root_of(sha256(b"\0", leaf), seq - 1, path, size) == root, f"{what}: it is not in the log that was signed")
    return {"seq": seq, "time": time, "stream": names[0], "actor": names[2], "document": exact(document)}


# Numbers: as they were written, so that sums are exact.

def exact(text):
    return json.loads(text, parse_float=lambda digits: digits_of(digits), parse_int=lambda digits: Fraction(int(digits)))


def digits_of(text):
    """A short decimal is itself, and any other number the nearest double: docs/adr/0009-exact-sums.md."""
    value = float(text)
    short = Decimal(repr(value))
    return Fraction(short) if len(short.as_tuple().digits) <= 15 else Fraction(value)


def nanoseconds(text):
    whole, _, fraction = text.rstrip("Z").partition(".")
    seconds = int(datetime.fromisoformat(whole).replace(tzinfo=timezone.utc).timestamp())
    return seconds * 10**9 + int((fraction or "0").ljust(9, "0"))


def at(document, path):
    for key in path.split("."):
        document = document.get(key) if isinstance(document, dict) else None
    return document


AGGREGATE = re.compile(r"(count|sum|avg|min|max)\((\*|[\w.]+)\)(?: AS (\w+))?")


def aggregate(function, path, events):
    if path == "*":
        return Fraction(len(events))
    values = [at(event["document"], path) for event in events]
    if function == "count":
        return Fraction(sum(value is not None for value in values))
    values = [value for value in values if isinstance(value, Fraction)]
    if not values:
        return None
    return {"sum": sum(values), "avg": sum(values) / len(values), "min": min(values), "max": max(values)}[function]


def recompute(receipt, seals, events, definition, stream):
    """What is not recomputed and why, or None."""
    if definition is None or "rolling" in definition or "explode" in stream:
        return "the answer is none of a KPI of single buckets over a stream that explodes nothing"
    items = [AGGREGATE.fullmatch(item) for item in definition["select"].split(", ")]
    if None in items:
        return f"{definition['select']} has more than count, sum, avg, min and max"
    columns = [column["name"] for column in receipt["answer"]["columns"]]
    groups = [part.split(" AS ") for part in definition.get("by", "").split(", ") if part]
    for number, (row, seal) in enumerate(zip(receipt["answer"]["rows"], seals), 1):
        if seal is None:
            return f"row {number} was not sealed, so the end of its bucket is not known here"
        begin, end = nanoseconds(seal["bucket"]), nanoseconds(seal["until"])
        mine = [
            event for event in events
            if begin <= event["time"] < end
            and all(at(event["document"], group[0]) == seal["group"][group[-1]] for group in groups)
        ]
        for item in items:
            function, path, name = item.groups()
            name = name or item.group(0)
            if name not in columns:
                continue
            shown, computed = row[columns.index(name)], aggregate(function, path, mine)
            same = shown is None if computed is None else shown is not None and float(shown) == float(computed)
            require(same, f"row {number}: {name} is {shown}, and its {len(mine)} events give {computed and float(computed)}")
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("receipt")
    parser.add_argument("--key")
    parser.add_argument("--previous")
    options = parser.parse_args()
    with open(options.receipt, encoding="utf-8") as file:
        receipt = json.load(file)
    require(receipt["format"] == "nilometer receipt 1", "this is no receipt that is known here")
    origin, size, root = signed_by(receipt["checkpoint"], options.key or receipt["key"])
    print(f"proven: {origin} had {size} events when {options.key or receipt['key']} signed")
    if options.previous:
        with open(options.previous, encoding="utf-8") as file:
            _, old_size, old = parts(file.read())
        require(old_size <= size, "the receipt is of an older checkpoint than the one that was kept")
        known = receipt.get("consistency", {"size": None})
        path = [decoded(link) for link in known["path"]] if known["size"] == old_size and 0 < old_size < size else []
        require(is_extended(old, old_size, path, root, size), "the log was rewritten, or the receipt has no proof that it was not")
        print(f"proven: its first {old_size} events are those of the earlier checkpoint")
    event = proven(receipt["stream"], root, size, "the stream's definition")
    stream = event["document"]
    require(event["stream"] == "_catalogue" and stream["change"] in ("define_stream", "alter_stream"), "the stream's definition is none")
    definition, seq = None, None
    if "kpi" in receipt:
        event = proven(receipt["kpi"], root, size, "the KPI's definition")
        definition, seq = event["document"], event["seq"]
        require(event["stream"] == "_catalogue" and definition["stream"] == stream["name"], "the KPI's definition is none over the stream")
        print(f"proven: {definition['name']} is {definition['select']} of {definition['stream']}, by {event['actor']}")
    columns = [(column["name"], column["type"]) for column in receipt["answer"]["columns"]]
    seals = []
    for number, (row, seal) in enumerate(zip(receipt["answer"]["rows"], receipt["seals"]), 1):
        if seal is None:
            seals.append(None)
            continue
        event = proven(seal, root, size, f"the seal of row {number}")
        sealed = event["document"]
        require(event["stream"] == "_seals" and sealed["definition_seq"] == seq, f"the seal of row {number} is of another KPI")
        for (name, kind), value in zip(columns, row):
            if kind != "state" and name in sealed["row"]:
                was = sealed["row"][name]
                require(exact(json.dumps(value)) == was, f"row {number}: {name} is {value}, and {was} was sealed")
        require(all(name in dict(columns) for name in sealed["group"]), f"row {number} does not name its group")
        require(columns[0][1] == "time" and row[0] == sealed["bucket"], f"the seal of row {number} is of another bucket")
        seals.append(sealed)
    require(len(receipt["seals"]) == len(receipt["answer"]["rows"]), "there is not a seal for each row")
    print(f"proven: {sum(seal is not None for seal in seals)} of {len(seals)} rows are as they were sealed")
    if "events" not in receipt:
        return print("not proven: that the rows are computed from events, of which the receipt has none")
    events = [proven(event, root, size, f"event {event['index'] + 1}") for event in receipt["events"]]
    require(all(a["seq"] < b["seq"] for a, b in zip(events, events[1:])), "an event is there twice, or in no order")
    print(f"proven: {len(events)} events are in the log")
    missing = recompute(receipt, seals, events, definition, stream)
    print(f"not proven: {missing}" if missing else "proven: the rows are what these events give")


if __name__ == "__main__":
    try:
        main()
    except NotTrue as error:
        sys.exit(f"not true: {error}")
    except (KeyError, ValueError, IndexError, TypeError, AttributeError, struct.error) as error:
        sys.exit(f"not true: the receipt is not whole, {error!r}")
