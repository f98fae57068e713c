"""Tells its name and what it was asked, as JSON; echoes one line over a WebSocket. Arguments: its name, its port."""

import json
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Tell(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.headers.get("Upgrade") == "websocket":
            self.send_response(101)
            self.send_header("Upgrade", "websocket")
            self.send_header("Connection", "Upgrade")
            self.end_headers()
            self.wfile.write(self.rfile.readline())
            self.close_connection = True
            return
        if self.path.endswith("/slow"):
            time.sleep(5)
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        seen = {
            "by": sys.argv[1],
            "path": self.path,
            "body": len(body),
            **{k.lower(): v for k, v in self.headers.items()},
        }
        answer = json.dumps(seen).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_POST = do_PUT = do_GET


ThreadingHTTPServer(("127.0.0.1", int(sys.argv[2])), Tell).serve_forever()
