"""The URL that a visitor requests, taken apart; pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Self
from urllib.parse import quote, urlsplit

from lampctl.errors import UsageError

_PORTS = {"http": 80, "https": 443}
_SAFE = "/?%:@!$&'()*+,;=~-._[]"  # kept as they are in a path and a query


@dataclass(frozen=True)
class Url:
    """`text` as it was given; `host` as DNS knows it, or an address without brackets."""

    text: str
    scheme: str
    host: str
    port: int
    path: str  # with the query

    @classmethod
    def parse(cls, text: str) -> Self:
        """UsageError if it is not a web address."""
        example = "write it whole: https://shop.example.com/path"
        try:
            parts = urlsplit(text.strip())
            port = parts.port
            text.encode()  # an argument might not be valid text
        except ValueError as error:
            raise UsageError(f"{text!r} is not a valid URL: {error}", example) from None
        if parts.scheme not in _PORTS or not parts.hostname:
            raise UsageError(f"{text!r} is not an http or https URL", example)
        if parts.username is not None:
            raise UsageError("a URL with a user and a password would end up in reports and logs", "leave them out")
        path = quote(parts.path or "/", safe=_SAFE) + (f"?{quote(parts.query, safe=_SAFE)}" if parts.query else "")
        return cls(text, parts.scheme, _ascii(parts.hostname, text), port or _PORTS[parts.scheme], path)

    @property
    def tls(self) -> bool:
        return self.scheme == "https"

    @property
    def at(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def is_address(self) -> bool:
        try:
            return bool(ip_address(self.host.partition("%")[0]))
        except ValueError:
            return False

    def same_page(self, other: Url) -> bool:
        return (self.scheme, self.host, self.port, self.path) == (other.scheme, other.host, other.port, other.path)


def _ascii(host: str, text: str) -> str:
    try:
        name = host if ":" in host else host.encode("idna").decode()
    except UnicodeError:
        name = ""
    if not re.fullmatch(r"[A-Za-z0-9._-]+|[0-9A-Fa-f:.]+(%\w+)?", name):
        raise UsageError(f"{text!r} is not a valid URL: {host!r} is not a valid hostname", "check its spelling")
    return name
