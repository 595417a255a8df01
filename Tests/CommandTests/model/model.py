"""What Nilometer should answer, computed plainly: lists of facts, exact fractions, the zones of Python's own library.

Nothing here is fast or clever; it shares no code and no method with the program.
"""

import math
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

SECOND = 10**9
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def ns_of(moment):
    delta = moment - EPOCH
    return (delta.days * 86400 + delta.seconds) * SECOND + delta.microseconds * 1000


def moment_of(ns):
    return EPOCH + timedelta(microseconds=ns // 1000)


# MARK: Buckets


class Buckets:
    """Buckets of a length: `15m`, `1h`, `1d`, `1w` or `1mo`, in a zone. Those under a day divide the zone's offsets."""

    LENGTHS = {"15m": 900, "30m": 1800, "1h": 3600}

    def __init__(self, length, zone):
        self.length = length
        self.zone = ZoneInfo(zone)

    def offset(self, ns):
        offset = moment_of(ns).astimezone(self.zone).utcoffset()
        return round(offset.total_seconds()) * SECOND

    def start(self, ns):
        if self.length in self.LENGTHS:
            step = self.LENGTHS[self.length] * SECOND
            offset = self.offset(ns)
            return (ns + offset) // step * step - offset
        day = moment_of(ns).astimezone(self.zone).date()
        if self.length == "1w":
            day -= timedelta(days=day.weekday())
        elif self.length == "1mo":
            day = day.replace(day=1)
        return self.midnight(day)

    def midnight(self, day):
        return ns_of(datetime(day.year, day.month, day.day, tzinfo=self.zone).astimezone(timezone.utc))

    def next(self, start):
        if self.length in self.LENGTHS:
            return start + self.LENGTHS[self.length] * SECOND
        day = moment_of(start).astimezone(self.zone).date()
        if self.length == "1d":
            day += timedelta(days=1)
        elif self.length == "1w":
            day += timedelta(days=7)
        else:
            day = (day.replace(day=28) + timedelta(days=4)).replace(day=1)
        return self.midnight(day)

    def before(self, start, count=1):
        for _ in range(count):
            start = self.start(start - 1)
        return start


# MARK: Values


def label(value):
    """The text by which a value is grouped and counted: 1, 1.0 and "1" are one value. None has none."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    exact = Fraction(value)
    return str(exact.numerator) if exact.denominator == 1 else repr(float(exact))


def is_number(value):
    return value is not None and not isinstance(value, (bool, str))


def added(text):
    """What a number adds to a sum, by docs/kpis.md: a short decimal is what it says, any other the double nearest."""
    exact = Decimal(text)
    if "e" not in text.lower() and is_short(exact, 2**64):
        return Fraction(exact)
    double = float(text)
    if double.is_integer() and abs(double) < 2**64:
        return Fraction(exact) if exact == exact.to_integral_value() else Fraction(double)
    near = Decimal(repr(double))
    return Fraction(near) if is_short(near, 10**15) else Fraction(double)


def is_short(exact, limit):
    """Whether a decimal has at most 9 decimals, and digits that make a number below `limit`."""
    sign, digits, exponent = exact.normalize().as_tuple()
    mantissa = int("".join(map(str, digits)))
    return -9 <= exponent and mantissa * 10 ** max(exponent, 0) < limit


def rounded(exact):
    """The double nearest to a fraction; None where there is none so large."""
    try:
        return exact.numerator / exact.denominator
    except OverflowError:
        return None


def number(exact):
    """A number as it is answered: an integer of 64 bits in full, anything else as the nearest double; where doubles have
    no fractions, but are further apart than integers, as the nearest integer."""
    exact = Fraction(exact)
    whole = exact.numerator if exact.denominator == 1 else round(exact) if abs(exact) > 2**53 else None
    if whole is not None and -(2**63) <= whole < 2**64:
        return whole
    return rounded(exact)


# MARK: Aggregates


def variance(numbers):
    n = len(numbers)
    if n < 2:
        return None
    total = sum(numbers, Fraction(0))
    squares = sum((x * x for x in numbers), Fraction(0))
    return (n * squares - total * total) / (n * (n - 1))


def aggregate(function, field, facts):
    """`facts` in any order; each has `ns`, `seq` and its fields."""
    if function == "count" and field == "*":
        return len(facts)
    present = [f for f in facts if f.get(field) is not None]
    if function == "count":
        return len(present)
    if function == "distinct":
        return len({label(f[field]).encode() for f in present})
    if function in ("first", "last"):
        if not present:
            return None
        key = lambda f: (f["ns"], f["seq"])
        found = (min if function == "first" else max)(present, key=key)[field]
        return number(found) if is_number(found) else found
    numeric = [f for f in present if is_number(f[field])]
    numbers = [Fraction(f[field]) for f in numeric]
    if not numbers:
        return None
    if function == "sum":
        # The digits of an integer are there when all of its parts have them.
        total = sum(numbers, Fraction(0))
        return number(total)
    if function == "avg":
        return number(sum(numbers, Fraction(0)) / len(numbers))
    if function == "min":
        return number(min(numbers))
    if function == "max":
        return number(max(numbers))
    if function == "variance":
        exact = variance(numbers)
        return None if exact is None else rounded(exact)
    if function == "stddev":
        exact = variance(numbers)
        return None if exact is None else math.sqrt(exact) if exact < 10**300 else None
    if function == "delta":
        key = lambda f: (f["ns"], f["seq"])
        return number(Fraction(max(numeric, key=key)[field]) - Fraction(min(numeric, key=key)[field]))
    raise ValueError(function)


# MARK: Queries


class Query:
    """SELECT of aggregates of one stream, without what looks at several rows."""

    def __init__(self, items, groups=(), where=None, since=None, until=None, every=None, rolling=None,
                 zone="UTC", as_of=None):
        self.items, self.groups, self.where = items, list(groups), where
        self.since, self.until, self.every, self.rolling = since, until, every, rolling
        self.zone, self.as_of = zone, as_of

    def rows(self, facts):
        """A list of [time, group labels ..., values ...] in the order of time and groups, NULL last."""
        facts = [f for f in facts if self.as_of is None or f["seq"] <= self.as_of]
        latest = max((f["ns"] for f in facts), default=None)
        facts = [f for f in facts if self.where is None or self.where(f) is True]
        if self.until is not None:
            facts = [f for f in facts if f["ns"] < self.until]
        if self.every is None:
            facts = [f for f in facts if self.since is None or f["ns"] >= self.since]
            cells = {}
            for fact in facts:
                cells.setdefault(self.group(fact), []).append(fact)
            if not self.groups:
                cells.setdefault((), [])
            return [list(g) + self.values(cells[g]) for g in sorted(cells, key=order)]
        buckets = Buckets(self.every, self.zone)
        width = self.rolling or 1
        if width == 1 and self.since is not None:
            facts = [f for f in facts if f["ns"] >= self.since]
        cells = {}
        for fact in facts:
            start = buckets.start(fact["ns"])
            for _ in range(width):
                cells.setdefault((start, self.group(fact)), []).append(fact)
                start = buckets.next(start)
        low = None if self.since is None else buckets.start(self.since)
        found = []
        for (start, group), members in cells.items():
            if low is not None and start < low:
                continue
            if self.until is not None and start >= self.until:
                continue
            # Windows reach beyond the last fact: without an end they are not followed there.
            if self.until is None and self.rolling and start > buckets.start(latest):
                continue
            found.append((start, group, members))
        found.sort(key=lambda row: (row[0], order(row[1])))
        return [[start] + list(group) + self.values(members) for start, group, members in found]

    def group(self, fact):
        return tuple(label(fact.get(path)) for path in self.groups)

    def values(self, facts):
        return [aggregate(function, field, facts) for function, field in self.items]


def order(group):
    return tuple((1, b"") if part is None else (0, part.encode()) for part in group)
