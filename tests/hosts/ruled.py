"""The sites on which rules of web servers are tried, and requests to them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.hosts.alike import Ask, Facts, ask
from tests.hosts.conftest import Host

PLAYBOOK = r"""
web: {web}
linux: {{packages: [python3]}}
php: {{extensions: []}}
sites:
  plain.test: {{type: php, source: app}}
  files.test: {{type: static, source: app}}
  app.test: {{type: process, source: app, command: python3 -m http.server 8000 --bind 127.0.0.1, port: 8000, deny: [secret]}}
  ruled.test:
    type: php
    tls: self-signed
    deny: [secret, "/docs/*.md", "odd $name; {{}}\"'"]
    allow: ["*.log", "/vendor/open/**"]
    source: app
    redirects:
      "www.": canonical
      /old: /new
      /moved: https://e.test/a b$1"{{}};b?x=1
      "/o $x\"'{{1}};#.html": /found
    headers: {{X-Odd: 'a "b" $x ${{HOME}} %{{y}}e %s {{}};# \', X-Frame-Options: null, referrer-policy: no-referrer}}
    methods: [GET, POST]
  closed.test: {{type: php, default: true, source: app, basic_auth: {{jane: {{secret: generate}}, joe.2: {{secret: generate}}}}}}
  vault.test:
    {{type: process, source: app, command: python3 -m http.server 8001 --bind 127.0.0.1, port: 8001, tls: self-signed,
    basic_auth: {{jane: {{secret: generate}}}}}}
  behind.test: {{type: php, source: app, tls: {{mode: self-signed, hsts: 300}}, trusted_proxies: [{proxy}]}}
  cdn.test: {{type: php, source: app, trusted_proxies: [203.0.113.0/24]}}
""".replace("#.html", "!.html")
TELL = """<?php
header('X-Seen: yes'); header('Content-Type: application/json');
if (isset($_GET['own'])) { header('X-Frame-Options: DENY'); header('X-Odd: own'); }
if (isset($_GET['to'])) { header("Location: $_GET[to]", true, 302); exit; }
$seen = [];
foreach (['REMOTE_ADDR', 'REQUEST_SCHEME', 'HTTPS', 'SERVER_PORT', 'REMOTE_USER', 'AUTH_TYPE', 'HTTP_X_FORWARDED_FOR'] as $name) {
  if (isset($_SERVER[$name])) { $seen[$name] = $_SERVER[$name]; } }
echo json_encode($seen);
"""
FILES = [
    "index.html",
    ".env",
    "composer.json",
    "composer.lock",
    "dump.sql",
    "debug.log",
    "vendor/a.txt",
    "vendor/open/a.txt",
    "lib/vendor/a.txt",
    "tests/a.txt",
    "node_modules/a.txt",
    "secret/a.txt",
    "docs/a.md",
    "docs/a.txt",
    ".well-known/a.txt",
    "page.txt",
]
CLIENT = "198.51.100.7"
FROM_PROXY = (f"X-Forwarded-For: 203.0.113.99, {CLIENT}", "X-Forwarded-Proto: https")
HEADER = 'a "b" $x ${HOME} %{y}e %s {};# \\'


def project(folder: Path) -> None:
    for name in (*FILES, "odd $name; {}\"'/a.txt"):
        path = folder / "app" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("shown")
    (folder / "app/tell.php").write_text(TELL)
    (folder / "app/sub").mkdir()
    (folder / "app/sub/index.html").write_text("sub")


def get(site: str, target: str, *headers: str, tls: bool = False, method: str = "GET") -> Ask:
    return Ask(f"{method} {site}{target} {' '.join(headers)}", site, target, ("", {}), method, headers, tls=tls)


def gets(address: str, wanted: list[Ask], at_once: int = 4) -> list[Facts]:
    with ThreadPoolExecutor(at_once) as pool:
        return list(pool.map(lambda one: ask(address, one), wanted))


def statuses(host: Host, site: str, paths: list[str], *, tls: bool = False) -> dict[str, str]:
    found = gets(host.box.address, [get(site, f"/{path}", tls=tls) for path in paths])
    return {path: facts["status"] for path, facts in zip(paths, found, strict=True)}
