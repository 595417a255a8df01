"""Nilometer: `nilo ingest`, three KPIs, `nilo rebuild`."""
import calendar
import json
import time

from . import workload
from .process import disk_bytes, run
from .system import Measured, System


class Nilo(System):
    """Each phase is a whole process, from its start to its durable end."""

    name = "Nilometer"
    keeps = "each document byte for byte, typed columns of all fields, ids, order of arrival"
    duplicates = ("left out by event id, over all that was ever stored, and noted on the ledger; "
                  "late events noted, and cells corrected in the same commit")
    durable = "survives a loss of power: a commit is synced before it is acknowledged"
    rebuilt = "one scan; p95 by sketch, within 1 %; results synced"
    p95_bound = dict.fromkeys(System.p95_bound, 0.0101)

    def __init__(self, *args):
        super().__init__(*args)
        self.nilo = self.options.nilo
        self.store = self.directory / "store"

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
        _, seconds, peak = run([self.nilo, "rebuild", "--data", self.store, "--json"])
        return Measured(seconds, peak)

    def answers(self):
        return {kpi.name: dict(self._rows(kpi)) for kpi in workload.KPIS}

    def _rows(self, kpi):
        output, _, _ = run([self.nilo, "kpi", "read", kpi.name, "--data", self.store, "--json"])
        for at, group, *numbers in json.loads(output)["rows"]:
            second = calendar.timegm(time.strptime(at, "%Y-%m-%dT%H:%M:%SZ"))
            yield (group, second), workload.Cell(*numbers[:7])
