"""A visitor with cookies, who fills in forms."""

from __future__ import annotations

import http.client
import re
import urllib.parse
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import unescape
from typing import NamedTuple

_PATIENCE = 60  # seconds; the first page of a large application compiles all of it


class Page(NamedTuple):
    """What a request got in the end, redirects within the site followed."""

    status: int
    text: str
    path: str

    def hidden(self, name: str) -> str:
        """The value of a hidden field of the page's forms."""
        for tag in re.findall("<input[^>]*>", self.text):
            values = {key: unescape(value) for key, value in re.findall(r"""([\w-]+)=["']([^"']*)["']""", tag)}
            if values.get("name") == name:
                return values.get("value", "")
        raise AssertionError(f"{self.path}: {self.status}, no field {name}: {self.text[:2000]}")


@dataclass
class Browser:
    address: str
    site: str
    cookies: dict[str, str] = field(default_factory=dict)

    def get(self, path: str) -> Page:
        return self._ask("GET", path, b"", {})

    def post(self, path: str, fields: Mapping[str, str], files: Mapping[str, tuple[str, bytes]] | None = None) -> Page:
        """Send a form. `files`: name of the field → (file name, content)."""
        if files is None:
            kind = {"Content-Type": "application/x-www-form-urlencoded"}
            return self._ask("POST", path, urllib.parse.urlencode(fields).encode(), kind)
        line = uuid.uuid4().hex
        parts = [(f'name="{name}"', value.encode()) for name, value in fields.items()]
        parts += [(f'name="{name}"; filename="{file}"', content) for name, (file, content) in files.items()]
        body = b"".join(
            f"--{line}\r\nContent-Disposition: form-data; {what}\r\n\r\n".encode() + value + b"\r\n"
            for what, value in parts
        )
        kind = {"Content-Type": f"multipart/form-data; boundary={line}"}
        return self._ask("POST", path, body + f"--{line}--\r\n".encode(), kind)

    def _ask(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Page:
        for _ in range(10):
            connection = http.client.HTTPConnection(self.address, 80, timeout=_PATIENCE)
            cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
            connection.request(method, path, body or None, {"Host": self.site, "Cookie": cookies, **headers})
            answer = connection.getresponse()
            text = answer.read().decode(errors="replace")
            connection.close()
            self._keep(answer.headers.get_all("Set-Cookie", []))
            if answer.status not in (301, 302, 303):
                return Page(answer.status, text, path)
            path = urllib.parse.urljoin(path, answer.headers["Location"].removeprefix(f"http://{self.site}"))
            method, body, headers = "GET", b"", {}
        raise AssertionError(f"{path}: redirects for ever")

    def _keep(self, lines: list[str]) -> None:
        for line in lines:
            pair = line.split(";")[0]
            name, _, value = pair.partition("=")
            if value in ("", "deleted"):
                self.cookies.pop(name.strip(), None)
            else:
                self.cookies[name.strip()] = value
