"""A server for the tests of polled sources, which does what it is told: prints its port, and answers until it is ended.

`PUT /control/PATH` takes a list of answers for `/PATH`: each is given once, the last one for ever. `GET /control/` gives what was
asked since. An answer has

    status, headers, body    as they are sent
    gzip                     the body is compressed; of that only the `part`, from 0 to 1, is sent
    bomb                     so many zeros follow, compressed
    cut                      so many bytes are announced that do not come
    drip                     seconds between two bytes of the body
    hold                     seconds before the answer
    lines, interval          lines that are sent one after the other, with seconds between them
    stay                     seconds that the connection stays open after them; then it ends as it should, or with `cut` does not

`GET /numbered?count=N&size=K&after=A` gives K records from A on, of N that there are: each has its number, and no id.
"""

import http.server
import gzip
import json
import threading
import time
import urllib.parse
import zlib

answers = {}
asked = []
lock = threading.Lock()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_PUT(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if not self.path.startswith("/control/"):
            return self.give(body)
        with lock:
            answers[self.path.removeprefix("/control")] = json.loads(body)
        self.send({"body": ""})

    def do_GET(self):
        if self.path != "/control/":
            return self.give(self.rfile.read(int(self.headers.get("Content-Length", 0))))
        with lock:
            told = json.dumps(asked)
            asked.clear()
        self.send({"body": told})

    do_POST = do_HEAD = do_GET

    def numbered(self, query):
        asked = {name: int(values[0]) for name, values in urllib.parse.parse_qs(query).items()}
        first = asked.get("after", 0)
        end = min(first + asked["size"], asked["count"])
        at = "2024-06-01T%02d:%02d:%02dZ"
        items = [{"timestamp": at % (n // 3600, n // 60 % 60, n % 60), "d": "a", "v": n} for n in range(first, end)]
        self.send({"body": json.dumps({"items": items, "next": end})})

    def give(self, body):
        path, _, query = self.path.partition("?")
        if path == "/numbered":
            return self.numbered(query)
        with lock:
            asked.append({
                "method": self.command, "path": self.path, "body": body.decode(),
                "headers": {name.lower(): value for name, value in self.headers.items()},
            })
            planned = answers.get(path, [{"status": 404, "body": "no such path"}])
            answer = planned.pop(0) if len(planned) > 1 else planned[0]
        validators = answer.get("headers", {})
        if "ETag" in validators and self.headers.get("If-None-Match") == validators["ETag"]:
            answer = {"status": 304, "headers": validators}
        self.send(answer)

    def send(self, answer):
        time.sleep(answer.get("hold", 0))
        self.send_response(answer.get("status", 200))
        for name, value in answer.get("headers", {}).items():
            self.send_header(name, value)
        if "lines" in answer:
            return self.send_lines(answer)
        body = answer.get("body", "").encode()
        if answer.get("gzip"):
            body = gzip.compress(body)
            body = body[:int(len(body) * answer.get("part", 1))]
            self.send_header("Content-Encoding", "gzip")
        if "bomb" in answer:
            packer = zlib.compressobj(9, zlib.DEFLATED, 31)
            piece = b"0" * 1_000_000
            body = b"".join(packer.compress(piece) for _ in range(answer["bomb"] // len(piece))) + packer.flush()
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body) + answer.get("cut", 0)))
        self.end_headers()
        if "drip" in answer:
            for byte in body:
                self.wfile.write(bytes([byte]))
                time.sleep(answer["drip"])
        else:
            self.wfile.write(body)
        if answer.get("cut"):
            self.close_connection = True

    def send_lines(self, answer):
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for line in answer["lines"]:
            data = (line if line.endswith("~") else line + "\n").rstrip("~").encode()
            self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
            self.wfile.flush()
            time.sleep(answer.get("interval", 0))
        time.sleep(answer.get("stay", 0))
        if answer.get("cut"):
            self.close_connection = True
        else:
            self.wfile.write(b"0\r\n\r\n")

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        # Clients go when they have enough.
        pass


server = Server(("0.0.0.0", 0), Handler)
print(server.server_address[1], flush=True)
server.serve_forever()
