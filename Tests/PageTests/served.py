"""A store that `nilo serve` serves, for one test."""

import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WEATHER = ROOT / "Examples/weather/nyc-weather-2013.ndjson.gz"
HEAT = (
    "DEFINE KPI heat AS avg(temperature) AS mean, max(wind_speed) AS wind, count(*) AS n "
    "FROM weather GROUP BY city EVERY 1h TIME ZONE 'America/New_York'"
)


class Served:
    """Begins with an empty store, or with a copy of another one's. Settings are those of the environment."""

    def __init__(self, nilo, copy_of=None, settings={}):
        self.nilo = Path(nilo).resolve()
        self.environment = {**os.environ, **settings}
        self.directory = Path(tempfile.mkdtemp(prefix="nilo-page-"))
        self.data = self.directory / "data"
        if copy_of:
            shutil.copytree(copy_of, self.data)
        self.port = 0  # any that is free, and the same one after a restart
        self.process = None

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def start(self):
        """Waits for what the server says: who tries to connect may be given the very port that it is to listen at."""
        with open(self.directory / "log", "w") as log:
            self.process = subprocess.Popen(
                [self.nilo, "serve", "--data", self.data, "--listen", f"127.0.0.1:{self.port}"], stdout=log, stderr=log, env=self.environment
            )
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and self.process.poll() is None:
            if found := re.search(r"at http://127\.0\.0\.1:(\d+)\n", self.log()):
                self.port = int(found[1])
                return self
            time.sleep(0.02)
        raise AssertionError("nilo serve did not start: " + self.log())

    def log(self):
        return (self.directory / "log").read_text()

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(60)

    def end(self):
        self.stop()
        shutil.rmtree(self.directory, ignore_errors=True)

    def run(self, *arguments):
        return subprocess.run([self.nilo, *arguments], check=True, capture_output=True, text=True).stdout

    def post(self, path, body, **headers):
        request = urllib.request.Request(self.url + path, body.encode(), headers)
        return urllib.request.urlopen(request).read()

    def query(self, text, form="json"):
        return self.post("/v1/query", json.dumps({"query": text, "format": form}), **{"Content-Type": "application/json"})

    def send(self, *documents, stream="pumps"):
        return json.loads(self.post(f"/v1/streams/{stream}/events", "\n".join(json.dumps(one) for one in documents)))


def weather_store(nilo):
    """A directory with a year of weather and a KPI of it, made once."""
    directory = Path(tempfile.mkdtemp(prefix="nilo-weather-"))
    data = directory / "data"
    for arguments in (["ingest", "--stream", "weather", WEATHER], ["query", HEAT]):
        subprocess.run([nilo, arguments[0], "--data", data, *arguments[1:]], check=True, capture_output=True)
    return directory
