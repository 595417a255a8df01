"""DuckDB: a database file, in the process of the benchmark's child."""
import json
import time

from . import questions, workload
from .process import disk_bytes, in_child
from .system import Measured, System

COLUMNS = {"event_id": "VARCHAR", "device_id": "VARCHAR", "site": "VARCHAR",
           "timestamp": "TIMESTAMP_MS", "temperature": "DOUBLE", "humidity": "DOUBLE",
           "pressure": "DOUBLE", "status": "VARCHAR"}

AGGREGATES = """count(*) AS n, sum(temperature) AS total, avg(temperature) AS mean,
    min(temperature) AS low, max(temperature) AS high, stddev_samp(temperature) AS sd"""

# An exact percentile cannot be merged. So the window function runs over the events, where DuckDB
# keeps an ordered structure of the frame; all else is merged from the cells of the minutes. The
# variance is that within the minutes plus that between them.
ROLLING = f"""
CREATE TABLE by_minute AS
WITH minutes AS (
    SELECT site, time_bucket(INTERVAL 1 minute, timestamp) AS bucket, {AGGREGATES},
        coalesce(var_samp(temperature), 0) * (count(*) - 1) AS m2
    FROM events GROUP BY ALL),
merged AS (
    SELECT site, bucket, sum(n) OVER w AS n, sum(total) OVER w AS total,
        sum(total) OVER w / sum(n) OVER w AS mean, min(low) OVER w AS low, max(high) OVER w AS high,
        sum(m2 + n * mean * mean) OVER w AS squares
    FROM minutes
    WINDOW w AS (PARTITION BY site ORDER BY bucket
        RANGE BETWEEN INTERVAL 59 minutes PRECEDING AND CURRENT ROW)),
frames AS (
    SELECT site, bucket, quantile_disc(temperature, 0.95) OVER (PARTITION BY site ORDER BY bucket
        RANGE BETWEEN INTERVAL 59 minutes PRECEDING AND CURRENT ROW) AS p95
    FROM (SELECT site, time_bucket(INTERVAL 1 minute, timestamp) AS bucket, temperature
        FROM events)),
percentiles AS (SELECT site, bucket, any_value(p95) AS p95 FROM frames GROUP BY ALL)
SELECT site, bucket, n, total, mean, low, high,
    sqrt((squares - n * mean * mean) / (n - 1)) AS sd, p95
FROM merged JOIN percentiles USING (site, bucket)
"""

DAY = "timestamp >= TIMESTAMP '2024-06-01' AND timestamp < TIMESTAMP '2024-06-02'"
DEVICE = f"device_id = '{workload.DEVICE}'"
HOUR = "epoch_ms(time_bucket(INTERVAL 1 hour, timestamp)) AS bucket"
QUERIES = {
    "device_day": f"""
        SELECT {HOUR}, avg(temperature) FROM events WHERE {DEVICE} AND {DAY}
        GROUP BY bucket ORDER BY bucket""",
    # approx_quantile took longer when tried.
    "sites_day": f"""
        SELECT {HOUR}, site, avg(temperature), max(temperature), quantile_disc(temperature, 0.95)
        FROM events WHERE {DAY} GROUP BY bucket, site ORDER BY bucket, site""",
    "rolling": f"""
        WITH minutes AS (
            SELECT time_bucket(INTERVAL 1 minute, timestamp) AS bucket, count(*) AS n,
                sum(temperature) AS total
            FROM events WHERE {DEVICE} AND timestamp >= TIMESTAMP '2024-06-01 11:01:00'
                AND timestamp < TIMESTAMP '2024-06-01 18:00:00' GROUP BY bucket),
        windows AS (
            SELECT bucket, sum(total) OVER w / sum(n) OVER w AS mean FROM minutes
            WINDOW w AS (ORDER BY bucket
                RANGE BETWEEN INTERVAL 59 minutes PRECEDING AND CURRENT ROW))
        SELECT epoch_ms(bucket), mean FROM windows WHERE bucket >= TIMESTAMP '2024-06-01 12:00:00'
        ORDER BY bucket""",
    "top": """
        SELECT device_id, max(temperature) AS most FROM events
        WHERE timestamp >= TIMESTAMP '2024-06-01 22:00:00'
            AND timestamp < TIMESTAMP '2024-06-01 23:00:00'
        GROUP BY device_id ORDER BY most DESC LIMIT 10""",
    "distinct": f"""
        SELECT {HOUR}, count(*), approx_count_distinct(device_id) FROM events WHERE {DAY}
        GROUP BY bucket ORDER BY bucket""",
    # The fastest of four ways to JSON that were tried.
    "all_devices": f"""
        SELECT json_group_array(json_array(bucket, device_id, mean)) FROM (
            SELECT {HOUR}, device_id, avg(temperature) AS mean FROM events WHERE {DAY}
            GROUP BY bucket, device_id)""",
    "outliers": f"""
        SELECT epoch_ms(timestamp), temperature FROM (
            SELECT timestamp, temperature, avg(temperature) OVER w AS mean,
                stddev_samp(temperature) OVER w AS deviation
            FROM events WHERE {DEVICE} AND {DAY}
            WINDOW w AS (ORDER BY timestamp RANGE BETWEEN INTERVAL 24 hours PRECEDING
                AND INTERVAL 1 millisecond PRECEDING))
        WHERE abs(temperature - mean) > 3 * deviation ORDER BY timestamp""",
    "one_time": """
        SELECT avg(temperature) FROM events
        WHERE timestamp = TIMESTAMP_MS '2024-06-01 12:00:00'""",
    questions.FOUND: f"""
        SELECT avg(temperature) FROM events WHERE timestamp = TIMESTAMP_MS '{workload.MOMENT}'""",
}


def load(database, path, key):
    """Creates the table from the file; the database file is complete at the checkpoint."""
    import duckdb
    begin = time.monotonic()
    types = ", ".join(f"{name}: '{type}'" for name, type in COLUMNS.items())
    source = f"read_json('{path}', format = 'newline_delimited', columns = {{{types}}})"
    with duckdb.connect(database) as connection:
        if key:
            columns = ", ".join(f"{name} {type}" for name, type in COLUMNS.items())
            connection.execute(f"CREATE TABLE events ({columns}, PRIMARY KEY (event_id))")
            connection.execute(f"INSERT OR IGNORE INTO events SELECT * FROM {source}")
        else:
            connection.execute(f"CREATE TABLE events AS SELECT * FROM {source}")
        connection.execute("CHECKPOINT")
    return time.monotonic() - begin


def rebuild(database):
    """Opens the database and makes a table of each KPI, durable at the end."""
    import duckdb
    begin = time.monotonic()
    with duckdb.connect(database) as connection:
        for kpi in workload.KPIS[:2]:
            connection.execute(f"""
                CREATE TABLE {kpi.name} AS
                SELECT {kpi.group}, time_bucket(INTERVAL 1 hour, timestamp) AS bucket, {AGGREGATES},
                    quantile_disc(temperature, 0.95) AS p95
                FROM events GROUP BY ALL""")
        connection.execute(ROLLING)
        connection.execute("CHECKPOINT")
    return time.monotonic() - begin


def answers(database):
    import duckdb
    result = {}
    with duckdb.connect(database, read_only=True) as connection:
        for kpi in workload.KPIS:
            rows = connection.execute(f"""
                SELECT {kpi.group}, epoch(bucket)::BIGINT, n, total, mean, low, high, sd, p95
                FROM {kpi.name}""").fetchall()
            result[kpi.name] = {(row[0], row[1]): workload.Cell(*row[2:]) for row in rows}
    return result


def queries(database):
    """Statements prepared once, answers fetched as Python's values."""
    import duckdb
    result = {}
    with duckdb.connect(database, read_only=True) as connection:
        for name, text in QUERIES.items():
            connection.execute(f"PREPARE ask_{name} AS {text}")
            ms, rows = questions.ask(lambda: connection.execute(f"EXECUTE ask_{name}").fetchall())
            rows = json.loads(rows[0][0]) if name == "all_devices" else rows
            result[name] = questions.Asked(ms, rows)
    return result


def version():
    import duckdb
    return duckdb.__version__


class DuckDB(System):
    """Without a key, as an analyst loads a file. Importing the module is not counted."""

    name = "DuckDB"
    keeps = "typed columns; no original bytes"
    duplicates = "stay; late events are rows like others, results are not corrected"
    durable = "survives a loss of power: the log is synced at each commit"
    rebuilt = "p95 exact; results synced"
    distinct_bound = 0.1
    dedups = False
    key = False

    def __init__(self, *args):
        super().__init__(*args)
        self.database = str(self.directory / "fleet.duckdb")

    @classmethod
    def version(cls, options):
        return in_child(version)[0]

    def load(self):
        return Measured(*in_child(load, self.database, str(self.workload.path), self.key))

    def disk(self):
        return disk_bytes(self.directory)

    def rebuild(self):
        return Measured(*in_child(rebuild, self.database))

    def answers(self):
        return in_child(answers, self.database)[0]

    def queries(self):
        return in_child(queries, self.database)[0]


class DuckDBWithKey(DuckDB):
    """With the event id as the primary key, which is DuckDB's way to refuse duplicates."""

    variant = ", key on the event id"
    keeps = "the same, and an index of the ids"
    duplicates = "left out by event id (`INSERT OR IGNORE`); late events as above"
    dedups = True
    key = True
