"""Asks `nilo` random questions about random events, and compares its answers with those of `model.py`.

    differential.py NILO ROUNDS SEED DIRECTORY

Events are awkward: integers up to the ends of 64 bits, decimals, texts that Unicode holds equal, absent and NULL fields,
late events, clock changes. KPIs are defined, redefined and rebuilt between the questions, so that some are answered from
cells, some from columns, and some from both. Prints what differs with the seed of its round, and then exits with 1.
"""

import json
import math
import os
import random
import subprocess
import sys
from decimal import Decimal
from fractions import Fraction

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import model

ZONES = ["UTC", "Europe/Paris", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"]
# Hours around changes of clocks, and one without.
STARTS = [
    "2024-03-31T00:00:00+00:00", "2024-10-27T00:00:00+00:00", "2024-03-10T05:00:00+00:00",
    "2024-11-03T04:00:00+00:00", "2024-04-06T13:00:00+00:00", "2024-06-12T00:00:00+00:00",
]
TEXTS = ["a", "b", "é", "e\u0301", "Ω", "\u2126", "", " a", "NULL", "1", "ﬁ", "ä\u0323", "a\u0323\u0308"]
INTEGERS = [
    0, 1, -1, 7, 2**53, 2**53 + 1, 2**53 + 2, -(2**53) - 1, 2**63 - 1, -(2**63), 2**63, 2**64 - 1,
    1234567890123456781, 1234567890123456782,
]
HARD = [1.7e308, -1.7e308, 5e-324, 1e-9, 1.5e20, 3.141592653589793e-7, 1e22]


class Facts:
    def __init__(self, rng):
        self.rng = rng
        self.start = model.ns_of(model.datetime.fromisoformat(rng.choice(STARTS)))
        self.all = []
        self.has_first = False

    def document(self):
        """An event as text, and as a fact. The first has all fields, so that any can be asked for."""
        rng = self.rng
        is_first, self.has_first = not self.has_first, True
        ns = self.start + rng.randrange(40) * 900 * model.SECOND
        if rng.random() < 0.6:
            ns += rng.randrange(900 * 1000) * 10**6
        fact = {"ns": ns}
        parts = [f'"timestamp":"{self.time(ns)}"']

        def add(name, text, value):
            parts.append(f'{json.dumps(name)}:{text}')
            fact[name] = value

        if is_first or rng.random() < 0.9:
            text = rng.choice(TEXTS[: rng.randrange(1, len(TEXTS) + 1)])
            add("g", json.dumps(text, ensure_ascii=rng.random() < 0.3), text)
        elif rng.random() < 0.5:
            add("g", "null", None)
        kind = 0 if is_first else rng.randrange(8)
        if kind == 0:
            add("h", "true", True)
        elif kind == 1:
            add("h", '"1"', "1")
        elif kind in (2, 3):
            text = rng.choice(["1", "1.0", "2", "1.5", "1.50", "100e-2"])
            add("h", text, Fraction(Decimal(text)))
        if is_first or rng.random() < 0.9:
            value = rng.choice(INTEGERS) if rng.random() < 0.4 else rng.randrange(-50, 50)
            add("x", str(value), value)
        if is_first or rng.random() < 0.85:
            value = Decimal(rng.randrange(-(10**6), 10**6)).scaleb(-rng.randrange(4))
            add("y", format(value, "f"), Fraction(value))
        if is_first or rng.random() < 0.5:
            value = rng.choice(HARD) if rng.random() < 0.5 else rng.random() * 10 ** rng.randrange(-12, 12)
            add("z", repr(value), model.added(repr(value)))
        rng.shuffle(parts)
        return "{" + ",".join(parts) + "}", fact

    @staticmethod
    def time(ns):
        moment = model.moment_of(ns)
        return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{ns % model.SECOND // 10**6:03d}Z"


ITEMS = [("count", "*")] + [(f, "x") for f in ("count", "sum", "avg", "min", "max", "variance", "stddev", "delta")]
ITEMS += [(f, "y") for f in ("sum", "avg", "variance", "first", "last", "min", "max")]
ITEMS += [("sum", "z"), ("avg", "z"), ("max", "z"), ("variance", "z")]
ITEMS += [(f, "g") for f in ("count", "first", "last", "distinct")] + [("distinct", "x"), ("distinct", "h"), ("last", "x")]


def predicate(rng):
    """A condition as text, and as a function that gives True, False or None."""
    kind = rng.randrange(6)
    if kind == 0:
        text = rng.choice(TEXTS)
        quoted = text.replace("'", "''")
        return f"g = '{quoted}'", lambda f: None if f.get("g") is None else f["g"] == text
    if kind == 1:
        value = rng.choice(INTEGERS)
        compare, holds = rng.choice([("=", lambda a, b: a == b), (">", lambda a, b: a > b), ("<=", lambda a, b: a <= b)])
        return f"x {compare} {value}", lambda f: None if f.get("x") is None else holds(f["x"], value)
    if kind == 2:
        values = rng.sample(INTEGERS, 3)
        return f"x IN ({', '.join(map(str, values))})", lambda f: None if f.get("x") is None else f["x"] in values
    if kind == 3:
        return "y IS NOT NULL", lambda f: f.get("y") is not None
    if kind == 4:
        return "y BETWEEN -100.5 AND 2000", lambda f: None if f.get("y") is None else Fraction("-100.5") <= f["y"] <= 2000
    one, first = predicate(rng)
    other, second = predicate(rng)

    def both(f):
        a, b = first(f), second(f)
        return False if a is False or b is False else None if a is None or b is None else True

    return f"({one}) AND ({other})", both


def item_text(item):
    return f"{item[0]}({item[1]})"


class Question:
    def __init__(self, rng, facts, last_seq):
        items = rng.sample(ITEMS, rng.randrange(1, 5))
        groups = rng.choice([[], ["g"], ["h"], ["g", "h"], ["g"]])
        every = rng.choice([None, "15m", "30m", "1h", "1d", "1w", "1mo", "1h"])
        zone = rng.choice(ZONES)
        if every in ("30m", "1h") and zone == "Australia/Lord_Howe":
            every = "15m"
        if every == "1h" and zone == "Asia/Kolkata":
            every = "30m"
        rolling = rng.choice([None, 2, 3, 5]) if every in ("15m", "30m", "1h", "1d") and rng.random() < 0.3 else None
        condition, where = predicate(rng) if rng.random() < 0.4 else (None, None)
        since = until = None
        if rng.random() < 0.6:
            times = sorted(facts.start + rng.randrange(-8, 48) * 900 * model.SECOND for _ in range(2))
            if times[0] < times[1]:
                since, until = times
                if every is not None:
                    buckets = model.Buckets(every, zone)
                    since, until = buckets.start(since), buckets.next(buckets.start(until))
        as_of = rng.randrange(1, last_seq + 1) if rng.random() < 0.3 else None
        self.query = model.Query(items, groups, where, since, until, every, rolling, zone, as_of)
        self.condition = condition

    @property
    def text(self):
        q = self.query
        text = "SELECT " + ", ".join(item_text(i) for i in q.items) + " FROM s"
        if self.condition:
            text += " WHERE " + self.condition
        if q.groups:
            text += " GROUP BY " + ", ".join(q.groups)
        if q.since is not None:
            text += f" SINCE '{Facts.time(q.since)}' UNTIL '{Facts.time(q.until)}'"
        if q.every:
            text += f" EVERY {q.every}"
        if q.rolling:
            length, unit = int(q.every.rstrip("mhd")), q.every[-1]
            text += f" ROLLING {length * q.rolling}{unit}"
        text += f" TIME ZONE '{q.zone}'"
        if q.as_of:
            text += f" AS OF SEQ {q.as_of}"
        return text

    def definition(self, name):
        """DEFINE KPI of the same, without a range; None if it has none."""
        q = self.query
        if q.every is None:
            return None
        text = f"DEFINE KPI {name} AS " + ", ".join(f"{item_text(i)} AS i{n}" for n, i in enumerate(q.items)) + " FROM s"
        if self.condition:
            text += " WHERE " + self.condition
        if q.groups:
            text += " GROUP BY " + ", ".join(q.groups)
        text += f" EVERY {q.every}"
        if q.rolling:
            length, unit = int(q.every.rstrip("mhd")), q.every[-1]
            text += f" ROLLING {length * q.rolling}{unit}"
        return text + f" TIME ZONE '{q.zone}'"


def is_same(item, got, wanted):
    if isinstance(wanted, float) and isinstance(got, (int, float)) and not isinstance(got, bool):
        slack = 2 * math.ulp(wanted) if item[0] == "stddev" else 0
        return abs(Fraction(got) - Fraction(wanted)) <= Fraction(slack)
    if isinstance(wanted, int) and isinstance(got, (int, float)) and not isinstance(got, bool):
        return Fraction(got) == wanted and (isinstance(got, int) or abs(wanted) <= 2**53)
    return type(got) is type(wanted) and got == wanted


class Nilo:
    def __init__(self, path, directory):
        self.path, self.directory = path, directory

    def run(self, *arguments, given=""):
        return subprocess.run([self.path, *arguments, "--data", f"{self.directory}/data"], input=given, text=True,
                              capture_output=True, timeout=600)

    def ask(self, texts):
        """The answers to statements, as JSON."""
        ran = self.run("query", "--format", "json", "-", given=";\n".join(texts))
        if ran.returncode != 0:
            raise Different(f"exit {ran.returncode}: {ran.stderr}\n" + ";\n".join(texts))
        answers, rest = [], ran.stdout.strip()
        decoder = json.JSONDecoder()
        while rest:
            answer, end = decoder.raw_decode(rest)
            answers.append(answer)
            rest = rest[end:].strip()
        return answers


class Different(Exception):
    pass


def compare(question, answer):
    query = question.query
    names = [c["name"] for c in answer["columns"]]
    wanted = query.rows(question.facts)
    got = []
    for row in answer["rows"]:
        cells = dict(zip(names, row))
        place = [] if query.every is None else [model.ns_of(model.datetime.fromisoformat(cells["time"]))]
        first = 0 if query.every is None else 1
        got.append(place + row[first : first + len(query.groups) + len(query.items)])
    head = len(query.groups) + (query.every is not None)

    def matches(one, other):
        return one[:head] == other[:head] and all(
            is_same(item, a, b) for item, a, b in zip(query.items, one[head:], other[head:]))

    if len(got) != len(wanted) or not all(map(matches, got, wanted)):
        at = next((n for n, (a, b) in enumerate(zip(got, wanted)) if not matches(a, b)), min(len(got), len(wanted)))
        raise Different(f"{question.text}\n{len(got)} rows, {len(wanted)} wanted; row {at}:\n  got    "
                        f"{got[at] if at < len(got) else None}\n  wanted {wanted[at] if at < len(wanted) else None}")


def play(nilo, seed):
    rng = random.Random(seed)
    facts = Facts(rng)
    seq, kpis = 1, 0
    for _ in range(rng.randrange(1, 5)):
        documents = [facts.document() for _ in range(rng.choice([1, 10, 60, 200]))]
        lines = "\n".join(text for text, _ in documents)
        name = f"{nilo.directory}/{rng.choice(['one', 'two'])}.ndjson"
        with open(name, "w") as file:
            file.write(lines)
        ran = nilo.run("ingest", "--stream", "s", "--json", name)
        if ran.returncode != 0:
            raise Different(f"ingest: {ran.stderr}")
        first = json.loads(ran.stdout)["first_seq"]
        for number, (_, fact) in enumerate(documents):
            fact["seq"] = first + number
            facts.all.append(fact)
        seq = first + len(documents) - 1
        for _ in range(rng.randrange(3)):
            definition = Question(rng, facts, seq).definition(f"k{kpis}")
            if definition:
                kpis += 1
                nilo.ask([definition])
        questions = [Question(rng, facts, seq) for _ in range(12)]
        for question in questions:
            question.facts = list(facts.all)
        for question, answer in zip(questions, nilo.ask([q.text for q in questions])):
            compare(question, answer)
    if kpis:
        ran = nilo.run("rebuild", "--verify")
        if ran.returncode != 0:
            raise Different(f"rebuild --verify: {ran.stdout}{ran.stderr}")


def main():
    path, rounds, seed, directory = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    for number in range(rounds):
        folder = f"{directory}/{number}"
        os.makedirs(folder)
        try:
            play(Nilo(path, folder), seed + number)
        except Different as different:
            print(f"NILO_SEED={seed + number}: {different}")
            return 1
    print(f"{rounds} rounds from seed {seed} on: the same")
    return 0


if __name__ == "__main__":
    sys.exit(main())
