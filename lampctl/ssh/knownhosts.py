"""The entries of known_hosts files for one host: see sshd(8), SSH_KNOWN_HOSTS FILE FORMAT.

paramiko's own reader fails on @cert-authority and @revoked, lacks negated patterns, and keeps one key of each type.
"""

from __future__ import annotations

import base64
import hmac
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha1
from pathlib import Path


@dataclass
class Known:
    """`keys`: (type, key) of the host's lines; `authorities`: FILE:LINE of each certificate authority for it."""

    keys: list[tuple[str, bytes]] = field(default_factory=list)
    revoked: set[bytes] = field(default_factory=set)
    authorities: list[str] = field(default_factory=list)


def read(name: str, files: Iterable[Path]) -> Known:
    """Read the entries for one host. Invalid lines are ignored, as in OpenSSH.

    Args:
        name: The host's name in the files: `[host]:port` if the port is not 22.

    Raises:
        OSError: A file can't be read.
    """
    known = Known()
    for file in files:
        if not file.is_file():
            continue
        for number, line in enumerate(file.read_text(errors="replace").splitlines(), 1):
            _read_line(known, name, line, f"{file}:{number}")
    return known


def _read_line(known: Known, name: str, line: str, where: str) -> None:
    words = line.split()
    marker = words.pop(0) if words and words[0].startswith("@") else ""
    if len(words) < 3 or words[0].startswith("#") or not _matches(words[0], name):
        return
    try:
        key = base64.b64decode(words[2], validate=True)
    except ValueError:
        return
    if marker == "@revoked":
        known.revoked.add(key)
    elif marker == "@cert-authority":
        known.authorities.append(where)
    elif not marker:
        known.keys.append((words[1], key))


def _matches(patterns: str, name: str) -> bool:
    """Does a list of patterns match? A negated pattern that matches excludes the host, whatever else matches."""
    name = name.lower()
    if patterns.startswith("|"):
        return _is_hash(patterns, name)
    found = False
    for pattern in patterns.lower().split(","):
        plain = re.escape(pattern.removeprefix("!")).replace(r"\*", ".*").replace(r"\?", ".")
        if re.fullmatch(plain, name):
            if pattern.startswith("!"):
                return False
            found = True
    return found


def _is_hash(text: str, name: str) -> bool:
    match text.split("|"):
        case ["", "1", salt, digest]:
            try:
                return hmac.compare_digest(_digest(base64.b64decode(salt), name), base64.b64decode(digest))
            except ValueError:
                return False
    return False


def _digest(salt: bytes, name: str) -> bytes:
    return hmac.new(salt, name.lower().encode(), sha1).digest()


def hashed(name: str) -> str:
    """Hash the name, as with HashKnownHosts: the file then does not show which hosts the user knows."""
    salt = os.urandom(20)
    return "|".join(("", "1", base64.b64encode(salt).decode(), base64.b64encode(_digest(salt, name)).decode()))
