#!/usr/bin/env python3
"""Prints the benchmark table of topics: brokers on the same machine, which share its processors.

The brokers are librdkafka's mock, in a process of its own, which keeps 5 MiB or 100,000 messages of a partition; so topics have many
partitions. What librdkafka's own consumer and producer reach with the same brokers is measured in the same run, in turns with
what nilo reaches. Work files go to build/bench-kafka and are removed at the end.

usage: kafka.py [--rounds N] [--only PART ...] [--json FILE]
"""
import argparse
import json
import os
import pathlib
import shutil
import signal
import statistics
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = pathlib.Path(os.environ.get("NILO_BUILD", ROOT / ".build/release"))
WORK = ROOT / "build/bench-kafka"
KPIS = [
    "DEFINE STREAM fleet TIME timestamp KEY device_id DEDUP BY event_id",
    "DEFINE KPI hourly AS avg(temperature) AS mean, max(pressure) AS peak, p95(humidity) AS p95, count(*) AS n"
    " FROM fleet GROUP BY device_id EVERY 1h",
]


class Brokers:
    """librdkafka's mock, until it is closed."""

    def __init__(self):
        self.process = subprocess.Popen(
            [BUILD / "kafka-mock", "1"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.address = self.process.stdout.readline().strip()

    def make_topic(self, name, partitions):
        self.process.stdin.write(f"topic {name} {partitions}\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline() == "ok\n"

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def run(*args):
    """A whole process: its output, seconds, seconds of processor time and peak memory in MiB."""
    start = time.monotonic()
    process = subprocess.Popen([str(arg) for arg in args], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    output = process.stdout.read()
    error = process.stderr.read().decode()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{args}: exit {process.returncode}: {error}")
    return output, time.monotonic() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def tool(*args):
    """One measurement of nilo-bench."""
    return json.loads(run(BUILD / "nilo-bench", *args)[0])


def nilo(*args):
    return run(BUILD / "nilo", *args)


def store_with_kpis(first):
    """A store whose KPI is live: it names fields, which the first events bring."""
    store = WORK / "store"
    shutil.rmtree(store, ignore_errors=True)
    nilo("query", "--data", store, KPIS[0])
    nilo("ingest", "--data", store, "--stream", "fleet", first)
    nilo("query", "--data", store, KPIS[1])
    return store


def generate(name, *args):
    path = WORK / name
    with open(path, "wb") as file:
        subprocess.run([BUILD / "nilo", "generate", *args], check=True, stdout=file)
    return path


def median(values):
    return statistics.median(values)


def reading(rounds):
    """Small messages, read by librdkafka alone and by nilo into a durable log with a KPI live."""
    events = generate("fleet.ndjson", "fleet", "--devices", "1000", "--hours", "8")
    first = generate("first.ndjson", "fleet", "--devices", "10", "--hours", "0.1", "--seed", "7")
    count = sum(1 for _ in open(events, "rb"))
    brokers = Brokers()
    try:
        brokers.make_topic("fleet", 96)
        tool("topic-write", brokers.address, "fleet", events)
        raw, rates, processor, memory, plain = [], [], [], [], []
        for _ in range(rounds):
            raw.append(tool("topic-read", brokers.address, "fleet")["messages_per_s"])
            store = store_with_kpis(first)
            _, seconds, cpu, mib = nilo(
                "consume", "--data", store, "--brokers", brokers.address, "--topics", "fleet", "--into", "fleet",
                "--until-end")
            rates.append(count / seconds)
            processor.append(cpu / count * 1e6)
            memory.append(mib)
            store = store_with_kpis(first)
            plain.append(nilo("ingest", "--data", store, "--stream", "fleet", events)[2] / count * 1e6)
    finally:
        brokers.close()
    yield "librdkafka's own consumer, messages/s", f"{median(raw):,.0f}", ""
    yield "`nilo consume`, durable, a KPI live, messages/s", f"{median(rates):,.0f}", f"{median(rates) / median(raw):.0%} of that"
    yield "processor time an event", f"{median(processor):.2f} us", f"{median(plain):.2f} us of `nilo ingest`"
    yield "peak memory, 960,000 messages behind", f"{max(memory):.0f} MiB", ""


def large(rounds):
    """Messages of 5 MB: one in each partition, since the mock keeps no more."""
    count = 120
    documents = generate("large.ndjson", "large", "--messages", str(count), "--size", "5MB")
    size = documents.stat().st_size
    brokers = Brokers()
    try:
        brokers.make_topic("large", count)
        tool("topic-write", brokers.address, "large", documents)
        raw, rates, memory = [], [], []
        for _ in range(rounds):
            raw.append(tool("topic-read", brokers.address, "large")["bytes_per_s"] / 1e6)
            store = WORK / "store"
            shutil.rmtree(store, ignore_errors=True)
            nilo("query", "--data", store,
                 "DEFINE STREAM press TIME timestamp KEY device_id DEDUP BY event_id EXPLODE readings")
            _, seconds, _, mib = nilo(
                "consume", "--data", store, "--brokers", brokers.address, "--topics", "large", "--into", "press",
                "--until-end")
            rates.append(size / seconds / 1e6)
            memory.append(mib)
    finally:
        brokers.close()
    yield "5 MB messages, librdkafka's own consumer", f"{median(raw):,.0f} MB/s", ""
    yield "5 MB messages, `nilo consume`, exploded", f"{median(rates):,.0f} MB/s", ""
    yield "peak memory, 600 MB behind", f"{max(memory):.0f} MiB", ""


def writing(rounds):
    """Documents of a file into a topic, by librdkafka's producer alone and by nilo."""
    events = generate("sent.ndjson", "fleet", "--devices", "1000", "--hours", "6")
    count = sum(1 for _ in open(events, "rb"))
    brokers = Brokers()
    try:
        brokers.make_topic("sent", 4)
        raw, rates = [], []
        for _ in range(rounds):
            raw.append(tool("topic-write", brokers.address, "sent", events)["messages_per_s"])
            rates.append(count / nilo("kafka", "produce", "sent", events, "--brokers", brokers.address)[1])
    finally:
        brokers.close()
    yield "librdkafka's own producer, messages/s", f"{median(raw):,.0f}", ""
    yield "`nilo kafka produce`, from a file, messages/s", f"{median(rates):,.0f}", f"{median(rates) / median(raw):.0%} of that"


def tail(rounds):
    """From a line in a file that is followed to a query of another process that sees it; the query's start is part of it."""
    path, store = WORK / "tail.ndjson", WORK / "tail"
    shutil.rmtree(store, ignore_errors=True)
    path.write_text('{"timestamp":"2024-06-01T00:00:00Z","n":0}\n')
    nilo("ingest", "--data", store, "--stream", "tail", path)
    follower = subprocess.Popen(
        [BUILD / "nilo", "ingest", "--data", store, "--stream", "tail", "--follow", path], stderr=subprocess.DEVNULL)
    ask = [BUILD / "nilo", "query", "--data", store, "--format", "csv", "SELECT max(n) AS n FROM tail"]

    def seen():
        return int(float(subprocess.run(ask, capture_output=True, text=True).stdout.split()[-1]))

    latencies, queries = [], []
    try:
        time.sleep(1)
        for number in range(1, 100 * rounds + 1):
            with open(path, "a") as file:
                file.write(f'{{"timestamp":"2024-06-01T00:00:00Z","n":{number}}}\n')
            start = time.monotonic()
            while True:
                asked = time.monotonic()
                if seen() >= number:
                    break
            end = time.monotonic()
            latencies.append((end - start) * 1e3)
            queries.append((end - asked) * 1e3)
            time.sleep(0.01)
    finally:
        follower.send_signal(signal.SIGTERM)
        follower.wait()
    latencies.sort()
    yield ("line written to a followed file to seen in a query, p50 / p99",
           f"{median(latencies):.0f} / {latencies[len(latencies) * 99 // 100]:.0f} ms",
           f"{median(queries):.0f} ms of it are the process that asks")


PARTS = {"reading": reading, "large": large, "writing": writing, "tail": tail}


def main():
    parser = argparse.ArgumentParser(usage=__doc__.split("usage: ")[1])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", nargs="*", choices=PARTS, default=list(PARTS))
    parser.add_argument("--json")
    options = parser.parse_args()
    WORK.mkdir(parents=True, exist_ok=True)
    rows = []
    try:
        print("| figure | measured | beside it |\n|---|---|---|")
        for part in options.only:
            for row in PARTS[part](options.rounds):
                rows.append(row)
                print("| " + " | ".join(row) + " |", flush=True)
    finally:
        shutil.rmtree(WORK, ignore_errors=True)
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(rows))


main()
