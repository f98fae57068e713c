"""The site's own page: what page.pl reports from a real server, and the verdict of the check."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from lampctl.checks import Evidence, Status, Verdict, conclude, counted, failed, first_regression, passed
from lampctl.engine.settle import answered
from lampctl.errors import PlaybookError
from lampctl.facts import Facts
from lampctl.resources.kind import States
from tests.unit.chain import check, checks, labelled

PROGRAM = Path(__file__).parents[2] / "lampctl/host/page.pl"
WARNING = "<br />\n<b>Warning</b>:  Undefined variable $x in <b>/var/www/a/i.php</b> on line <b>3</b><br />"
SEEDED = "<h1>It works: lamp.test</h1>"
SETUP = f"""<!DOCTYPE html><html class="client-nojs"><head><meta charset="UTF-8"><title>Setup &amp; Error</title>
<script>{"var x; " * 999}</script><style>p {{ color: red }}</style><!-- a > b --></head>
<body><div id=a class=b><h1>Setup  Error</h1><p>The folder &#039;data&#039; <b>is</b> not\n writable.</p><ul><li>one<li>two</ul></div><script>late()</script></body></html>"""
# Path → (status, headers, body).
PAGES: dict[str, tuple[int, dict[str, str], str]] = {
    "/good": (200, {}, "<h1>Basket</h1>"),
    "/moved": (302, {"Location": "/good?a=b#c"}, ""),
    "/relative/x": (301, {"Location": "../relative/y"}, ""),
    "/relative/../relative/y": (200, {}, "<h1>Basket</h1>"),
    "/away": (302, {"Location": "https://login.example/"}, ""),
    "/secure": (301, {"Location": "https://lamp.test/"}, ""),
    "/for-ever": (307, {"Location": "/for-ever"}, ""),
    "/enter": (302, {"Location": "/with-cookie", "Set-Cookie": "s=1; path=/"}, ""),
    "/blank": (200, {}, " \n\n"),
    "/created": (201, {}, ""),
    "/forbidden": (403, {}, "no"),
    "/broken": (500, {}, "oops"),
    "/warning": (200, {}, WARNING),
    "/about-php": (200, {}, "<p>A Warning: take care in /tmp on Sundays</p>"),
    "/short": (200, {"Content-Length": "50"}, "<h1>"),
    "/seeded": (200, {}, SEEDED),
    "/setup": (200, {}, SETUP),
    "/json": (200, {}, '{"error": "<no>"}'),
    "/hostile": (200, {}, "<html>" + "<!--<svg><" * 50_000),
}


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/slow":
            time.sleep(1)
        known = "s=1" in self.headers.get("Cookie", "")
        fallback: tuple[int, dict[str, str], str] = (
            200 if self.path == "/slow" or known else 404,
            {},
            "<h1>Basket</h1>",
        )
        status, headers, body = PAGES.get(self.path.split("?")[0], fallback)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@contextmanager
def server() -> Iterator[int]:
    """The port of a server with these pages."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield running.server_address[1]
        running.shutdown()


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with server() as found:
        yield found


def probe_page(port: int, path: str, *, within: str = "5", expect: str = "", log: str = "", **probe: object) -> Verdict:
    ask = ["perl", "-", path, str(port), within, expect, "http", "lamp.test", "www.lamp.test"]
    ran = subprocess.run(ask, stdin=PROGRAM.open(), capture_output=True, text=True, check=True)
    options = ", ".join(f"{name}: {value}" for name, value in {"path": path, **probe}.items())
    options += f", expect: {expect}" if expect else ""
    hop = check("site.answer@lamp.test", "lamp", f"sites.lamp.test.probe={{{options}}}")
    return hop.judge(Evidence(labelled(page=ran.stdout, log=log), Facts("debian-13"), States()))


@pytest.mark.parametrize(
    ("path", "actual"),
    [
        ("/good", "200, 15 bytes"),
        ("/moved", "200, /moved → http://lamp.test/good?a=b, 15 bytes"),
        ("/relative/x", "200, /relative/x → http://lamp.test/relative/../relative/y, 15 bytes"),
        ("/enter", "200, /enter → http://lamp.test/with-cookie, 15 bytes"),
        ("/away", "302, /away → https://login.example/, 0 bytes"),
        ("/secure", "301, /secure → https://lamp.test/, 0 bytes"),
        ("/created", "201, 0 bytes"),
        ("/about-php", "200, 46 bytes"),
        ("/seeded", "200, 28 bytes"),
    ],
)
def test_working_page_passes(port: int, path: str, actual: str) -> None:
    verdict = probe_page(port, path)
    assert (verdict.status, verdict.actual) == (Status.PASS, actual)


@pytest.mark.parametrize(
    ("path", "actual", "message"),
    [
        ("/for-ever", "redirects for ever: http://lamp.test/for-ever", "307 http://lamp.test/for-ever"),
        ("/blank", "200, but the page is blank", "PHP Fatal error"),
        ("/forbidden", "403 for /forbidden", "no index file"),
        ("/nowhere", "404 for /nowhere", "does not know this path"),
        ("/broken", "500 for /broken", "PHP Fatal error"),
        ("/warning", "200, but the page shows a PHP error", "Undefined variable $x in /var/www/a/i.php on line 3"),
        ("/short", "the answer ends early: 4 of 50 bytes", "PHP Fatal error"),
    ],
)
def test_broken_page_fails(port: int, path: str, actual: str, message: str) -> None:
    verdict = probe_page(port, path, log="PHP Fatal error: x")
    assert (verdict.status, verdict.actual) == (Status.FAIL, actual)
    assert message in verdict.evidence + verdict.hint


def test_slow_page_fails_within_its_time_limit(port: int) -> None:
    assert probe_page(port, "/slow", within="0.5").actual == "no complete answer within 0.5 s"
    assert probe_page(port, "/slow").status is Status.PASS


def test_page_must_have_the_status_and_text_of_the_playbook(port: int) -> None:
    assert probe_page(port, "/forbidden", status=403).status is Status.PASS
    assert probe_page(port, "/good", status="[401, 403]").actual == "200 for /good"
    assert probe_page(port, "/good", expect="Basket").status is Status.PASS
    assert probe_page(port, "/good", expect="Checkout").actual == "200, but without 'Checkout'"


READABLE = "Setup & Error\nSetup Error\nThe folder 'data' is not writable.\none\ntwo"


@pytest.mark.parametrize(
    ("path", "shown"), [("/setup", READABLE), ("/json", '{"error": "<no>"}'), ("/forbidden", "no")]
)
def test_evidence_is_what_a_visitor_reads_and_the_log(port: int, path: str, shown: str) -> None:
    verdict = probe_page(port, path, expect="Basket", log="PHP Warning: x", status="[200, 403]")
    assert verdict.evidence == f"{shown}\nPHP Warning: x"


def test_page_that_is_hard_to_read_takes_no_time(port: int) -> None:
    assert probe_page(port, "/hostile", expect="Basket", within="3").actual == "200, but without 'Basket'"


def test_refused_connection_is_reported() -> None:
    with server() as port:
        pass
    assert probe_page(port, "/").actual == f"127.0.0.1:{port}: Connection refused"


def test_placeholder_page_fails_if_the_site_has_a_source(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("x")
    setting = f"sites={{lamp.test: {{type: php, source: {tmp_path}}}}}"
    page = labelled(status="200", visible="yes", body=SEEDED)
    verdict = check("site.answer@lamp.test", "lamp", setting).judge(
        Evidence(labelled(page=page), Facts("debian-13"), States())
    )
    assert verdict.actual == "200, but lampctl's first page, not the site's"


@pytest.mark.parametrize(
    ("probe", "message"),
    [
        ("{path: x}", "is not a valid request path"),
        ("/a b", "%20 for a space"),
        ("/100%", "is not a valid request path"),
        ("{status: 99}", "200"),
        ("{status: []}", "at least 1"),
        ("{within: 0s}", "is not a valid time, such as 500ms or 2s"),
        ("{within: 1h}", "is not a valid time, such as 500ms or 2s"),
        ('{expect: "a\\nb"}', "line breaks"),
        ("{timeout: 3}", "timeout"),
        ("[]", "probe: should list at least 1, not 0"),
        ("[/, x]", "probe → 1: 'x' is not a valid request path"),
        ("[/, {timeout: 3}]", "probe → 1 → timeout: unknown key"),
        ("[{path: /, status: 1}]", "probe → 0 → status: should be greater than or equal to 200 or a list, not 1"),
        ("[[/]]", "probe → 0: should be text or a mapping of keys to values, not [/]"),
        ("3", "should be text or a mapping of keys to values or a list, not 3"),
    ],
)
def test_invalid_probe_is_refused(probe: str, message: str) -> None:
    with pytest.raises(PlaybookError) as error:
        check("site.answer@lamp.test", "lamp", f"sites.lamp.test.probe={probe}")
    assert message in str(error.value)


@pytest.mark.parametrize("path", ["/wiki/File:A", "/doku.php/wiki:welcome", "/wiki/C%2B%2B", "/@ann/x+y?a=b:c"])
def test_path_of_a_wiki_s_page_can_be_probed(path: str) -> None:
    assert (
        check("site.answer@lamp.test", "lamp", f"sites.lamp.test.probe={path}").expected
        == f"200-399 for {path} within 5s"
    )


@pytest.mark.parametrize("playbook", ["cgi", "lamp", "process", "proxy", "servlet", "static", "wordpress"])
def test_each_page_of_a_list_is_a_hop_beside_the_first(playbook: str) -> None:
    site = f"{playbook}.test"
    ids = [f"site.answer@{site}", f"site.answer2@{site}", f"site.answer3@{site}"]
    chain = checks(playbook, f"sites.{site}.probe=[/a, {{path: /b, status: 404}}, /a]")
    first, *others = [hop for hop in chain if hop.id in ids]
    assert [hop.id for hop in (first, *others)] == ids
    assert [hop.expected for hop in others] == ["404 for /b within 5s", "200-399 for /a within 5s"]
    assert (first.beside, {(hop.beside, hop.needs) for hop in others}) == ("", {(first.id, first.needs)})


def test_page_of_a_list_is_named_where_its_verdict_does_not() -> None:
    second = check("site.answer2@lamp.test", "lamp", "sites.lamp.test.probe=[/, {path: /shop, expect: Basket}]")
    page = {"status": "200", "visible": "yes", "size": "9", "expected": "no"}
    for found, actual in {
        "no": "/shop: 200, but without 'Basket'",
        "yes": "/shop: 200, 9 bytes",
    }.items():
        raw = labelled(page=labelled(**page | {"expected": found}))
        assert second.judge(Evidence(raw, Facts("debian-13"), States())).actual == actual
    raw = labelled(page=labelled(status="500"))
    assert second.judge(Evidence(raw, Facts("debian-13"), States())).actual == "500 for /shop"


def test_site_is_proved_by_all_of_its_pages() -> None:
    chain = [hop for hop in checks("lamp", "sites.lamp.test.probe=[/, /shop]") if "answer" in hop.id]
    good = {hop.id: (passed(""), 0.0) for hop in chain}
    assert answered(chain, conclude(chain, good)) == ["lamp.test"]
    assert answered(chain, conclude(chain[:1], good)) == [], "a plain check asks only the first"


def test_new_page_of_a_site_that_was_proved_is_no_old_failure() -> None:
    first, second = [hop for hop in checks("lamp", "sites.lamp.test.probe=[/, /shop]") if "answer" in hop.id]
    before = counted([first, second], {first.id: first.question})
    results = conclude([first, second], {first.id: (passed(""), 0.0), second.id: (failed(""), 0.0)})
    broken = first_regression([first, second], results, results, before)
    assert broken is not None
    assert broken.id == second.id
    assert counted([first, second], {}) == {}, "what never worked is gone on with"
