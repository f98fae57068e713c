"""One table of requests, and what an answer to each is made of: sent to each web server, the answers are compared."""

from __future__ import annotations

import hashlib
import http.client
import io
import json
import re
import socket
import ssl
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urljoin

# Headers that matter to browsers; of those in the second row only whether they are there.
HEADERS = ("content-type", "content-encoding", "content-range", "cache-control", "vary", "allow",
           "strict-transport-security", "x-content-type-options", "referrer-policy", "x-own", "retry-after")  # fmt: skip
PRESENT = ("etag", "last-modified")
OF_ERRORS = ("strict-transport-security", "x-content-type-options", "referrer-policy", "www-authenticate", "x-own")
PLAIN = re.compile(r"(Apache|nginx)/\d|\d+\.\d+\.\d+|Port \d+", re.IGNORECASE)  # what error pages must not tell

SHORT = 80  # bytes of a body that is compared as it is

Facts = dict[str, str]


@dataclass(frozen=True)
class Ask:
    """A request, and what every server's answer to it contains.

    Attributes:
        id: Its name, in tests and in the table of differences.
        expect: Status, and facts as `Answer` has them.
        again: Send it a second time, with the first answer's `etag` or `date`.
    """

    id: str
    site: str
    target: str
    expect: tuple[str, Facts]
    method: str = "GET"
    headers: tuple[str, ...] = ()
    body: bytes = b""
    tls: bool = False
    again: str = ""
    host: str = ""

    def raw(self, more: tuple[str, ...] = ()) -> bytes:
        length = (f"Content-Length: {len(self.body)}",) if self.body and not self._chunked else ()
        lines = (f"{self.method} {self.target} HTTP/1.1", f"Host: {self.host or self.site}", "Connection: close",
                 *self.headers, *length, *more)  # fmt: skip
        return "\r\n".join((*lines, "", "")).encode("latin-1") + self.body

    @property
    def _chunked(self) -> bool:
        return "Transfer-Encoding: chunked" in self.headers

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://{self.host or self.site}{self.target}"


def chunked(body: bytes) -> bytes:
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:7], body[7:]) if part) + b"0\r\n\r\n"


def ask(address: str, wanted: Ask, timeout: float = 30) -> Facts:
    """Send the request to this address; returns the facts of the answer."""
    answer = _send(address, wanted, wanted.raw(), timeout)
    if wanted.again:
        more = f"If-None-Match: {answer.etag}" if wanted.again == "etag" else f"If-Modified-Since: {answer.date}"
        answer = _send(address, wanted, wanted.raw((more,)), timeout)
    return answer.facts


@dataclass(frozen=True)
class Answer:
    facts: Facts = field(default_factory=dict)
    etag: str = ""
    date: str = ""


def facts_of(wanted: Ask, program: bytes) -> Facts:
    """The facts of what a program has printed: as CGI has it, the status is a header."""
    status = re.match(rb"Status: ([^\r\n]+)\r?\n", program)
    line, rest = (status[1], program[status.end() :]) if status else (b"200 OK", program)
    return _read(wanted, _Received(b"HTTP/1.1 " + line + b"\r\n" + rest)).facts


class _Received(io.BytesIO):
    """Bytes in the place of a socket."""

    def makefile(self, _mode: str) -> io.BytesIO:
        return self


def _send(address: str, wanted: Ask, request: bytes, timeout: float) -> Answer:
    try:
        with _connected(address, wanted, timeout) as sock:
            with suppress(OSError):  # the server may have answered already, and read no more
                sock.sendall(request)
            return _read(wanted, sock)
    except ssl.SSLError:
        return Answer({"status": "no handshake"})
    except (OSError, http.client.HTTPException) as error:
        return Answer({"status": type(error).__name__})


def _read(wanted: Ask, sock: socket.socket | _Received) -> Answer:
    found = http.client.HTTPResponse(sock, method=wanted.method)  # type: ignore[arg-type]
    found.begin()
    return Answer(_facts(wanted, found, found.read()), *_validators(found))


def _validators(found: http.client.HTTPResponse) -> tuple[str, str]:
    return found.headers.get("ETag", ""), found.headers.get("Last-Modified", "")


def _connected(address: str, wanted: Ask, timeout: float) -> socket.socket:
    plain = socket.create_connection((address, 443 if wanted.tls else 80), timeout)
    if not wanted.tls:
        return plain
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context.wrap_socket(plain, server_hostname=wanted.site)


def _facts(wanted: Ask, found: http.client.HTTPResponse, body: bytes) -> Facts:
    facts = {"status": str(found.status)}
    facts |= {name: ", ".join(values) for name in _compared(wanted, found) if (values := found.headers.get_all(name))}
    if not _is_of_server(found):
        facts |= {name: "yes" for name in PRESENT if name in found.headers}
    if location := found.headers.get("Location"):
        facts["location"] = urljoin(wanted.url, location)
    if cookies := found.headers.get_all("Set-Cookie"):
        facts["cookies"] = str(sum(map(len, cookies)))
    if PLAIN.search(found.headers.get("Server", "")) or (_is_of_server(found) and PLAIN.search(body.decode("latin-1"))):
        facts["tells"] = "its version"
    return facts | _body(found, body)


def _is_of_server(found: http.client.HTTPResponse) -> bool:
    """From 300 on, a server has pages of its own, of its own type."""
    return found.status >= 300 and "X-Own" not in found.headers


def _compared(wanted: Ask, found: http.client.HTTPResponse) -> tuple[str, ...]:
    """The headers that are compared: those without a body have no type, and no site sends a 400."""
    if found.status == 400:
        return ()
    if _is_of_server(found):
        return OF_ERRORS
    idle = (
        ("vary",)
        if wanted.method == "HEAD" or found.status >= 300
        else ("content-type",)
        if found.status == 204
        else ()
    )
    return tuple(name for name in HEADERS if name not in idle)


def _body(found: http.client.HTTPResponse, body: bytes) -> Facts:
    """What a program saw, where it says so in JSON; a file's digest; nothing of a server's own page."""
    if "X-Seen" in found.headers and body:
        return {key: str(value) for key, value in json.loads(body).items() if value is not None}
    if _is_of_server(found):
        return {}
    if found.headers.get_content_type() == "multipart/byteranges":
        return {"content-type": "multipart/byteranges", "parts": str(body.lower().count(b"content-range"))}
    if found.headers.get("Content-Encoding"):
        return {"body": "compressed"}
    return {"body": body.decode("latin-1") if len(body) < SHORT else hashlib.sha256(body).hexdigest()}


def differences(page: Path) -> dict[str, dict[str, Facts]]:
    """The rows of the documentation's table: id of a request → setup → fact → value; an empty value: absent."""
    found: dict[str, dict[str, Facts]] = {}
    setups: list[str] = []
    for cells in _rows(page.read_text()):
        if cells[0] == "request":
            setups = cells[2:]
        elif setups and cells[0].startswith("`"):
            found[cells[0].strip("`")] = {s: dict(_told(cell)) for s, cell in zip(setups, cells[2:], strict=True)}
    return found


def _rows(text: str) -> Iterator[list[str]]:
    for line in text.splitlines():
        if line.startswith("|"):
            yield [cell.strip() for cell in line.strip("|").split("|")]


def _told(cell: str) -> Iterator[tuple[str, str]]:
    for span in re.findall("`([^`]+)`", cell):
        key, _, value = span.partition(": ")
        yield (key.removeprefix("no "), "") if key.startswith("no ") else ("status", key) if not value else (key, value)
