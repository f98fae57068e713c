"""Paths of a site that other programs answer, behind each web server: a front end of files, its API, a second service."""

from __future__ import annotations

import http.client
import json
import shutil
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lampctl.box import Boxes
from tests.hosts.conftest import ON_ONE_RELEASE, Host, RunResult

pytestmark = [pytest.mark.hosts, ON_ONE_RELEASE]

PROGRAM = Path(__file__).parent / "programs/tell.py"
BOOK = """
linux: {packages: [python3]}
sites:
  shop.test:
    type: static
    source: front
    fallback: true
    body_limit: 1M
    deny: [/api/secret/]
    headers: {X-Own: "yes"}
    redirects: {/old: /new}
    routes:
      /api/: {site: api.test}
      /api/v2/: {upstream: "http://127.0.0.1:9100", strip: true}
      /svc/: {site: api.test, strip: true}
  api.test:
    {type: process, source: app, command: python3 tell.py api 8000, port: 8000, timeout: 2, body_limit: 2M,
    deny: [/inner/], methods: [GET, POST], probe: /health}
  closed.test:
    {type: static, source: front, tls: self-signed, basic_auth: {jane: {secret: generate}}, routes: {/api/: {site: api.test}}}
"""
SETUPS = {
    "apache": ("web.server=apache",),
    "nginx": ("web.server=nginx",),
    "front": ("web.server=apache", "web.front=nginx"),
}
ROUTES = ("site.route@shop.test", "site.route2@shop.test", "site.route3@shop.test", "site.route@closed.test")
SECOND = "systemd-run -q --unit=second python3 /opt/tell.py second 9100; until (exec 3<>/dev/tcp/127.0.0.1/9100) 2>/dev/null; do :; done"
Answer = tuple[int, dict[str, str], str]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("routes")
    (found / "front").mkdir()
    (found / "front/index.html").write_text("the front end")
    (found / "app").mkdir()
    shutil.copy(PROGRAM, found / "app/tell.py")
    return found


@pytest.fixture(scope="module")
def box(boxes: Boxes, release: str) -> Iterator[Host]:
    host = Host(boxes.up("routes", release), boxes)
    host.sh(f"cat > /opt/tell.py <<'END'\n{PROGRAM.read_text()}\nEND")
    yield host
    boxes.down(host.box.name)


@pytest.fixture(scope="module", params=SETUPS)
def shop(box: Host, folder: Path, request: pytest.FixtureRequest) -> Host:
    (folder / "site.yml").write_text(BOOK)
    ran = lampctl(box, folder, request.param, "deploy")
    if ran.code:  # the first time there is no Python yet
        box.sh(SECOND)
        ran = lampctl(box, folder, request.param, "deploy")
    assert ran.code == 0, ran
    return box


@pytest.fixture
def setup(request: pytest.FixtureRequest) -> str:
    return str(request.node.callspec.params["shop"])


def lampctl(host: Host, folder: Path, setup: str, command: str) -> RunResult:
    settings = (word for value in SETUPS[setup] for word in ("--set", value))
    return host.lampctl(command, "HOST", "-p", "site.yml", *settings, cwd=folder)


def visit(host: Host, path: str, method: str = "GET", site: str = "shop.test", body: bytes = b"") -> Answer:
    """Sends the path as it is."""
    port = 443 if site == "closed.test" else 80
    found = http.client.HTTPConnection(host.box.address, timeout=15)
    plain = socket.create_connection((host.box.address, port), 15)
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    found.sock = context.wrap_socket(plain, server_hostname=site) if port == 443 else plain
    claims = {"X-Forwarded-For": "1.2.3.4", "X-Forwarded-Prefix": "/claimed", "Forwarded": "for=1.2.3.4"}
    found.request(method, path, body or None, {"Host": site, **claims})
    got = found.getresponse()
    answer = got.status, {key.lower(): value for key, value in got.getheaders()}, got.read().decode()
    found.close()
    return answer


def told(host: Host, path: str, method: str = "GET", body: bytes = b"") -> dict[str, Any]:
    status, headers, text = visit(host, path, method, body=body)
    assert (status, headers.get("x-own"), headers.get("x-lampctl-route")) == (200, "yes", None), (path, text)
    found: dict[str, Any] = json.loads(text)
    return found


def test_each_route_is_a_hop_of_the_proof(shop: Host, folder: Path, setup: str) -> None:
    plan = lampctl(shop, folder, setup, "plan")
    assert (plan.code, plan.changes) == (0, {}), plan
    checked = lampctl(shop, folder, setup, "check")
    assert (checked.code, {checked.results[id] for id in ROUTES}) == (0, {"pass"}), checked


def test_paths_go_to_their_targets(shop: Host) -> None:
    for path in ("/", "/any/page", "/apis/x"):
        assert visit(shop, path)[::2] == (200, "the front end")
    for sent, by, path in [
        ("/api/users?a=b%20c", "api", "/api/users?a=b%20c"),
        ("/api/", "api", "/api/"),
        ("/api/a%2Fb%3Fc/", "api", "/api/a%2Fb%3Fc/"),
        ("/api/inner/x", "api", "/api/inner/x"),
        ("/api/package.json", "api", "/api/package.json"),
        ("/api/v2/users?a=b", "second", "/users?a=b"),
        ("/api/v2/", "second", "/"),
        ("/svc/a%2Fb", "api", "/a%2Fb"),
    ]:
        seen = told(shop, sent)
        assert (seen["by"], seen["path"], seen["host"], seen["x-forwarded-host"]) == (
            by,
            path,
            "shop.test",
            "shop.test",
        )
        prefix = {"/users": "/api/v2", "/": "/api/v2", "/a%2Fb": "/svc"}.get(path.partition("?")[0])
        assert (sent, seen.get("x-forwarded-prefix")) == (sent, prefix)
        assert (seen["x-forwarded-proto"], seen.get("forwarded"), "1.2.3.4" in seen["x-forwarded-for"]) == (
            "http",
            None,
            False,
        )
    assert told(shop, "/api/x", "POST", b"x" * 1_500_000)["body"] == 1_500_000


def test_what_is_not_passed_on(shop: Host) -> None:
    for path, status in {
        "/api/.env": 403, "/api/secret/x": 403, "/svc/inner/x": 403, "/svc/dump.sql": 403, "/api/v2/.git/x": 403,
        "/api/v2/dump.sql": 200, "/%61pi/x": 400, "/x/../api/x": 400, "//api/x": 400, "/api/..;/x": 400, "/api/a/%2e/b": 400,
        "/api/a..b/x": 200, "/api/..%5cx": 400, "/old": 301, "/.well-known/acme-challenge/x": 404,
    }.items():  # fmt: skip
        assert (path, visit(shop, path)[0]) == (path, status)
    assert "api" not in visit(shop, "/x/..%2fapi/x")[2].partition("{")[2]
    assert visit(shop, "/api/x", "PUT")[0] == 405
    assert visit(shop, "/api/x", "POST", body=b"x" * 2_500_000)[0] == 413
    assert visit(shop, "/x", "POST", body=b"x" * 1_500_000)[0] == 413
    assert visit(shop, "/api/slow")[0] in (502, 504)  # Apache's balancer, NGINX
    for path in ("/api", "/api/v2"):
        status, headers, _ = visit(shop, f"{path}?a=b")
        assert (status, headers["location"].removeprefix("http://shop.test")) == (301, f"{path}/?a=b")
    assert (visit(shop, "/api/x", site="closed.test")[0], visit(shop, "/", site="closed.test")[0]) == (401, 401)


def test_websocket_passes(shop: Host) -> None:
    for path in ("/api/ws", "/api/v2/ws"):
        with socket.create_connection((shop.box.address, 80), 10) as sock:
            head = (f"GET {path} HTTP/1.1", "Host: shop.test", "Connection: Upgrade", "Upgrade: websocket", "", "")
            sock.sendall("\r\n".join(head).encode())
            assert sock.recv(4096).startswith(b"HTTP/1.1 101")
            sock.sendall(b"hello\n")
            assert sock.recv(4096).endswith(b"hello\n")


def test_dead_target_is_the_culprit(shop: Host, folder: Path, setup: str) -> None:
    shop.sh("systemctl stop second 'lampctl-api.test@*'")
    checked = lampctl(shop, folder, setup, "check")
    assert (checked.code, checked.host["culprit"]["id"]) == (1, "site.service@api.test"), checked
    assert checked.results["site.upstream2@shop.test"] == "fail"
    assert {checked.results[id] for id in ROUTES} == {"blocked"}
    assert checked.results["site.answer@shop.test"] == "pass"
    shop.sh(f"systemctl start lampctl-api.test@8000; {SECOND}")
    assert lampctl(shop, folder, setup, "check").code == 0


def test_lost_route_is_the_culprit(shop: Host, folder: Path, setup: str) -> None:
    """The front end answers all paths, but not in place of the API."""
    file = (
        "/etc/nginx/sites-available/shop.test.conf"
        if setup == "nginx"
        else "/etc/apache2/sites-available/shop.test.conf"
    )
    unit = "nginx" if setup == "nginx" else "apache2"
    shop.sh(
        f"cp {file} /root/kept; sed -i -e 's,\\^~ /api/ {{,^~ /lost/ {{,' -e 's,ProxyPass \"/api/\",ProxyPass \"/lost/\",' {file}; systemctl reload {unit}"
    )
    checked = lampctl(shop, folder, setup, "check")
    shop.sh(f"cp /root/kept {file}; systemctl reload {unit}")
    assert (checked.code, checked.host["culprit"]["id"]) == (1, "site.route@shop.test"), checked


def test_maintenance_of_the_target_and_of_the_site(shop: Host, folder: Path, setup: str) -> None:
    elsewhere = ("--allow", "192.0.2.7")
    assert shop.lampctl("maintenance", "on", "HOST", "api.test", *elsewhere).code == 0
    status, headers, _ = visit(shop, "/api/x")
    assert (status, "retry-after" in headers, visit(shop, "/svc/x")[0]) == (503, True, 503)
    assert [visit(shop, path)[0] for path in ("/", "/api/v2/x", "/api/")] == [200, 200, 503]
    checked = lampctl(shop, folder, setup, "check")
    assert checked.code == 0, checked
    assert shop.lampctl("maintenance", "off", "HOST", "api.test").code == 0
    assert told(shop, "/api/x")["by"] == "api"
    assert shop.lampctl("maintenance", "on", "HOST", "shop.test", *elsewhere).code == 0
    assert {visit(shop, path)[0] for path in ("/", "/api/x", "/api/v2/x")} == {503}
    checked = lampctl(shop, folder, setup, "check")
    assert checked.code == 0, checked
    assert shop.lampctl("maintenance", "off", "HOST", "shop.test").code == 0


def test_removed_route_is_gone(shop: Host, folder: Path, setup: str) -> None:
    book = folder / "site.yml"
    book.write_text("\n".join(line for line in BOOK.splitlines() if "9100" not in line and "/svc/" not in line))
    ran = lampctl(shop, folder, setup, "deploy")
    assert ran.code == 0, ran
    assert "site.route2@shop.test" not in ran.results
    assert visit(shop, "/svc/x")[::2] == (200, "the front end")
    assert told(shop, "/api/v2/x")["by"] == "api"
    book.write_text(BOOK)
