#!/usr/bin/env python3
"""Prints what cells cost: how the rate of ingest, memory and disk grow with devices and KPIs, beside the same load without
KPIs; then rebuilding, reading, small commits and opening after a kill.

Loads with and without KPIs follow each other in turns, so that the machine's moods hit both; the median ratio of ROUNDS is
shown, and the worst peak memory. KPIs take count, avg, max and p95 of a measure by device each hour unless a row says
otherwise, each with a filter of its own that takes nearly all events. Figures of before are those of the program whose cells
changed in the commit of their events, each cell an entry of its own.

usage: growth.py [--rounds N] [--only TEXT] [--nilo PATH] [--plot FILE.svg]
"""
import argparse
import json
import pathlib
import shutil
import statistics
import subprocess
import sys
import time

import bench
from bench import WORK, generate, run, run_with_input

ITEMS = "count(*), avg(temperature), max(temperature), p95(temperature)"


def filtered(count, by="device_id", every="1h"):
    """So many KPIs whose filters differ."""
    return [f"DEFINE KPI k{index} AS {ITEMS} FROM fleet WHERE temperature > {index - 200} GROUP BY {by} EVERY {every}"
            for index in range(count)]


THREE = [
    f"DEFINE KPI by_device AS {ITEMS} FROM fleet GROUP BY device_id EVERY 1h",
    f"DEFINE KPI by_site AS {ITEMS} FROM fleet GROUP BY site EVERY 1h",
    f"DEFINE KPI rolling AS {ITEMS} FROM fleet GROUP BY site EVERY 1m ROLLING 1h",
]


def shuffled(name, source):
    """A file with the lines of another in random order, made once, by a process whose memory does not count as ours."""
    path = WORK / name
    if not path.exists():
        subprocess.run(["shuf", "--random-source", source, "--output", path, source], check=True)
    return path


def shapes():
    """Yields (name, file, KPIs, figure of before, ratio to reach, memory to reach in MiB)."""
    small = generate("growth-1000.ndjson", "fleet", "--devices", "1000", "--hours", "10")
    yield "1,000 devices, 3 KPIs by device, site and rolling", small, THREE, "0.76", 0.85, 256
    for count, before, wanted in ((1, "", ""), (10, "0.39", 0.7), (50, "0.04", 0.4)):
        yield f"1,000 devices, {count} KPIs by device", small, filtered(count), before, wanted, 256
    large = generate("growth-20000.ndjson", "fleet", "--devices", "20000", "--hours", "0.5")
    for count, before, wanted in ((3, "0.11", 0.7), (10, "0.03", 0.5)):
        yield f"20,000 devices, {count} KPIs by device", large, filtered(count), before, wanted, 256
    day = generate("growth-day.ndjson", "fleet", "--devices", "1000", "--every", "72s", "--hours", "24")
    yield "a day in random order, 1,000 devices, 3 KPIs", shuffled("growth-shuffled.ndjson", day), THREE, "0.25", 0.7, 256
    yield "1,000 devices, 1 KPI by device each minute", small, filtered(1, every="1m"), "0.27", 0.6, 256
    many = generate("growth-million.ndjson", "fleet", "--devices", "1000000", "--every", "1h", "--hours", "1")
    yield "a million devices, 1 KPI", many, filtered(1), "0.10 M events/s", "0.6 M events/s", 512


def begun(path, kpis):
    """A new store with the file's first events and the KPIs."""
    store = WORK / "growth-store"
    shutil.rmtree(store, ignore_errors=True)
    head = b"".join(line for _, line in zip(range(100), open(path, "rb")))
    run_with_input([bench.NILO, "ingest", "--data", store, "--stream", "fleet", "-"], head)
    if kpis:
        subprocess.run([bench.NILO, "query", "--data", store, "; ".join(kpis)], check=True, capture_output=True)
    return store


def load(path, kpis):
    """Events a second, peak MiB and MB on disk of loading a file, from start to durable end."""
    store = begun(path, kpis)
    output, seconds, peak = run([bench.NILO, "ingest", "--data", store, "--stream", "fleet", "--json", path])
    summary = json.loads(output)
    disk = (store / "data.mdb").stat().st_blocks * 512
    return (summary["accepted"] + summary["duplicates"]) / seconds, peak, disk / 1e6


def rows(rounds, only):
    for name, path, kpis, before, wanted, memory in shapes():
        if only not in name:
            continue
        pairs = [(load(path, []), load(path, kpis)) for _ in range(rounds)]
        ratio = statistics.median(after[0] / plain[0] for plain, after in pairs)
        rate = statistics.median(after[0] for _, after in pairs)
        peak = max(after[1] for _, after in pairs)
        yield name, rate, ratio, before, wanted, peak, memory, pairs[-1][1][2], pairs[-1][0][2]


def small_commits(rounds):
    """The ratio of the load with ten KPIs to that without, when 1,000 events are committed at a time."""
    path = generate("growth-20000.ndjson", "fleet", "--devices", "20000", "--hours", "0.5")
    pairs = [[bench.tool("appends", begun(path, kpis), path, 1_000)["events_per_s"] for kpis in ([], filtered(10))]
             for _ in range(rounds)]
    return statistics.median(after / plain for plain, after in pairs), statistics.median(after for _, after in pairs)


def killed(path, kpis):
    """Milliseconds to open a store for writing whose writer was killed in the middle of a load with KPIs."""
    store = begun(path, kpis)
    process = subprocess.Popen([str(bench.NILO), "ingest", "--data", str(store), "--stream", "fleet", str(path)],
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(1)
    process.kill()
    process.wait()
    return bench.tool("reopen", store)["open_ms"]


def cell_bytes(store):
    """Bytes on disk of a cell, keys and free room of pages among them."""
    stat = json.loads(subprocess.run([bench.NILO, "stat", "--data", store, "--json"], check=True, capture_output=True).stdout)
    rows = subprocess.run([bench.NILO, "query", "--data", store, "--format", "csv", "SELECT * FROM k0"],
                          check=True, capture_output=True).stdout.count(b"\n") - 1
    return stat["tables"]["cells"] / rows


def figures(rounds):
    """Yields (figure, measured, of before, to reach): what is not a load beside another."""
    ratio, rate = small_commits(rounds)
    yield ("20,000 devices, 10 KPIs, 1,000 events a commit", f"{ratio:.2f} ({rate / 1e6:.2f} M events/s)", "",
           "within 20 % of the bulk's ratio")
    small = generate("growth-1000.ndjson", "fleet", "--devices", "1000", "--hours", "10")
    store = begun(small, filtered(1))
    run([bench.NILO, "ingest", "--data", store, "--stream", "fleet", small])
    yield "disk of a cell by device and hour with p95, 120 facts each", f"{cell_bytes(store):.0f} B", "some 160 B", "40 B"
    fleet = generate("fleet.ndjson", "fleet")
    bench.define_kpis(store, fleet)
    run([bench.NILO, "ingest", "--data", store, "--stream", "fleet", fleet])
    rate = bench.tool("rebuild", store)["facts_per_s"]
    yield "rebuild of three KPIs, in process", f"{rate / 1e6:.1f} M events/s", "12.7 M events/s", "25 M events/s"
    read = bench.tool("kpi-read", store, "by_device", "device_id")
    yield f"{read['all_cells']:,.0f} cells read, all states", f"{read['all_groups_ms']:.1f} ms", "8 ms", "1.5 ms"
    yield "the same without the query", f"{read['all_groups_cells_ms']:.1f} ms", "", ""
    yield f"{read['cells']:.0f} cells of one group", f"{read['one_group_us']:.0f} us", "", ""
    yield "the same without the query", f"{read['one_group_cells_us']:.0f} us", "14 us", "10 us"
    large = generate("growth-20000.ndjson", "fleet", "--devices", "20000", "--hours", "0.5")
    yield "open for writing after a kill, 20,000 devices, 10 KPIs", f"{killed(large, filtered(10)):.0f} ms", "10 ms", "150 ms"


def plot(path, found):
    """A bar for each row: the ratio to the same load without KPIs, with a mark where it is to reach."""
    left, width, row, top = 330, 330, 28, 44
    bottom = top + row * len(found)
    style = 'font-family="sans-serif" font-size="13" fill="#222"'
    lines = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 720 {bottom + 34}" {style}>',
             "<title>Rate of ingest with KPIs, as a share of the rate without</title>",
             f'<rect width="720" height="{bottom + 34}" fill="#fff"/>',
             '<text x="12" y="24" font-weight="bold">Rate of ingest with KPIs, as a share of the rate without</text>']
    for share in (0, 0.25, 0.5, 0.75, 1):
        x = left + width * share
        lines.append(f'<line x1="{x:.0f}" y1="{top}" x2="{x:.0f}" y2="{bottom}" stroke="#ccc"/>')
        lines.append(f'<text x="{x:.0f}" y="{bottom + 20}" text-anchor="middle">{share:g}</text>')
    for index, (name, _, ratio, _, wanted, *_) in enumerate(found):
        y = top + row * index
        end = left + width * min(ratio, 1)
        lines.append(f'<text x="{left - 10}" y="{y + 19}" text-anchor="end">{name}</text>')
        lines.append(f'<rect x="{left}" y="{y + 6}" width="{end - left:.0f}" height="17" fill="#2f6f9f"/>')
        if isinstance(wanted, float):
            x = left + width * wanted
            lines.append(f'<line x1="{x:.0f}" y1="{y + 2}" x2="{x:.0f}" y2="{y + 27}" stroke="#d1600a" stroke-width="3"/>')
        lines.append(f'<text x="{left + width + 14}" y="{y + 19}">{ratio:.2f}</text>')
    lines.append("</svg>\n")
    pathlib.Path(path).write_text("\n".join(lines))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=3, help="pairs of loads for each row (3)")
    parser.add_argument("--only", default="", help="only rows whose names have this text")
    parser.add_argument("--nilo", type=pathlib.Path, help="another program to measure")
    parser.add_argument("--plot", help="a file for the ratios as a picture")
    options = parser.parse_args()
    if options.nilo:
        bench.NILO = options.nilo
    WORK.mkdir(parents=True, exist_ok=True)
    print("| row | measured | of before | to reach | peak memory | at most | disk, without KPIs |")
    print("|---|---|---|---|---|---|---|", flush=True)
    found = []
    try:
        for row in rows(options.rounds, options.only):
            name, rate, ratio, before, wanted, peak, memory, disk, plain = row
            print(f"| {name} | {ratio:.2f} ({rate / 1e6:.2f} M events/s) | {before} | {wanted} | {peak:.0f} MiB | {memory} MiB | "
                  f"{disk:.0f} MB, {plain:.0f} MB |", flush=True)
            found.append(row)
        if not options.only:
            for row in figures(options.rounds):
                print("| " + " | ".join(row) + " | | | |", flush=True)
    finally:
        shutil.rmtree(WORK, ignore_errors=True)
    if options.plot:
        plot(options.plot, found)


if __name__ == "__main__":
    sys.exit(main())
