"""InfluxDB 1: a server of the benchmark's own, over HTTP."""
import concurrent.futures
import itertools
import json
import threading
import time
import urllib.parse

from . import questions, workload
from .process import Failure, Server, disk_bytes, files, free_port, run
from .system import Measured, System

BATCH = 10_000  # lines of a write; the manual advises 5,000 to 10,000
WRITERS = 2

# Defaults, but for the paths and ports, and for two times: what is in memory is written, and files
# are compacted, after seconds without writes rather than hours, since the disk is measured then.
CONFIG = """
reporting-disabled = true
bind-address = "127.0.0.1:{rpc}"
[meta]
  dir = "{directory}/meta"
[data]
  dir = "{directory}/data"
  wal-dir = "{directory}/wal"
  query-log-enabled = false
  cache-snapshot-write-cold-duration = "5s"
  compact-full-write-cold-duration = "5s"
[http]
  bind-address = "127.0.0.1:{http}"
  log-enabled = false
[monitor]
  store-enabled = false
"""

RANGE = f"time >= '{workload.START}' AND time < '{workload.END}'"
# Windows are averages of 60 minutes, times 60; the hour before the first event counts as zeros.
ROLLING = f"""SELECT moving_average(n, 60) * 60 AS count, moving_average(total, 60) * 60 AS sum,
    moving_average(total, 60) / moving_average(n, 60) AS avg INTO by_minute
    FROM (SELECT count(temperature) AS n, sum(temperature) AS total FROM fleet
        WHERE time >= '{workload.START}' - 1h AND time < '{workload.END}'
        GROUP BY time(1m), site fill(0))
    GROUP BY site"""
HOURLY = """SELECT count(temperature) AS count, sum(temperature) AS sum, mean(temperature) AS avg,
    min(temperature) AS min, max(temperature) AS max, stddev(temperature) AS stddev,
    percentile(temperature, 95) AS p95 INTO {name} FROM fleet WHERE {range}
    GROUP BY time(1h), {group} fill(none)"""


def between(start, end):
    return f"time >= '2024-06-01T{start}:00Z' AND time < '2024-06-01T{end}:00Z'"


DEVICE = f"device_id = '{workload.DEVICE}'"
QUERIES = {
    "device_day": f"""
        SELECT mean(temperature) FROM fleet WHERE {DEVICE} AND {RANGE} GROUP BY time(1h)""",
    "sites_day": f"""
        SELECT mean(temperature), max(temperature), percentile(temperature, 95) FROM fleet
        WHERE {RANGE} GROUP BY time(1h), site""",
    "rolling": f"""
        SELECT moving_average(total, 60) / moving_average(n, 60) FROM (
            SELECT sum(temperature) AS total, count(temperature) AS n FROM fleet
            WHERE {DEVICE} AND {between("11:01", "18:00")} GROUP BY time(1m) fill(0))""",
    # Without the inner SELECT it took longer when tried.
    "top": f"""
        SELECT top(most, device_id, 10) FROM (
            SELECT max(temperature) AS most FROM fleet WHERE {between("22:00", "23:00")}
            GROUP BY device_id)""",
    "distinct": f"""
        SELECT sum(n), count(n) FROM (
            SELECT count(temperature) AS n FROM fleet WHERE {RANGE}
            GROUP BY time(1h), device_id fill(none))
        WHERE {RANGE} GROUP BY time(1h)""",
    "all_devices": f"""
        SELECT mean(temperature) FROM fleet WHERE {RANGE} GROUP BY time(1h), device_id""",
    "one_time": "SELECT mean(temperature) FROM fleet WHERE time = '2024-06-01T12:00:00Z'",
    questions.FOUND: f"SELECT mean(temperature) FROM fleet WHERE time = '{workload.MOMENT}'",
}


def target(text, unit):
    """The path of a query whose times come in a unit."""
    return "/query?" + urllib.parse.urlencode({"db": "fleet", "epoch": unit, "q": text})


def series(body):
    answer = json.loads(body)
    for result in answer["results"]:
        if "error" in result:
            raise Failure(f"InfluxDB: {result['error']}")
    return answer["results"][0].get("series", [])


def rows(name, found):
    """Rows of an answer, in the order of the questions' module."""
    for one in found:
        for at, *values in one["values"]:
            if name == "top":
                yield values[::-1]
            elif name == questions.FOUND:
                yield values
            else:
                yield at, *one.get("tags", {}).values(), *values


class InfluxDB(System):
    """Loaded by two connections with 10,000 lines a write, uncompressed since it is one machine."""

    name = "InfluxDB"
    keeps = "typed fields, tags and times in milliseconds; no original bytes"
    duplicates = ("overwritten: a point is its tags and its time, so another event of the same "
                  "device and millisecond is lost; late events are points like others, stored "
                  "results are not corrected")
    durable = "survives a loss of power: the log is synced at each write (`wal-fsync-delay = 0s`)"
    rebuilt = "p95 exact; **rolling only count, sum, avg**: no min, max, stddev, p95 over a window"
    omits = {"by_minute": ("min", "max", "stddev", "p95")}
    lacks = {"outliers": "InfluxQL has no mean or deviation of the time before each point."}

    def __init__(self, *args):
        super().__init__(*args)
        self.server = None

    @classmethod
    def version(cls, options):
        return run(["influxd", "version"])[0].decode().split()[1].lstrip("v")

    @classmethod
    def prepare(cls, workload_):
        return workload_.convert(strings=True)

    def start(self):
        ports = {"rpc": free_port(), "http": free_port()}
        config = self.directory / "influxdb.conf"
        config.write_text(CONFIG.format(directory=self.directory, **ports))
        self.server = Server(["influxd", "run", "-config", config], ports["http"],
                             self.directory / "log", "/ping")
        self._query("CREATE DATABASE fleet", method="POST")

    def _query(self, text, method="GET"):
        return series(self.server.request(method, target(text, "s")))

    def queries(self):
        connection = self.server.connect()
        result = {}
        for name, text in QUERIES.items():
            path = target(text, "ms")
            ms, body = questions.ask(
                lambda: self.server.request("GET", path, connection=connection))
            result[name] = questions.Asked(ms, list(rows(name, series(body))))
        connection.close()
        return result

    def load(self):
        self.server.reset_peak()
        begin = time.monotonic()
        with open(self.workload.lines, "rb") as file:
            batches = iter(lambda: b"".join(itertools.islice(file, BATCH)), b"")
            lock = threading.Lock()
            with concurrent.futures.ThreadPoolExecutor(WRITERS) as pool:
                writers = [pool.submit(self._write, batches, lock) for _ in range(WRITERS)]
            for writer in writers:
                writer.result()
        seconds = time.monotonic() - begin
        return Measured(seconds, self.server.peak_mib())

    def _write(self, batches, lock):
        """Writes batch after batch over one connection, until there are no more."""
        connection = self.server.connect()
        while True:
            with lock:
                batch = next(batches, None)
            if batch is None:
                break
            self.server.request("POST", "/write?db=fleet&precision=ms", batch, connection)
        connection.close()

    def settle(self):
        """Waits until the memory is written and the files are compacted. Both happen by themselves
        after a while, so there is no time to state."""
        still, last = 0, None
        for _ in range(240):
            state = sorted(self._files())
            waiting = any(path.endswith((".wal", ".tmp")) for path, _ in state)
            still = still + 1 if state == last and not waiting else 0
            if still == 24:
                return None
            last = state
            time.sleep(0.5)
        raise Failure("InfluxDB: still compacting after two minutes")

    def _files(self):
        for part in ("data", "wal"):
            for path, status in files(self.directory / part):
                if status.st_size:
                    yield path, status.st_size

    def disk(self):
        return sum(disk_bytes(self.directory / it) for it in ("data", "wal", "meta"))

    def rebuild(self):
        """Into three measurements, by `SELECT INTO`."""
        self.server.reset_peak()
        begin = time.monotonic()
        for kpi in workload.KPIS[:2]:
            self._query(HOURLY.format(name=kpi.name, group=kpi.group, range=RANGE), "POST")
        self._query(ROLLING, "POST")
        seconds = time.monotonic() - begin
        return Measured(seconds, self.server.peak_mib())

    def answers(self):
        result = {}
        for kpi in workload.KPIS:
            cells = result[kpi.name] = {}
            fields = workload.Cell._fields[:3 if kpi.window != kpi.every else None]
            columns = ", ".join(f'"{it}"' for it in fields)
            for series in self._query(f"SELECT {columns} FROM {kpi.name} WHERE {RANGE} "
                                      f"GROUP BY {kpi.group}"):
                for second, *numbers in series["values"]:
                    missing = [None] * (len(workload.Cell._fields) - len(numbers))
                    cell = workload.Cell(*numbers, *missing)
                    cells[series["tags"][kpi.group], second] = cell._replace(
                        count=round(cell.count))
        return result

    def stop(self):
        if self.server:
            self.server.stop()
