#!/usr/bin/env python3
"""Prints the benchmark table: Nilometer's figures beside the machine's own limits, all of one run.

Every load is a whole process from start to durable end, measured from outside, with its peak memory.
Each is run ROUNDS times and the median is shown. Work files go to build/bench and are removed at the end
(about 8 GB with --long, which also loads a file ten times as long).

usage: bench.py [--long] [--rounds N] [--json FILE]
"""
import argparse
import json
import os
import pathlib
import re
import shutil
import signal
import statistics
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
NILO = ROOT / ".build/release/nilo"
TOOL = ROOT / ".build/release/nilo-bench"
WORK = ROOT / "build/bench"


def tool(*args):
    """One measurement of nilo-bench."""
    return json.loads(subprocess.run([TOOL, *map(str, args)], check=True, capture_output=True).stdout)


def run(args):
    """Runs a command; gives its output, seconds and peak memory in MiB."""
    start = time.monotonic()
    process = subprocess.Popen([str(arg) for arg in args], stdout=subprocess.PIPE)
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.monotonic() - start
    if process.returncode:
        raise SystemExit(f"{args}: exit {process.returncode}")
    return output, seconds, usage.ru_maxrss / 1024


def generate(name, *args):
    """The file of a workload, made once."""
    path = WORK / name
    if not path.exists():
        with open(path, "wb") as file:
            subprocess.run([NILO, "generate", *args], check=True, stdout=file)
    with open(path, "rb", buffering=0) as file:  # into the page cache, as far as it fits
        while file.read(1 << 24):
            pass
    return path


def load(path, stream, *options):
    """Loads a file into a new store: summary, seconds, peak MiB."""
    store = WORK / "store"
    shutil.rmtree(store, ignore_errors=True)
    args = [NILO, "ingest", "--data", store, "--stream", stream, "--json", *options, path]
    output, seconds, peak = run(args)
    return json.loads(output), seconds, peak


def median_load(rounds, path, stream, *options):
    """The load with the median time, and the worst peak memory."""
    loads = sorted((load(path, stream, *options) for _ in range(rounds)), key=lambda it: it[1])
    summary, seconds, _ = loads[len(loads) // 2]
    return summary, seconds, max(it[2] for it in loads)


def disk_bytes_an_event(summary):
    used = (WORK / "store/data.mdb").stat().st_blocks * 512
    return used / summary["accepted"]


def reopen_after_kill(path):
    """Opens a store whose writer was killed in the middle of a load."""
    store = WORK / "store"
    shutil.rmtree(store, ignore_errors=True)
    args = [str(it) for it in (NILO, "ingest", "--data", store, "--stream", "fleet", path)]
    process = subprocess.Popen(args, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(0.7)
    process.send_signal(signal.SIGKILL)
    process.wait()
    return tool("reopen", store)


def processor():
    text = pathlib.Path("/proc/cpuinfo").read_text()
    match = re.search(r"model name\s*:\s*(.*)", text)
    return f"{match.group(1) if match else 'unknown processor'}, {os.cpu_count()} cores"


def rows(options):
    """Yields (figure, measured, to reach, beside it) as text."""
    fleet = generate("fleet.ndjson", "fleet")
    large = generate("large.ndjson", "large")
    limits = [tool("simdjson", fleet)["documents_per_s"]]
    summary, seconds, peak = median_load(options.rounds, fleet, "fleet")
    limits.append(tool("simdjson", fleet)["documents_per_s"])
    events = summary["accepted"] + summary["duplicates"]
    simdjson = statistics.mean(limits)
    memory = tool("memory")["bytes_per_s"]
    disk = tool("disk", WORK)["bytes_per_s"]
    zstd = tool("zstd", fleet)
    yield ("limit: simdjson On-Demand, each field, one core", f"{simdjson / 1e6:.2f} M events/s", "", "")
    yield ("limit: copying memory, one core", f"{memory / 1e9:.1f} GB/s", "", "")
    yield ("limit: durable appends of 1 MiB", f"{disk / 1e6:.0f} MB/s", "", "")
    yield ("limit: zstd -1 of the documents, one core",
           f"{zstd['bytes_per_s'] / 1e6:.0f} MB/s, ratio {zstd['ratio']:.1f}", "", "")
    rate = events / seconds
    yield ("`nilo ingest`, fleet, durable, dedup on, all columns", f"{rate / 1e6:.2f} M events/s",
           "1/3 of simdjson", f"{rate / simdjson:.2f} of simdjson")
    yield ("disk after load, original bytes kept", f"{disk_bytes_an_event(summary):.1f} bytes an event",
           "at most 32", f"{summary['bytes'] / summary['accepted']:.0f} bytes an event came in")
    yield ("peak memory of the load", f"{peak:.0f} MiB", "at most 256 MiB", "")
    scan = tool("scan", WORK / "store", "fleet", "temperature")["values_per_s"]
    yield ("scan of one column of all facts, one core", f"{scan / 1e6:.0f} M values/s",
           "at least 200 M/s", "")
    clean = tool("reopen", WORK / "store")
    killed = reopen_after_kill(fleet)
    for name, times in (("a clean stop", clean), ("a kill", killed)):
        yield (f"reopen after {name}", f"{times['open_ms']:.1f} ms", "under 50 ms",
               f"first append {times['first_append_ms']:.1f} ms")
    yield from kpi_rows(options.rounds, fleet)
    yield from query_rows(fleet)
    yield from commit_rows()
    summary, seconds, peak = median_load(options.rounds, large, "press", "--explode", "readings")
    size = large.stat().st_size
    yield ("5 MB documents, exploded", f"{size / seconds / 1e6:.0f} MB/s", "at least 400 MB/s",
           f"peak memory {peak:.0f} MiB")
    if options.long:
        yield from long_rows(rate)
        yield from many_groups_rows()


ITEMS = ", ".join(f"{name}(temperature)" for name in "sum avg min max stddev p95".split())
KPIS = {"by_device": ("device_id", "1h"), "by_site": ("site", "1h"), "by_minute": ("site", "1m")}


def define_kpis(store, fleet):
    """A new store with three KPIs and a few events."""
    shutil.rmtree(store, ignore_errors=True)
    head = b"".join(line for _, line in zip(range(1000), open(fleet, "rb")))
    run_with_input([NILO, "ingest", "--data", store, "--stream", "fleet", "-"], head)
    for name, (by, every) in KPIS.items():
        rolling = ["--rolling", "1h"] if name == "by_minute" else []
        run([NILO, "kpi", "define", name, "--data", store, "--from", "fleet", "--by", by, "--every", every,
             "--select", f"count(*), {ITEMS}", *rolling])


def kpi_rows(rounds, fleet):
    store, plain = WORK / "kpi-store", WORK / "plain-store"
    ratios, rates, peaks = [], [], []
    for _ in range(rounds):  # in turns, so that the machine's moods hit both
        shutil.rmtree(plain, ignore_errors=True)
        output, without, _ = run([NILO, "ingest", "--data", plain, "--stream", "fleet", "--json", fleet])
        define_kpis(store, fleet)
        output, seconds, peak = run([NILO, "ingest", "--data", store, "--stream", "fleet", "--json", fleet])
        summary = json.loads(output)
        rates.append((summary["accepted"] + summary["duplicates"]) / seconds)
        ratios.append(without / seconds)
        peaks.append(peak)
    yield ("ingest with three KPIs live", f"{statistics.median(rates) / 1e6:.2f} M events/s",
           "0.70 of the rate without", f"{statistics.median(ratios):.2f} of the rate without")
    yield ("its peak memory", f"{max(peaks):.0f} MiB", "at most 256 MiB", "")
    rebuild = tool("rebuild", store)["facts_per_s"]
    yield ("rebuild of all three", f"{rebuild / 1e6:.1f} M events/s", "at least 30 M/s", "")
    read = tool("kpi-read", store, "by_device", "device_id")
    yield (f"read of {read['cells']:.0f} hourly cells of one device", f"{read['one_group_us']:.0f} us",
           "under 20 us", "")
    yield (f"read of {read['all_cells']:.0f} cells of all devices", f"{read['all_groups_ms']:.1f} ms",
           "under 2 ms", "")
    define_kpis(store, fleet)
    beside = tool("rebuild-beside", store, fleet, "by_site")
    yield ("ingest while rebuilds follow each other", f"{beside['events_per_s'] / 1e6:.2f} M events/s",
           "half of the rate with KPIs", f"{beside['events_per_s'] / statistics.median(rates):.2f} of it")
    yield ("a KPI's read meanwhile, p99", f"{beside['read_p99_ms']:.1f} ms", "under 10 ms", "")


QUERY_KPIS = """
    DEFINE KPI device AS count(*) AS n, avg(temperature) AS mean, stddev(temperature),
      p95(temperature) FROM fleet GROUP BY device_id EVERY 1h;
    DEFINE KPI site AS avg(temperature), p95(temperature) FROM fleet GROUP BY site EVERY 1h;
    DEFINE KPI minutes AS avg(temperature) FROM fleet GROUP BY device_id EVERY 1m;
    DEFINE KPI visitors AS count(*), distinct(device_id) FROM fleet EVERY 1h"""

# Name in nilo-bench, text, figure to reach in ms.
QUERIES = [
    ("device_day_cells", "hourly avg of one device, 24 h", 0.1),
    ("sites_day_cells", "hourly avg, max, p95 by site, 24 h, from cells", 1),
    ("sites_day_columns", "the same from columns", 40),
    ("rolling_minutes_cells", "rolling 1 h each minute, one device, 6 h", 0.3),
    ("top_devices_cells", "top 10 devices by max in an hour", 1),
    ("distinct_cells", "events and distinct devices per hour, from cells", 1),
    ("distinct_columns", "the same from columns", 30),
    ("all_devices_json", "hourly avg of all 1,000 devices, 24,000 rows as JSON", 5),
    ("outliers", "readings of one device beyond 3 deviations of the trailing 24 h", 2),
    ("one_time", "avg at one exact time", 0.3),
]


def query_rows(fleet):
    """Median times of queries, warm, within one process."""
    store = WORK / "query-store"
    shutil.rmtree(store, ignore_errors=True)
    run([NILO, "ingest", "--data", store, "--stream", "fleet", fleet])
    run([NILO, "query", "--data", store, QUERY_KPIS])
    figures = tool("queries", store)
    for name, text, limit in QUERIES:
        yield text, f"{figures[name + '_ms']:.2f} ms", f"{limit} ms", ""
    yield ("parse and plan of a query", f"{figures['parse_and_plan_us']:.0f} us", "under 50 us", "")


def commit_rows():
    """Events that come a few at a time, beside the same events in one file."""
    fleet = WORK / "fleet-hour.ndjson"
    if not fleet.exists():
        with open(fleet, "wb") as file:
            subprocess.run([NILO, "generate", "fleet", "--hours", "1"], check=True, stdout=file)
    bulk = tool("commits", fresh("commit-store"), fleet, 75_000, 75_000)
    yield ("75,000 events in one commit", f"{bulk['bytes_per_event']:.1f} bytes an event", "",
           f"a query over columns {bulk['query_ms']:.1f} ms")
    for size, count in [(1_000, 75_000), (50, 75_000), (1, 10_000)]:
        plain = tool("commits", fresh("commit-store"), fleet, size, count)
        merging = tool("commits", fresh("commit-store"), fleet, size, count, "merging")
        yield (f"{count:,} events, {size:,} a commit", f"{merging['events_per_s']:,.0f} events/s", "",
               f"an append {merging['append_us'] / 1e3:.2f} ms, p99 {merging['append_p99_us'] / 1e3:.2f} ms")
        for name, run_, prefix in [("never merged", plain, ""), ("merged as they come", merging, ""),
                                   ("after nilo compact", merging, "compacted_")]:
            bytes_, query = run_[prefix + "bytes_per_event"], run_[prefix + "query_ms"] / count * 75_000
            yield (f"- {name}: {run_[prefix + 'blocks']:,.0f} blocks", f"{bytes_:.1f} bytes an event",
                   "at most 1.10 of one commit" if prefix else "",
                   f"{bytes_ / bulk['bytes_per_event']:.2f} of the bytes, {query / bulk['query_ms']:.2f} of the time")


def fresh(name):
    """A directory for a store that is not there yet."""
    shutil.rmtree(WORK / name, ignore_errors=True)
    return WORK / name


def long_rows(rate):
    path = generate("long.ndjson", "fleet", "--hours", "240")
    summary, seconds, peak = load(path, "fleet")
    events = summary["accepted"] + summary["duplicates"]
    yield ("the same, a file ten times as long", f"{events / seconds / 1e6:.2f} M events/s", "",
           f"{events / seconds / rate:.2f} of the short file's rate")
    yield ("its disk", f"{disk_bytes_an_event(summary):.1f} bytes an event", "at most 32", "")
    yield ("its peak memory", f"{peak:.0f} MiB", "at most 256 MiB", "")
    times = tool("reopen", WORK / "store")
    yield ("its reopening", f"{times['open_ms']:.1f} ms", "under 50 ms",
           f"first append {times['first_append_ms']:.1f} ms")


def many_groups_rows():
    """A million groups: each hour has a cell for each of a million devices."""
    path = generate("many.ndjson", "fleet", "--devices", "1000000", "--every", "1h", "--hours", "2")
    store = WORK / "many-store"
    shutil.rmtree(store, ignore_errors=True)
    head = b"".join(line for _, line in zip(range(1000), open(path, "rb")))
    run_with_input([NILO, "ingest", "--data", store, "--stream", "fleet", "-"], head)
    run([NILO, "kpi", "define", "by_device", "--data", store, "--from", "fleet", "--by", "device_id",
         "--every", "1h", "--select", f"count(*), {ITEMS}"])
    output, seconds, peak = run([NILO, "ingest", "--data", store, "--stream", "fleet", "--json", path])
    summary = json.loads(output)
    events = summary["accepted"] + summary["duplicates"]
    yield ("a million devices, two hours, their KPI live", f"{events / seconds / 1e6:.2f} M events/s", "",
           f"peak memory {peak:.0f} MiB, at most 512")
    _, seconds, peak = run([NILO, "rebuild", "--data", store, "--verify"])
    yield ("its rebuild, compared", f"{events / seconds / 1e6:.2f} M events/s", "",
           f"peak memory {peak:.0f} MiB, at most 512")


def run_with_input(args, data):
    subprocess.run([str(arg) for arg in args], input=data, check=True, stdout=subprocess.DEVNULL)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--long", action="store_true", help="also load a file ten times as long")
    parser.add_argument("--rounds", type=int, default=5, help="runs of each load (5)")
    options = parser.parse_args()
    WORK.mkdir(parents=True, exist_ok=True)
    print(f"{processor()}; {time.strftime('%Y-%m-%d')}\n")
    print("| figure | measured | to reach | beside it |\n|---|---|---|---|", flush=True)
    try:
        for row in rows(options):
            print("| " + " | ".join(row) + " |", flush=True)
    finally:
        shutil.rmtree(WORK, ignore_errors=True)


if __name__ == "__main__":
    main()
