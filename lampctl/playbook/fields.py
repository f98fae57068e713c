"""Types of values in a playbook, each with the one rule that makes it safe to render."""

from __future__ import annotations

import re
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

_LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)")
_UNITS = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30}


class Options(BaseModel):
    """Base: unknown keys and values of a wrong type are errors, never ignored or guessed."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, validate_default=False)


def _hostname(name: str) -> str:
    if len(name) > 253 or not all(_LABEL.fullmatch(label) for label in name.split(".")):
        raise ValueError("is no hostname: letters a-z, digits and hyphens, in labels joined by dots")
    return name


def _matching(kind: str, pattern: str, otherwise: str) -> AfterValidator:
    """Accepts what matches the whole of `pattern`; `otherwise` ends the sentence "'x' …". The reference says `kind`."""
    compiled = re.compile(pattern)

    def check(text: str) -> str:
        if not compiled.fullmatch(text):
            raise ValueError(otherwise)
        return text

    check.__name__ = kind
    return AfterValidator(check)


def _ini_value(value: str | int | float | bool) -> str | int | float | bool:
    if isinstance(value, str) and ("$pool" in value or re.search(r"[\n\r\0]", value)):
        raise ValueError("must not have line breaks, nor $pool, in place of which FPM puts the name of the pool")
    return value


def _upstream(url: str) -> str:
    wrong = "is no upstream: http://HOST:PORT or https://HOST:PORT, without a path"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError(wrong) from None
    host = parts.hostname or ""
    plain = url in (f"{parts.scheme}://{parts.netloc}", f"{parts.scheme}://{parts.netloc}/")
    if parts.scheme not in ("http", "https") or not plain or parts.username or port == 0:
        raise ValueError(wrong)
    if not (re.fullmatch(r"[0-9a-f:]+", host) if ":" in host else re.fullmatch(r"[a-z0-9.-]+", host)):
        raise ValueError(wrong)
    return url.rstrip("/")


def _archive_key(key: str) -> str:
    armored = key.strip()
    if re.fullmatch(r"(/[A-Za-z0-9@+_-][A-Za-z0-9.@+_-]*)+", key):
        return key
    begin, end = "-----BEGIN PGP PUBLIC KEY BLOCK-----", "-----END PGP PUBLIC KEY BLOCK-----"
    if armored.startswith(begin) and armored.endswith(end) and re.fullmatch(r"[A-Za-z0-9+/=:., \n-]+", armored):
        return armored
    raise ValueError("has to be a keyring's path on the host, or an armored public key")


# What systemd takes for one character in a command; it drops a command with any other escape.
_ESCAPE = re.compile(r"""\\(?:["'\\;sabfnrtv]|x(?!00)[0-9a-fA-F]{2}|(?!000)[0-3][0-7]{2})""")


def _command(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9._/][^\x00-\x1f\x7f]*", text):
        raise ValueError("is no command: a program and its arguments in one line, without systemd's prefixes (+, !, -)")
    plain = _ESCAPE.sub("", text)
    if "\\" in plain:
        raise ValueError("is no command: a backslash has to be written as \\\\")
    if re.search("[\"']", re.sub(r"\"[^\"]*\"|'[^']*'", "", plain)):
        raise ValueError("is no command: a quote is not closed")
    if re.search(r"%(?!i)", plain.replace("%%", "")):
        raise ValueError("is no command: a percent sign has to be written as %%; only %i, the port, is replaced")
    if re.search(r"(^|\s);(\s|$)", plain):
        raise ValueError("is no command: a `;` by itself would begin another one")
    return text


def in_bytes(size: str) -> int:
    """`128M` → 134217728."""
    return int(size[:-1]) * _UNITS[size[-1]]


def _site_name(name: str) -> str:
    if len(_hostname(name)) > 200:
        raise ValueError("is no name of a site: it names files, so it has at most 200 characters")
    return name


Hostname = Annotated[str, AfterValidator(_hostname)]
SiteName = Annotated[str, AfterValidator(_site_name)]
DatabaseName = Annotated[
    str,
    _matching(
        "database name", r"[A-Za-z0-9_]{1,64}", "may have letters, digits and underscores only, at most 64 of them"
    ),
]
UserName = Annotated[
    str,
    _matching("user name", r"[A-Za-z0-9_]{1,32}", "may have letters, digits and underscores only, at most 32 of them"),
]
AbsolutePath = Annotated[
    str,
    _matching(
        "absolute path",
        r"(/[A-Za-z0-9@+_-][A-Za-z0-9.@+_-]*)+",
        "is no plain absolute path: /var/www/NAME, of letters, digits and . _ - @ +",
    ),
]
UrlPath = Annotated[
    str,
    _matching(
        "url path",
        r"/([A-Za-z0-9_-][A-Za-z0-9._-]*/)+",
        "is no folder as a URL has it, with a slash at both ends, such as /cgi-bin/",
    ),
]
PackageName = Annotated[str, _matching("package", r"[a-z0-9][a-z0-9+.-]+", "is no name of a package")]
ExtensionName = Annotated[
    str, _matching("extension", r"[a-z0-9]+", "is no name of a PHP extension, such as mysql, gd or intl")
]
Size = Annotated[str, _matching("size", r"[1-9][0-9]*[KMG]", "is no size: a whole number and K, M or G, such as 128M")]
Variable = Annotated[
    str, _matching("variable name", r"[A-Za-z_][A-Za-z0-9_]*", "is no name of an environment variable")
]
OneLine = Annotated[
    str, _matching("one line of text", r"[^\x00-\x1f\x7f]*", "must not have line breaks or control characters")
]
Command = Annotated[str, AfterValidator(_command)]
RequestPath = Annotated[
    str, _matching("request path", r"/[A-Za-z0-9._~/?=&-]*", "is no path to ask for, such as /health")
]
Upstream = Annotated[str, AfterValidator(_upstream)]
PhpVersion = Annotated[
    str, _matching("PHP version", r"[7-9]\.[0-9]", 'is no version of PHP from 7.0 on, such as "8.4" (in quotes)')
]
RepositoryName = Annotated[
    str, _matching("name", r"[a-z0-9][a-z0-9-]{0,40}", "may have letters a-z, digits and hyphens only")
]
RepositoryUrl = Annotated[
    str,
    _matching(
        "url of an archive",
        r"https?://[a-z0-9.-]+(:[0-9]{1,5})?(/[A-Za-z0-9._~+-]+)*/?",
        "is no address of an archive: http://HOST/PATH or https://HOST/PATH",
    ),
]
Suite = Annotated[str, _matching("suite", r"[a-z0-9][a-z0-9.+/-]*", "is no suite, such as bookworm")]
Component = Annotated[str, _matching("component", r"[a-z0-9][a-z0-9.+/-]*", "is no component, such as main")]
ArchiveKey = Annotated[str, AfterValidator(_archive_key)]
HttpsUrl = Annotated[str, _matching("https url", r"https://[A-Za-z0-9.:-]+(/[A-Za-z0-9._~/-]*)?", "is no https:// URL")]
HostName = Annotated[
    str,
    _matching("host", r"[A-Za-z0-9_][A-Za-z0-9._:@\[\]-]*", "is no host: user@host:port, or an alias of ~/.ssh/config"),
]
Address = Annotated[str, _matching("address", r"[A-Za-z0-9:][A-Za-z0-9.:-]*", "is no address: an IP address or a name")]
Email = Annotated[
    str, _matching("e-mail address", r"[A-Za-z0-9][A-Za-z0-9._%+-]*@[A-Za-z0-9.-]+", "is no e-mail address")
]
Port = Annotated[int, Field(ge=1024, le=65535)]
Count = Annotated[int, Field(ge=1, le=100_000)]
Seconds = Annotated[int, Field(ge=1, le=3600)]
Ini = dict[
    Annotated[str, _matching("directive", r"[a-z][a-z0-9_.]*", "is no php.ini directive")],
    Annotated[str | int | float | bool, AfterValidator(_ini_value)],
]
