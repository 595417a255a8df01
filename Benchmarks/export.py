#!/usr/bin/env python3
"""Prints what `nilo export` does of the fleet workload, beside pyarrow writing the same table.

usage: export.py [--hours N]
Work files go to build/bench-export and are removed at the end. Needs the Python packages of scripts/setup.
"""
import argparse
import json
import pathlib
import resource
import shutil
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
NILO = ROOT / ".build/release/nilo"
WORK = ROOT / "build/bench-export"
VENV = ROOT / "build/venv/bin/python3"


def export(form, store):
    """Exports to a file: its path, and what the command says of it. The best of three."""
    path = WORK / f"fleet.{form}"
    runs = []
    for _ in range(3):
        output = subprocess.run(
            [NILO, "export", "facts", "fleet", "--data", store, "--to", path, "--json"],
            check=True, capture_output=True).stdout
        runs.append(json.loads(output))
    return path, min(runs, key=lambda run: run["elapsed_s"])


def peer(path):
    """The table of a file written by pyarrow: seconds and bytes."""
    import pyarrow.parquet
    table = pyarrow.parquet.read_table(path)
    start = time.monotonic()
    other = WORK / "peer.parquet"
    pyarrow.parquet.write_table(table, other, compression="zstd")
    return time.monotonic() - start, other.stat().st_size


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--hours", default="12")
    options = parser.parse_args()
    if sys.prefix == sys.base_prefix and VENV.exists():
        raise SystemExit(subprocess.run([VENV, *sys.argv]).returncode)
    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(parents=True)
    try:
        documents = WORK / "fleet.ndjson"
        with open(documents, "wb") as file:
            subprocess.run(
                [NILO, "generate", "fleet", "--devices", "1000", "--every", "30s", "--hours", options.hours, "--seed", "1"],
                check=True, stdout=file)
        store = WORK / "store"
        subprocess.run([NILO, "ingest", "--data", store, "--stream", "fleet", documents], check=True, stdout=subprocess.DEVNULL)
        print("| figure | measured | to reach | beside it |\n|---|---|---|---|")
        path, done = export("parquet", store)
        seconds, size = peer(path)
        rate = done["rows"] / done["elapsed_s"] / 1e6
        print(f"| Parquet, zstd | {rate:.2f} M facts/s | 3 | pyarrow {done['rows'] / seconds / 1e6:.2f}, from memory, both cores |")
        print(f"| its bytes | {done['bytes'] / done['rows']:.1f} a fact | | {done['bytes'] / size:.2f} of pyarrow's; at most 1.2 |")
        for form in ("csv", "ndjson", "lp"):
            _, done = export(form, store)
            print(f"| {form} | {done['bytes'] / done['elapsed_s'] / 1e6:.0f} MB/s | 200 | {done['bytes'] / done['rows']:.0f} bytes a fact |")
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        print(f"| peak memory of all | {peak:.0f} MiB | | |")
    finally:
        shutil.rmtree(WORK, ignore_errors=True)


main()
