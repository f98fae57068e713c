"""Checks from outside, with real sockets on loopback: how they judge the answers of servers."""

from __future__ import annotations

import gzip
import time
import tracemalloc
import zlib

import pytest

from lampctl.checks import HttpProbe, culprit
from lampctl.engine import visit
from lampctl.engine.reading import HEADERS, MAXIMUM, Page, Reader
from lampctl.engine.smoke import Patience, smoke
from lampctl.layers import http
from lampctl.outcome import Outcome
from lampctl.urls.checks import Wanted
from lampctl.urls.url import Url
from tests.unit.answering import Server, Silent, running

LIMIT = 1.0  # seconds for a whole answer


def fetch(server: Server) -> tuple[Page, float]:
    """Return the page and the seconds it took."""
    with running(server) as (port, _):
        began = time.monotonic()
        page = visit.get("127.0.0.1", HttpProbe("a.test", "/", port), "", LIMIT)
        return page, time.monotonic() - began


def check(server: Server, wanted: Wanted | None = None) -> Outcome:
    with running(server) as (port, _):
        url = Url.parse(f"http://127.0.0.1:{port}/")
        (outcome,) = smoke([url], wanted or Wanted(texts=("Hello",)), Patience(timeout=LIMIT), Silent())
    return outcome


def with_length(body: bytes, length: int | None = None, more: str = "") -> bytes:
    return f"HTTP/1.1 200 OK\r\nContent-Length: {len(body) if length is None else length}\r\n{more}\r\n".encode() + body


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
HELLO = gzip.compress(b"Hello")

COMPLETE: dict[str, Server] = {
    "length": Server(with_length(b"Hello")),
    "kept open": Server(with_length(b"Hello"), closes=False),
    "kept open, in chunks": Server(CHUNKED + b"2\r\nHe\r\n3\r\nllo\r\n0\r\n\r\n", closes=False),
    "a byte at a time": Server(CHUNKED + b"2\r\nHe\r\n3\r\nllo\r\n0\r\n\r\n", piece=1, pause=0.001),
    "early hints": Server(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + with_length(b"Hello")),
    "100 Continue": Server(b"HTTP/1.1 100 Continue\r\n\r\n" * 2 + with_length(b"Hello"), closes=False),
    "trailers": Server(CHUNKED + b"5;x=y\r\nHello\r\n0\r\nX-Sum: 1\r\n\r\n", closes=False),
    "HTTP/1.0 without a length": Server(b"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nHello"),
    "bare LF, as the tour's program": Server(b"HTTP/1.1 200 OK\n\nHello"),
    "no reason phrase": Server(b"HTTP/1.1 200\r\nContent-Length: 5\r\n\r\nHello"),
    "folded header": Server(b"HTTP/1.1 200 OK\r\nX-A: b\r\n  c\r\n\r\nHello"),
    "Latin-1 in a header": Server(with_length(b"Hello", more="X-A: caf\u00e9\r\n")),
    "more than its length": Server(with_length(b"Hello World", 5)),
    "gzip": Server(with_length(HELLO, more="Content-Encoding: gzip\r\n")),
    "deflate": Server(with_length(zlib.compress(b"Hello"), more="Content-Encoding: deflate\r\n")),
    "reset after the end": Server(with_length(b"Hello"), resets=True),
    "200 KiB of headers": Server(with_length(b"Hello", more=f"X-A: {'a' * 200 * 1024}\r\n")),
}


@pytest.mark.parametrize("case", COMPLETE)
def test_complete_answer_passes(case: str) -> None:
    page, took = fetch(COMPLETE[case])
    answer = http.parse(page.raw)
    assert page.error == ""
    assert answer is not None
    assert (answer.status, answer.body, page.size, page.cut) == (200, "Hello", 5, False)
    assert took < LIMIT / 2
    assert check(COMPLETE[case]).ok


WHEN_CLOSED = "then the server closed the connection"
WHEN_LATE = "the time limit of 1 s was reached"

# The answer → (the culprit's finding, the beginning of its evidence).
BROKEN: dict[str, tuple[Server, str, str]] = {
    "shorter than its length": (
        Server(with_length(b"Hello", 100)),
        "no complete answer", f"the body is incomplete: 5 of 100 bytes, {WHEN_CLOSED}"),
    "shorter than its length, kept open": (
        Server(with_length(b"Hello", 100), closes=False),
        "no complete answer", f"the body is incomplete: 5 of 100 bytes, then {WHEN_LATE}"),
    "cut in a chunk": (
        Server(CHUNKED + b"64\r\nHello"),
        "no complete answer", f"the body is incomplete: 5 bytes without a last chunk, {WHEN_CLOSED}"),
    "no last chunk": (
        Server(CHUNKED + b"5\r\nHello\r\n"),
        "no complete answer", f"the body is incomplete: 5 bytes without a last chunk, {WHEN_CLOSED}"),
    "reset in the body": (
        Server(with_length(b"Hello", 100), resets=True),
        "no complete answer", "the body is incomplete: 5 of 100 bytes, then [Errno 104] Connection reset by peer"),
    "no length, kept open": (
        Server(b"HTTP/1.1 200 OK\r\n\r\nHello", closes=False),
        "no complete answer", f"the body has no end: it has no Content-Length, and after 5 bytes {WHEN_LATE}"),
    "a byte each 0.3 s": (
        Server(with_length(b"Hello" * 20), piece=45, pause=0.3),
        "no complete answer", "the body is incomplete: "),
    "a header's byte each 0.1 s": (
        Server(with_length(b"Hello"), piece=1, pause=0.1),
        "no complete answer", "the headers are incomplete: "),
    "gzip cut": (
        Server(with_length(HELLO[:-9], more="Content-Encoding: gzip\r\n")),
        "no complete answer", "the body is incomplete: its gzip data ends early"),
    "invalid gzip": (
        Server(with_length(b"Hello", more="Content-Encoding: gzip\r\n")),
        "no complete answer", "the body is not valid gzip: "),
    "headers cut": (
        Server(b"HTTP/1.1 200 OK\r\nContent-Le"),
        "no complete answer", f"the headers are incomplete: 27 bytes, {WHEN_CLOSED}"),
    "an endless header": (
        Server(b"HTTP/1.1 200 OK\r\nX-A: " + b"a" * (1 << 20), closes=False),
        "no complete answer", f"the headers are longer than {HEADERS >> 10} KiB"),
    "too many headers": (
        Server(with_length(b"Hello", more="X-A: b\r\n" * 40_000), closes=False),
        "no complete answer", f"the headers are longer than {HEADERS >> 10} KiB"),
    "endless interim answers": (
        Server(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 10_000, closes=False),
        "no complete answer", "more than 100 interim answers"),
    "only an interim answer": (
        Server(b"HTTP/1.1 103 Early Hints\r\n\r\n"),
        "no complete answer", f"the headers are incomplete: 28 bytes, {WHEN_CLOSED}"),
    "an invalid header line": (
        Server(b"HTTP/1.1 200 OK\r\nnot a header\r\n\r\nHello"),
        "no complete answer", "not valid HTTP: illegal header line: 'not a header'\n"),
    "a long invalid header line": (
        Server(b"HTTP/1.1 200 OK\r\n" + b"a" * 200_000 + b"\r\n\r\nHello"),
        "no complete answer", "not valid HTTP: illegal header line: 'aaa"),
    "two lengths": (
        Server(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nHello!"),
        "no complete answer", "not valid HTTP: conflicting Content-Length headers"),
    "an invalid chunk size": (
        Server(CHUNKED + b"zz\r\nHello"),
        "no complete answer", "not valid HTTP: illegal chunk header"),
    "nothing": (Server(b""), "no answer", "nothing was received: the server closed the connection"),
    "silence": (Server(b"", closes=False), "no answer", f"nothing was received: {WHEN_LATE}"),
    "another protocol": (Server(b"220 mail.test ESMTP\r\n", closes=False), "no HTTP answer", "220 mail.test ESMTP"),
    "bytes": (Server(bytes(range(256)) * 100, closes=False), "no HTTP answer", ""),
}  # fmt: skip


@pytest.mark.parametrize("piece", [1 << 10, 1 << 16, 1 << 20])
def test_headers_that_are_too_long_are_refused_however_they_arrive(piece: int) -> None:
    answer = with_length(b"Hello", more="X-A: b\r\n" * 40_000)
    reader = Reader("/", [("Host", "a.test")])
    assert any(reader.feed(answer[start : start + piece]) for start in range(0, len(answer), piece))
    assert reader.page().error == f"the headers are longer than {HEADERS >> 10} KiB"


@pytest.mark.parametrize("case", BROKEN)
def test_broken_answer_names_its_fault(case: str) -> None:
    server, actual, evidence = BROKEN[case]
    began = time.monotonic()
    found = culprit(check(server).results)
    assert found is not None
    assert (found.id, found.actual) == ("http.status", actual)
    assert found.evidence.startswith(evidence)
    assert len(found.evidence) < 1000
    assert found.hint
    assert time.monotonic() - began < LIMIT + 1


@pytest.mark.parametrize("coding", ["", "gzip"])
@pytest.mark.parametrize("framing", ["length", "chunks", "close"])
def test_body_of_20_mib_is_cut_in_bounded_time_and_memory(framing: str, coding: str) -> None:
    whole = b"Hello" + bytes(20 << 20) + b"Basket"
    body = gzip.compress(whole, 1) if coding else whole
    head = b"HTTP/1.1 200 OK\r\n" + (b"Content-Encoding: gzip\r\n" if coding else b"")
    sent = {
        "length": head + b"Content-Length: %d\r\n\r\n%b" % (len(body), body),
        "chunks": head + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(body), body),
        "close": head + b"\r\n" + body,
    }
    server = Server(sent[framing], piece=1 << 16)
    tracemalloc.start()
    page, took = fetch(server)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (page.error, page.cut, page.size) == ("", True, MAXIMUM)
    assert took < LIMIT
    assert most < 12 * MAXIMUM
    found = check(server, Wanted(texts=("Hello", "Basket"))).results
    assert found[1].actual.startswith(f"200, the first {MAXIMUM} bytes in ")
    assert found[3].actual == f"'Basket' is not in its first {MAXIMUM} bytes"


def test_page_of_exactly_the_limit_is_not_cut() -> None:
    page, _ = fetch(Server(with_length(bytes(MAXIMUM))))
    assert (page.error, page.cut, page.size) == ("", False, MAXIMUM)


def test_unsupported_content_encoding_is_named() -> None:
    outcome = check(Server(with_length(b"Hello", more="Content-Encoding: br\r\n")), Wanted(texts=("Basket",)))
    found = culprit(outcome.results)
    assert found is not None
    assert found.actual == "'Basket' can't be looked for: the page is compressed with br"


@pytest.mark.parametrize("charset", ["iso-8859-1", '"windows-1252"', "utf-16-le"])
def test_text_is_found_in_the_charset_of_the_page(charset: str) -> None:
    body = "Caf\u00e9".encode(charset.strip('"'))
    server = Server(with_length(body, more=f"Content-Type: text/html; charset={charset}\r\n"))
    assert check(server, Wanted(texts=("Caf\u00e9",))).ok


@pytest.mark.parametrize("charset", ["no-such", "zlib", "idna", "punycode", "undefined"])
def test_unknown_charset_does_not_fail_the_check(charset: str) -> None:
    assert check(Server(with_length(b"Hello", more=f"Content-Type: text/html; charset={charset}\r\n"))).ok


def test_redirect_with_an_endless_body_is_followed() -> None:
    with running(Server(with_length(b"Hello"))) as (port, _):
        redirect = f"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:{port}/\r\n\r\n".encode()
        assert check(Server(redirect, closes=False)).ok


def test_request_has_the_expected_headers() -> None:
    with running(Server(with_length(b"Hello"))) as (port, requests):
        visit.get("127.0.0.1", HttpProbe("fe80::1%eth0", "/{token}?a=b", port), "t0k", LIMIT)
    assert requests[0].decode().split("\r\n") == [
        "GET /t0k?a=b HTTP/1.1", f"Host: [fe80::1]:{port}", "User-Agent: lampctl", "Accept: */*",
        "Accept-Encoding: identity", "Connection: close", "", "",
    ]  # fmt: skip
