"""Types of values in a playbook, each with the rule that makes it safe to render."""

from __future__ import annotations

import re
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field

from lampctl.playbook.command import check_command
from lampctl.playbook.hostname import RULE, check_hostname, check_site_name
from lampctl.playbook.text import Text

_UNITS = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30}


class Options(BaseModel):
    """Base: unknown keys and values of a wrong type are errors, never ignored or guessed."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, validate_default=False)


def _ini_value(value: str | int | float | bool) -> str | int | float | bool:
    if isinstance(value, str) and re.search(r"[\n\r\0]|[$]pool", value):
        raise ValueError
    return value


def _upstream(url: str) -> str:
    parts = urlsplit(url)
    port, host = parts.port, parts.hostname or ""  # ValueError if the port is not a number, or out of range
    plain = url in (f"{parts.scheme}://{parts.netloc}", f"{parts.scheme}://{parts.netloc}/")
    if parts.scheme not in ("http", "https") or not plain or parts.username or port == 0:
        raise ValueError
    if not (re.fullmatch(r"[0-9a-f:]+", host) if ":" in host else re.fullmatch(r"[a-z0-9.-]+", host)):
        raise ValueError
    return url.rstrip("/")


def _upstream_rule(url: str) -> str:
    try:
        return _upstream(url)
    except ValueError:
        raise ValueError from None  # urlsplit's own words are about Python


def _archive_key(key: str) -> str:
    armored = key.strip()
    if re.fullmatch(r"(/[A-Za-z0-9@+_-][A-Za-z0-9.@+_-]*)+", key):
        return key
    begin, end = "-----BEGIN PGP PUBLIC KEY BLOCK-----", "-----END PGP PUBLIC KEY BLOCK-----"
    if armored.startswith(begin) and armored.endswith(end) and re.fullmatch(r"[A-Za-z0-9+/=:., \n-]+", armored):
        return armored
    raise ValueError


def _duration(time: str) -> str:
    if not re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,3})?(ms|s)", time) or not 0.001 <= in_seconds(time) <= 15:
        raise ValueError
    return time


def in_seconds(time: str) -> float:
    """`500ms` → 0.5."""
    return float(time.removesuffix("ms")) / 1000 if time.endswith("ms") else float(time.removesuffix("s"))


def in_bytes(size: str) -> int:
    """`128M` → 134217728."""
    return int(size[:-1]) * _UNITS[size[-1]]


Hostname = Annotated[str, Text("hostname", RULE, "www.example.com", check=check_hostname)]
SiteName = Annotated[str, Text("site name", RULE, "www.example.com", check=check_site_name)]
DatabaseName = Annotated[
    str,
    Text(
        "database name",
        "is not a valid database name: letters, digits and underscores, at most 64 of them",
        "shop",
        r"[A-Za-z0-9_]{1,64}",
    ),
]
UserName = Annotated[
    str,
    Text(
        "user name",
        "is not a valid user name: letters, digits and underscores, at most 32 of them",
        "shop",
        r"[A-Za-z0-9_]{1,32}",
    ),
]
AbsolutePath = Annotated[
    str,
    Text(
        "absolute path",
        "is not a plain absolute path: /var/www/NAME, of letters, digits and . _ - @ +",
        "/var/www/shop",
        r"(/[A-Za-z0-9@+_-][A-Za-z0-9.@+_-]*)+",
    ),
]
UrlPath = Annotated[
    str,
    Text(
        "url path",
        "is not the URL path of a folder, with a slash at both ends, such as /cgi-bin/",
        "/cgi-bin/",
        r"/([A-Za-z0-9_-][A-Za-z0-9._-]*/)+",
    ),
]
PlaybookId = Annotated[
    str, Text("id", "is not a valid id: 3 to 40 of a-z, 0-9 and -", "shop-7f3a", r"[a-z0-9][a-z0-9-]{2,39}")
]
PackageName = Annotated[str, Text("package", "is not a valid package name", "git", r"[a-z0-9][a-z0-9+.-]+")]
ExtensionName = Annotated[
    str, Text("extension", "is not the name of a PHP extension, such as mysql, gd or intl", "gd", r"[a-z0-9]+")
]
Size = Annotated[
    str,
    Text("size", "is not a valid size: a whole number and K, M or G, such as 128M", "256M", r"[1-9][0-9]*[KMG]"),
]
Variable = Annotated[
    str,
    Text("variable name", "is not a valid name of an environment variable", "MODE", r"[A-Za-z_][A-Za-z0-9_]*"),
]
OneLine = Annotated[
    str,
    Text("one line of text", "must not contain line breaks or control characters", "app", r"[^\x00-\x1f\x7f]*"),
]
Command = Annotated[
    str,
    Text(
        "command",
        "is not a valid command: a program and its arguments in one line, without systemd's prefixes (+, !, -)",
        "./serve",
        check=check_command,
    ),
]
# What needs no quotes in any file where it is written; all else of RFC 3986 can be percent-encoded (section 2.1).
RequestPath = Annotated[
    str,
    Text(
        "request path",
        "is not a valid request path, such as /health; characters other than letters, digits and -._~/?=&:@+ are "
        "percent-encoded: %20 for a space",
        "/health",
        r"/([A-Za-z0-9._~/?=&:@+-]|%[0-9A-Fa-f]{2})*",
    ),
]
Upstream = Annotated[
    str,
    Text(
        "upstream",
        "is not a valid upstream: http://HOST:PORT or https://HOST:PORT, without a path",
        "http://10.0.0.7:8080",
        check=_upstream_rule,
    ),
]
PhpVersion = Annotated[
    str,
    Text("PHP version", 'is not a PHP version of 7.0 or newer, such as "8.4" (in quotes)', "8.4", r"[7-9]\.[0-9]"),
]
RepositoryName = Annotated[
    str,
    Text(
        "name",
        "is not a valid name: letters a-z, digits and hyphens, at most 41 of them",
        "example",
        r"[a-z0-9][a-z0-9-]{0,40}",
    ),
]
RepositoryUrl = Annotated[
    str,
    Text(
        "url of an archive",
        "is not a valid address of an archive: http://HOST/PATH or https://HOST/PATH",
        "https://packages.example.com/debian",
        r"https?://[a-z0-9.-]+(:[0-9]{1,5})?(/[A-Za-z0-9._~+-]+)*/?",
    ),
]
Suite = Annotated[str, Text("suite", "is not a valid suite, such as bookworm", "bookworm", r"[a-z0-9][a-z0-9.+/-]*")]
Component = Annotated[
    str, Text("component", "is not a valid component, such as main", "main", r"[a-z0-9][a-z0-9.+/-]*")
]
ArchiveKey = Annotated[
    str,
    Text(
        "archive key",
        "must be a keyring's path on the host, or an armored public key",
        "/usr/share/keyrings/example.gpg",
        check=_archive_key,
    ),
]
HttpsUrl = Annotated[
    str,
    Text(
        "https url",
        "is not a valid https:// URL",
        "https://ca.example.com/directory",
        r"https://[A-Za-z0-9.:-]+(/[A-Za-z0-9._~/-]*)?",
    ),
]
HostName = Annotated[
    str,
    Text(
        "host",
        "is not a valid host: user@host:port, or an alias of ~/.ssh/config",
        "db1",
        r"[A-Za-z0-9_][A-Za-z0-9._:@\[\]-]*",
    ),
]
Address = Annotated[
    str,
    Text("address", "is not a valid address: an IP address or a name", "10.0.0.7", r"[A-Za-z0-9:][A-Za-z0-9.:-]*"),
]
Email = Annotated[
    str,
    Text(
        "e-mail address",
        "is not a valid e-mail address",
        "admin@example.com",
        r"[A-Za-z0-9][A-Za-z0-9._%+-]*@[A-Za-z0-9.-]+",
    ),
]
Port = Annotated[int, Field(ge=1024, le=65535, examples=[8000])]
Duration = Annotated[
    str,
    Text("time", "is not a valid time, such as 500ms or 2s, of 1 ms to 15 s", "2s", check=_duration),
]
Status = Annotated[int, Field(ge=200, le=599)]
Count = Annotated[int, Field(ge=1, le=100_000)]
Seconds = Annotated[int, Field(ge=1, le=3600)]
Ini = dict[
    Annotated[str, Text("directive", "is not a php.ini directive", "display_errors", r"[a-z][a-z0-9_.]*")],
    Annotated[
        str | int | float | bool,
        Text(
            "ini value",
            "must not contain line breaks, nor $pool, which FPM replaces by the name of the pool",
            "1",
            check=_ini_value,
        ),
    ],
]
