"""Writes points with a client of InfluxDB, as its users do, and prints what it is told.

    clients.py PORT influxdb|influxdb_client|influxdb_client_3
"""

import sys

PORT, CLIENT = int(sys.argv[1]), sys.argv[2]
SECOND = 1_717_200_000


def influxdb():
    from influxdb import InfluxDBClient
    from influxdb.exceptions import InfluxDBClientError

    for gzip in (False, True):
        client = InfluxDBClient("127.0.0.1", PORT, "user", "secret", "plant", gzip=gzip)
        print(client.ping())
        client.create_database("plant")
        print(client.get_list_database(), client.get_list_retention_policies("plant"))
        points = [
            {
                "measurement": "py",
                "tags": {"host": "a b", "gzip": gzip},
                "time": (SECOND + index) * 1_000,
                "fields": {"f": index + 0.5, "i": 2**53 + 1 + index, "s": 'a "b"\\', "b": True},
            }
            for index in range(10)
        ]
        for _ in range(2):
            assert client.write_points(points, time_precision="ms", batch_size=4)
        print(client.get_list_measurements())
    try:
        client.write(["py f=1 1", "bad line"], {"db": "plant"}, protocol="line")
    except InfluxDBClientError as error:
        print(error)


def influxdb_client():
    from influxdb_client import InfluxDBClient, Point, WritePrecision
    from influxdb_client.client.write_api import SYNCHRONOUS
    from influxdb_client.rest import ApiException

    with InfluxDBClient(f"http://127.0.0.1:{PORT}", "token", org="plant", enable_gzip=True) as client:
        print(client.ping(), client.version(), client.health().status)
        write = client.write_api(write_options=SYNCHRONOUS)
        points = [
            Point("py").tag("host", "a,b=c").field("f", index + 0.5).field("i", 2**53 + 1)
            .field("s", "two\nlines").time(SECOND + index, WritePrecision.S)
            for index in range(10)
        ]
        for _ in range(2):
            write.write("plant", record=points)
        try:
            write.write("plant", record=["bad line"])
        except ApiException as error:
            print(error.status, error.body)


def influxdb_client_3():
    from influxdb_client_3 import InfluxDBClient3, Point, WriteOptions, WriteType, write_client_options

    for use_v2 in (True, False):
        options = write_client_options(
            write_options=WriteOptions(write_type=WriteType.synchronous, use_v2_api=use_v2, no_sync=not use_v2)
        )
        with InfluxDBClient3(
            host=f"http://127.0.0.1:{PORT}", token="token", database="plant", write_client_options=options
        ) as client:
            client.write(
                [Point("py").tag("host", "a").field("f", index + 0.5).time(SECOND + index, "s") for index in range(10)],
                write_precision="s",
            )
            try:
                client.write("bad line")
            except Exception as error:
                print(type(error).__name__, error)


{"influxdb": influxdb, "influxdb_client": influxdb_client, "influxdb_client_3": influxdb_client_3}[CLIENT]()
