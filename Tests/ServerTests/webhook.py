"""A webhook for tests: prints its port, notes what comes in the file of its argument, and answers with the status that
stands in the file beside it."""

import http.server
import json
import os
import sys


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        status = 200
        if os.path.exists(sys.argv[1] + ".status"):
            with open(sys.argv[1] + ".status") as file:
                status = int(file.read())
        told = {"path": self.path, "body": body, "status": status}
        told["headers"] = {name.lower(): value for name, value in self.headers.items()}
        with open(sys.argv[1], "a") as file:
            file.write(json.dumps(told) + "\n")
        self.send_response(status)
        self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
print(server.server_address[1], flush=True)
server.serve_forever()
