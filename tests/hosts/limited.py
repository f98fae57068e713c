"""Sites whose paths have limits of their own, and the same requests to each of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tests.hosts.alike import Ask, chunked

PLAYBOOK = """
extends: lamp
web: {web}
linux: {{packages: [python3]}}
php: {{upload_limit: 2M}}
mysql: {{}}
sites:
  php.test: {{type: php, source: php, front_controller: index.php, timeout: 4, methods: [GET, POST], limits: {limits}}}
  app.test:
    {{type: process, source: app, command: python3 server.py, port: 8000, instances: 2, timeout: 4, body_limit: 3M,
    methods: [GET, POST], limits: {limits}}}
  cgi.test:
    {{type: cgi, source: cgi, timeout: 4, body_limit: 1M, limits: {{/cgi-bin/upload: {{body_limit: 6M, timeout: 20}},
    /cgi-bin/upload/small: {{body_limit: 1M, timeout: 2}}, /folder/: {{methods: [POST]}}}}}}
  wp.test:
    {{type: wordpress, limits: {{/wp-json/: {{body_limit: 1M, methods: [GET, POST]}}, /shop/: {{body_limit: 6M}},
    /wp-admin/async-upload.php: {{body_limit: 6M}}, /xmlrpc.php: {{methods: [POST]}}}}}}
"""
LIMITS = """{/upload/: {body_limit: 6M, timeout: 20}, /upload/small: {body_limit: 1M, timeout: 2},
    /api/: {methods: [GET, POST, PUT], body_limit: 1M}, /hook: {methods: [POST]}}"""
_TELL = """<?php
header('X-Seen: yes'); header('Content-Type: application/json');
sleep((int) ($_GET['n'] ?? 0));
echo json_encode(['uri' => $_SERVER['REQUEST_URI'], 'script' => $_SERVER['SCRIPT_NAME'],
  'got' => strlen(file_get_contents('php://input')), 'file' => $_FILES['f']['size'] ?? null]);
"""
_SERVER = """
import json, os, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

class Tell(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        body = self.read()
        time.sleep(int((parse_qs(urlsplit(self.path).query).get("n") or ["0"])[0]))
        answer = json.dumps({"uri": self.path, "got": str(len(body))}).encode()
        self.send_response(200)
        self.send_header("X-Seen", "yes")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer if self.command != "HEAD" else b"")

    def read(self):
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    do_POST = do_PUT = do_DELETE = do_HEAD = do_GET

ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Tell).serve_forever()
"""
_PROGRAM = """#!/bin/sh
got=$(wc -c)
case $QUERY_STRING in n=*) sleep "${QUERY_STRING#n=}" ;; esac
printf 'Content-Type: application/json\\r\\nX-Seen: yes\\r\\n\\r\\n{"uri":"%s","got":"%s"}' "$REQUEST_URI" "$got"
"""

MB = 1_000_000
# A path, the size of a body in MB, and whether it is too large.
BODIES: dict[str, list[tuple[str, float, bool]]] = {
    "app": [
        ("/", 2.5, False),
        ("/", 3.5, True),
        ("/upload", 5, False),
        ("/upload/", 5, False),
        ("/upload/a/b?c=d", 5, False),
        ("/upload//a", 5, False),
        ("/upload/a", 7, True),
        ("/uploads", 3.5, True),
        ("/upload/small", 0.9, False),
        ("/upload/small/a", 2, True),
        ("/upload/smaller", 5, False),
        ("/api/a", 0.9, False),
        ("/api/a", 2, True),
        # In another spelling, the smaller limit holds: it may be another page, or the same one.
        ("/UPLOAD/a", 2.5, False),
        ("/UPLOAD/a", 3.5, True),
        ("/upload;a=b/c", 3.5, True),
        ("/Upload/Small/a", 2, True),
        ("/API/a", 2, True),
        ("/api;a=b/c", 2, True),
    ],
    "cgi.test": [
        ("/cgi-bin/other", 1.9, False),
        ("/cgi-bin/other", 2.5, True),
        ("/cgi-bin/upload", 5, False),
        ("/cgi-bin/upload/a", 5, False),
        ("/cgi-bin/upload", 7, True),
        ("/cgi-bin/upload/small", 2, True),
    ],
    "wp.test": [
        ("/?a", 2.5, False),
        ("/?a", 3.5, True),
        ("/wp-json/wp/v2/posts", 0.9, False),
        ("/wp-json/wp/v2/posts", 2, True),
        ("/index.php/wp-json/wp/v2/posts", 2, True),
        ("/shop/a", 5, False),
        ("/shop/a", 7, True),
        ("/wp-admin/async-upload.php", 5, False),
        ("/wp-admin/admin-ajax.php", 5, True),
    ],
}
# The front controller gets the path from PATH_INFO as well.
INDEX = [("/index.php/api/a", 2, True), ("/index.php/upload/a", 5, True), ("/index.php", 2.5, False)]
# A path, and the status of a request for it with each of these methods.
METHODS: dict[str, list[tuple[str, str, str]]] = {
    "app": [
        ("/a", "GET HEAD POST", "200"),
        ("/a", "PUT DELETE", "405"),
        ("/api", "GET HEAD PUT", "200"),
        ("/api/a", "DELETE", "405"),
        ("/API/a", "PUT", "405"),
        ("/API/a", "POST", "200"),
        ("/upload/a", "POST", "200"),
        ("/upload/a", "PUT", "405"),
        ("/hook", "POST", "200"),
        ("/hook/a", "GET HEAD PUT", "405"),
        ("/HOOK", "GET", "405"),
    ],
    "cgi.test": [("/folder/", "GET HEAD", "405"), ("/Folder/", "GET", "405"), ("/", "GET", "200")],
    "wp.test": [("/xmlrpc.php", "GET", "405"), ("/wp-json/", "GET", "200"), ("/wp-json/", "PUT", "405")],
}
REFUSED = ["//upload/a", "/%75pload/a", "/upload%2fa", "/upload%2Fa", "/a/../upload/a", "/upload/../a", "/upload/%2e%2e/a",
           "/upload/..%2fa", "/a/..;/upload/a", "/;/upload/a", "/upload%3ba/b", "/upload%5ca", "/a//../api/", "/%61pi"]  # fmt: skip
PLAIN = ["/upload/a%20b", "/upload/%C3%A9", "/upload/a?b=/../c", "/a;b/c", "/upload/;a=b", "/a%2Fb", "/.well-known/a"]
# A path whose answer takes some seconds, and whether that is too long.
TIMES: dict[str, list[tuple[str, bool]]] = {
    "app": [
        ("/a?n=6", True),
        ("/upload/a?n=6", False),
        ("/upload/small?n=4", True),
        ("/UPLOAD/a?n=6", True),
        ("/api/a?n=6", True),
    ],
    "cgi.test": [("/cgi-bin/other?n=6", True), ("/cgi-bin/upload?n=6", False), ("/cgi-bin/upload/small?n=4", True)],
}


def project(folder: Path) -> None:
    files = {"php/index.php": _TELL, "app/server.py": _SERVER, "cgi/index.html": "shown"}
    programs = {"cgi/cgi-bin/upload": _PROGRAM, "cgi/cgi-bin/other": _PROGRAM}
    for name, text in {**files, **programs}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
        (folder / name).chmod(0o755 if name in programs else 0o644)


def of(table: dict[str, list]) -> Iterator[tuple[str, tuple]]:  # type: ignore[type-arg]
    """Each site and each row for it."""
    for key, rows in table.items():
        for site in ("php.test", "app.test") if key == "app" else (key,):
            yield from ((site, row) for row in rows)


def post(site: str, path: str, size: float, *, chunks: bool = False) -> Ask:
    body = b"x" * int(size * MB)
    headers = ("Content-Type: application/octet-stream", *(("Transfer-Encoding: chunked",) if chunks else ()))
    id = f"{site}{path} {size} MB{' in chunks' if chunks else ''}"
    return Ask(id, site, path, ("", {}), "POST", headers, chunked(body) if chunks else body)


def upload(site: str, path: str, size: float) -> Ask:
    """A form with a file."""
    part = b'--b\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\n'
    body = part + b"x" * int(size * MB) + b"\r\n--b--\r\n"
    return Ask(f"{site}{path}", site, path, ("", {}), "POST", ("Content-Type: multipart/form-data; boundary=b",), body)
