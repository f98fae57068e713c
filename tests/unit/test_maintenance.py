"""Maintenance: what is asked for, what a host answers, and how checks take it. On a host: tests/hosts/test_maintenance.py."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from lampctl.checks import Evidence, Status
from lampctl.engine import maintenance, records
from lampctl.engine.library import Files
from lampctl.engine.maintenance import LARGEST, networks, read_page
from lampctl.errors import ApplyFailed, Locked, UsageError
from lampctl.facts import Facts, nominal
from lampctl.layers import Context, desired
from lampctl.layers.maintenance import Maintenance
from lampctl.platforms import PLATFORMS
from lampctl.playbook import load
from lampctl.rendering import Renderer
from lampctl.resources.kind import States

HTTP = Path(__file__).parents[2] / "lampctl/host/http.sh"
CLOSED = "HTTP/1.1 503 Service Unavailable\r\nX-Lampctl-Maintenance: lamp.test\r\nRetry-After: 300\r\n\r\n<h1>back soon"


def test_addresses_and_networks_are_written_as_servers_read_them() -> None:
    given = ["203.0.113.7", "203.0.113.0/24", " 2001:DB8::0/48", "203.0.113.7/32"]
    assert networks(given) == ("203.0.113.7", "203.0.113.0/24", "2001:db8::/48")


@pytest.mark.parametrize("text", ["", "x", "10.0.0.5/8", "10.0.0.0/33", "1.2.3.4; deny all", "fe80::1%eth0/64"])
def test_what_is_no_network_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is not a valid address or network"):
        networks([text])


@pytest.mark.parametrize("text", ["127.0.0.1", "::1", "0.0.0.0/0", "::/0", "127.0.0.0/8", "0.0.0.0"])
def test_the_host_itself_does_not_pass_through(text: str) -> None:
    with pytest.raises(UsageError, match="includes the host itself"):
        networks([text])


@pytest.mark.parametrize(
    ("content", "why"),
    [(b" \n", "is empty"), (b"\xff", "UTF-8"), (b"x" * (LARGEST + 1), "larger than 1 MiB"), (None, "No such file")],
)
def test_a_file_that_is_no_page_is_refused(tmp_path: Path, content: bytes | None, why: str) -> None:
    page = tmp_path / "page.html"
    if content is not None:
        page.write_bytes(content)
    with pytest.raises(UsageError, match=why):
        read_page(page)


def test_the_built_in_page_has_no_external_parts() -> None:
    renderer = Renderer(Files().template, "")
    texts = {file.path: renderer.text(file) for file in Maintenance("shop.test", 300, ["192.0.2.7"]).files()}
    page = texts.pop("page.html")
    assert not any(part in page for part in ("src=", "href=", "url(", "http", "@import"))
    assert '<html lang="en">' in page
    assert "shop.test" in page
    by_maps = ("nginx.conf", "nginx-route.conf")
    assert all(text.count("192.0.2.7") == 1 for name, text in texts.items() if name not in by_maps)


@pytest.mark.parametrize(
    ("raw", "kind", "message"),
    [
        ("locked\troot@a since noon\x1b[2J", Locked, "root@a since noon"),
        (
            "changed\tyes\nfailed\tthe web server does not take it\nevidence\tline 3",
            ApplyFailed,
            "it is as it was before",
        ),
        ("", ApplyFailed, "ended early"),
    ],
)
def test_what_went_wrong_on_the_host_is_said(raw: str, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message) as caught:
        maintenance.read("web1", "shop.test", "on", raw)
    assert "\x1b" not in str(caught.value)


def test_a_host_that_lies_about_the_page_is_not_repeated() -> None:
    found = maintenance.read("web1", "shop.test", "on", "page\t\x1b[2Jevil\nstatus\t200 ")
    assert (found.page, found.status, found.changed) == ("", 200, False)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("192.0.2.7", ("192.0.2.7",)), ("::ffff:192.0.2.7", ("192.0.2.7",)), ("127.0.0.1", ()), ("::1", ()), ("$(id)", ()),
     ("fe80::1%eth0", ("fe80::1",)), ("", ())],
)  # fmt: skip
def test_the_address_of_the_ssh_connection(text: str, expected: tuple[str, ...]) -> None:
    assert maintenance.address(text) == expected


def test_a_record_says_how_visitors_reach_the_site() -> None:
    raw = '{"site": "a.test", "names": ["a.test", 7], "door": {"unit": "nginx.service", "test": "t", "schemes": ["ftp", "https"]}}'
    record = records.parse(f"record\ta.test\t{raw}\nmaintenance\ta.test\nmaintenance\tb.test")["a.test"]
    assert record.door == records.Door("nginx.service", "t", ("https",))
    assert (record.names, record.maintenance) == (("a.test",), True)
    assert records.parse('record\ta.test\t{"site": "a.test", "door": []}')["a.test"].door is None


@pytest.mark.parametrize(
    ("closed", "status"), [(("lamp.test",), Status.PASS), (("other.test",), Status.FAIL), ((), Status.FAIL)]
)
def test_503_from_outside_is_no_failure_only_while_the_host_says_so(closed: tuple[str, ...], status: Status) -> None:
    facts = replace(nominal("debian-13", ["lamp.test"]), maintenance=frozenset(closed))
    found = desired(Context.from_loaded(load("lamp", (), Files()), PLATFORMS["debian-13"], facts))
    checks = {check.id: check for check in found.checks}
    seen = Evidence(CLOSED, Facts("debian-13"), States())
    assert checks["site.outside@lamp.test"].judge(seen).status is status
    assert (
        checks["site.outside@lamp.test"].judge(replace(seen, raw=CLOSED.replace("X-Lampctl", "X"))).status
        is Status.FAIL
    )
    assert ("site.maintenance@lamp.test" in checks) is (closed == ("lamp.test",))


@pytest.mark.parametrize(
    ("port", "address", "visitor", "given"),
    [("80", "127.0.0.1", "", True), ("443", "127.0.0.1", "", True), ("8080", "127.0.0.1", "", False),
     ("80", "192.0.2.7", "", False), ("80", "127.0.0.1", "yes", False)],
)  # fmt: skip
def test_only_the_web_server_of_the_host_gets_the_secret(
    tmp_path: Path, port: str, address: str, visitor: str, given: bool
) -> None:
    (tmp_path / "a.test").mkdir()
    (tmp_path / "a.test/pass").write_text("X-Lampctl-Pass: 0\r\n")
    library = HTTP.read_text().replace("/etc/lampctl-maintenance", str(tmp_path))
    line = f"{library}\nvisitor={visitor}\npass a.test {port} {address}; pass b.test {port} {address}"
    ran = subprocess.run(["sh", "-euc", line], capture_output=True, text=True, check=True)
    assert ran.stdout == (f"{tmp_path}/a.test/pass\n" if given else "")


def test_php_without_its_database_is_no_foreign_answer() -> None:
    """It had one a moment before: all connections are taken, for instance."""
    found = desired(
        Context.from_loaded(load("lamp", (), Files()), PLATFORMS["debian-13"], nominal("debian-13", ["lamp.test"]))
    )
    outside = next(check for check in found.checks if check.id == "site.outside@lamp.test")
    raw = 'HTTP/1.1 200 OK\r\n\r\n{"probe":"lampctl","version":"8.4.1","database_error":"Too many connections"}'
    verdict = outside.judge(Evidence(raw, Facts("debian-13"), States()))
    assert (verdict.status, verdict.evidence) == (Status.FAIL, "Too many connections")
    assert "without its database" in verdict.actual
