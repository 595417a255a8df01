"""VictoriaMetrics: a server of the benchmark's own, over HTTP."""
import json
import math
import time
import urllib.parse

from . import questions, workload
from .process import Server, disk_bytes, free_port, run
from .system import Measured, System

METRIC = "fleet_temperature"
# A window is the hour up to the moment asked for, that moment included. One millisecond earlier it
# is [t - 1 h, t), as with the others.
OVER = f"({METRIC}[1h] offset 1ms)"
MERGED = {"count": "sum", "sum": "sum", "sum2": "sum", "min": "min", "max": "max"}


def queries(kpi):
    """The queries of a KPI, by name. A device is one series, so all is at hand for it. For a site
    series are merged: the deviation from sums of squares, the percentile from histograms."""
    if kpi.group == "device_id":
        names = ("count", "sum", "avg", "min", "max", "stddev")
        result = {it: f"{it}_over_time{OVER}" for it in names}
        result["p95"] = f"quantile_over_time(0.95, {METRIC}[1h] offset 1ms)"
        return result
    result = {name: f"{merge}({name}_over_time{OVER}) by ({kpi.group})"
              for name, merge in MERGED.items()}
    result["p95"] = (f"histogram_quantile(0.95, sum(histogram_over_time{OVER}) "
                     f"by ({kpi.group}, vmrange))")
    return result


def numbered(*texts):
    """Several numbers at once: series of the label `number`."""
    return "union(" + ", ".join(f'label_set({text}, "number", "{index}")'
                                for index, text in enumerate(texts)) + ")"


DEVICE_MEAN = f'avg_over_time({METRIC}{{device_id="{workload.DEVICE}"}}[1h] offset 1ms)'
SITES = numbered(f"sum(sum_over_time{OVER}) by (site) / sum(count_over_time{OVER}) by (site)",
                 f"max(max_over_time{OVER}) by (site)", queries(workload.KPIS[1])["p95"])
DISTINCT = numbered(f"sum(count_over_time{OVER})", f"count(count_over_time{OVER})")
EXACTLY = f"avg(last_over_time({METRIC}[1ms]))"  # the window has its end and not its start
# The query, the first bucket, the end of the last, the length of a bucket; or the query and when.
QUERIES = {
    "device_day": (DEVICE_MEAN, workload.START_S, workload.END_S, 3600),
    "sites_day": (SITES, workload.START_S, workload.END_S, 3600),
    "rolling": (DEVICE_MEAN, questions.NOON_S, questions.NOON_S + 6 * 3600, 60),
    "top": (f"topk(10, max_over_time{OVER})", questions.TOP_S + 3600),
    "distinct": (DISTINCT, workload.START_S, workload.END_S, 3600),
    "all_devices": (f"avg_over_time{OVER}", workload.START_S, workload.END_S, 3600),
    "one_time": (EXACTLY, questions.NOON_S),
    questions.FOUND: (EXACTLY, workload.MOMENT_MS / 1000),
}


class VictoriaMetrics(System):
    """Loaded by one request that streams the file; the server parses it on all cores."""

    name = "VictoriaMetrics"
    keeps = ("the three numbers, labels and times in milliseconds; **no texts**: neither event id "
             "nor status; no original bytes")
    duplicates = ("one sample of a series is kept for each millisecond "
                  "(`-dedup.minScrapeInterval=1ms`); late events are samples like others, stored "
                  "results are not corrected")
    durable = ("can be lost for up to ten seconds, with the process already: there is no log, and "
               "memory is written in the background. The load ends with a snapshot, which writes "
               "and syncs")
    rebuilt = ("kept as JSON by the client; p95 by site from histograms, **within some 14 %, "
               "numbers below zero left out**; by device exact, between two values")
    p95_bound = {"by_device": 1e-9, "by_site": None, "by_minute": None}
    lacks = {"outliers": "MetricsQL evaluates at even steps, not at each sample."}
    reserves = {"sites_day": "p95 from histograms: within some 14 %, numbers below zero left out."}

    def __init__(self, *args):
        super().__init__(*args)
        self.server = None

    @classmethod
    def version(cls, options):
        """That of the package: the binary does not name one."""
        text, _, _ = run(["dpkg-query", "-W", "-f", "${Version}", "victoria-metrics"])
        return text.decode()

    @classmethod
    def prepare(cls, workload_):
        return workload_.convert(strings=False)

    def start(self):
        port = free_port()
        self.server = Server(
            ["victoria-metrics", f"-httpListenAddr=127.0.0.1:{port}",
             f"-storageDataPath={self.directory}/data", "-retentionPeriod=100y",
             "-dedup.minScrapeInterval=1ms", "-search.maxQueryDuration=1h"],
            port, self.directory / "log", "/health")

    def load(self):
        self.server.reset_peak()
        begin = time.monotonic()
        with open(self.workload.lines, "rb") as file:
            self.server.request("POST", "/write?precision=ms", file)
        self.server.request("GET", "/internal/force_flush")  # for queries; it syncs nothing
        self.server.request("GET", "/snapshot/create")  # writes and syncs what is in memory
        seconds = time.monotonic() - begin
        self.server.request("GET", "/snapshot/delete_all")
        return Measured(seconds, self.server.peak_mib())

    def settle(self):
        begin = time.monotonic()
        self.server.request("GET", "/internal/force_merge")
        time.sleep(0.2)
        while b"vm_active_force_merges 0" not in self.server.request("GET", "/metrics"):
            time.sleep(0.1)
        return time.monotonic() - begin

    def disk(self):
        return disk_bytes(self.directory / "data")

    def rebuild(self):
        """One query for each number, the answers written to files."""
        self.server.reset_peak()
        begin = time.monotonic()
        for kpi in workload.KPIS:
            for name, query in queries(kpi).items():
                self._path(kpi, name).write_bytes(self._range(kpi, query))
        seconds = time.monotonic() - begin
        return Measured(seconds, self.server.peak_mib())

    def _path(self, kpi, name):
        return self.directory / f"{kpi.name}-{name}.json"

    def _range(self, kpi, query):
        arguments = urllib.parse.urlencode({
            "query": query, "start": workload.START_S + kpi.every, "end": workload.END_S,
            "step": f"{kpi.every}s", "nocache": 1})
        return self.server.request("GET", f"/api/v1/query_range?{arguments}")

    def answers(self):
        return {kpi.name: self._cells(kpi) for kpi in workload.KPIS}

    def _cells(self, kpi):
        numbers = {}
        for name in queries(kpi):
            answer = json.loads(self._path(kpi, name).read_bytes())
            for series in answer["data"]["result"]:
                group = series["metric"][kpi.group]
                for at, value in series["values"]:
                    cell = numbers.setdefault((group, int(at) - kpi.every), {})
                    cell[name] = float(value)
        return {key: finished(it) for key, it in numbers.items()}

    def queries(self):
        connection = self.server.connect()
        result = {}
        for name, query in QUERIES.items():
            path = target(*query)
            ms, body = questions.ask(
                lambda: self.server.request("GET", path, connection=connection))
            result[name] = questions.Asked(ms, list(rows(name, json.loads(body), *query[3:])))
        connection.close()
        return result

    def stop(self):
        if self.server:
            self.server.stop()


def target(query, at, end=None, step=None):
    """The path of a query. `nocache`: a range asked again is answered from a cache otherwise."""
    if end is None:
        return "/api/v1/query?" + urllib.parse.urlencode({"query": query, "time": at, "nocache": 1})
    return "/api/v1/query_range?" + urllib.parse.urlencode({
        "query": query, "start": at + step, "end": end, "step": f"{step}s", "nocache": 1})


def rows(name, answer, step=None):
    """Rows of an answer, in the order of the questions' module. A window is told by its end."""
    result = {}
    label = {"sites_day": "site", "all_devices": "device_id", "top": "device_id"}.get(name)
    for one in answer["data"]["result"]:
        group = (one["metric"][label],) if label else ()
        number = int(one["metric"].get("number", 0))
        for at, value in one.get("values") or [one["value"]]:
            time_ = (round((at - step) * 1000),) if step else ()
            result.setdefault(time_ + group, {})[number] = float(value)
    for key, numbers in result.items():
        yield *key, *(numbers.get(index) for index in range(max(numbers) + 1))


def finished(numbers):
    """The cell of a bucket. VictoriaMetrics divides deviations by n, not by n - 1."""
    count, total = int(numbers["count"]), numbers["sum"]
    if "stddev" in numbers:
        deviation = numbers["stddev"] * math.sqrt(count / (count - 1)) if count > 1 else None
    else:
        squares = numbers["sum2"] - total * total / count
        deviation = math.sqrt(squares / (count - 1)) if count > 1 else None
    return workload.Cell(count, total, numbers.get("avg", total / count), numbers["min"],
                         numbers["max"], deviation, numbers.get("p95"))
