"""Sites that are programs: process, proxy and servlet, behind both servers, on real hosts of each release."""

from __future__ import annotations

import json
import socket
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from lampctl.box import Boxes
from tests.hosts.conftest import ON_ONE_RELEASE, Host
from tests.hosts.servers import SETTLED
from tests.hosts.stack import BUILT_IN, Stack, build
from tests.hosts.visitor import Visits, visiting

pytestmark = pytest.mark.hosts

# For behaviour that does not depend on the web server.
once = pytest.mark.parametrize("stack", ["nginx"], indirect=True)

UNITS = ["lampctl-python.test@8000", "lampctl-node.test@8010", "lampctl-c.test@8020", "lampctl-servlet-servlet.test"]


@pytest.fixture(scope="module")
def box(boxes: Boxes, release: str) -> Iterator[Host]:
    name = f"programs-{release}"
    yield Host(boxes.up(name, release), boxes)
    boxes.down(name)


@pytest.fixture(scope="module")
def folder(box: Host, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The playbook and its programs, compiled on this machine against the host's servlet API."""
    path = tmp_path_factory.mktemp("programs")
    (path / "packages.yml").write_text("linux: {packages: [python3, nodejs, tomcat10-user]}\n")
    assert box.lampctl("deploy", "HOST", "-p", str(path / "packages.yml")).code == 0
    build(box, path)
    return path


@pytest.fixture(scope="module", params=["nginx", "apache"])
def stack(request: pytest.FixtureRequest, box: Host, folder: Path) -> Stack:
    server = str(request.param)
    first = box.lampctl("deploy", "HOST", "-p", str(folder / "site.yml"), "--set", f"web.server={server}")
    box.sh(SETTLED)
    return Stack(box, folder, server, first)


def test_every_hop_is_proved_and_a_second_plan_is_empty(stack: Stack) -> None:
    assert stack.first.code == 0, stack.first.out + stack.first.err
    assert {check: status for check, status in stack.first.results.items() if status != "pass"} == {}
    assert stack.lampctl("plan").changes == {}
    assert stack.get("c.test") == (200, "C\n")
    assert stack.get("servlet.test")[1].startswith("servlet for 10.")  # the visitor's address, not the web server's


@once
def test_units_are_sandboxed(stack: Stack) -> None:
    for unit in UNITS:
        exposure = stack.host.sh(f"systemd-analyze security --no-pager {unit} | tail -n 1")
        assert float(exposure.split(":")[1].split()[0]) <= 2, exposure
        user = f"site-{unit.removeprefix('lampctl-').removeprefix('servlet-').split('@')[0].replace('.', '-')}"
        assert stack.host.sh(f"stat -c %U /proc/$(systemctl show --value -p MainPID {unit})").strip() == user
    assert stack.host.sh("stat -c '%U %a' /etc/lampctl/environment/node.test").strip() == "root 600"
    assert "quoted" not in stack.first.out


def test_forwarded_headers_of_a_client_are_replaced(stack: Stack) -> None:
    lies = [f"{name}: 6.6.6.6" for name in ("X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Server", "X-Real-IP")]
    status, body = stack.get("node.test", "/a%2Fb?c", *lies, "Forwarded: for=6.6.6.6", "X-Forwarded-Proto: https")
    answer = json.loads(body[body.index("{") : body.rindex("}") + 1])
    headers = {k: v for k, v in answer["headers"].items() if "forwarded" in k or k in ("host", "x-real-ip")}
    gateway = socket.gethostbyname(stack.host.box.address).rsplit(".", 1)[0] + ".1"
    assert (status, answer["url"], answer["greeting"]) == (200, "/a%2Fb?c", 'a "quoted" $HOME \\ `value`')
    assert headers == {"host": "node.test", "x-forwarded-for": gateway, "x-forwarded-proto": "http", "x-forwarded-host": "node.test"}  # fmt: skip


@pytest.mark.parametrize("site", ["node.test", "alone.test"])
def test_websocket_works_through_the_proxy(stack: Stack, site: str) -> None:
    handshake = (
        f"GET /chat HTTP/1.1\r\nHost: {site}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    with socket.create_connection((stack.host.box.address, 80), 20) as sock:
        sock.sendall(handshake.encode())
        head = b""
        while b"\r\n\r\n" not in head:
            head += sock.recv(4096)
        assert head.startswith(b"HTTP/1.1 101")
        assert b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in head
        mask = b"\x01\x02\x03\x04"
        sock.sendall(b"\x81\x85" + mask + bytes(byte ^ mask[i % 4] for i, byte in enumerate(b"hello")))
        echo = b""
        while len(echo) < 7:
            echo += sock.recv(7 - len(echo))
        assert echo == b"\x81\x05hello"


@ON_ONE_RELEASE
def test_weights_are_respected_and_a_dead_upstream_is_skipped(stack: Stack) -> None:
    shares = Counter(stack.get("proxy.test")[1].strip()[-4:] for _ in range(120))
    assert set(shares) == {"8000", "8001", "8002", "8003"}
    assert abs(shares["8000"] - 60) <= 6, shares
    stack.host.sh("systemctl stop lampctl-python.test@8003")
    assert Counter(stack.get("proxy.test")[0] for _ in range(60)) == {200: 60}
    assert Counter(stack.get("python.test")[0] for _ in range(60)) == {200: 60}
    ran = stack.lampctl("check")
    assert (ran.code, ran.host["culprit"]["id"]) == (1, "site.service@python.test"), ran
    found = {result["id"]: result for result in ran.host["results"]}
    assert "@8003.service is inactive" in found["site.service@python.test"]["actual"]
    assert found["proxy.upstream@proxy.test"]["status"] == "fail"
    assert "http://127.0.0.1:8003: no HTTP answer" in found["proxy.upstream@proxy.test"]["actual"]
    assert found["site.outside@proxy.test"]["status"] == "pass"
    ran = stack.lampctl("deploy")
    assert (ran.code, ran.changes) == (0, {"service:lampctl-python.test@8003.service": "start"}), ran


def test_new_release_fails_no_request(stack: Stack) -> None:
    """Neither of the site nor of a proxy to its instances, although each instance is down in turn."""
    program = stack.folder / "python/server.py"
    program.write_text(program.read_text() + f"# {stack.server}\n")
    pids = "systemctl show --value -p MainPID 'lampctl-python.test@*'"
    before = set(stack.host.sh(pids).split())

    def visits(name: str) -> AbstractContextManager[Visits]:
        return visiting(stack.host.box.address, lambda page: page.startswith("HTTP/1.1 200"), name, visitors=2)

    with visits("python.test") as own, visits("proxy.test") as other:
        ran = stack.lampctl("deploy")
    assert ran.code == 0, ran
    assert [action for key, action in ran.changes.items() if "python.test@" in key] == ["restart"] * 4
    assert not before & set(stack.host.sh(pids).split())
    # Apache does not retry another instance if one ends just as it accepts a connection (docs/sites/process.md): at most one
    # request for each of the four that ended.
    for seen in (own, other):
        assert len(seen.failures) <= (4 if stack.server == "apache" else 0), seen.failures
        assert len(seen.answered) > 50


@ON_ONE_RELEASE
@once
def test_program_that_exits_immediately_is_named_and_rolled_back(stack: Stack) -> None:
    dies = """python3 -c "import sys; sys.exit('no such setting')" """.strip()
    book = stack.book(
        "dies",
        lambda text: (
            f"{text}  dies.test: {{type: process, command: '{dies.replace(chr(39), chr(39) * 2)}', port: 8030}}\n"
        ),
    )
    ran = stack.lampctl("deploy", book)
    assert ran.code == 1, ran
    assert ran.host["error"]["kind"] == "service"
    assert "lampctl-dies.test@8030.service" in ran.host["error"]["message"]
    assert "rolled back to the previous files" in ran.host["error"]["message"]
    assert "no such setting" in ran.host["error"]["evidence"]
    assert (
        stack.host.sh(
            "systemctl list-units --plain --no-legend 'lampctl-dies*'; ls /etc/systemd/system/ | grep dies || :"
        )
        == ""
    )
    assert stack.lampctl("plan").changes == {}


@once
def test_crashing_program_is_the_culprit(stack: Stack) -> None:
    file, unit = "/var/www/c.test/current/server", "lampctl-c.test@8020"
    stack.host.sh(
        f"mv {file} /root/ && systemctl kill {unit}; until [ $(systemctl show --value -p NRestarts {unit}) -gt 1 ]; do sleep 0.1; done"
    )
    ran = stack.lampctl("check")
    stack.host.sh(
        f"mv /root/server {file}; systemctl restart {unit}; "
        "until (exec 3<>/dev/tcp/127.0.0.1/8020) 2>/dev/null; do sleep 0.1; done"
    )
    assert ran.host["culprit"]["id"] == "site.service@c.test"
    result = next(r for r in ran.host["results"] if r["id"] == "site.service@c.test")
    assert "No such file" in result["evidence"]
    assert ran.results["site.outside@c.test"] == "blocked"
    assert stack.lampctl("check").code == 0


@ON_ONE_RELEASE
def test_web_server_with_a_wrong_upstream_is_the_culprit(stack: Stack, tmp_path: Path) -> None:
    name = {"nginx": "nginx/upstream.conf.j2", "apache": "apache/members.conf.j2"}[stack.server]
    override = tmp_path / "templates" / name
    override.parent.mkdir(parents=True)
    text = (BUILT_IN / "templates" / name).read_text()
    # Servlets, which have a socket, are tried before the switch.
    other = text.replace("{{ member.address }}", "{{ member.address if member.socket else '127.0.0.1:9' }}")
    elsewhere = other.replace('~ "://" ~ member.address }}', '~ "://127.0.0.1:9" }}')
    assert elsewhere != text
    override.write_text(elsewhere)
    ran = stack.lampctl("deploy", "site.yml", cwd=tmp_path)
    assert ran.code == 1, ran
    assert ran.host["culprit"]["id"] == "site.answer@python.test"
    assert ran.results["site.port@python.test"] == "pass"
    assert ran.host["undone"] is True
    # NGINX has loaded the previous file when the deploy ends; an old worker might still answer for a moment.
    deadline = time.monotonic() + 5
    while stack.get("python.test")[0] != 200:
        assert time.monotonic() < deadline


@ON_ONE_RELEASE
@once
def test_impossible_programs_are_refused_before_anything_changes(stack: Stack) -> None:
    stack.host.sh("nohup python3 -m http.server 8040 >/dev/null 2>&1 </dev/null & until (exec 3<>/dev/tcp/127.0.0.1/8040); do sleep 0.1; done 2>/dev/null")  # fmt: skip
    taken = stack.book("taken", lambda text: text + "  taken.test: {type: process, command: node x.js, port: 8040}\n")
    ran = stack.lampctl("deploy", taken)
    stack.host.sh("kill $(pgrep -f '[h]ttp.server 8040')")
    assert (ran.code, ran.host["error"]["kind"]) == (1, "port-taken"), ran
    assert "port 8040 of taken.test is taken by python3" in ran.host["error"]["message"]
    lost = stack.book("lost", lambda text: text + "  lost.test: {type: proxy, upstreams: [http://app.invalid:80]}\n")
    ran = stack.lampctl("deploy", lost)
    assert (ran.code, ran.host["error"]["kind"]) == (1, "unresolvable"), ran
    assert "app.invalid" in ran.host["error"]["message"]
    (stack.folder / "lost/bad.war").write_text("no zip")
    (stack.folder / "lost/bad.yml").write_text("web: {}\nsites: {a.test: {type: servlet, war: bad.war, port: 8080}}\n")
    assert stack.lampctl("deploy", "lost/bad.yml").code == 2
    assert stack.lampctl("plan").changes == {}


@ON_ONE_RELEASE
@once
def test_removed_instances_and_sites_are_stopped_and_deleted(stack: Stack) -> None:
    """They are stopped and deleted once the remaining sites are proved."""
    fewer = stack.book("fewer", lambda text: "\n".join(
        line.replace("instances: 4", "instances: 2") for line in text.splitlines() if "c.test" not in line
    ) + "\n")  # fmt: skip
    with_two = stack.book(
        "fewer",
        lambda _: (stack.folder / fewer).read_text().replace(', "http://127.0.0.1:8002", "http://127.0.0.1:8003"', ""),
    )
    ran = stack.lampctl("deploy", with_two)
    assert ran.code == 0, ran
    assert ran.changes["service:lampctl-c.test@8020.service"] == "stop"
    assert ran.changes["file:/etc/systemd/system/lampctl-c.test@.service"] == "delete"
    assert ran.changes["service:lampctl-python.test@8003.service"] == "stop"
    running = stack.host.sh("systemctl list-units --plain --no-legend 'lampctl-*' | awk '{ print $1 }'").split()
    assert [unit for unit in running if "c.test" in unit or "8002" in unit or "8003" in unit] == []
    assert stack.host.sh("find /etc/systemd -name 'lampctl-c.test*' -o -name '*8003*'") == ""
    assert stack.lampctl("plan", with_two).changes == {}
    assert stack.lampctl("deploy").code == 0
