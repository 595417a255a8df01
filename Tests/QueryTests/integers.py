"""What the queries of IntegerTests should answer, in Python's own integers and fractions.

Reads a file of JSON lines: first the documents as lists [k, text of v, text of w], then {"queries": [...]}, each a list
of a name and texts of numbers. Prints for each query a list of lines, as CSV without a header.
"""

import json
import sys
from fractions import Fraction


def value(text):
    """An integer of 64 bits exactly, else the nearest double."""
    exact = Fraction(text)
    if exact.denominator == 1:
        return whole(int(exact))
    return whole(float(text))


def whole(number):
    """A whole number of 64 bits as an integer."""
    if number == int(number) and -(2**63) <= int(number) < 2**64:
        return int(number)
    return float(number)


def text(number):
    return str(number) if isinstance(number, int) else repr(number)


def rounded(exact):
    """An exact result: an integer of 64 bits, else the nearest double; the nearest integer where doubles have no
    fractions, but integers are closer together."""
    exact = Fraction(exact)
    if exact.denominator == 1 or abs(exact) > 2**53:
        nearest = round(exact)
        if -(2**63) <= nearest < 2**64:
            return nearest
    return whole(exact.numerator / exact.denominator)


def computed(left, right, operation):
    if isinstance(left, int) and isinstance(right, int):
        return rounded(operation(left, right))
    return whole(operation(float(left), float(right)))


def answer(query, rows):
    name, *numbers = query
    wanted = [value(number) for number in numbers]
    if name == "groups":
        counts = {}
        for _, v, _ in rows:
            counts[text(v)] = counts.get(text(v), 0) + 1
        return [f"{label},{count}" for label, count in counts.items()]
    if name == "ends":
        lines = []
        for key in sorted({k for k, _, _ in rows}):
            v = [v for k, v, _ in rows if k == key]
            total = rounded(sum(Fraction(number) for number in v))
            cells = [min(v), max(v), v[0], v[-1], total]
            lines.append(",".join([key] + [text(cell) for cell in cells]))
        return lines
    if name == "arithmetic":
        operations = [lambda a, b: a + b, lambda a, b: a - b, lambda a, b: a * b]
        return [",".join(text(computed(v, w, f)) for f in operations) for _, v, w in rows]
    tests = {
        "=": lambda v: v == wanted[0],
        "!=": lambda v: v != wanted[0],
        "<": lambda v: v < wanted[0],
        ">=": lambda v: v >= wanted[0],
        "in": lambda v: v in wanted,
        "between": lambda v: wanted[0] <= v <= wanted[1],
    }
    return [str(sum(1 for _, v, _ in rows if tests[name](v)))]


def main():
    rows = []
    for line in open(sys.argv[1]):
        entry = json.loads(line)
        if isinstance(entry, list):
            rows.append((entry[0], value(entry[1]), value(entry[2])))
            continue
        for query in entry["queries"]:
            print(json.dumps(answer(query, rows)))


main()
