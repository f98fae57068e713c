"""What goes is in the way of what comes: by a port, as the default site, or as a broken file. A deploy of both succeeds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lampctl.box import Boxes
from tests.hosts import visitor
from tests.hosts.conftest import Host, RunResult

pytestmark = pytest.mark.hosts

PROGRAM = """import http.server, os
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers(); self.wfile.write(b"from python")
http.server.HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Answer).serve_forever()
"""
NAME = "sed -i /app.internal/d /etc/hosts; echo 127.0.0.1 app.internal >> /etc/hosts"


@pytest.fixture(scope="module")
def host(boxes: Boxes) -> Iterator[Host]:
    yield Host(boxes.up("in-the-way", "trixie"), boxes)
    boxes.down("in-the-way")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "app").mkdir()
    (tmp_path / "app/main.py").write_text(PROGRAM)
    return tmp_path


def deploy(host: Host, folder: Path, sites: str, more: str = "") -> RunResult:
    text = f"id: in-the-way\nlinux: {{packages: [python3]}}\nweb: {{server: nginx}}\n{more}sites:\n{sites}"
    (folder / "site.yml").write_text(text)
    return host.lampctl("deploy", "HOST", "-p", str(folder / "site.yml"))


def status(host: Host, name: str) -> str:
    return visitor.get(host.box.address, name=name).split(" ", 2)[1]


PROCESS = "{type: process, source: ./app, command: python3 main.py, port: 8000}\n"
PROXY = '  proxy.test: {type: proxy, upstreams: ["http://app.internal:8000"]}\n'


def test_program_is_renamed_and_keeps_its_port(host: Host, folder: Path) -> None:
    assert (ran := deploy(host, folder, f"  old.test: {PROCESS}  b.test: {{type: static}}\n")).code == 0, ran.out
    assert (ran := deploy(host, folder, f"  new.test: {PROCESS}  b.test: {{type: static}}\n")).code == 0, ran.out
    assert status(host, "new.test") == "200"
    assert host.sh("systemctl list-units --all --plain --no-legend 'lampctl-*@*.service'").split()[0] == "lampctl-new.test@8000.service"  # fmt: skip
    assert host.lampctl("plan", "HOST", "-p", str(folder / "site.yml")).changes == {}


def test_upstream_without_an_address_stops_only_its_own_site_and_can_be_removed(host: Host, folder: Path) -> None:
    host.sh(NAME)
    sites = f"  new.test: {PROCESS}  b.test: {{type: static}}\n"
    assert (ran := deploy(host, folder, sites + PROXY)).code == 0, ran.out
    assert status(host, "proxy.test") == "200"
    host.sh("sed -i /app.internal/d /etc/hosts; systemctl restart nginx")
    assert [status(host, name) for name in ("new.test", "b.test", "proxy.test")] == ["200", "200", "502"]
    host.sh("echo 127.0.0.2 app.internal >> /etc/hosts; systemctl -q is-active nginx")
    ran = host.lampctl("check", "HOST", "-p", str(folder / "site.yml"))
    assert ran.host["culprit"]["id"] == "proxy.upstream@proxy.test", "nobody listens on 127.0.0.2"
    host.sh(NAME)
    assert status(host, "proxy.test") == "200", "the next connection uses the new address"
    host.sh("sed -i /app.internal/d /etc/hosts")
    assert deploy(host, folder, sites + PROXY + "  c.test: {type: static}\n").code == 1, "the check names it"
    assert status(host, "c.test") == "200", "other sites are deployed"
    assert (ran := deploy(host, folder, sites)).code == 0, ran.out
    assert "proxy.test" not in host.sh("ls /etc/nginx/sites-enabled /etc/systemd/system")


def test_site_whose_file_breaks_the_server_is_removed(host: Host, folder: Path) -> None:
    assert deploy(host, folder, "  b.test: {type: static}\n  broken.test: {type: static}\n").code == 0
    host.sh("echo nonsense >> /etc/nginx/sites-available/broken.test.conf; systemctl stop nginx")
    assert (ran := deploy(host, folder, "  b.test: {type: static}\n")).code == 0, ran.out
    assert status(host, "b.test") == "200"


def test_default_site_of_https_is_renamed(host: Host, folder: Path) -> None:
    one, other = (f"  {name}: {{type: static, tls: self-signed}}\n" for name in ("old.test", "new.test"))
    assert (ran := deploy(host, folder, one)).code == 0, ran.out
    assert (ran := deploy(host, folder, other)).code == 0, ran.out
    assert host.lampctl("plan", "HOST", "-p", str(folder / "site.yml")).changes == {}


def test_last_php_site_goes(host: Host, folder: Path) -> None:
    php = "php: {}\n"
    assert (ran := deploy(host, folder, "  a.test: {type: php}\n", php)).code == 0, ran.out
    assert (ran := deploy(host, folder, "  b.test: {type: static}\n", php)).code == 0, ran.out
    assert host.lampctl("plan", "HOST", "-p", str(folder / "site.yml")).changes == {}
    assert "a.test" not in host.sh("systemctl list-units --all --plain --no-legend")
