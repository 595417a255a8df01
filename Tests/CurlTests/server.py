"""A server for the tests of the HTTP client: writes its port, and answers until it is ended."""

import gzip
import http.server
import json
import time


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, body, headers=()):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_GET(self):
        if self.path == "/gzip":
            self.answer(200, gzip.compress(b"a" * 100_000), [("Content-Encoding", "gzip")])
        elif self.path == "/members":
            self.answer(200, gzip.compress(b"a") + gzip.compress(b"b"), [("Content-Encoding", "x-gzip")])
        elif self.path == "/cut":
            self.answer(200, gzip.compress(b"a" * 100_000)[:-5], [("content-encoding", "GZIP")])
        elif self.path == "/nothing":
            self.answer(204, b"", [("Content-Encoding", "gzip")])
        elif self.path == "/br":
            self.answer(200, b"x", [("Content-Encoding", "br")])
        elif self.path == "/redirect":
            self.answer(302, b"", [("Location", "/gzip")])
        elif self.path == "/slow":
            time.sleep(30)
        elif self.path == "/short":
            self.send_response(200)
            self.send_header("Content-Length", "100")
            self.end_headers()
            self.wfile.write(b"not all")
            self.close_connection = True
        else:
            length = int(self.headers.get("Content-Length", 0))
            body = self.rfile.read(length).decode("latin-1")
            told = {"method": self.command, "path": self.path, "body": body, "port": self.client_address[1]}
            told["headers"] = {name.lower(): value for name, value in self.headers.items()}
            self.answer(200 if self.path != "/missing" else 404, json.dumps(told).encode())

    do_HEAD = do_POST = do_PUT = do_DELETE = do_GET

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
print(server.server_address[1], flush=True)
server.serve_forever()
