"""One HTTP/1.1 answer, read from bytes as they arrive: h11 parses, this bounds and describes. No I/O."""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import h11

MAXIMUM = 1 << 20  # bytes of a body, decompressed; the rest is not read
HEADERS = 256 << 10  # bytes, as Chrome has it
INTERIM = 100  # 1xx answers before the final one
_TOO_LONG = f"the headers are longer than {HEADERS >> 10} KiB"
_NO_CHARSETS = ("idna", "punycode", "raw_unicode_escape", "unicode_escape")  # codecs of Python alone
_SHOWN = 500  # bytes shown of an answer that is not HTTP


@dataclass(frozen=True)
class Page:
    """An answer, or as much of one as arrived.

    `raw` is text that `layers.http.parse` reads: chunks joined, interim answers and trailers left out, gzip and deflate
    decompressed. If the headers never ended, or were malformed, it is the first bytes that arrived.
    """

    raw: str = ""
    error: str = ""  # why the answer is not complete or not valid; empty if it is
    has_headers: bool = False  # the headers are complete and valid, even if the body is not
    size: int = 0  # bytes of the body
    cut: bool = False  # the body is longer than MAXIMUM


class Reader:
    """Sans-IO: send `request`, then pass to `feed` what was received, until it returns True; then ask for `page`."""

    def __init__(self, path: str, headers: Sequence[tuple[str, str]]) -> None:
        import h11

        self._h11 = h11
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=HEADERS)
        sent = self._http.send(h11.Request(method="GET", target=path, headers=list(headers)))
        self.request = (sent or b"") + (self._http.send(h11.EndOfMessage()) or b"")
        self._first = b""
        self._received = 0
        self._interim = 0
        self._response: h11.Response | None = None
        self._body = _Body("")
        self._error = ""

    def feed(self, data: bytes) -> bool:
        """True if nothing more has to be read. Empty `data`: the server closed the connection."""
        self._received += len(data)
        self._first += data[: _SHOWN - len(self._first)]
        if not b"HTTP/".startswith(self._first[:5]):
            return True  # a mail server's greeting, for example: it would keep the connection open
        try:
            self._http.receive_data(data)
            return self._take_events()
        except self._h11.RemoteProtocolError as error:
            self._error = self._incomplete("the server closed the connection") if not data else self._refused(error)
        except zlib.error as error:
            self._error = f"the body is not valid {self._body.coding}: {error}"
        return True

    def _take_events(self) -> bool:
        while (event := self._http.next_event()) is not self._h11.NEED_DATA:
            match event:
                case self._h11.InformationalResponse():
                    self._interim += 1
                    if self._interim > INTERIM:
                        self._error = f"more than {INTERIM} interim answers (status 1xx), and no final one"
                        return True
                case self._h11.Response():
                    if _size(event) > HEADERS:  # h11 limits what is incomplete: how the bytes arrive must not decide
                        self._error = _TOO_LONG
                        return True
                    self._response = event
                    self._body = _Body(self._header(b"content-encoding"))
                case self._h11.Data():
                    self._body.add(bytes(event.data))
                    if self._body.cut:
                        return True
                case self._h11.EndOfMessage():
                    self._error = self._body.ends_early()
                    return True
        return False

    def page(self, interrupted: str = "") -> Page:
        """`interrupted`: why no more was read, if `feed` never returned True."""
        error = self._incomplete(interrupted) if interrupted else self._error
        if self._response is None:
            return Page(self._first.decode(errors="replace"), error)
        content = bytes(self._body.content[:MAXIMUM])
        raw = self._head(self._response) + self._decoded(content)
        return Page(raw, error, True, len(content), self._body.cut)

    def _head(self, response: h11.Response) -> str:
        lines = [b"HTTP/%b %d %b" % (response.http_version, response.status_code, response.reason)]
        lines += [b"%b: %b" % pair for pair in response.headers]
        return b"".join(b"%b\r\n" % line for line in (*lines, b"")).decode(errors="replace")

    def _decoded(self, content: bytes) -> str:
        """By the charset of Content-Type, as browsers do; UTF-8 without one."""
        found = re.search(r"(?i)\bcharset=[\"']?([\w.:-]+)", self._header(b"content-type"))
        charset = found[1].lower() if found else "utf-8"
        try:
            return content.decode("utf-8" if charset in _NO_CHARSETS else charset, errors="replace")
        except (LookupError, ValueError):
            return content.decode(errors="replace")

    def _header(self, name: bytes) -> str:
        headers = self._response.headers if self._response else ()
        return next((value.decode(errors="replace").strip() for key, value in headers if key == name), "")

    def _refused(self, error: Exception) -> str:
        if self._response is None and self._received > HEADERS:
            return _TOO_LONG
        plain = re.sub(r"bytearray\(b(.*)\)$", r"\1", str(error))  # as h11 quotes a line
        return f"not valid HTTP: {plain[:_SHOWN]}"

    def _incomplete(self, why: str) -> str:
        if self._response is None:
            if not self._received:
                return f"nothing was received: {why}"
            return f"the headers are incomplete: {self._received} bytes, then {why}"
        came, expected = self._body.received, self._header(b"content-length")
        if self._header(b"transfer-encoding"):
            return f"the body is incomplete: {came} bytes without a last chunk, then {why}"
        if expected:
            return f"the body is incomplete: {came} of {expected} bytes, then {why}"
        return f"the body has no end: it has no Content-Length, and after {came} bytes {why}"


def _size(response: h11.Response) -> int:
    """Bytes of its headers, at least."""
    return sum(len(name) + len(b": \r\n") + len(value) for name, value in response.headers)


class _Body:
    """The bytes of a page, decompressed as browsers do, MAXIMUM and one at most."""

    def __init__(self, coding: str) -> None:
        self.coding = coding.lower()
        self.content = bytearray()
        self.received = 0
        packed = self.coding in ("gzip", "x-gzip", "deflate")
        self._inflate = zlib.decompressobj(zlib.MAX_WBITS | 32) if packed else None  # 32: either of the two formats

    def add(self, data: bytes) -> None:
        """zlib.error if it does not match Content-Encoding."""
        self.received += len(data)
        room = MAXIMUM + 1 - len(self.content)
        self.content += self._inflate.decompress(data, room) if self._inflate else data[:room]

    @property
    def cut(self) -> bool:
        return len(self.content) > MAXIMUM

    def ends_early(self) -> str:
        if self._inflate and self.received and not self._inflate.eof:
            return f"the body is incomplete: its {self.coding} data ends early"
        return ""
