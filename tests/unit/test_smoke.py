"""Smoke checks against real servers on loopback: which hop is named, and what is retried."""

from __future__ import annotations

import json
import socket
from collections.abc import Sequence
from pathlib import Path

import pytest

from lampctl.checks import Status, culprit
from lampctl.engine.smoke import Patience, smoke
from lampctl.journal.events import Event, Noted
from lampctl.outcome import Outcome
from lampctl.urls.checks import Wanted
from lampctl.urls.url import Url
from tests.unit.forked import run
from tests.unit.web import certificate, page, serving

pytestmark = pytest.mark.filterwarnings(
    "ignore:ssl.TLSVersion:DeprecationWarning"
)  # requesting old versions is the point


class EventRecorder:
    """A reporter that keeps the events."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def event(self, event: Event) -> None:
        self.events.append(event)

    def outcome(self, outcome: Outcome) -> None: ...

    def finish(self, command: str, outcomes: Sequence[Outcome]) -> None: ...

    def close(self) -> None: ...


def check(url: str, wanted: Wanted | None = None, patience: Patience | None = None) -> Outcome:
    (outcome,) = smoke([Url.parse(url)], wanted or Wanted(), patience or Patience(timeout=5), EventRecorder())
    return outcome


def culprit_and_actual(outcome: Outcome) -> tuple[str, str]:
    first = culprit(outcome.results)
    return (first.id, first.actual) if first else ("", "")


def closed() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


def test_page_that_passes() -> None:
    with serving(lambda path: page(f"asked for {path}")) as port:
        outcome = check(f"http://127.0.0.1:{port}/a{{b}}?c=d e#top", Wanted(texts=("/a%7Bb%7D?c=d%20e",), most=5000))
    assert outcome.ok
    assert [result.id for result in outcome.results] == [
        f"tcp.connect@127.0.0.1:{port}",
        "http.status",
        "http.body",
        "http.time",
    ]
    assert all(result.ms > 0 for result in outcome.results)


CHUNKED = b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b\r\nBas\r\n4\r\nket\xc3\r\n1\r\n\xa9\r\n0\r\n\r\n"


def test_chunked_answer_passes() -> None:
    with serving(lambda _: CHUNKED) as port:
        outcome = check(f"http://127.0.0.1:{port}", Wanted(texts=("Basketé",)))
    assert outcome.ok
    assert "200, 8 bytes" in outcome.results[1].actual


def test_unresolvable_name_is_the_culprit() -> None:
    outcome = check("https://no-such-host.invalid/")
    assert culprit_and_actual(outcome) == ("dns.name@no-such-host.invalid", "the name does not resolve")
    assert [result.status for result in outcome.results[1:]] == [Status.BLOCKED] * 3


def test_closed_port_is_the_culprit() -> None:
    port = closed()
    outcome = check(f"http://127.0.0.1:{port}/")
    assert culprit_and_actual(outcome) == (f"tcp.connect@127.0.0.1:{port}", "takes no connection")
    assert "refused" in outcome.results[0].evidence


def test_ipv6_address_is_reached() -> None:
    with serving(lambda _: page("six"), address="::1") as port:
        outcome = check(f"http://[::1]:{port}/", Wanted(texts=("six",)))
    assert outcome.ok
    assert outcome.results[0].id == f"tcp.connect@[::1]:{port}"


def test_certificate_of_a_private_ca_passes_if_it_is_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context, root = certificate(tmp_path, "localhost", "127.0.0.1")
    with serving(lambda _: page("secret"), context) as port:
        assert culprit_and_actual(check(f"https://localhost:{port}/"))[0] == f"tls.chain@localhost:{port}"
        assert "this machine does not trust it" in culprit_and_actual(check(f"https://127.0.0.1:{port}/"))[1]
        monkeypatch.setenv("SSL_CERT_FILE", str(root))
        assert check(f"https://localhost:{port}/").ok
        assert check(f"https://127.0.0.1:{port}/").ok


@pytest.mark.parametrize(
    ("name", "days", "message"),
    [("other.test", 90, "does not cover localhost"), ("localhost", 5, "days left"), ("localhost", -3, "expired at")],
)
def test_invalid_certificate_is_the_culprit(
    name: str, days: int, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context, root = certificate(tmp_path, name, days=days)
    monkeypatch.setenv("SSL_CERT_FILE", str(root))
    with serving(lambda _: page("x"), context) as port:
        outcome = check(f"https://localhost:{port}/")
    assert message in culprit_and_actual(outcome)[1]
    assert outcome.results[-1].status is Status.BLOCKED


def test_port_without_tls_is_the_culprit() -> None:
    with serving(lambda _: page("x")) as port:
        assert (
            culprit_and_actual(check(f"https://127.0.0.1:{port}/", patience=Patience(timeout=0.3)))[1]
            == "no TLS from outside"
        )


def test_redirects_are_followed() -> None:
    answers = {
        "/": page("", "301 Moved", {"Location": "/two"}),
        "/two": page("", "302 Found", {"Location": "three"}),
        "/three": page("there"),
    }
    with serving(lambda path: answers[path]) as port:
        outcome = check(f"http://127.0.0.1:{port}/", Wanted(texts=("there",)))
        assert outcome.ok
        assert outcome.results[1].actual.endswith(f"→ http://127.0.0.1:{port}/three")
        assert check(f"http://127.0.0.1:{port}/", Wanted(status=301)).ok
        assert culprit_and_actual(check(f"http://127.0.0.1:{port}/", Wanted(status=404)))[1] == "200, not 404"


@pytest.mark.parametrize(
    ("to", "message"),
    [
        ("/", "go in a circle"),
        ("{path}x", "more than 5 redirects"),
        ("mailto:someone", "is not a web address"),
    ],
)
def test_broken_redirects_are_reported(to: str, message: str) -> None:
    with serving(lambda path: page("", "302 Found", {"Location": to.format(path=path)})) as port:
        outcome = check(f"http://127.0.0.1:{port}/")
    assert culprit_and_actual(outcome)[0] == "http.redirect"
    assert message in culprit_and_actual(outcome)[1]
    assert outcome.results[-1].status is Status.BLOCKED


def test_redirect_to_a_missing_host_names_that_host() -> None:
    with serving(lambda _: page("", "302 Found", {"Location": "https://no-such-host.invalid/"})) as port:
        outcome = check(f"http://127.0.0.1:{port}/")
    assert culprit_and_actual(outcome)[0] == "dns.name@no-such-host.invalid"


@pytest.mark.parametrize(
    ("answer", "wanted", "culprit", "message"),
    [
        (page("down", "502 Bad Gateway"), Wanted(), "http.status", "502, not 200"),
        (b"220 mail.test ESMTP\r\n", Wanted(), "http.status", "no HTTP answer"),
        (page("hello"), Wanted(texts=("hello", "Basket")), "http.body2", "'Basket' is not in it"),
        (page("hello"), Wanted(most=0.001), "http.time", "ms, from the connection to the last byte"),
    ],
)
def test_wrong_page_names_the_failed_check(answer: bytes, wanted: Wanted, culprit: str, message: str) -> None:
    with serving(lambda _: answer) as port:
        found = culprit_and_actual(check(f"http://127.0.0.1:{port}/", wanted))
    assert found[0] == culprit
    assert message in found[1]


def test_server_that_never_answers_fails_after_the_timeout() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        outcome = check(f"http://127.0.0.1:{server.getsockname()[1]}/", patience=Patience(timeout=0.2))
    assert culprit_and_actual(outcome) == ("http.status", "no answer")


@pytest.mark.parametrize("patience", [Patience(retries=1), Patience(wait=20)])
def test_failed_attempt_is_retried(patience: Patience) -> None:
    answers = [page("not yet", "503 Service Unavailable"), page("there")]
    listener = EventRecorder()
    with serving(lambda _: answers.pop(0)) as port:
        (outcome,) = smoke([Url.parse(f"http://127.0.0.1:{port}/")], Wanted(), patience, listener)
    assert outcome.ok
    assert [event.text for event in listener.events if isinstance(event, Noted)] == [
        "not yet: http.status: 503, not 200"
    ]


def test_several_urls_are_reported_in_several_formats(tmp_path: Path) -> None:
    port = closed()
    with serving(lambda _: page("hello")) as good:
        urls = [f"http://127.0.0.1:{good}/", f"http://127.0.0.1:{port}/"]
        done = run(
            "smoke",
            *urls,
            "--format",
            "text",
            "--format",
            "json:report.json",
            "--format",
            "html:report.html",
            cwd=tmp_path,
        )
        nagios = run("smoke", *urls, "--format", "nagios", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.endswith("1 of 2 URLs passed\n")
    found = json.loads((tmp_path / "report.json").read_text())
    assert [(host["host"], host["ok"]) for host in found["hosts"]] == [(urls[0], True), (urls[1], False)]
    assert urls[1] in (tmp_path / "report.html").read_text()
    assert nagios.returncode == 2
    assert nagios.stdout.startswith(
        f"LAMPCTL CRITICAL - {urls[1]}: tcp.connect@127.0.0.1:{port}: takes no connection | "
    )
