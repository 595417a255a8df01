"""Questions asked of each system when it is warm, and their right answers.

A row of an answer is the milliseconds of its time, if any, then its groups, then its numbers. What
`nilo-bench queries` asks is the same, in Benchmarks/nilo-bench/Queries.swift.
"""
import collections
import itertools
import math
import statistics
import time

from .workload import DEVICE, START_S

TITLES = {
    "device_day": "hourly avg of one device, 24 h",
    "sites_day": "hourly avg, max, p95 by site, 24 h",
    "rolling": "avg over a rolling hour each minute, one device, 6 h",
    "top": "10 devices of the highest max in one hour",
    "distinct": "events and different devices each hour, 24 h",
    "all_devices": "hourly avg of all 1,000 devices, 24,000 rows as JSON",
    "outliers": "readings of one device beyond 3 deviations of the 24 h before",
    "one_time": "avg at one exact time, without events",
}
COLUMNS = "_columns"  # after a question's name: asked of columns, though there are cells
FOUND = "one_time_found"  # at a time with an event; of it only the answer is looked at
HOUR = 3600
NOON_S = START_S + 12 * HOUR
TOP_S = START_S + 22 * HOUR

Asked = collections.namedtuple("Asked", "ms rows")
About = collections.namedtuple("About", "value")  # an estimate will do
Between = collections.namedtuple("Between", "low high")  # a percentile


def ask(function):
    """The median milliseconds of a call, and the last result.

    It is called at least 5 times, then on for a second or up to 300 times, as nilo-bench does.
    """
    times = []
    end = time.perf_counter() + 1
    while len(times) < 5 or (len(times) < 300 and time.perf_counter() < end):
        begin = time.perf_counter()
        result = function()
        times.append(time.perf_counter() - begin)
    return statistics.median(times) * 1000, result


def right(expected):
    """The right rows of each question, from what the workload has computed."""
    devices, sites = expected.cells["by_device"], expected.cells["by_site"]
    highest = sorted((-cell.max, device) for (device, at), cell in devices.items() if at == TOP_S)
    return {
        "device_day": [(at * 1000, cell.avg) for (device, at), cell in devices.items()
                       if device == DEVICE],
        "sites_day": [(at * 1000, site, cell.avg, cell.max, Between(*cell.p95))
                      for (site, at), cell in sites.items()],
        "rolling": list(_rolling(expected.readings)),
        "top": [(device, -most) for most, device in highest[:10]],
        "distinct": list(_distinct(devices)),
        "all_devices": [(at * 1000, device, cell.avg) for (device, at), cell in devices.items()],
        "outliers": list(_outliers(sorted(expected.readings))),
        "one_time": [],
        FOUND: [(statistics.fmean(expected.moment),)],
    }


def _rolling(readings):
    for minute in range(NOON_S, NOON_S + 6 * HOUR, 60):
        end = (minute + 60) * 1000
        yield minute * 1000, statistics.fmean(
            value for ms, value in readings if end - HOUR * 1000 <= ms < end)


def _distinct(devices):
    hours = collections.defaultdict(list)
    for (_, at), cell in devices.items():
        hours[at].append(cell.count)
    for at, counts in hours.items():
        yield at * 1000, sum(counts), About(len(counts))


def _outliers(readings):
    """All that comes before is within 24 hours. Moments after Welford."""
    count = mean = squares = 0
    for ms, group in itertools.groupby(readings, key=lambda it: it[0]):
        values = [value for _, value in group]
        for value in values:
            if count > 1 and abs(value - mean) > 3 * math.sqrt(squares / (count - 1)):
                yield ms, value
        for value in values:
            count += 1
            distance = value - mean
            mean += distance / count
            squares += distance * (value - mean)


def compare(answers, asked, system):
    """Yields a text for each question that a system has answered wrongly, or has passed over
    without saying so."""
    for name, want in answers.items():
        if name in system.lacks:
            continue
        if name not in asked:
            yield f"{name}: not asked"
        for variant in {name, name + COLUMNS} & asked.keys():
            # An aggregate of nothing is NULL here and no row there.
            have = sorted(tuple(row) for row in asked[variant].rows if None not in row)
            yield from itertools.islice(_differences(variant, sorted(want), have, system), 1)


def _differences(name, want, have, system):
    if len(want) != len(have):
        yield f"{name}: {len(have)} rows, not {len(want)}"
    for right_row, row in zip(want, have):
        if len(right_row) != len(row) or not all(
                _equal(it, value, system) for it, value in zip(right_row, row)):
            yield f"{name}: {row}, not {right_row}"


def _equal(want, have, system):
    if isinstance(want, About):
        return abs(have - want.value) <= system.distinct_bound * want.value
    if isinstance(want, Between):
        bound = system.p95_bound["by_site"]
        return bound is None or (want.low - bound * abs(want.low) - 1e-9 <= have
                                 <= want.high + bound * abs(want.high) + 1e-9)
    if isinstance(want, float):
        return math.isclose(want, have, rel_tol=1e-6, abs_tol=1e-9)
    return want == have
