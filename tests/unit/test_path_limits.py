"""Limits by path: what a playbook may say, that both web servers take the same paths for the same, and what PHP is told."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lampctl.checks import Check, Evidence, Status, Verdict
from lampctl.engine.library import Files
from lampctl.engine.offline import rendered
from lampctl.errors import PlaybookError
from lampctl.facts import Facts
from lampctl.layers import Context, desired
from lampctl.layers.sites import vhost_of
from lampctl.platforms import PLATFORMS
from lampctl.playbook import load
from lampctl.resources.kind import States
from tests.unit.spelled import Server, decoded

BOOK = """
web: {{server: {server}}}
php: {{upload_limit: 2M}}
sites:
  a.test:
    type: {kind}
{more}
    limits: {limits}
  b.test: {{type: process, command: ./b, port: 8100}}
  w.test: {{type: wordpress}}
mysql: {{}}
"""
LIMITS = """
      /a/: {body_limit: 6M, timeout: 300}
      /a/b: {body_limit: 1M, methods: [POST]}
      /c.d/: {methods: [GET, POST]}"""
PROCESS = "    command: ./a\n    port: 8000"
ROUTE = PROCESS + "\n    routes: {/r/s/: {site: b.test}}"
CONTROLLER = "    source: app\n    front_controller: app.php"
WRONG = [
    ("process", PROCESS, "{/a/: {}}", "limits → /a/: limits nothing: it has a `body_limit`, a `timeout` or `methods`"),
    ("process", PROCESS, "{/a/: {methods: []}}", "limits nothing"),
    ("process", PROCESS, "{/: {timeout: 5}}", "'/' is not a path such as /upload/"),
    ("process", PROCESS, "{a/: {timeout: 5}}", "is not a path such as /upload/"),
    ("process", PROCESS, "{/a//b: {timeout: 5}}", "is not a path such as /upload/"),
    ("process", PROCESS, "{/.a: {timeout: 5}}", "is not a path such as /upload/"),
    ("process", PROCESS, "{/a: {timeout: 5}, /a/: {timeout: 6}}", "/a/ and /a are the same path: remove one of them"),
    ("process", PROCESS, "{/a: {body_limit: 5}}", "body_limit"),
    ("process", PROCESS, "{/a: {timeout: 5s}}", "timeout"),
    ("process", PROCESS, "{/a: {methods: [BREW]}}", "methods"),
    ("process", PROCESS + "\n    probe: /a/health", "{/A: {methods: [POST]}}", "without GET, /a/health cannot be proved"),
    ("process", ROUTE, "{/r/s/t: {timeout: 5}}", "overlaps the route /r/s/, whose target has limits of its own"),
    ("process", ROUTE, "{/r/: {methods: [GET]}}", "overlaps the route /r/s/"),
    ("static", "", "{/a: {body_limit: 5M}}", "/a → body_limit: only `methods` of a path fit here"),
    ("static", "", "{/a: {timeout: 5}}", "/a → timeout: only `methods` of a path fit here"),
    ("cgi", "", "{/a: {timeout: 5}}", "/a → timeout: only `methods` of a path fit here: no program answers it"),
    ("cgi", "", "{/cgi-bin/: {methods: [POST]}}", "without GET, /cgi-bin/ cannot be proved"),
    ("php", "", "{/a/index.php: {timeout: 5}}", "the web server also shows this page for other paths"),
    ("php", CONTROLLER, "{/App.php: {timeout: 5}}", "the web server also shows this page for other paths"),
    ("wordpress", "", "{/wp-content/plugins/: {timeout: 5}}", "what is below /wp-content/ are files"),
    ("wordpress", "", "{/index.php: {body_limit: 5M}}", "the web server also shows this page for other paths"),
    ("wordpress", "", "{/wp-json/: {methods: [POST]}}", "without GET, /wp-json/ cannot be proved"),
]  # fmt: skip


def write(folder: Path, kind: str = "process", more: str = PROCESS, limits: str = LIMITS, server: str = "nginx") -> str:
    (folder / "app").mkdir(parents=True, exist_ok=True)
    (folder / "app/app.php").write_text("")
    (folder / "site.yml").write_text(BOOK.format(kind=kind, more=more, limits=limits, server=server))
    return str(folder / "site.yml")


@pytest.mark.parametrize(("kind", "more", "limits", "message"), WRONG)
def test_limits_that_could_not_hold_have_one_message(
    tmp_path: Path, kind: str, more: str, limits: str, message: str
) -> None:
    path = write(tmp_path, kind, more, limits)
    with pytest.raises(PlaybookError) as caught:
        load(path, (), Files())
    assert caught.value.message.startswith(f"{path}:")
    assert message in caught.value.message
    assert len(caught.value.message.splitlines()) == 1


def test_a_target_of_routes_cannot_have_limits(tmp_path: Path) -> None:
    path = write(tmp_path, "static", "    routes: {/r/: {site: b.test}}", "{}")
    (tmp_path / "site.yml").write_text(
        (tmp_path / "site.yml").read_text().replace("port: 8100", "port: 8100, limits: {/a: {timeout: 5}}")
    )
    with pytest.raises(PlaybookError, match=r"b\.test has `limits`, which would not hold for requests by this route"):
        load(path, (), Files())


def context(path: str) -> Context:
    return Context(load(path, (), Files()).playbook, "site", PLATFORMS["debian-13"], Facts("debian-13", memory=2 << 30))


def test_the_longest_path_is_first_and_another_spelling_has_the_smallest_limits(tmp_path: Path) -> None:
    more = f"{PROCESS}\n    body_limit: 3M\n    methods: [GET, PUT]"
    limits = vhost_of(context(write(tmp_path, more=more)), "a.test").limits
    found = [(one.path, one.exact, int(one.body_limit.value) >> 20, one.timeout.value, one.methods) for one in limits]
    assert found == [
        ("/a/b", True, 1, "60", ("POST",)),
        ("/c.d", True, 3, "60", ("GET", "HEAD", "POST")),
        ("/a/b", False, 1, "60", ()),
        ("/c.d", False, 3, "60", ("GET", "HEAD")),
        ("/a", True, 6, "300", ("GET", "HEAD", "PUT")),
        ("/a", False, 3, "60", ("GET", "HEAD", "PUT")),
    ]
    assert [one.id for one in limits] == [1, 2, 3, 4, 5, 6]


SERVERS = {"nginx": "/etc/nginx", "apache": "/etc/apache2"}
PIECES = [
    "a",
    "A",
    "b",
    "B",
    "bc",
    "c.d",
    "a;x",
    "b;y",
    "%61",
    "",
    "..",
    ".",
    "%2e%2E",
    "a%2Fb",
    "a%5cb",
    "b%3b",
    ";",
    "x",
    "x;y",
]


def server_of(folder: Path, server: str) -> Server:
    path = write(folder, server=server)
    text = rendered(path, (), "debian-13", Files())[f"{SERVERS[server]}/sites-available/a.test.conf"]
    return Server(server, text, vhost_of(context(path), "a.test").limits)


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> tuple[Server, Server]:
    return server_of(tmp_path_factory.mktemp("nginx"), "nginx"), server_of(tmp_path_factory.mktemp("apache"), "apache")


@pytest.mark.parametrize(
    ("sent", "limit"),
    [
        ("/", "0"), ("/ab", "0"), ("/x/a/b", "0"), ("/a", "5"), ("/a/", "5"), ("/a?b", "5"), ("/a/c", "5"), ("/a/bc", "5"),
        ("/a/b", "1"), ("/a/b/c?d=/../", "1"), ("/A", "6"), ("/a;x/c", "6"), ("/A/b", "3"), ("/a/B/", "3"), ("/a;x/b;y", "3"),
        ("/c.d", "2"), ("/cxd", "0"), ("/C.D/x", "4"), ("/a/x;y", "5"), ("/a/;x", "5"), ("/;x", "0"), ("/x;y", "0"), ("/x%2Fa", "0"), ("/a%20b", "0"),
        ("//a", None), ("/%61", None), ("/a%2Fb", None), ("/a//b", None), ("/a/%62", None), ("/a%3bx", None), ("/a/./b", None),
        ("/x/../a", None), ("/a/../x", None), ("/x/..;/a", None), ("/;/a", None), ("/x/%2E%2e/y", None), ("/a%5cb", None),
    ],
)  # fmt: skip
def test_both_servers_know_a_path_by_its_spelling(servers: tuple[Server, Server], sent: str, limit: str | None) -> None:
    assert [server.read(sent) for server in servers] == [limit, limit]


@given(pieces=st.lists(st.sampled_from(PIECES), min_size=1, max_size=4))
def test_no_spelling_has_another_limit_at_the_other_server(servers: tuple[Server, Server], pieces: list[str]) -> None:
    """NGINX chooses the handler by the decoded path, and all else is chosen by the path as it was sent."""
    nginx, apache = servers
    sent = "/" + "/".join(pieces)
    limit = nginx.read(sent)
    assert apache.read(sent) == limit
    if limit is not None:
        place = next((id for id, place in nginx.places if place.search(decoded(sent))), "0")
        assert place == (limit if limit in dict(nginx.places) else "0")


@pytest.mark.parametrize("server", SERVERS)
def test_php_is_told_the_largest_limits(tmp_path: Path, server: str) -> None:
    """Of all paths: PHP-FPM may keep what it is told for one request. The web server holds the smaller ones."""
    files = rendered(write(tmp_path, "php", "    timeout: 90", server=server), (), "debian-13", Files())
    pool = files["/etc/lampctl/php/8.4/a.test.conf"]
    assert "php_value[upload_max_filesize] = 6M\n" in pool
    assert f"php_value[post_max_size] = {6 << 20}\n" in pool
    assert "process_control_timeout = 300s\n" in pool
    assert "TimeoutStopSec=310\n" in files["/etc/systemd/system/lampctl-php8.4-a.test.service"]
    vhost = files[f"{SERVERS[server]}/sites-available/a.test.conf"]
    body, waits = (
        (r"client_max_body_size (\d+)", r"_read_timeout (\d+)")
        if server == "nginx"
        else (r"LimitRequestBody (\d+)", r"(?:ProxyTimeout |timeout=)(\d+)")
    )
    assert set(re.findall(body, vhost)) == {str(1 << 20), str(3 << 20), str(6 << 20)}
    assert set(re.findall(waits, vhost)) == {"90", "300"}


def judge(folder: Path, *answers: str) -> Verdict:
    checks: dict[str, Check] = {check.id: check for check in desired(context(write(folder))).checks}
    raw = "".join(f"{number}\t{line}\n" for number, answer in enumerate(answers, 1) for line in ("", answer))
    return checks["site.limits@a.test"].judge(Evidence(raw, Facts("debian-13"), States()))


@pytest.mark.parametrize(
    ("answers", "status", "actual"),
    [
        (("HTTP/1.1 405 No", "HTTP/1.1 413 No"), Status.PASS, "405 for /a/b, 413 for /a"),
        (("HTTP/1.1 413 No", "HTTP/1.1 413 No"), Status.FAIL, "413 for GET on /a/b, not 405"),
        (("HTTP/1.1 405 No", ""), Status.FAIL, "no answer for a body above its limit on /a, not 413"),
        (("HTTP/1.1 405 No",), Status.UNKNOWN, "not every path could be tried"),
    ],
)
def test_each_limit_that_can_be_asked_for_is_proved(
    tmp_path: Path, answers: tuple[str, ...], status: Status, actual: str
) -> None:
    verdict = judge(tmp_path, *answers)
    assert (verdict.status, verdict.actual) == (status, actual)
