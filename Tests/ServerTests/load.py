"""Appends batches over HTTP until the server is gone, and prints how many events of each client were acknowledged.

    load.py PORT CLIENTS FIRST_ID
"""

import http.client
import json
import sys
import threading

PORT, CLIENTS, FIRST = (int(word) for word in sys.argv[1:4])
BATCH = 50
acknowledged = [0] * CLIENTS


def run(client):
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=30)
    number = FIRST + client * 1_000_000
    try:
        while True:
            lines = [
                json.dumps(
                    {
                        "event_id": number + index,
                        "device_id": f"d{client}",
                        "timestamp": f"2024-01-01T{index % 24:02}:00:00Z",
                        "t": index,
                    }
                )
                for index in range(BATCH)
            ]
            connection.request("POST", "/v1/streams/s/events", "\n".join(lines))
            response = connection.getresponse()
            answer = json.loads(response.read())
            if response.status != 200:
                return
            acknowledged[client] += answer["accepted"]
            number += BATCH
    except (OSError, http.client.HTTPException, ValueError):
        return


threads = [threading.Thread(target=run, args=(client,)) for client in range(CLIENTS)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(*acknowledged)
