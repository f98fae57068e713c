"""What the web server does for any site, whatever its type: what it denies, redirects, adds and asks for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from ipaddress import ip_network
from typing import Annotated, Literal
from urllib.parse import quote, unquote

from pydantic import Field, field_validator

from lampctl.playbook.fields import Options
from lampctl.playbook.text import Text

WWW, CANONICAL = "www.", "canonical"
_CHALLENGES = "/.well-known/acme-challenge/"
# What these say is decided by lampctl, by the site's files or by the connection; a second one would contradict it.
_OWN = frozenset((
    "cache-control", "connection", "content-encoding", "content-length", "content-range", "content-type", "date",
    "etag", "expires", "keep-alive", "last-modified", "location", "server", "set-cookie", "status", "te", "trailer",
    "transfer-encoding", "upgrade", "vary", "www-authenticate",
))  # fmt: skip


def _network(text: str) -> str:
    if not re.fullmatch(r"[0-9a-f.:]+(/[0-9]{1,3})?", text):
        raise ValueError
    try:
        found = ip_network(text)
    except ValueError as error:
        raise ValueError("has bits beyond its network: 10.0.0.0/8" if "host bits" in str(error) else "") from None
    if found.prefixlen == 0:
        raise ValueError("is every address: each visitor could claim any other one")
    return str(found) if found.num_addresses > 1 else str(found.network_address)


def _source(text: str) -> str:
    if text == WWW:
        return text
    path = unquote(text, errors="strict")  # UnicodeDecodeError is a ValueError
    if not path.startswith("/") or re.search(r"[?#\x00-\x1f\x7f]", path) or "//" in path or "/./" in path + "/":
        raise ValueError
    if path.startswith(_CHALLENGES):
        raise ValueError(f"is below {_CHALLENGES}, where ACME servers ask")
    return path


def _source_rule(text: str) -> str:
    try:
        return _source(text)
    except UnicodeDecodeError:
        raise ValueError from None


def _target(text: str) -> str:
    """The target as a URL: what a URL cannot contain is percent-encoded."""
    if text == CANONICAL:
        return text
    if not re.fullmatch(r"(https?://[A-Za-z0-9.:\[\]-]+(/.*)?|/(?!/).*)", text) or re.search(r"[#\x00-\x1f\x7f]", text):
        raise ValueError
    return quote(text, safe="/:?&=~+,;@!()*%[]")


def _header(text: str) -> str:
    if text.lower() in _OWN:
        raise ValueError("is set by the web server or the application itself")
    if text.lower() == "strict-transport-security":
        raise ValueError("is set by `tls`: {hsts: SECONDS}")
    return text


UrlPattern = Annotated[
    str,
    Text(
        "url pattern",
        "is not a pattern of paths: names or paths with *, ** and ?, such as *.md or /docs/",
        "*.md",
        r"(?!/*$)[^\x00-\x1f\x7f]{1,200}",
    ),
]
RedirectSource = Annotated[
    str,
    Text("path of a redirect", "is neither a path, such as /old, nor `www.`", "/old", check=_source_rule),
]
RedirectTarget = Annotated[
    str,
    Text("target of a redirect", "is neither a path, such as /new, nor a URL without a #", "/new", check=_target),
]
HeaderName = Annotated[
    str,
    Text(
        "header",
        "is not the name of a header: letters, digits and hyphens",
        "X-Robots-Tag",
        r"[A-Za-z][A-Za-z0-9-]{0,63}",
        check=_header,
    ),
]
HeaderValue = Annotated[
    str,
    Text(
        "header value",
        "is not the value of a header: one line of ASCII, without blanks at its ends, and not beginning with `expr=`",
        "noindex",
        r"(?!expr=)[\x21-\x7e]([\x20-\x7e]{0,4000}[\x21-\x7e])?",
    ),
]
LoginName = Annotated[
    str,
    Text(
        "login name",
        "is not a valid login name: letters, digits and . _ -, at most 32 of them",
        "jane",
        r"[A-Za-z0-9][A-Za-z0-9._-]{0,31}",
    ),
]
Network = Annotated[
    str,
    Text("network", "is not an IP address or a network, such as 10.0.0.0/8", "10.0.0.0/8", check=_network),
]
Method = Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


class LoginOptions(Options):
    """One user who can log in to a site by the web server."""

    secret: Literal["generate"] = Field(
        description="`generate`: the password is made on the host, in a file that only root can read."
    )


class RuledSite(Options):
    """The fields of every site that the web server follows by itself."""

    deny: list[UrlPattern] = Field(
        [],
        description="Paths that are answered with 403, beside the default ones: dot files, composer.*, *.sql, *.log, "
        "backups. A name (`*.md`) is denied in every folder; with a slash (`/docs/*.md`) from the root on. `*`: any "
        "characters but a slash; `**`: any.",
    )
    allow: list[UrlPattern] = Field([], description="Paths that are not denied, neither by default nor by `deny`.")
    redirects: dict[RedirectSource, RedirectTarget] = Field(
        {},
        description="Path → path or URL, with 301; the query is kept. `www.: canonical` redirects www.NAME to NAME.",
    )
    headers: dict[HeaderName, HeaderValue | None] = Field(
        {},
        description="Headers of answers, where the application sent none; null removes a default one "
        "(X-Content-Type-Options, X-Frame-Options, Referrer-Policy).",
    )
    basic_auth: dict[LoginName, LoginOptions] = Field(
        {}, description="Users who can log in; without a login, all but ACME's path is answered with 401."
    )
    trusted_proxies: list[Network] = Field(
        [],
        description="Addresses and networks of a CDN or load balancer before this host: X-Forwarded-For and "
        "X-Forwarded-Proto are believed from these only.",
    )
    methods: list[Method] = Field(
        [], description="The methods that are answered; others get 405. HEAD goes with GET. Default: all."
    )

    @field_validator("methods")
    @classmethod
    def _asked_by_proof(cls, methods: list[Method]) -> list[Method]:
        if methods and "GET" not in methods:
            raise ValueError("without GET the site cannot be proved: add it")
        return methods

    @field_validator("redirects")
    @classmethod
    def _end(cls, redirects: dict[str, str]) -> dict[str, str]:
        for source, target in redirects.items():
            if (source == WWW) != (target == CANONICAL):
                raise ValueError(f"{source}: {target}: `www.` and `canonical` go together")
            seen = [source]
            while (path := unquote(target.partition("?")[0])) in redirects:
                if path in seen:
                    raise ValueError(f"redirects for ever: {' → '.join([*seen, path])}")
                seen.append(path)
                target = redirects[path]
        return redirects

    @property
    def canonical(self) -> bool:
        """Is www.NAME redirected to NAME?"""
        return WWW in self.redirects


def without_www(sites: Mapping[str, RuledSite]) -> None:
    """ValueError where `www.` would be put before a name that has it, or one that is too long for it."""
    for name, site in sites.items():
        if site.canonical and (name.startswith(WWW) or len(name) > 249):
            raise ValueError(f"{name}: `www.: canonical` is for a site without www in its name: name it without")
