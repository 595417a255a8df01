"""The workload: a file of events, the KPIs over it, and the answers that are right.

A day of 1000 devices at 20 sites, an event each 30 s: 2.88 million NDJSON documents of 183 bytes.
One of a hundred comes late, one of a thousand twice.
"""
import array
import calendar
import collections
import math
import re
import subprocess
import time

GENERATE = ("fleet --devices 1000 --every 30s --hours 24 --late 1% --duplicates 0.1% --seed 1"
            .split())
START = "2024-06-01T00:00:00Z"
END = "2024-06-02T00:00:00Z"
START_S = calendar.timegm((2024, 6, 1, 0, 0, 0))
END_S = START_S + 86400
# The device that is asked about, and a millisecond with an event.
DEVICE = "device-00042"
MOMENT = "2024-06-01T12:00:00.070Z"
MOMENT_MS = (START_S + 12 * 3600) * 1000 + 70
# Name, field of the group, seconds of a bucket, seconds of the window that ends with the bucket.
Kpi = collections.namedtuple("Kpi", "name group every window")
KPIS = (Kpi("by_device", "device_id", 3600, 3600), Kpi("by_site", "site", 3600, 3600),
        Kpi("by_minute", "site", 60, 3600))
Cell = collections.namedtuple("Cell", "count sum avg min max stddev p95")

_EVENT = re.compile(
    rb'"event_id":"([^"]*)","device_id":"([^"]*)","site":"([^"]*)","timestamp":"([^"]*)",'
    rb'"temperature":([^,]*),"humidity":([^,]*),"pressure":([^,]*),"status":"([^"]*)"')
_minutes = {}


def parse_time(text):
    """Milliseconds of a time in UTC, such as 2024-06-01T00:00:00.141Z."""
    minute = text[:16]
    base = _minutes.get(minute)
    if base is None:
        parts = time.strptime(minute.decode(), "%Y-%m-%dT%H:%M")
        base = _minutes[minute] = calendar.timegm(parts) * 1000
    return base + round(float(text[17:-1]) * 1000)


def events(path):
    """The fields of each document, in bytes. Their form is fixed, so a pattern will do."""
    with open(path, "rb") as file:
        for line in file:
            yield _EVENT.search(line).groups()


class Workload:
    """The file and what can be said of it."""

    def __init__(self, nilo, directory):
        self.path = directory / "fleet.ndjson"
        self.lines = directory / "fleet.lp"  # line protocol, for those that do not read JSON
        with open(self.path, "wb") as file:
            subprocess.run([nilo, "generate", *GENERATE], check=True, stdout=file)
        self.expected = {dedups: Expected() for dedups in (True, False)}
        self.count, self.unique = self._expect()

    def _expect(self):
        """Computes the right answers; gives the number of events, and without those twice."""
        seen = set()
        count = 0
        for event_id, device, site, at, temperature, *_ in events(self.path):
            count += 1
            value = float(temperature)
            fact = device.decode(), site.decode(), parse_time(at), value
            self.expected[False].add(*fact)
            if event_id not in seen:
                seen.add(event_id)
                self.expected[True].add(*fact)
        for it in self.expected.values():
            it.finish()
        return count, len(seen)

    def convert(self, strings):
        """Writes the file as line protocol, and gives the seconds. It is no part of any load."""
        begin = time.monotonic()
        form = b"fleet,device_id=%b,site=%b temperature=%b,humidity=%b,pressure=%b"
        form += b',event_id="%b",status="%b" %d\n' if strings else b" %d\n"
        with open(self.lines, "wb", 1 << 20) as file:
            for event_id, device, site, at, *numbers, status in events(self.path):
                texts = (event_id, status) if strings else ()
                file.write(form % (device, site, *numbers, *texts, parse_time(at)))
        return time.monotonic() - begin


class Expected:
    """The right cells of each KPI, computed in the plainest way."""

    def __init__(self):
        self._device_hours = collections.defaultdict(lambda: array.array("d"))
        self._site_minutes = collections.defaultdict(lambda: array.array("d"))
        self.cells = {}
        self.readings = []  # of one device, with their milliseconds
        self.moment = []

    def add(self, device, site, ms, value):
        second = ms // 1000
        self._device_hours[device, second - second % 3600].append(value)
        self._site_minutes[site, second - second % 60].append(value)
        if device == DEVICE:
            self.readings.append((ms, value))
        if ms == MOMENT_MS:
            self.moment.append(value)

    def finish(self):
        hours = collections.defaultdict(lambda: array.array("d"))
        for (site, minute), values in self._site_minutes.items():
            hours[site, minute - minute % 3600].extend(values)
        self.cells["by_device"] = {key: whole(it) for key, it in self._device_hours.items()}
        self.cells["by_site"] = {key: whole(it) for key, it in hours.items()}
        self.cells["by_minute"] = self._rolling()
        self._device_hours = self._site_minutes = None

    def _rolling(self):
        """Windows from their minutes. Deviation and percentile are known where the window is a
        clock hour, which is enough to find a window that is off by a minute."""
        minutes = {key: (len(it), math.fsum(it), min(it), max(it))
                   for key, it in self._site_minutes.items()}
        cells = {}
        for site, minute in minutes:
            window = (minutes.get((site, minute - 60 * back)) for back in range(60))
            counts, sums, low, high = zip(*filter(None, window))
            count, total = sum(counts), math.fsum(sums)
            cells[site, minute] = Cell(count, total, total / count, min(low), max(high), None, None)
            hour = self.cells["by_site"].get((site, minute - 59 * 60))
            if minute % 3600 == 59 * 60 and hour:
                cells[site, minute] = hour
        return cells


def whole(values):
    """The cell of all of a bucket's values; its p95 is the range of those beside the rank, since
    systems choose one or lie between two."""
    values = sorted(values)
    count, total = len(values), math.fsum(values)
    mean = total / count
    squares = math.fsum((value - mean) ** 2 for value in values)
    rank = math.floor(0.95 * (count - 1))
    beside = (values[max(rank - 1, 0)], values[min(rank + 1, count - 1)])
    deviation = math.sqrt(squares / (count - 1)) if count > 1 else None
    return Cell(count, total, mean, values[0], values[-1], deviation, beside)


def compare(expected, answers, p95_bound, omits):
    """Yields a text for each difference between the right cells and a system's. What is beyond
    the system, and said to be so, may be None."""
    for kpi in KPIS:
        right, given = expected.cells[kpi.name], answers[kpi.name]
        for key in right.keys() - given.keys():
            yield f"{kpi.name} {key}: missing"
        for key in given.keys() - right.keys():
            if not (kpi.window > kpi.every and key[1] >= END_S):  # windows that run out
                yield f"{kpi.name} {key}: there should be none"
        for key in right.keys() & given.keys():
            for field, want, have in zip(Cell._fields, right[key], given[key]):
                if have is None and field in omits.get(kpi.name, ()):
                    continue
                if not _equal(field, want, have, p95_bound[kpi.name]):
                    yield f"{kpi.name} {key}: {field} is {have}, not {want}"


def _equal(field, want, have, p95_bound):
    if want is None or have is None:
        return want is None
    if field == "count":
        return want == have
    if field == "p95":
        low, high = want
        return p95_bound is None or (
            low - p95_bound * abs(low) - 1e-9 <= have <= high + p95_bound * abs(high) + 1e-9)
    return math.isclose(want, have, rel_tol=1e-6 if field == "stddev" else 1e-9, abs_tol=1e-9)
