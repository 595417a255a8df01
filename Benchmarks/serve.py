#!/usr/bin/env python3
"""Prints the benchmark table of `nilo serve`: a client on the same machine, which shares its processors.

The client is one thread around epoll that sends requests which were made before, so that it is not the limit; small requests
are sent by wrk. What the client can do at most is measured against a socket that answers at once, and stands above the table.
Every batch is durable before it counts. Work files go to build/bench-serve and are removed at the end.

usage: serve.py [--seconds N] [--subscriptions N] [NILO]
"""
import argparse
import json
import os
import pathlib
import select
import shutil
import signal
import socket
import statistics
import subprocess
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
WORK = ROOT / "build/bench-serve"
BATCH = 1_000
LINES = ROOT / "Benchmarks/lines.lua"
# A second, which no server here comes near.
MOST_SMALL_REQUESTS = 60_000


class Server:
    """`nilo serve` over a new store, until it is closed."""

    def __init__(self, nilo, name):
        self.data = WORK / name
        shutil.rmtree(self.data, ignore_errors=True)
        self.process = subprocess.Popen(
            [nilo, "serve", "--data", self.data, "--listen", "127.0.0.1:0"], stderr=subprocess.PIPE, text=True)
        line = self.process.stderr.readline()
        self.port = int(line.rsplit(":", 1)[1])
        threading.Thread(target=self.process.stderr.read, daemon=True).start()

    def close(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()
        shutil.rmtree(self.data, ignore_errors=True)

    def memory_mib(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0]) / 1024

    def ask(self, request):
        """One request on a connection of its own: the body of its answer."""
        with socket.create_connection(("127.0.0.1", self.port)) as connection:
            connection.sendall(request)
            return read_answer(connection)[1]

    def query(self, text):
        return self.ask(post("/v1/query", text.encode(), "Content-Type: text/plain\r\n"))


def post(path, body, more=""):
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{more}Content-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def is_whole(data):
    """Whether `data`, which begins with an answer, has all of it; nothing follows before the next request. Of a long one that comes
    piece by piece only the ends are looked at."""
    end = data.find(b"\r\n\r\n")
    if end < 0:
        return False
    head = bytes(data[:end]).lower()
    if b"transfer-encoding: chunked" in head:
        return data.endswith(b"\r\n\r\n") and b"\r\n0\r\n" in data[-256:]
    return len(data) >= end + 4 + int(head.split(b"content-length:")[1].split(b"\r\n")[0])


def dechunked(body):
    parts = []
    while True:
        size, _, body = body.partition(b"\r\n")
        length = int(size, 16)
        if not length:
            return b"".join(parts)
        parts.append(body[:length])
        body = body[length + 2:]


def read_answer(connection):
    data = bytearray()
    while not is_whole(data):
        piece = connection.recv(1 << 20)
        if not piece:
            raise SystemExit("the server closed a connection")
        data += piece
    head, _, body = bytes(data).partition(b"\r\n\r\n")
    return int(head.split()[1]), body


def drive(port, clients, requests, seconds, interval=0.0):
    """Sends requests from an iterator over `clients` connections, each the next when its answer is there, or, with an
    interval, when that has passed too; gives latencies in seconds, and how long it took."""
    poll = select.epoll()
    connections, received, begun, latencies = {}, {}, {}, []
    start = time.monotonic()
    end = start + seconds
    due = start

    def send(number):
        nonlocal due
        request = next(requests, None)
        if request is None or time.monotonic() >= end:
            return False
        if interval:
            time.sleep(max(0.0, due - time.monotonic()))
            due += interval
        begun[number] = time.monotonic()
        connection = connections[number]
        connection.setblocking(True)
        connection.sendall(request)
        connection.setblocking(False)
        return True

    open_count = 0
    for _ in range(clients):
        connection = socket.create_connection(("127.0.0.1", port))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        number = connection.fileno()
        connections[number], received[number] = connection, bytearray()
        poll.register(number, select.EPOLLIN)
    for number in connections:
        open_count += send(number)
    while open_count:
        for number, _ in poll.poll():
            data = received[number]
            data += connections[number].recv(1 << 20)
            if not is_whole(data):
                continue
            if data[9:12] != b"200":
                raise SystemExit(f"refused: {bytes(data[:400])!r}")
            data.clear()
            latencies.append(time.monotonic() - begun[number])
            open_count -= not send(number)
    took = time.monotonic() - start
    for connection in connections.values():
        connection.close()
    return latencies, took


def drive_lines(port, clients, lines, seconds):
    """Sends each line as a request of its own: requests a second, and the p99 in milliseconds. By wrk, since what a client in
    Python takes for a small request is more than what the server has for it."""
    file = WORK / "lines.ndjson"
    file.write_bytes(b"".join(lines[:int(seconds * MOST_SMALL_REQUESTS)]))
    output = subprocess.run(
        ["wrk", "-t1", f"-c{clients}", f"-d{round(seconds)}s", "-s", LINES, f"http://127.0.0.1:{port}", "--", file],
        check=True, capture_output=True, text=True).stdout
    told = json.loads(output.splitlines()[-1])
    if told["errors"]:
        raise SystemExit(f"requests failed: {output}")
    return told["requests"] / told["seconds"], told["p99_ms"]


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def most_requests():
    """What the client can send to a server that answers at once."""
    listener = socket.create_server(("127.0.0.1", 0))
    if os.fork() == 0:
        poll = select.epoll()
        poll.register(listener.fileno(), select.EPOLLIN)
        open_ = {}
        while True:
            for number, _ in poll.poll():
                if number == listener.fileno():
                    connection, _ = listener.accept()
                    open_[connection.fileno()] = connection
                    poll.register(connection.fileno(), select.EPOLLIN)
                elif not open_[number].recv(1 << 16):
                    os._exit(0)
                else:
                    open_[number].send(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    request = post("/v1/streams/fleet/events", b"x" * 180)
    latencies, took = drive(listener.getsockname()[1], 64, iter(lambda: request, None), 2)
    return len(latencies) / took


def lines_of(nilo, *args):
    output = subprocess.run([nilo, "generate", "fleet", *args], check=True, capture_output=True).stdout
    return output.splitlines(keepends=True)


def batches(lines):
    for first in range(0, len(lines) - BATCH, BATCH):
        yield post("/v1/streams/fleet/events", b"".join(lines[first:first + BATCH]))


def ingest_rows(nilo, lines, seconds):
    for clients, wanted in [(1, "500,000 events/s"), (8, "1,000,000 events/s")]:
        server = Server(nilo, "batches")
        latencies, took = drive(server.port, clients, batches(lines), seconds)
        rate = len(latencies) * BATCH / took
        yield (f"{clients} client{'s' * (clients > 1)}, 1,000 lines a request", f"{rate:,.0f} events/s", wanted,
               f"p99 {percentile(latencies, 0.99) * 1e3:.1f} ms; {server.memory_mib():.0f} MiB")
        server.close()
    server = Server(nilo, "single")
    rate, p99_ms = drive_lines(server.port, 64, lines, seconds)
    yield ("64 clients, one event a request", f"{rate:,.0f} requests/s", "20,000, p99 under 20 ms",
           f"p99 {p99_ms:.1f} ms")
    server.close()


def query_rows(nilo, lines, seconds):
    server = Server(nilo, "queries")
    yield ("memory of an idle server", f"{server.memory_mib():.0f} MiB", "64 MiB", "")
    head = lines[:200_000]
    drive(server.port, 4, batches(head), 60)
    server.query("DEFINE KPI by_device AS avg(temperature) AS mean, max(temperature) AS most FROM fleet "
                 "GROUP BY device_id EVERY 1h")
    day = "SELECT mean FROM by_device WHERE device_id = 'device-00007' SINCE '2024-06-01' UNTIL '2024-06-02'"
    query = post("/v1/query", day.encode(), "Content-Type: text/plain\r\n")
    alone, _ = drive(server.port, 1, iter(lambda: query, None), 2)
    # In a process of its own: two threads of one would wait for each other.
    pusher = os.fork()
    if pusher == 0:
        drive(server.port, 1, batches(lines[200_000:]), seconds, BATCH / 200_000)
        os._exit(0)
    latencies, _ = drive(server.port, 1, iter(lambda: query, None), seconds - 0.5)
    os.waitpid(pusher, 0)
    yield ("KPI of one device, while 200,000 events/s come in", f"p50 {statistics.median(latencies) * 1e3:.2f} ms",
           "0.3 ms, p99 2 ms",
           f"p99 {percentile(latencies, 0.99) * 1e3:.1f} ms; alone {statistics.median(alone) * 1e3:.2f} ms")
    server.query("DEFINE KPI by_minute AS avg(temperature) AS mean FROM fleet GROUP BY device_id EVERY 1m")
    rows = "SELECT * FROM by_minute SINCE '2024-06-01T00:00' UNTIL '2024-06-01T00:24'"
    large = post("/v1/query", rows.encode(), "Content-Type: text/plain\r\n")
    latencies, _ = drive(server.port, 1, iter([large] * 20), 60)
    count = len(json.loads(dechunked(server.ask(large)))["rows"])
    yield (f"{count:,} rows as JSON", f"{statistics.median(latencies) * 1e3:.1f} ms", "10 ms", "")
    server.close()


def subscription_rows(nilo, lines, count):
    server = Server(nilo, "subscriptions")
    drive(server.port, 1, batches(lines[:20_000]), 60)
    server.query("DEFINE KPI by_device AS count(*) AS n FROM fleet GROUP BY device_id EVERY 1h")
    before = server.memory_mib()
    request = b"GET /v1/subscribe?kpi=by_device HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    watcher = socket.create_connection(("127.0.0.1", server.port))
    watcher.sendall(request)
    watcher.recv(1 << 16)
    latencies = []
    for line in lines[20_000:20_200]:
        begin = time.monotonic()
        server.ask(post("/v1/streams/fleet/events", line))
        watcher.recv(1 << 16)
        latencies.append(time.monotonic() - begin)
        time.sleep(0.03)
    yield ("event sent to subscriber told", f"p50 {statistics.median(latencies) * 1e3:.1f} ms",
           "p99 under 50 ms", f"p99 {percentile(latencies, 0.99) * 1e3:.1f} ms")
    before = server.memory_mib()
    open_ = []
    for _ in range(count):
        connection = socket.create_connection(("127.0.0.1", server.port))
        connection.sendall(request)
        open_.append(connection)
    for connection in open_:
        connection.recv(1 << 16)
    yield (f"{count:,} open subscriptions", f"{server.memory_mib() - before:.0f} MiB more", "128 MiB more", "")
    for connection in open_ + [watcher]:
        connection.close()
    server.close()


def rows(options):
    lines = lines_of(options.nilo, "--hours", "12")
    yield from ingest_rows(options.nilo, lines, options.seconds)
    yield from query_rows(options.nilo, lines, options.seconds)
    yield from subscription_rows(options.nilo, lines, options.subscriptions)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seconds", type=float, default=5, help="how long each load takes at most (5)")
    parser.add_argument("--subscriptions", type=int, default=1_000)
    parser.add_argument("nilo", nargs="?", default=ROOT / ".build/release/nilo")
    options = parser.parse_args()
    WORK.mkdir(parents=True, exist_ok=True)
    print(f"nilo serve, and a client that sends {most_requests():,.0f} small requests/s at most\n")
    print("| figure | measured | to reach | beside it |\n|---|---|---|---|", flush=True)
    try:
        for row in rows(options):
            print("| " + " | ".join(row) + " |", flush=True)
    finally:
        shutil.rmtree(WORK, ignore_errors=True)


if __name__ == "__main__":
    main()
