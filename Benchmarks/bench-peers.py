#!/usr/bin/env python3
"""Runs one workload through Nilometer and through other systems, and prints them side by side.

Each system loads the same file, has its disk and memory measured, computes all KPI cells anew
from what it has stored, and is asked questions, warm. Its answers are compared with the right ones:
a difference is a failure.
The systems take turns within each round, so that noise hits all alike; medians are shown. Work
files go to build/bench-peers and are removed at the end (about 3 GB).

usage: bench-peers.py [--rounds N] [--only NAME,...] [--queries-only | --no-queries]
                      [--nilo FILE] [--nilo-bench FILE] [--json FILE]
"""
import argparse
import itertools
import json
import os
import pathlib
import re
import shutil
import signal
import statistics
import sys
import time

from peers import questions
from peers.process import Failure
from peers.with_clickhouse import ClickHouse
from peers.with_duckdb import DuckDB, DuckDBWithKey
from peers.with_influxdb import InfluxDB
from peers.with_nilo import Nilo
from peers.with_victoria import VictoriaMetrics
from peers.workload import Workload, compare

ROOT = pathlib.Path(__file__).resolve().parent.parent
WORK = ROOT / "build/bench-peers"
SYSTEMS = {"nilo": Nilo, "duckdb": DuckDB, "duckdb-key": DuckDBWithKey, "clickhouse": ClickHouse,
           "influxdb": InfluxDB, "victoria": VictoriaMetrics}


def note(text):
    print(f"bench-peers: {text}", file=sys.stderr, flush=True)


def machine():
    """Processor, cores and memory in a line."""
    match = re.search(r"model name\s*:\s*(.*)", pathlib.Path("/proc/cpuinfo").read_text())
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / (1 << 30)
    processor = match.group(1) if match else "unknown processor"
    return f"{processor}, {os.cpu_count()} cores, {memory:.0f} GiB of memory"


def measure(kind, workload, options):
    """One round of one system: its figures."""
    directory = WORK / "system"
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    system = kind(workload, directory, options)
    try:
        system.start()
        load, settle = system.load(), system.settle()
        result = {}
        if not options.queries_only:
            result = work(system, workload, load, settle)
        if not options.no_queries:
            result["queries_ms"] = ask(system, workload)
        return result
    finally:
        system.stop()
        shutil.rmtree(directory, ignore_errors=True)


def work(system, workload, load, settle):
    """The figures of the load, and of the rebuild."""
    disk = system.disk()
    rebuild = system.rebuild()
    check(system, compare(workload.expected[system.dedups], system.answers(), system.p95_bound,
                          system.omits))
    stored = workload.count if not system.dedups else workload.unique
    return {"load_events_per_s": workload.count / load.seconds, "load_peak_mib": load.peak_mib,
            "settle_s": settle, "disk_bytes_per_event": disk / stored,
            "rebuild_events_per_s": stored / rebuild.seconds,
            "rebuild_peak_mib": rebuild.peak_mib}


def ask(system, workload):
    """Milliseconds of each question."""
    asked = system.queries()
    answers = questions.right(workload.expected[system.dedups])
    check(system, questions.compare(answers, asked, system))
    return {name: it.ms for name, it in asked.items() if name != questions.FOUND}


def check(system, found):
    """Fails when there are differences from the right answers."""
    differences = list(itertools.islice(found, 5))
    if differences:
        raise Failure(f"{system.name}: wrong answers, among them:\n  " + "\n  ".join(differences))


def rounds(kinds, workload, options):
    """Runs all rounds; gives each system's figures and the seconds of its conversion."""
    figures = {name: [] for name in kinds}
    conversions = {}
    for number in range(1, options.rounds + 1):
        for name, kind in kinds.items():
            note(f"round {number} of {options.rounds}: {kind.name}{kind.variant}")
            seconds = kind.prepare(workload)
            if seconds is not None:
                conversions.setdefault(name, []).append(seconds)
            figures[name].append(measure(kind, workload, options))
    return figures, conversions


def median(values):
    values = [it for it in values if it is not None]
    return statistics.median(values) if values else None


def summarize(kinds, figures, conversions, options):
    """Medians and texts of each system, as they go to the table and the JSON."""
    result = {}
    for name, kind in kinds.items():
        rows = figures[name]
        version = kind.version(options)
        one = {"name": f"{kind.name}{kind.variant}", "version": version,
               "title": f"{kind.name} {version}{kind.variant}"}
        for key in rows[0].keys() - {"queries_ms"}:
            one[key] = median(row[key] for row in rows)
        if "queries_ms" in rows[0]:
            one["queries_ms"] = {it: median(row["queries_ms"][it] for row in rows)
                                 for it in rows[0]["queries_ms"]}
        one["conversion_s"] = statistics.median(conversions[name]) if name in conversions else None
        for key in ("keeps", "duplicates", "durable", "rebuilt", "lacks", "reserves"):
            one[key] = getattr(kind, key)
        result[name] = one
    return result


def table(head, rows):
    print("| " + " | ".join(head) + " |\n|" + "---|" * len(head))
    for row in rows:
        print("| " + " | ".join(row) + " |")
    print()


def print_tables(result):
    def settled(one):
        return f"{one['settle_s']:.1f} s" if one["settle_s"] is not None else "-"

    table(("system", "load, M events/s", "then merging", "disk, bytes an event",
           "memory of the load, MiB", "rebuild, M events/s", "memory of the rebuild, MiB"),
          ((it["title"], f"{it['load_events_per_s'] / 1e6:.2f}", settled(it),
            f"{it['disk_bytes_per_event']:.1f}", f"{it['load_peak_mib']:.0f}",
            f"{it['rebuild_events_per_s'] / 1e6:.2f}", f"{it['rebuild_peak_mib']:.0f}")
           for it in result.values()))
    table(("system", "what it keeps", "duplicates and late events", "an acknowledged write",
           "rebuild"),
          ((it["name"], it["keeps"], it["duplicates"], it["durable"], it["rebuilt"])
           for it in result.values()))
    for one in result.values():
        if one["conversion_s"] is not None:
            print(f"{one['name']} was given line protocol; converting the JSON took "
                  f"{one['conversion_s']:.1f} s more, in Python on one core.")


def print_queries(result):
    """A row for each question, and notes below."""
    notes = []

    def cell(one, name):
        text = milliseconds(one["queries_ms"].get(name))
        columns = one["queries_ms"].get(name + questions.COLUMNS)
        text += f"; from columns {milliseconds(columns)}" if columns else ""
        for note in (one["lacks"].get(name), one["reserves"].get(name)):
            if note:
                notes.append(f"{one['name']}: {note}")
                text = f"{text} ({len(notes)})".strip()
        return text

    table(("milliseconds, median, warm", *(it["title"] for it in result.values())),
          [(title, *(cell(it, name) for it in result.values()))
           for name, title in questions.TITLES.items()])
    for index, text in enumerate(notes, 1):
        print(f"({index}) {text}")


def milliseconds(value):
    if value is None:
        return ""
    return f"{value:.2f}" if value < 10 else f"{value:.0f}"


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=3, help="runs of each system (3)")
    parser.add_argument("--only", default=",".join(SYSTEMS), help="systems, with commas between")
    parser.add_argument("--nilo", type=pathlib.Path,
                        default=os.environ.get("NILO", ROOT / ".build/release/nilo"),
                        help="the binary (.build/release/nilo, or the environment's NILO)")
    parser.add_argument("--nilo-bench", type=pathlib.Path,
                        default=os.environ.get("NILO_BENCH", ROOT / ".build/release/nilo-bench"),
                        help="the tool that asks nilo (.build/release/nilo-bench, or NILO_BENCH)")
    part = parser.add_mutually_exclusive_group()
    part.add_argument("--queries-only", action="store_true", help="load, and ask the questions")
    part.add_argument("--no-queries", action="store_true", help="leave out the questions")
    parser.add_argument("--json", type=pathlib.Path, help="also write the figures to this file")
    options = parser.parse_args()
    unknown = set(options.only.split(",")) - set(SYSTEMS)
    if unknown or options.rounds < 1:
        parser.error(f"systems are {', '.join(SYSTEMS)}; at least one round")
    options.nilo = pathlib.Path(options.nilo).resolve()
    options.nilo_bench = pathlib.Path(options.nilo_bench).resolve()
    return options


def run(options):
    kinds = {name: SYSTEMS[name] for name in SYSTEMS if name in options.only.split(",")}
    if not options.nilo.is_file():
        raise Failure(f"{options.nilo} is not there; run make build, or name it by --nilo")
    if "nilo" in kinds and not options.no_queries and not options.nilo_bench.is_file():
        raise Failure(f"{options.nilo_bench} is not there; name it by --nilo-bench")
    for kind in kinds.values():
        kind.version(options)  # what is not installed is found before the long part
    note("making the workload and the right answers")
    workload = Workload(options.nilo, WORK)
    figures, conversions = rounds(kinds, workload, options)
    result = summarize(kinds, figures, conversions, options)
    about = {"machine": machine(), "date": time.strftime("%Y-%m-%d"), "rounds": options.rounds,
             "events": workload.count}
    print(f"{about['machine']}; {about['date']}; {workload.count:,} events; median of "
          f"{options.rounds}\n")
    if not options.queries_only:
        print_tables(result)
    if not options.no_queries:
        print_queries(result)
    if options.json:
        options.json.write_text(json.dumps({**about, "systems": result, "rounds_of": figures},
                                           indent=2) + "\n")


def main():
    options = arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that servers are stopped
    WORK.mkdir(parents=True, exist_ok=True)
    try:
        run(options)
    except Failure as failure:
        raise SystemExit(f"bench-peers: {failure}")
    finally:
        shutil.rmtree(WORK, ignore_errors=True)


if __name__ == "__main__":
    main()
