"""A site in maintenance, behind each web server: what visitors get, who passes through, and what it outlives."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from lampctl.box import Boxes
from tests.hosts.conftest import ON_ONE_RELEASE, Host, RunResult

pytestmark = [pytest.mark.hosts, ON_ONE_RELEASE]

FILES = Path(__file__).parents[2] / "playbooks/files"
BOOK = f"""
extends: lamp
linux: {{packages: [python3]}}
sites:
  shop.test:
    source: shop
    public: public
    aliases: [www.shop.test, old.shop.test]
    redirects: {{"www.": canonical}}
    tls: self-signed
    methods: [GET, POST]
  secret.test: {{type: static, basic_auth: {{ann: {{secret: generate}}}}}}
  cgi.test: {{type: cgi, source: {FILES}/cgi}}
  app.test: {{type: process, source: {FILES}/process, command: python3 server.py, port: 8000, trusted_proxies: [10.0.0.0/8]}}
"""
SETUPS = {
    "apache": ("web.server=apache",),
    "nginx": ("web.server=nginx",),
    "front": ("web.server=apache", "web.front=nginx"),
}
PAGE = "<?php echo 'shop of release one', isset($_SERVER['HTTP_X_LAMPCTL_PASS']) ? ' knows' : '';"
NAMES = ("shop.test", "www.shop.test", "old.shop.test")
PLACE = "/etc/lampctl-maintenance"
Answer = tuple[int, Mapping[str, str], str]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("maintenance")
    (found / "shop/public").mkdir(parents=True)
    (found / "shop/public/index.php").write_text(PAGE)
    (found / "site.yml").write_text(BOOK)
    return found


@pytest.fixture(scope="module")
def box(boxes: Boxes, release: str) -> Iterator[Host]:
    host = Host(boxes.up("closed", release), boxes)
    yield host
    boxes.down(host.box.name)


@pytest.fixture(scope="module", params=SETUPS)
def shop(box: Host, folder: Path, request: pytest.FixtureRequest) -> Host:
    ran = deploy(box, folder, request.param)
    assert ran.code == 0, ran
    return box


@pytest.fixture
def setup(request: pytest.FixtureRequest) -> str:
    return str(request.node.callspec.params["shop"])


def deploy(host: Host, folder: Path, setup: str, command: str = "deploy") -> RunResult:
    settings = (word for value in SETUPS[setup] for word in ("--set", value))
    return host.lampctl(command, "HOST", "-p", "site.yml", *settings, cwd=folder)


def switch(host: Host, state: str, site: str = "shop.test", *more: str) -> RunResult:
    return host.lampctl("maintenance", state, "HOST", site, *more)


def visit(host: Host, name: str, scheme: str = "http", method: str = "GET", path: str = "/", **headers: str) -> Answer:
    found = http.client.HTTPConnection(host.box.address, timeout=15)
    if scheme == "https":
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        plain = socket.create_connection((host.box.address, 443), 15)
        found.sock = context.wrap_socket(plain, server_hostname=name)
    found.request(method, path, b"a=b" if method == "POST" else None, {"Host": name, **headers})
    got = found.getresponse()
    answer = got.status, {key.lower(): value for key, value in got.getheaders()}, got.read().decode()
    found.close()
    return answer


ELSEWHERE = ("--allow", "192.0.2.7", "--allow", "2001:db8::/48")  # so that the tests themselves are visitors


def test_every_visitor_gets_503_and_the_page(shop: Host) -> None:
    ran = switch(shop, "on", "shop.test", "--retry-after", "600", *ELSEWHERE)
    assert ran.code == 0, ran
    assert (ran.host["maintenance"], ran.host["changed"], ran.host["status"]) == (True, True, 200)
    assert ran.host["allowed"] == ["192.0.2.7", "2001:db8::/48"]
    for name, scheme, method in [(n, s, m) for n in NAMES for s in ("http", "https") for m in ("GET", "POST", "PUT")]:
        status, headers, body = visit(shop, name, scheme, method, "/any/path.php?x")
        assert (name, scheme, method, status, headers.get("retry-after")) == (name, scheme, method, 503, "600")
        assert headers["content-type"] == "text/html; charset=utf-8"
        assert "<h1>We’ll be back soon</h1>" in body
    assert visit(shop, "shop.test", "https", "HEAD")[::2] == (503, "")
    assert visit(shop, "shop.test", path="/.well-known/acme-challenge/x")[0] == 404
    assert visit(shop, "secret.test")[0] == 401
    assert switch(shop, "on", "shop.test", "--retry-after", "600", *ELSEWHERE).host["changed"] is False


def test_every_type_and_login(shop: Host) -> None:
    for site in ("secret.test", "cgi.test", "app.test"):
        ran = switch(shop, "on", site, *ELSEWHERE)
        assert ran.code == 0, ran
        assert [visit(shop, site, method=method)[0] for method in ("GET", "POST", "DELETE")] == [503] * 3
    # The client's address is the one that a trusted proxy names, and no other's.
    assert visit(shop, "app.test", **{"X-Forwarded-For": "192.0.2.7"})[0] == 200
    assert visit(shop, "app.test", **{"X-Forwarded-For": "192.0.2.7, 198.51.100.1"})[0] == 503
    assert visit(shop, "cgi.test", **{"X-Forwarded-For": "192.0.2.7"})[0] == 503


def test_a_deploy_and_a_check_see_the_site_itself(shop: Host, folder: Path, setup: str) -> None:
    checked = deploy(shop, folder, setup, "check")
    assert checked.code == 0, checked
    assert {checked.results[f"site.{hop}@shop.test"] for hop in ("answer", "outside", "maintenance")} == {"pass"}
    index = folder / "shop/public/index.php"
    index.write_text("<?php echo 'shop'; broken(")
    assert deploy(shop, folder, setup).code == 1
    index.write_text(PAGE.replace("one", "two"))
    ran = deploy(shop, folder, setup)
    assert (ran.code, ran.host["undone"]) == (0, False), ran
    assert visit(shop, "shop.test", "https")[0] == 503
    sites = {site["site"]: site["maintenance"] for site in shop.lampctl("status", "HOST").host["sites"]}
    assert sites == dict.fromkeys(("app.test", "cgi.test", "secret.test", "shop.test"), True)


def test_nobody_else_is_taken_for_the_proof(shop: Host) -> None:
    name, secret = shop.sh(f"cat {PLACE}/shop.test/pass").strip().split(": ")
    for value in (secret, "yes", ""):
        assert visit(shop, "shop.test", "https", **{name: value})[0] == 503
    ask = "timeout 9 openssl s_client -quiet -connect 127.0.0.1:443 -servername shop.test 2>/dev/null"
    line = "printf 'GET / HTTP/1.0\\r\\nHost: shop.test\\r\\n%s\\r\\n\\r\\n'"
    assert "shop of release" in shop.sh(f"{line} '{name}: {secret}' | {ask}")
    assert "knows" not in shop.sh(f"{line} '{name}: {secret}' | {ask}")
    assert " 503 " in shop.sh(f"{line} '{name}: yes' | {ask}").splitlines()[0]
    readable = shop.sh(f"setpriv --reuid=site-shop-test --clear-groups cat {PLACE}/shop.test/* 2>&1 || :")
    assert secret not in readable


def test_it_outlives_a_power_failure(shop: Host, boxes: Boxes) -> None:
    boxes.cut(shop.box.name)
    boxes.up(shop.box.name, "trixie")
    shop.sh(
        "until curl -s -o /dev/null http://127.0.0.1 || (exec 3<>/dev/tcp/127.0.0.1/80) 2>/dev/null; do sleep 0.1; done"
    )
    assert visit(shop, "shop.test", "https")[0] == 503


def test_off_is_proved_and_idempotent(shop: Host) -> None:
    for site in ("shop.test", "secret.test", "cgi.test", "app.test"):
        ran = switch(shop, "off", site)
        assert (ran.code, ran.host["maintenance"], ran.host["changed"]) == (0, False, True), ran
    assert visit(shop, "shop.test", "https")[2].startswith("shop of release two")
    assert visit(shop, "shop.test")[0] == 301
    assert switch(shop, "off").host["changed"] is False
    assert shop.sh(f"ls -A {PLACE}") == ""
    runs = json.loads(shop.lampctl("history", "HOST").out)["runs"]
    assert [(run["command"], run["playbook"], run["verdict"]) for run in runs[-1:]] == [
        ("maintenance off", "app.test", "proved")
    ]


def test_the_own_address_passes_through_by_default(shop: Host) -> None:
    ran = switch(shop, "on")
    assert (ran.code, len(ran.host["allowed"])) == (0, 1)
    assert visit(shop, "shop.test", "https")[0] == 200
    assert shop.sh(f"cat {PLACE}/shop.test/about.json").count(ran.host["allowed"][0]) == 1
    assert switch(shop, "off").code == 0


def test_a_broken_site_is_not_taken_for_maintenance(shop: Host, folder: Path, setup: str) -> None:
    assert switch(shop, "on", "app.test", *ELSEWHERE).code == 0
    shop.sh("systemctl stop 'lampctl-app.test@*'")
    status, headers, body = visit(shop, "app.test", **{"X-Forwarded-For": "192.0.2.7"})
    closed = visit(shop, "app.test")[2]
    assert switch(shop, "off", "app.test").code == 0
    assert deploy(shop, folder, setup).code == 0
    assert (status in (502, 503), "x-lampctl-maintenance" in headers, "back soon" in body) == (True, False, False)
    assert closed.count("back soon") == 1
    assert visit(shop, "app.test")[0] == 200


def test_pages(shop: Host, folder: Path, setup: str, tmp_path: Path) -> None:
    own = folder / "shop/public/maintenance.html"
    own.write_text("<h1>Fermé, of the release</h1>")
    assert deploy(shop, folder, setup).code == 0
    assert switch(shop, "on", "shop.test", *ELSEWHERE).host["page"] == "own"
    assert visit(shop, "shop.test")[2] == own.read_text()
    given = tmp_path / "soon.html"
    given.write_text("<h1>Soon $args %{REQUEST_URI} ${PATH}</h1>")
    assert switch(shop, "on", "shop.test", "--page", str(given), *ELSEWHERE).host["page"] == "given"
    assert visit(shop, "shop.test")[2] == given.read_text()
    own.write_bytes(b"\xff\xfe")
    assert deploy(shop, folder, setup).code == 0
    assert switch(shop, "on", "shop.test", *ELSEWHERE).host["page"] == "built-in"
    own.unlink()
    assert deploy(shop, folder, setup).code == 0
    assert switch(shop, "off").code == 0


def test_a_server_that_does_not_take_it_keeps_what_it_had(shop: Host, setup: str) -> None:
    bad = "/etc/apache2/conf-enabled/zz.conf" if setup == "apache" else "/etc/nginx/conf.d/zz.conf"
    shop.sh(f"echo Nonsense > {bad}")
    ran = switch(shop, "on", "shop.test", *ELSEWHERE)
    left = shop.sh(f"rm {bad}; ls -A {PLACE}")
    assert (ran.code, bad in ran.out, left) == (1, True, "")
    assert visit(shop, "shop.test", "https")[0] == 200
    assert json.loads(shop.lampctl("history", "HOST").out)["runs"][-1]["verdict"] == "undone"


def test_another_run_holds_the_lock(shop: Host) -> None:
    shop.sh(
        "systemd-run -q --unit=holder flock /var/lib/lampctl/lock sleep 60; until ! flock -n /var/lib/lampctl/lock true; do :; done"
    )
    ran = switch(shop, "on")
    shop.sh("systemctl stop holder")
    assert ran.code == 4


def test_a_removed_site_leaves_nothing(shop: Host, folder: Path, setup: str) -> None:
    assert switch(shop, "on", "cgi.test", *ELSEWHERE).code == 0
    book = folder / "site.yml"
    book.write_text("\n".join(line for line in BOOK.splitlines() if "cgi.test" not in line))
    assert deploy(shop, folder, setup).code == 0
    assert shop.sh(f"ls -A {PLACE}") == ""
    book.write_text(BOOK)
    assert deploy(shop, folder, setup).code == 0
    assert visit(shop, "cgi.test")[0] == 200
