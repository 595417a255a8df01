"""Answers for BucketTests and ZoneTests, from Python's zoneinfo.

Reads lines "zone second" of the file named by the first argument; prints for each the UTC offset in
seconds and the first seconds of the local day, ISO week and month. Exits with 3 if there is no zone data.
"""

import sys
from datetime import date, datetime, time, timedelta, timezone

try:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    ZoneInfo("Europe/Paris")
except (ImportError, ZoneInfoNotFoundError):
    sys.exit(3)

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
SECOND = timedelta(seconds=1)


def local(second, zone):
    return (EPOCH + second * SECOND).astimezone(zone)


def first_second(day, zone):
    """The first second at which clocks show this date or a later one."""
    midnight = datetime.combine(day, time())
    second = (midnight.replace(tzinfo=zone).astimezone(timezone.utc) - EPOCH) // SECOND
    if local(second, zone).replace(tzinfo=None) == midnight:
        return second  # fold=0: the first of two
    low, high = second - 26 * 3600, second + 26 * 3600
    while low + 1 < high:
        middle = (low + high) // 2
        if local(middle, zone).replace(tzinfo=None) >= midnight:
            high = middle
        else:
            low = middle
    return high


def main():
    zones, starts = {}, {}
    for line in open(sys.argv[1]):
        name, second = line.split()
        second = int(second)
        zone = zones.setdefault(name, ZoneInfo(name))

        def start(day):
            key = (name, day)
            if key not in starts:
                starts[key] = first_second(day, zone)
            return starts[key]

        here = local(second, zone)
        day = here.date()
        if start(day + timedelta(days=1)) <= second:
            day += timedelta(days=1)  # clocks were set back over midnight
        monday = day - timedelta(days=day.weekday())
        print(here.utcoffset() // SECOND, start(day), start(monday), start(day.replace(day=1)))


main()
