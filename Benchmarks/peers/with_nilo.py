"""Nilometer: `nilo ingest`, three KPIs, `nilo rebuild`; `nilo-bench queries`."""
import calendar
import json
import pathlib
import re
import time

from . import questions, workload
from .process import Failure, disk_bytes, run
from .system import Measured, System

# A user's KPIs, which the questions are answered from where they cover them.
DEFINE = """
DEFINE KPI device AS count(*) AS n, avg(temperature) AS mean, stddev(temperature), p95(temperature)
    FROM fleet GROUP BY device_id EVERY 1h;
DEFINE KPI site AS avg(temperature), p95(temperature) FROM fleet GROUP BY site EVERY 1h;
DEFINE KPI minutes AS avg(temperature) FROM fleet GROUP BY device_id EVERY 1m;
DEFINE KPI visitors AS count(*), distinct(device_id) FROM fleet EVERY 1h"""

# What nilo-bench asks, word by word; this is for looking at the answers.
SOURCE = pathlib.Path(__file__).resolve().parent.parent / "nilo-bench/Queries.swift"
DAY = "SINCE '2024-06-01' UNTIL '2024-06-02'"
QUERIES = {
    "device_day": f"SELECT avg(temperature) FROM fleet WHERE device_id = '{workload.DEVICE}' "
                  f"GROUP BY device_id {DAY} EVERY 1h",
    "sites_day": "SELECT avg(temperature), max(temperature), p95(temperature) FROM fleet "
                 f"GROUP BY site {DAY} EVERY 1h",
    "rolling": f"SELECT avg(temperature) FROM fleet WHERE device_id = '{workload.DEVICE}' "
               "GROUP BY device_id SINCE '2024-06-01T12:00' UNTIL '2024-06-01T18:00' "
               "EVERY 1m ROLLING 1h",
    "top": "SELECT max(temperature) AS most FROM fleet GROUP BY device_id "
           "SINCE '2024-06-01T22:00' UNTIL '2024-06-01T23:00' ORDER BY most DESC LIMIT 10",
    "distinct": f"SELECT count(*), distinct(device_id) FROM fleet {DAY} EVERY 1h",
    "all_devices": f"SELECT avg(temperature) FROM fleet GROUP BY device_id {DAY} EVERY 1h",
    "outliers": f"SELECT temperature FROM fleet WHERE device_id = '{workload.DEVICE}' {DAY} "
                "HAVING abs(zscore(temperature, 24 hours)) > 3",
    "one_time": "SELECT avg(temperature) FROM fleet AT '2024-06-01T12:00:00Z'",
    questions.FOUND: f"SELECT avg(temperature) FROM fleet AT '{workload.MOMENT}'",
}
FIGURES = {"device_day": "device_day_cells_ms", "sites_day": "sites_day_cells_ms",
           "sites_day_columns": "sites_day_columns_ms", "rolling": "rolling_minutes_cells_ms",
           "top": "top_devices_cells_ms", "distinct": "distinct_cells_ms",
           "distinct_columns": "distinct_columns_ms", "all_devices": "all_devices_json_ms",
           "outliers": "outliers_ms", "one_time": "one_time_ms"}


class Nilo(System):
    """Each phase is a whole process, from its start to its durable end."""

    name = "Nilometer"
    keeps = "each document byte for byte, typed columns of all fields, ids, order of arrival"
    duplicates = ("left out by event id, over all that was ever stored, and noted on the ledger; "
                  "late events noted, and cells corrected in the same commit")
    durable = "survives a loss of power: a commit is synced before it is acknowledged"
    rebuilt = "one scan; p95 by sketch, within 1 %; results synced"
    p95_bound = dict.fromkeys(System.p95_bound, 0.0101)
    distinct_bound = 0.05  # three standard errors

    def __init__(self, *args):
        super().__init__(*args)
        self.nilo = self.options.nilo
        self.store = self.directory / "store"
        self.defined = []

    @classmethod
    def version(cls, options):
        return run([options.nilo, "--version"])[0].decode().strip()

    def load(self):
        _, seconds, peak = run([self.nilo, "ingest", "--data", self.store, "--stream", "fleet",
                                "--json", self.workload.path])
        return Measured(seconds, peak)

    def disk(self):
        return disk_bytes(self.store)

    def rebuild(self):
        """The KPIs are defined first, which fills them once; then all are computed anew."""
        functions = ", ".join(f"{it}(temperature)" for it in workload.Cell._fields[1:])
        for kpi in workload.KPIS:
            rolling = ["--rolling", f"{kpi.window}s"] if kpi.window != kpi.every else []
            run([self.nilo, "kpi", "define", kpi.name, "--data", self.store, "--from", "fleet",
                 "--by", kpi.group, "--every", f"{kpi.every}s", *rolling,
                 "--select", f"count(*), {functions}"])
            self.defined.append(kpi.name)
        _, seconds, peak = run([self.nilo, "rebuild", "--data", self.store, "--json"])
        return Measured(seconds, peak)

    def answers(self):
        return {kpi.name: dict(self._rows(kpi)) for kpi in workload.KPIS}

    def _rows(self, kpi):
        output, _, _ = run([self.nilo, "kpi", "read", kpi.name, "--data", self.store, "--json"])
        for at, group, *numbers in json.loads(output)["rows"]:
            second = calendar.timegm(time.strptime(at, "%Y-%m-%dT%H:%M:%SZ"))
            yield (group, second), workload.Cell(*numbers[:7])

    def queries(self):
        """Medians from nilo-bench, in whose process the store is open; the answers by `nilo query`,
        before there are KPIs and after."""
        compare_texts()
        for name in self.defined:
            self._query(f"DROP KPI {name}")
        rows = {it + questions.COLUMNS: self._rows_of(it) for it in ("sites_day", "distinct")}
        self._query(DEFINE)
        rows.update({name: self._rows_of(name) for name in QUERIES})
        figures = json.loads(run([self.options.nilo_bench, "queries", self.store])[0])
        return {name: questions.Asked(figures.get(FIGURES.get(name)), it)
                for name, it in rows.items()}

    def _query(self, text):
        return run([self.nilo, "query", "--data", self.store, "--format", "json", text])[0]

    def _rows_of(self, name):
        """Times in milliseconds and no state, with those of groups after the time."""
        answer = json.loads(self._query(QUERIES[name]))
        kinds = [it["type"] for it in answer["columns"]]
        if name in ("device_day", "rolling"):  # the group is the device that was asked for
            kinds[1] = "state"
        for row in answer["rows"]:
            row[:] = [workload.parse_time(value.encode()) if kind == "time" else value
                      for kind, value in zip(kinds, row) if kind != "state"]
        return answer["rows"]


def compare_texts():
    """Fails when nilo-bench asks something else than the rows are looked at for."""
    source = re.sub(r"\\\n\s*", "", SOURCE.read_text())
    for name, text in QUERIES.items():
        if name in questions.TITLES and text not in source:
            raise Failure(f"{SOURCE.name} does not ask: {text}")
